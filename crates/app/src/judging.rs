//! 判别点位性质 — fact sheets from a file or from a dossier through the decision tables.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::OnceLock;

use jiff::civil::Date;
use rules::{Explain, FactSheet, JudgeError, RuleFault, RuleFaults, Ruleset, judge};
use serde_json::{Value, json};
use spatial::diagnostic::{Diagnostic, Place};

use crate::assets;
use crate::error::Error;

/// A fact sheet is some hundred bytes; a longer line is no fact sheet.
const MAX_LINE: usize = 1 << 20;

/// The built-in rule set, read once.
pub fn ruleset() -> Result<&'static Ruleset, Error> {
    static BUILT_IN: OnceLock<Result<Ruleset, String>> = OnceLock::new();
    let read = || {
        Ruleset::from_files(&assets::rule_sets())
            .map(|(ruleset, _)| ruleset)
            .map_err(|f| f.to_string())
    };
    BUILT_IN
        .get_or_init(read)
        .as_ref()
        .map_err(|faults| Error::internal(anyhow::anyhow!("{faults}")))
}

/// A rule set from files that nobody checked yet: with faults there is none.
pub(crate) fn read_ruleset(
    files: &BTreeMap<String, String>,
) -> Result<(Ruleset, Vec<Diagnostic>), RulesRefused> {
    match Ruleset::from_unchecked_files(files) {
        Ok((ruleset, doubts)) => Ok((ruleset, doubts.iter().map(doubt).collect())),
        Err(faults) => Err(RulesRefused::of(&faults)),
    }
}

/// 规则集拒收 — the folder cannot be read, or its tables have faults.
#[derive(Debug)]
pub enum RulesRefused {
    Read(Error),
    Faults(Vec<Diagnostic>),
}

impl RulesRefused {
    pub(crate) fn of(faults: &RuleFaults) -> Self {
        Self::Faults(faults.0.iter().map(fault).collect())
    }
}

/// One error for callers that stop at the first fault.
impl From<RulesRefused> for Error {
    fn from(refused: RulesRefused) -> Self {
        match refused {
            RulesRefused::Read(error) => error,
            RulesRefused::Faults(faults) => {
                let first = faults.into_iter().next();
                Self::rejected(first.unwrap_or_else(|| Diagnostic::error("rules.not_readable")))
            }
        }
    }
}

fn fault(fault: &RuleFault) -> Diagnostic {
    placed(Diagnostic::error(fault.code), fault)
}

fn doubt(fault: &RuleFault) -> Diagnostic {
    placed(Diagnostic::warning(fault.code), fault)
}

fn placed(diagnostic: Diagnostic, fault: &RuleFault) -> Diagnostic {
    let place = Place {
        file: Some(fault.file.clone()),
        ..Place::default()
    };
    diagnostic
        .at(place)
        .arg("file", &fault.file)
        .arg("row", &fault.row)
        .arg("cell", &fault.cell)
        .arg("text", &fault.text)
}

/// The fact sheets of a file, one JSON object a line; empty lines are skipped, the first that is none stops.
pub fn read_sheets(path: &Path) -> Result<Vec<FactSheet>, Error> {
    let unreadable = |source| Error::Read {
        path: path.display().to_string(),
        source,
    };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let lines = text
        .lines()
        .zip(1u64..)
        .filter(|(l, _)| !l.trim().is_empty());
    lines
        .map(|(line, number)| read_sheet(path, line, number))
        .collect()
}

fn read_sheet(path: &Path, line: &str, number: u64) -> Result<FactSheet, Error> {
    let parsed =
        serde_json::from_str::<Value>(line).map_err(|e| JudgeError::NotJson(e.to_string()));
    parsed.and_then(FactSheet::from_json).map_err(|error| {
        let place = Place {
            file: Some(path.display().to_string()),
            row: Some(number),
            ..Place::default()
        };
        let diagnostic = Diagnostic::error("judge.not_a_fact_sheet");
        Error::rejected(diagnostic.at(place).arg("text", error))
    })
}

/// Judges one fact sheet a line, in order; a line that cannot be judged says why. True if every line was judged.
pub fn judge_lines<R: BufRead, W: Write>(
    ruleset: &Ruleset,
    mut facts: R,
    as_of: Option<Date>,
    trace: bool,
    mut out: W,
) -> Result<bool, Error> {
    let explain = if trace { Explain::Trace } else { Explain::Row };
    let mut line = Vec::new();
    let (mut is_first, mut all_judged) = (true, true);
    while let Some(is_whole) = next_line(&mut facts, &mut line).map_err(read_error)? {
        let text = if is_first {
            line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line)
        } else {
            &line
        };
        is_first = false;
        if is_whole && text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let judged = match is_whole {
            true => judge_line(ruleset, text, as_of, explain, &mut out),
            false => say(
                &mut out,
                &refusal(None, &JudgeError::LineTooLong { limit: MAX_LINE }),
            )
            .map(|()| false),
        };
        all_judged &= judged.map_err(write_error)?;
    }
    out.flush().map_err(write_error)?;
    Ok(all_judged)
}

