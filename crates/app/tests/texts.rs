//! Every code that the rooms can say has a sentence in both languages.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use app::messages::{Language, Messages};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for item in std::fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir()
            && path
                .file_name()
                .is_some_and(|n| n != "tests" && n != "target")
        {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Codes of diagnostics made in the source of a room, up to its tests.
fn codes_said() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
        &mut files,
    );
    let mut codes = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for maker in [
            "Diagnostic::error(",
            "Diagnostic::warning(",
            "Diagnostic::note(",
        ] {
            for after in code.split(maker).skip(1) {
                let quoted = after
                    .trim_start()
                    .strip_prefix('"')
                    .and_then(|t| t.split_once('"'));
                codes.extend(
                    quoted
                        .map(|(c, _)| c.to_owned())
                        .filter(|c| c.contains('.')),
                );
            }
        }
    }
    codes
}

#[test]
fn whatever_a_room_can_say_has_a_sentence() {
    let codes = codes_said();
    assert!(
        codes.len() > 100,
        "the sources were not found: {}",
        codes.len()
    );
    for language in [Language::Chinese, Language::English] {
        let messages = Messages::load(language);
        let silent: Vec<&String> = codes.iter().filter(|c| !messages.has(c)).collect();
        assert!(silent.is_empty(), "{language:?}: {silent:?}");
    }
}
