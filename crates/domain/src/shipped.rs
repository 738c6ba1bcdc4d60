//! The data folders of the repository, for tests. The room itself reads no files.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use spatial::diagnostic::Diagnostic;

use crate::calendar::WorkingCalendar;
use crate::campaign::Campaign;
use crate::codes::CodeBook;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The TOML files of a folder, `(name, text)`, by name.
pub(crate) fn files(folder: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|e| e.unwrap().path());
    let toml = entries.filter(|p| p.extension().is_some_and(|e| e == "toml"));
    let mut files: Vec<(String, String)> = toml
        .map(|p| {
            (
                p.file_name().unwrap().to_str().unwrap().to_owned(),
                std::fs::read_to_string(p).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

fn borrowed(files: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
}

pub(crate) fn calendar() -> (WorkingCalendar, Vec<Diagnostic>) {
    WorkingCalendar::from_files(borrowed(&files("calendars"))).unwrap()
}

pub(crate) fn code_book() -> (CodeBook, Vec<Diagnostic>) {
    CodeBook::from_files(borrowed(&files("codes"))).unwrap()
}

pub(crate) fn campaign_files(id: &str) -> BTreeMap<String, String> {
    files(&format!("campaigns/{id}")).into_iter().collect()
}

pub(crate) fn campaign(id: &str) -> (Campaign, Vec<Diagnostic>) {
    Campaign::from_files(&campaign_files(id), &code_book().0).unwrap()
}
