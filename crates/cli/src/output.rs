//! Printing for people or, with `--json`, for programs.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

use app::Error;
use app::messages::Messages;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use spatial_diagnostic::{Diagnostic, Severity};

/// Where the command line gets the diagnostics' type from: `app` hands it through.
use app::diagnostic as spatial_diagnostic;

/// 输出 — how results, diagnostics and errors reach the user.
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) messages: Messages,
}

/// Diagnostics of one code beyond this many are counted, not listed.
const LISTED_PER_CODE: usize = 3;

impl Output {
    pub(crate) fn new(json: bool, messages: Messages) -> Self {
        Self { json, messages }
    }

    /// A text by code with its holes filled.
    pub(crate) fn text(&self, code: &str, args: &[(&str, &str)]) -> String {
        self.messages.text(code, args)
    }

    /// A line for people; programs read the JSON.
    pub(crate) fn say(&self, code: &str, args: &[(&str, &str)]) {
        if !self.json {
            println!("{}", self.text(code, args));
        }
    }

    /// A line for people that is written already.
    pub(crate) fn line(&self, text: &str) {
        if !self.json {
            println!("{text}");
        }
    }

    /// A result for programs.
    pub(crate) fn value(&self, value: &impl Serialize) {
        if self.json {
            let text = serde_json::to_string_pretty(value)
                .unwrap_or_else(|e| format!("{{\"error\":\"{e}\"}}"));
            println!("{text}");
        }
    }

    /// A table whose columns are as wide as their widest cell; Chinese characters count twice.
    pub(crate) fn table(&self, headers: &[String], rows: &[Vec<String>]) {
        if self.json {
            return;
        }
        let widths: Vec<usize> = (0..headers.len())
            .map(|c| {
                rows.iter()
                    .map(|r| width(&r[c]))
                    .chain([width(&headers[c])])
                    .max()
                    .unwrap_or(0)
                    .min(40)
            })
            .collect();
        let line = |cells: &[String]| {
            let padded = cells.iter().zip(&widths).map(|(cell, w)| pad(cell, *w));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        println!("{}", line(headers));
        println!(
            "{}",
            widths
                .iter()
                .map(|w| "─".repeat(*w))
                .collect::<Vec<_>>()
                .join("  ")
        );
        for row in rows {
            println!("{}", line(row));
        }
    }

    /// Diagnostics grouped by weight and code: the first few of each with place and hint, the rest as a number.
    pub(crate) fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        if self.json {
            return;
        }
        let mut groups: BTreeMap<(std::cmp::Reverse<Severity>, &str), Vec<&Diagnostic>> =
            BTreeMap::new();
        for diagnostic in diagnostics {
            let key = (
                std::cmp::Reverse(diagnostic.severity),
                diagnostic.code.as_ref(),
            );
            groups.entry(key).or_default().push(diagnostic);
        }
        for ((severity, code), group) in groups {
            let count = group.len().to_string();
            let label = self.severity(severity.0);
            println!(
                "{}",
                self.text(
                    "output.group",
                    &[("severity", &label), ("count", &count), ("code", code)]
                )
            );
            for diagnostic in group.iter().take(LISTED_PER_CODE) {
                println!("    {}", self.diagnostic_line(diagnostic));
            }
            if let Some(hint) = group.first().and_then(|d| self.messages.diagnostic(d).1) {
                println!("    {}", self.text("output.hint", &[("hint", &hint)]));
            }
        }
    }

    /// One diagnostic on one line: place and message.
    pub(crate) fn diagnostic_line(&self, diagnostic: &Diagnostic) -> String {
        let (message, _) = self.messages.diagnostic(diagnostic);
        let place = self.place(diagnostic);
        if place.is_empty() {
            message
        } else {
            format!("{place} {message}")
        }
    }

    fn severity(&self, severity: Severity) -> String {
        let code = match severity {
            Severity::Note => "severity.note",
            Severity::Warning => "severity.warning",
            Severity::Error => "severity.error",
        };
        self.text(code, &[])
    }

    fn place(&self, diagnostic: &Diagnostic) -> String {
        let place = &diagnostic.place;
        let mut parts: Vec<String> = Vec::new();
        parts.extend(place.sheet.iter().chain(&place.layer).cloned());
        let cell = match (&place.column, place.row) {
            (Some(column), Some(row)) => Some(format!("{column}{row}")),
            (None, Some(row)) => Some(self.text("output.row", &[("row", &row.to_string())])),
            _ => place
                .feature
                .map(|f| self.text("output.feature", &[("feature", &f.to_string())])),
        };
        parts.extend(cell);
        if parts.is_empty() {
            String::new()
        } else {
            format!("[{}]", parts.join("!"))
        }
    }

    /// What went wrong, one line per cause, and what to do.
    pub(crate) fn error(&self, error: &Error) {
        if self.json {
            let mut body =
                serde_json::json!({ "code": error.code(), "message": self.error_message(error) });
            if let Error::Refused(refused) = error {
                body["missing"] = serde_json::json!(refused.missing);
            }
            eprintln!("{body}");
            return;
        }
        eprintln!(
            "{}",
            self.text("output.error", &[("message", &self.error_message(error))])
        );
        let hint = match error {
            Error::Rejected(diagnostic) => self.messages.diagnostic(diagnostic).1,
            Error::Register(cause) => self.messages.diagnostic(&Diagnostic::error(cause.code())).1,
            Error::Refused(refused) => self.messages.diagnostic(&Diagnostic::error(refused.code)).1,
            _ => None,
        };
        if let Some(hint) = hint {
            eprintln!("{}", self.text("output.hint", &[("hint", &hint)]));
        }
        let mut source = std::error::Error::source(error);
        if matches!(error, Error::Register(_)) {
            // The register's own words were said above, in the user's language.
            source = source.and_then(std::error::Error::source);
        }
        while let Some(cause) = source {
            eprintln!("  ← {cause}");
            source = cause.source();
        }
    }

    fn error_message(&self, error: &Error) -> String {
        match error {
            Error::Rejected(diagnostic) => self.diagnostic_line(diagnostic),
            other => self.messages.error(other).0,
        }
    }

    /// A bar for long work; nothing where no terminal watches.
    pub(crate) fn progress(&self, code: &str) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner()
            .with_style(style)
            .with_message(self.text(code, &[]));
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        bar
    }

    /// Asks yes or no on the terminal; without one the answer is no, told as such.
    pub(crate) fn confirm(&self, code: &str) -> bool {
        if !std::io::stdin().is_terminal() {
            self.say("output.not_confirmed", &[]);
            return false;
        }
        print!("{} ", self.text(code, &[]));
        let _ = std::io::stdout().flush();
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "是" | "好")
    }
}

fn width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// Cut or filled to a width of columns.
fn pad(text: &str, columns: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let w = if c.is_ascii() { 1 } else { 2 };
        if used + w > columns {
            break;
        }
        out.push(c);
        used += w;
    }
    out.push_str(&" ".repeat(columns - used));
    out
}