fn judge_line<W: Write>(
    ruleset: &Ruleset,
    line: &[u8],
    as_of: Option<Date>,
    explain: Explain,
    out: &mut W,
) -> std::io::Result<bool> {
    let parsed =
        serde_json::from_slice::<Value>(line).map_err(|e| JudgeError::NotJson(e.to_string()));
    let sheet = match parsed.and_then(FactSheet::from_json) {
        Ok(sheet) => sheet,
        Err(error) => return say(out, &refusal(None, &error)).map(|()| false),
    };
    match judge(ruleset, &sheet, as_of, explain) {
        Ok(judged) => say(out, &judged).map(|()| true),
        Err(error) => say(out, &refusal(sheet.id(), &error)).map(|()| false),
    }
}

fn refusal(id: Option<&Value>, error: &JudgeError) -> Value {
    json!({ "id": id, "error": { "code": error.code(), "message": error.to_string() } })
}

fn say<W: Write>(out: &mut W, value: &impl serde::Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// Reads a line without its end into `line`; false where it is too long and was skipped, none at the end of the input.
fn next_line<R: BufRead>(facts: &mut R, line: &mut Vec<u8>) -> std::io::Result<Option<bool>> {
    line.clear();
    let (mut is_whole, mut has_begun) = (true, false);
    loop {
        let buffer = facts.fill_buf()?;
        if buffer.is_empty() {
            return Ok(has_begun.then_some(is_whole));
        }
        has_begun = true;
        let end = buffer.iter().position(|b| *b == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        is_whole &= line.len() + part.len() <= MAX_LINE;
        if is_whole {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        facts.consume(used);
        if end.is_some() {
            return Ok(Some(is_whole));
        }
    }
}

fn read_error(source: std::io::Error) -> Error {
    Error::Read {
        path: "facts".to_owned(),
        source,
    }
}

fn write_error(error: std::io::Error) -> Error {
    Error::internal(anyhow::Error::new(error).context("write results"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn judged(input: &[u8]) -> (bool, Vec<Value>) {
        let mut out = Vec::new();
        let day = Some(jiff::civil::date(2019, 8, 18));
        let all = judge_lines(ruleset().unwrap(), input, day, false, &mut out).unwrap();
        let lines = String::from_utf8(out).unwrap();
        (
            all,
            lines
                .lines()
                .map(|l| serde_json::from_str(l).unwrap())
                .collect(),
        )
    }

    const GOOD: &str =
        r#"{"id":"a","table":"tourism","zone":"core","set":"post","approvals":"none"}"#;

    #[test]
    fn order_is_kept_and_empty_lines_are_skipped() {
        let (all, results) = judged(
            format!(
                "\u{feff}{GOOD}\r\n\n  \n{}\n",
                GOOD.replace("\"a\"", "\"b\"")
            )
            .as_bytes(),
        );
        assert!(all);
        let ids: Vec<&Value> = results.iter().map(|r| &r["id"]).collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(results[0]["row"], "T04");
    }

    #[test]
    fn a_bad_line_says_why_and_the_others_are_judged() {
        let input = format!(
            "nonsense\n[1]\n{{\"id\":7,\"table\":\"x\"}}\n{{\"id\":\"q\",\"table\":\"quarry\",\"zone\":true}}\n{GOOD}"
        );
        let (all, results) = judged(input.as_bytes());
        assert!(!all);
        let codes: Vec<&str> = results
            .iter()
            .filter_map(|r| r["error"]["code"].as_str())
            .collect();
        assert_eq!(
            codes,
            [
                "judge.not_json",
                "judge.not_an_object",
                "judge.unknown_table",
                "judge.value_not_allowed"
            ]
        );
        assert_eq!(
            (&results[2]["id"], &results[3]["id"]),
            (&json!(7), &json!("q"))
        );
        assert_eq!(results[4]["verdict"], "violation");
    }

    #[test]
    fn a_line_too_long_is_refused_and_the_next_one_judged() {
        let mut input = vec![b'x'; 3 * MAX_LINE];
        input.extend_from_slice(b"\n");
        input.extend_from_slice(GOOD.as_bytes());
        let (all, results) = judged(&input);
        assert!(!all);
        assert_eq!(results[0]["error"]["code"], "judge.line_too_long");
        assert_eq!(results[1]["row"], "T04");
    }

    #[test]
    fn a_sheet_without_any_day_is_refused() {
        let mut out = Vec::new();
        assert!(!judge_lines(ruleset().unwrap(), GOOD.as_bytes(), None, false, &mut out).unwrap());
        assert!(String::from_utf8(out).unwrap().contains("judge.no_day"));
    }
}
