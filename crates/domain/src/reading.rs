//! 配置读取 — typed reading of the TOML people edit: keys nobody knows are reported, not swallowed.

use serde::de::DeserializeOwned;
use spatial::diagnostic::{Diagnostic, Place};

/// 配置错误 — a file that cannot be used at all.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    #[error("{file} is not valid")]
    Parse {
        file: String,
        #[source]
        source: Box<toml::de::Error>,
    },
    #[error("{file} is missing")]
    Missing { file: String },
    #[error("{file} is longer than {limit_bytes} bytes")]
    TooLong { file: String, limit_bytes: usize },
}

/// A configuration file longer than this is a mistake; the largest shipped one is a hundredth of it.
const LIMIT_BYTES: usize = 4 << 20;

/// Reads `text` of the file called `file`. Every key that `T` does not know becomes a warning `unknown_key_code`
/// with the key's path.
pub(crate) fn read<T: DeserializeOwned>(
    file: &str,
    text: &str,
    unknown_key_code: &'static str,
) -> Result<(T, Vec<Diagnostic>), ReadError> {
    if text.len() > LIMIT_BYTES {
        return Err(ReadError::TooLong {
            file: file.to_owned(),
            limit_bytes: LIMIT_BYTES,
        });
    }
    let parse = |source| ReadError::Parse {
        file: file.to_owned(),
        source: Box::new(source),
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut unknown = Vec::new();
    let deserializer = toml::Deserializer::parse(text).map_err(parse)?;
    let value = serde_ignored::deserialize(deserializer, |path| unknown.push(path.to_string()))
        .map_err(parse)?;
    let report = |path: String| {
        Diagnostic::warning(unknown_key_code)
            .arg("key", &path)
            .at(place(file, &path))
    };
    Ok((value, unknown.into_iter().map(report).collect()))
}

/// The place of a key path in a configuration file.
pub(crate) fn place(file: &str, path: &str) -> Place {
    Place {
        file: Some(file.to_owned()),
        field: Some(path.to_owned()),
        ..Place::default()
    }
}

/// Text as codes and labels are compared: full-width letters, digits and signs as half-width, no blanks, letters small.
pub fn folded(text: &str) -> String {
    text.chars()
        .filter_map(fold_char)
        .flat_map(char::to_lowercase)
        .collect()
}

fn fold_char(c: char) -> Option<char> {
    let c = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0)?,
        c => c,
    };
    match c {
        c if c.is_whitespace() || c.is_control() || c == '\u{feff}' || c == '\u{200b}' => None,
        '〔' | '【' => Some('['),
        '〕' | '】' => Some(']'),
        '–' | '—' | '―' | '−' | '‐' | '‑' | '﹣' => Some('-'),
        '、' | '/' | '・' | '·' => Some(','),
        c => Some(c),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::shipped;

    const TOPICS: [&str; 7] = [
        "calendar",
        "campaign",
        "code",
        "flow",
        "policy",
        "rectify",
        "suspicion",
    ];

    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }

    fn codes_used() -> BTreeSet<String> {
        let mut texts = Vec::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut texts,
        );
        let is_entry = |text: &str| {
            crate::entry::EntryBody::KINDS
                .iter()
                .any(|(kind, _)| *kind == text)
        };
        let is_code = |text: &&str| {
            let (topic, name) = text.split_once('.').unwrap_or_default();
            let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            let is_file = ["", "toml", "md"].contains(&name);
            TOPICS.contains(&topic) && plain && !is_file && !is_entry(text)
        };
        texts
            .iter()
            .flat_map(|t| t.split('"'))
            .filter(is_code)
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn every_code_has_a_sentence_and_a_hint_in_both_languages() {
        let used = codes_used();
        assert!(
            used.contains("calendar.no_year") && used.contains("policy.own_work"),
            "{used:?}"
        );
        for language in ["zh-CN", "en"] {
            let mut known = BTreeSet::new();
            for (file, text) in shipped::files(&format!("messages/{language}")) {
                if TOPICS.contains(&file.trim_end_matches(".toml")) {
                    let table: toml::Table = text.parse().unwrap();
                    let complete = |v: &toml::Value| {
                        ["message", "hint"]
                            .iter()
                            .all(|k| v.get(*k).is_some_and(toml::Value::is_str))
                    };
                    known.extend(
                        table
                            .iter()
                            .filter(|(_, v)| complete(v))
                            .map(|(k, _)| k.clone()),
                    );
                }
            }
            assert_eq!(known, used, "{language}");
        }
    }

    #[test]
    fn a_file_too_long_to_be_a_configuration_is_refused_unread() {
        let long = " ".repeat(LIMIT_BYTES + 1);
        let refused = read::<toml::Table>("codes.toml", &long, "code.unknown_key");
        assert!(matches!(refused, Err(ReadError::TooLong { .. })));
    }

    #[test]
    fn a_byte_order_mark_does_no_harm() {
        assert!(read::<toml::Table>("codes.toml", "\u{feff}a = 1", "code.unknown_key").is_ok());
    }
}
