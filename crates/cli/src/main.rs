//! 青山 — the one program. It parses the command line, reads the clock, and prints; everything else happens in `app`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to its user"
)]

mod allocator;
mod arguments;
mod commands;
mod localize;
mod log_lines;
mod output;

use std::process::ExitCode;

use app::messages::{Language, Messages};
use clap::{CommandFactory, FromArgMatches};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use arguments::Arguments;
use log_lines::LogLines;
use output::Output;

fn main() -> ExitCode {
    leave_quietly_when_nobody_reads();
    let language = language();
    let messages = Messages::load(language);
    let command = localize::localize(Arguments::command(), &messages);
    let matches = match command.try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    let arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(1);
        }
    };
    let log = start_log(&arguments);
    let output = Output::new(arguments.json, messages);
    let code = match commands::run(arguments, language, &output) {
        Ok(code) => code,
        Err(error) => {
            let is_input = error.is_input();
            output.error(&error);
            ExitCode::from(if is_input { 1 } else { 2 })
        }
    };
    log.iter().for_each(LogLines::write_out);
    code
}

/// Instants in the log: the subscriber's own clock takes a quarter of a line's time to write them.
struct Instants;

impl FormatTime for Instants {
    fn format_time(&self, line: &mut Writer<'_>) -> std::fmt::Result {
        write!(line, "{:.6}", commands::now())
    }
}

/// The program's log goes to standard error: one JSON line a request while serving, else only what went wrong.
fn start_log(arguments: &Arguments) -> Option<LogLines> {
    use tracing_subscriber::EnvFilter;
    let is_serving = matches!(arguments.command, arguments::Command::Serve(_));
    let usual = if is_serving { "info" } else { "warn" };
    let filter = EnvFilter::try_from_env("QINGSHAN_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    if !is_serving {
        log.with_writer(std::io::stderr).init();
        return None;
    }
    let lines = LogLines::begin();
    let log = log.with_writer(lines.clone()).with_timer(Instants);
    log.json().flatten_event(true).init();
    Some(lines)
}

/// A reader that closes the pipe early (`| head`) is no fault of ours and none of the user's.
fn leave_quietly_when_nobody_reads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic
            .payload()
            .downcast_ref::<String>()
            .map_or("", String::as_str);
        if text.starts_with("failed printing to stdout") {
            std::process::exit(0);
        }
        usual(panic);
    }));
}

/// The language must be known before the command line is parsed, because its help is in it.
fn language() -> Language {
    let args: Vec<String> = std::env::args().collect();
    let given = args
        .iter()
        .enumerate()
        .find_map(|(i, arg)| match arg.strip_prefix("--lang=") {
            Some(value) => Some(value.to_owned()),
            None if arg == "--lang" => args.get(i + 1).cloned(),
            None => None,
        });
    given
        .or_else(|| std::env::var("QINGSHAN_LANG").ok())
        .and_then(|l| l.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_argument_has_a_text_in_both_languages() {
        let command = Arguments::command();
        for language in [Language::Chinese, Language::English] {
            let messages = Messages::load(language);
            let missing: Vec<String> = localize::needed_codes(&command, "cli")
                .into_iter()
                .filter(|code| {
                    !messages.has(code) && !code.ends_with(".help") && !code.ends_with(".version")
                })
                .collect();
            assert!(missing.is_empty(), "{language:?}: {missing:?}");
        }
    }
}
