//! 判定表 — rule sets as people keep them: read from a folder, tried by their own cases, looked up.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;
pub use rules::{CaseReport, Clause, Coverage, TableReport};
use rules::{Ruleset, run_cases};
use spatial::diagnostic::Diagnostic;

use crate::assets;
use crate::error::Error;
use crate::judging::{RulesRefused, read_ruleset};

/// 规则集与原文 — a rule set with the files that it was read from.
#[derive(Debug)]
pub struct RuleTables {
    pub files: BTreeMap<String, String>,
    pub ruleset: Ruleset,
    /// What is doubtful about it.
    pub doubts: Vec<Diagnostic>,
}

impl RuleTables {
    /// The built-in rule set, whose faults a test would have found.
    pub fn built_in() -> Result<Self, RulesRefused> {
        let files = assets::rule_sets();
        let (ruleset, _) = Ruleset::from_files(&files).map_err(|f| RulesRefused::of(&f))?;
        Ok(Self {
            files,
            ruleset,
            doubts: Vec::new(),
        })
    }

    /// A folder's rule set; what it lacks is taken from the built-in one. With faults there is none.
    pub fn open(folder: Option<&Path>) -> Result<Self, RulesRefused> {
        let Some(folder) = folder else {
            return Self::built_in();
        };
        let mut files = assets::rule_sets();
        files.extend(assets::load_rule_folder(folder).map_err(RulesRefused::Read)?);
        Self::read(files)
    }

    /// A rule set from files that nobody checked yet.
    pub fn read(files: BTreeMap<String, String>) -> Result<Self, RulesRefused> {
        let (ruleset, doubts) = read_ruleset(&files)?;
        Ok(Self {
            files,
            ruleset,
            doubts,
        })
    }

    /// Runs the cases that the table files carry.
    pub fn test(&self) -> CaseReport {
        run_cases(&self.ruleset)
    }

    /// Gaps and overlaps of every table.
    pub fn reports(&self) -> Vec<TableReport> {
        self.ruleset.reports()
    }

    /// Clauses in force on a day, or all.
    pub fn list_clauses(&self, as_of: Option<Date>) -> Vec<&Clause> {
        let all = self.ruleset.clauses().iter();
        all.filter(|c| as_of.is_none_or(|day| c.is_in_force(day)))
            .collect()
    }

    /// Clauses whose id, law, article or wording holds the text.
    pub fn search_clauses(&self, text: &str, as_of: Option<Date>) -> Vec<&Clause> {
        let text = text.to_lowercase();
        let holds = |clause: &&Clause| {
            [
                &clause.id,
                &clause.law,
                &clause.article,
                &clause.demands,
                &clause.penalty,
                &clause.body,
            ]
            .into_iter()
            .chain(&clause.wording)
            .any(|part| part.to_lowercase().contains(&text))
        };
        self.list_clauses(as_of).into_iter().filter(holds).collect()
    }

    /// The wording in force on a day: the clause itself, or what came before or after it, as far as known.
    pub fn clause_on(&self, id: &str, day: Date) -> Vec<&Clause> {
        let Some(clause) = self.ruleset.find_clause(id) else {
            return Vec::new();
        };
        let mut line = vec![clause];
        let mut at = 0;
        while let Some(clause) = line.get(at).copied() {
            let all = self.ruleset.clauses().iter();
            let related = all
                .filter(|c| clause.successors.contains(&c.id) || c.successors.contains(&clause.id));
            for other in related {
                if !line.iter().any(|known| known.id == other.id) {
                    line.push(other);
                }
            }
            at += 1;
        }
        line.into_iter().filter(|c| c.is_in_force(day)).collect()
    }
}

/// Writes the files of a rule set to a folder: all of them beside it first, then in its place.
pub fn write_folder(files: &BTreeMap<String, String>, folder: &Path) -> Result<(), Error> {
    let failed = |path: &Path, source| Error::Read {
        path: path.display().to_string(),
        source,
    };
    for (name, text) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(|e| failed(parent, e))?;
        let fresh = path.with_extension("toml.new");
        std::fs::write(&fresh, text).map_err(|e| failed(&fresh, e))?;
    }
    for name in files.keys() {
        let path = folder.join(name);
        std::fs::rename(path.with_extension("toml.new"), &path).map_err(|e| failed(&path, e))?;
    }
    Ok(())
}
