//! 判别用规则 — a rule set with its filling rules and the hash that names both.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use domain::fact_sheet::Filling;
use rules::Ruleset;
use sha2::{Digest, Sha256};
use spatial::diagnostic::Diagnostic;

use crate::assets;
use crate::error::Error;
use crate::judging;

/// File of a rule set that says how sheets are filled.
const FILLING: &str = "filling.toml";

/// 判别用规则 — everything a site is judged by.
pub struct JudgingBook {
    pub ruleset: Ruleset,
    pub filling: Filling,
    /// SHA-256 over names and texts of all its files: the version that a decision freezes.
    pub version: String,
}

impl JudgingBook {
    /// The one the program carries, read once.
    pub fn built_in() -> Result<&'static Self, Error> {
        static BUILT_IN: OnceLock<Result<JudgingBook, String>> = OnceLock::new();
        let read = || {
            let files = assets::rule_sets();
            let (ruleset, _) = Ruleset::from_files(&files).map_err(|e| e.to_string())?;
            Self::of(ruleset, &files).map_err(|e| e.to_string())
        };
        BUILT_IN
            .get_or_init(read)
            .as_ref()
            .map_err(|fault| Error::internal(anyhow::anyhow!("{fault}")))
    }

    /// One from a folder; what the folder does not hold is taken from the built-in one.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let mut files = assets::rule_sets();
        files.extend(assets::load_rule_folder(folder)?);
        let (ruleset, _) = judging::read_ruleset(&files)?;
        Self::of(ruleset, &files)
    }

    fn of(ruleset: Ruleset, files: &BTreeMap<String, String>) -> Result<Self, Error> {
        let text = files.get(FILLING).map_or("", String::as_str);
        let read = Filling::from_toml(FILLING, text);
        let (filling, found) = read.map_err(|e| {
            Error::rejected(Diagnostic::error("judge.filling_unreadable").arg("cause", chain(&e)))
        })?;
        if let Some(fault) = found.into_iter().next() {
            return Err(Error::rejected(fault));
        }
        Ok(Self {
            ruleset,
            filling,
            version: version(files),
        })
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

fn version(files: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    for (name, text) in files {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    crate::hex(&hash.finalize())
}
