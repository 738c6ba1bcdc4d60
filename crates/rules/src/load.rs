//! From files to a rule set: everything is checked, every fault has its address.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::de::DeserializeOwned;

use crate::cases::Cases;
use crate::cell::{Case, Choice};
use crate::day::Day;
use crate::error::{RuleFault, RuleFaults};
use crate::expr::{self, Expr, Scope};
use crate::field::{FOCUS, Field, FieldId, MAX_FIELDS, MAX_WORDS, SEVERITY, VERDICT, Word, Words};
use crate::fine::Offence;
use crate::law::{Clause, Force};
use crate::raw::*;
use crate::ruleset::*;

/// Larger files are not rule tables.
const MAX_FILE: usize = 2_000_000;

impl Ruleset {
    /// Reads the files of a rule set (`tables/generic.toml`, `law/reserve.toml`, `settings.toml`, …) by path.
    ///
    /// Any fault refuses the set; what is only doubtful comes back beside it.
    pub fn from_files(
        files: &BTreeMap<String, String>,
    ) -> Result<(Self, Vec<RuleFault>), RuleFaults> {
        let mut loader = Loader::new(files);
        let ruleset = loader.ruleset();
        match ruleset.filter(|_| loader.faults.is_empty()) {
            Some(ruleset) => Ok((ruleset, loader.doubts)),
            None => Err(RuleFaults(loader.faults)),
        }
    }

    /// As `from_files`, and looks at the tables as a whole: rows nobody reaches, clauses that never hold for a row.
    ///
    /// That takes a good part of a second: for tables that nobody checked before.
    pub fn from_unchecked_files(
        files: &BTreeMap<String, String>,
    ) -> Result<(Self, Vec<RuleFault>), RuleFaults> {
        let (ruleset, doubts) = Self::from_files(files)?;
        match ruleset.row_faults() {
            none if none.is_empty() => Ok((ruleset, doubts)),
            faults => Err(RuleFaults(faults)),
        }
    }
}

/// Where a fault is.
#[derive(Clone, Copy)]
struct Spot<'a> {
    file: &'a str,
    row: &'a str,
    cell: &'a str,
}

impl<'a> Spot<'a> {
    fn cell(self, cell: &'a str) -> Self {
        Self { cell, ..self }
    }
}

struct Loader<'f> {
    files: &'f BTreeMap<String, String>,
    faults: Vec<RuleFault>,
    doubts: Vec<RuleFault>,
    registry: Vec<Field>,
    vocabulary: Vocabulary,
    clauses: Vec<Clause>,
    dates: BTreeMap<String, Day>,
    profile: String,
    common: Scope,
    common_inputs: Vec<FieldId>,
    common_terms: Vec<(String, String)>,
    matters: Vec<RawMatter>,
    tables: Vec<Table>,
    cases: Vec<CaseFile>,
    labels: BTreeMap<String, String>,
}

impl<'f> Loader<'f> {
    fn new(files: &'f BTreeMap<String, String>) -> Self {
        Self {
            files,
            faults: Vec::new(),
            doubts: Vec::new(),
            registry: Vec::new(),
            vocabulary: Vocabulary::default(),
            clauses: Vec::new(),
            dates: BTreeMap::new(),
            profile: String::new(),
            common: Scope::default(),
            common_inputs: Vec::new(),
            common_terms: Vec::new(),
            matters: Vec::new(),
            tables: Vec::new(),
            cases: Vec::new(),
            labels: BTreeMap::new(),
        }
    }

    fn fault(&mut self, code: &'static str, at: Spot<'_>, text: impl Into<String>) {
        self.faults.push(fault(code, at, text.into()));
    }

    fn doubt(&mut self, code: &'static str, at: Spot<'_>, text: impl Into<String>) {
        self.doubts.push(fault(code, at, text.into()));
    }

    /// Reads one file; a missing or broken one is a fault.
    fn file<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        let at = Spot {
            file: path,
            row: "",
            cell: "",
        };
        let Some(text) = self.files.get(path) else {
            self.fault("rules.missing_file", at, "missing");
            return None;
        };
        if text.len() > MAX_FILE {
            self.fault("rules.file_too_large", at, format!("{} bytes", text.len()));
            return None;
        }
        toml::from_str(text)
            .map_err(|e| self.fault("rules.not_readable", at, e.to_string()))
            .ok()
    }

    fn ruleset(&mut self) -> Option<Ruleset> {
        self.clauses = self.law();
        self.check_successors();
        self.check_succession();
        let vocabulary: RawVocabulary = self.file("vocabulary.toml")?;
        self.vocabulary(vocabulary);
        let settings: RawSettings = self.file("settings.toml")?;
        let province = settings.completion.level == "province";
        self.settings(&settings);
        let common: RawTable = self.file("tables/common.toml")?;
        self.common(common);
        let bodies: RawBodies = self.file("tables/bodies.toml")?;
        let verdict_bodies = self.bodies(bodies);
        let gate = self.table("tables/gate.toml")?;
        self.named_tables();
        let modifiers: RawModifiers = self.file("tables/modifiers.toml")?;
        let ids = modifiers.modifiers.iter().map(|m| m.id.clone()).collect();
        self.cases("tables/modifiers.toml", "modifiers", ids, modifiers.cases);
        let modifiers = modifiers
            .modifiers
            .into_iter()
            .filter_map(|m| self.modifier(m))
            .collect();
        let fines: RawFines = self.file("tables/fines.toml")?;
        let scale = |o: &RawOffence, s: &RawScale| format!("{} {}", o.code, s.law);
        let scales = |o: &RawOffence| o.scales.iter().map(|s| scale(o, s)).collect::<Vec<_>>();
        let ids = fines.offences.iter().flat_map(scales).collect();
        self.cases("tables/fines.toml", "fine", ids, fines.cases);
        let offences = fines
            .offences
            .into_iter()
            .map(|o| self.offence(o))
            .collect();
        let mapping = self.mapping(&settings.zone_mapping)?;
        if province {
            self.completed_needs_the_province();
        }
        let fallback = self.fallback(&gate)?;
        let first_regime = self.dates.get("first_regime").copied();
        Some(Ruleset {
            registry: std::mem::take(&mut self.registry),
            vocabulary: std::mem::take(&mut self.vocabulary),
            gate,
            fallback,
            tables: std::mem::take(&mut self.tables),
            modifiers,
            matters: std::mem::take(&mut self.matters),
            verdict_bodies,
            clauses: std::mem::take(&mut self.clauses),
            offences,
            mapping,
            first_regime,
            marks: settings.marks.into_iter().collect(),
            cases: std::mem::take(&mut self.cases),
            common_terms: std::mem::take(&mut self.common_terms),
            common_inputs: std::mem::take(&mut self.common_inputs),
            labels: std::mem::take(&mut self.labels),
        })
    }

    /// The row that decides where none matches: the gate's last.
    fn fallback(&mut self, gate: &Table) -> Option<usize> {
        let at = Spot {
            file: &gate.file,
            row: "",
            cell: "rows",
        };
        if gate.rows.is_empty() {
            self.fault(
                "rules.no_rows",
                at,
                "the gate's last row decides where no row matches",
            );
        }
        gate.rows.len().checked_sub(1)
    }

    fn law(&mut self) -> Vec<Clause> {
        let paths: Vec<String> = self
            .files
            .keys()
            .filter(|p| p.starts_with("law/"))
            .cloned()
            .collect();
        let mut all: Vec<Clause> = Vec::new();
        for path in &paths {
            let Some(file) = self.file::<RawLaw>(path) else {
                continue;
            };
            for clause in file.clauses {
                if let Some(clause) = self.clause(path, clause, &all) {
                    all.push(clause);
                }
            }
        }
        all
    }

    fn clause(&mut self, path: &str, mut clause: Clause, known: &[Clause]) -> Option<Clause> {
        let id = clause.id.clone();
        let at = Spot {
            file: path,
            row: &id,
            cell: "",
        };
        match Force::read(&clause.from, &clause.to) {
            Ok(force) => clause.force = force,
            Err(text) => self.fault("rules.not_a_day", at.cell("from/to"), text),
        }
        if known.iter().any(|k| k.id == id) {
            self.fault("rules.defined_twice", at.cell("id"), id.clone());
            return None;
        }
        let twin = known.iter().find(|k| {
            k.law == clause.law && k.article == clause.article && k.demands == clause.demands
        });
        if let Some(twin) = twin.filter(|t| is_overlap(t.force, clause.force)) {
            self.fault(
                "rules.versions_overlap",
                at.cell("from/to"),
                twin.id.clone(),
            );
        }
        Some(clause)
    }

    /// A clause ends before what takes its place begins.
    fn check_succession(&mut self) {
        let find = |id: &String| self.clauses.iter().find(|c| c.id == *id);
        let late = |c: &Clause, s: &String| {
            find(s)
                .filter(|next| is_overlap(c.force, next.force) && c.law_name() == next.law_name())
                .map(|next| (c.id.clone(), next.id.clone()))
        };
        let found: Vec<(String, String)> = self
            .clauses
            .iter()
            .flat_map(|c| c.successors.iter().filter_map(move |s| late(c, s)))
            .collect();
        for (id, next) in found {
            let at = Spot {
                file: "law",
                row: &id,
                cell: "successors",
            };
            self.fault("rules.versions_overlap", at, next);
        }
    }

    fn check_successors(&mut self) {
        let dangling: Vec<(String, String)> = self
            .clauses
            .iter()
            .flat_map(|c| c.successors.iter().map(move |s| (c.id.clone(), s.clone())))
            .filter(|(_, s)| !self.clauses.iter().any(|c| c.id == *s))
            .collect();
        for (id, successor) in dangling {
            self.fault(
                "rules.no_such_clause",
                Spot {
                    file: "law",
                    row: &id,
                    cell: "successors",
                },
                successor,
            );
        }
    }

    fn vocabulary(&mut self, raw: RawVocabulary) {
        let at = Spot {
            file: "vocabulary.toml",
            row: "",
            cell: "",
        };
        let problems = raw.is_problem;
        let v = Vocabulary {
            verdict: words(raw.verdict),
            is_problem: Vec::new(),
            focus: words(raw.focus),
            disposal: words(raw.disposal),
            severity: words(raw.severity),
            days: vec![None; raw.deadline.len()],
            deadline: words(raw.deadline),
            bodies: words(raw.bodies),
            problem: words(raw.problem),
            outcome: words(raw.outcome),
            members: words(raw.members),
            grammar: raw.grammar,
            columns: raw.columns,
            sheets: raw.sheets,
            legacy: 0,
            field_check: 0,
            no_focus: 0,
            plan: 0,
        };
        let lists = [
            &v.verdict,
            &v.focus,
            &v.disposal,
            &v.severity,
            &v.deadline,
            &v.bodies,
        ];
        if lists
            .iter()
            .any(|l| l.0.is_empty() || l.0.len() > MAX_WORDS)
        {
            self.fault(
                "rules.list_size",
                at,
                format!("a list has 1 to {MAX_WORDS} words"),
            );
        }
        self.vocabulary = v;
        self.vocabulary.legacy = self.must_have(|v| &v.verdict, at.cell("verdict"), "legacy");
        self.vocabulary.field_check =
            self.must_have(|v| &v.disposal, at.cell("disposal"), "field_check");
        self.vocabulary.no_focus = self.must_have(|v| &v.focus, at.cell("focus"), "none");
        self.vocabulary.plan = self.must_have(|v| &v.deadline, at.cell("deadline"), "plan");
        self.problems(&problems);
        self.engine_facts();
    }

    fn must_have(&mut self, list: impl Fn(&Vocabulary) -> &Words, at: Spot<'_>, code: &str) -> u8 {
        let found = list(&self.vocabulary).find(code);
        if found.is_none() {
            self.fault("rules.word_missing", at, code);
        }
        found.unwrap_or(0)
    }

    fn problems(&mut self, problems: &IndexMap<String, String>) {
        let codes: Vec<String> = self
            .vocabulary
            .verdict
            .0
            .iter()
            .map(|w| w.code.clone())
            .collect();
        for code in codes {
            let said = problems.get(&code).map_or("", String::as_str);
            if !matches!(said, "yes" | "no" | "pending" | "resolved") {
                let at = Spot {
                    file: "vocabulary.toml",
                    row: &code,
                    cell: "is_problem",
                };
                self.fault("rules.unknown_word", at, said);
            }
            self.vocabulary.is_problem.push(said.to_owned());
        }
    }

    /// Verdict, focus and grade are facts for the cells that come after them.
    fn engine_facts(&mut self) {
        let v = &self.vocabulary;
        let lists = [
            ("verdict", v.verdict.clone()),
            ("focus", v.focus.clone()),
            ("severity", v.severity.clone()),
        ];
        for (expected, (name, words)) in [VERDICT, FOCUS, SEVERITY].into_iter().zip(lists) {
            debug_assert_eq!(usize::from(expected), self.registry.len());
            let (default, counts_as) = (None, BTreeMap::new());
            self.registry.push(Field {
                name: name.into(),
                label: name.into(),
                words,
                default,
                counts_as,
                is_day: false,
            });
            self.common.fields.insert(name.to_owned(), expected);
        }
    }

    fn settings(&mut self, raw: &RawSettings) {
        for (name, text) in &raw.dates {
            match Day::parse(text) {
                Some(day) => drop(self.dates.insert(name.clone(), day)),
                None => self.fault(
                    "rules.not_a_day",
                    Spot {
                        file: "settings.toml",
                        row: "dates",
                        cell: name,
                    },
                    text.clone(),
                ),
            }
        }
        self.labels.extend(raw.labels.clone());
        self.profile.clone_from(&raw.focus_profile.cell);
        if !matches!(raw.completion.level.as_str(), "city" | "province") {
            let at = Spot {
                file: "settings.toml",
                row: "completion",
                cell: "level",
            };
            self.fault("rules.unknown_word", at, raw.completion.level.clone());
        }
        self.common.dates.clone_from(&self.dates);
    }

    fn completed_needs_the_province(&mut self) {
        let index = self.vocabulary.verdict.find("completed").map(usize::from);
        if let Some(said) = index.and_then(|i| self.vocabulary.is_problem.get_mut(i)) {
            "yes".clone_into(said);
        }
    }

    fn mapping(&mut self, raw: &RawMapping) -> Option<ZoneMapping> {
        let at = Spot {
            file: "settings.toml",
            row: "zone_mapping",
            cell: "map",
        };
        let zone = self.common.fields.get("zone").copied();
        let Some((zone, field)) =
            zone.and_then(|z| Some((z, self.registry.get(usize::from(z))?.clone())))
        else {
            self.fault("rules.unknown_word", at, "zone");
            return None;
        };
        let mut pairs = Vec::new();
        for (from, to) in &raw.map {
            match (field.words.find(from), field.words.find(to)) {
                (Some(from), Some(to)) => pairs.push((from, to)),
                _ => self.fault("rules.unknown_word", at, format!("{from} = {to}")),
            }
        }
        let day = Day::parse(&raw.from);
        if day.is_none() {
            self.fault("rules.not_a_day", at.cell("from"), raw.from.clone());
        }
        Some(ZoneMapping {
            zone,
            from: day?,
            pairs,
        })
    }

    fn common(&mut self, raw: RawTable) {
        let file = "tables/common.toml";
        self.common_inputs = self.inputs(file, &raw.inputs);
        for id in &self.common_inputs {
            if let Some(field) = self.registry.get(usize::from(*id)) {
                self.common.fields.insert(field.name.clone(), *id);
            }
        }
        let mut scope = std::mem::take(&mut self.common);
        self.terms(file, &raw.terms, &mut scope);
        self.common = scope;
        self.labels.extend(raw.labels);
        self.common_terms = raw.terms.into_iter().collect();
    }

    fn inputs(&mut self, file: &str, raw: &IndexMap<String, RawInput>) -> Vec<FieldId> {
        raw.iter()
            .filter_map(|(name, input)| {
                self.input(
                    Spot {
                        file,
                        row: name,
                        cell: "",
                    },
                    input,
                )
            })
            .collect()
    }

    fn input(&mut self, at: Spot<'_>, raw: &RawInput) -> Option<FieldId> {
        let is_day = raw.values == "day";
        let words = if is_day {
            Words::default()
        } else {
            self.value_list(at.cell("values"), &raw.values)
        };
        let known = |this: &mut Self, cell: &'static str, code: &str| {
            let found = words.find(code);
            if found.is_none() {
                this.fault("rules.unknown_word", at.cell(cell), code);
            }
            found
        };
        let default = raw
            .default
            .as_deref()
            .and_then(|d| known(self, "default", d));
        let counts_as = raw
            .counts_as
            .iter()
            .filter_map(|(k, v)| Some((k.clone(), known(self, "counts_as", v)?)))
            .collect();
        if self.registry.len() >= MAX_FIELDS {
            self.fault("rules.too_many_facts", at, format!("at most {MAX_FIELDS}"));
            return None;
        }
        let id = FieldId::try_from(self.registry.len()).ok()?;
        self.registry.push(Field {
            name: at.row.to_owned(),
            label: raw.label.clone(),
            words,
            default,
            counts_as,
            is_day,
        });
        Some(id)
    }

    fn value_list(&mut self, at: Spot<'_>, text: &str) -> Words {
        let mut found: Vec<Word> = Vec::new();
        for item in text.split('·').map(str::trim) {
            let (code, label) = item.split_once(' ').unwrap_or((item, item));
            if code.is_empty() || code == "unknown" || found.iter().any(|w| w.code == code) {
                self.fault("rules.unknown_word", at, item);
                continue;
            }
            found.push(Word {
                code: code.to_owned(),
                label: label.trim().to_owned(),
            });
        }
        if found.len() > MAX_WORDS {
            self.fault("rules.list_size", at, format!("at most {MAX_WORDS} words"));
            found.truncate(MAX_WORDS);
        }
        Words(found)
    }

    /// Terms may stand on terms above them.
    fn terms(&mut self, file: &str, raw: &IndexMap<String, String>, scope: &mut Scope) {
        for (name, text) in raw {
            let at = Spot {
                file,
                row: "terms",
                cell: name,
            };
            let ahead = raw.keys().skip_while(|other| *other != name);
            if let Some(later) = named_in(text, ahead) {
                self.fault("rules.cycle", at, later);
                continue;
            }
            if let Some(expr) = self.expr(at, text, scope) {
                scope.terms.insert(name.clone(), expr);
            }
        }
    }

    fn expr(&mut self, at: Spot<'_>, text: &str, scope: &Scope) -> Option<Expr> {
        expr::parse(text, scope, &self.registry)
            .map_err(|e| self.fault("rules.condition", at, e))
            .ok()
    }

    fn bodies(&mut self, raw: RawBodies) -> BTreeMap<u8, Vec<u8>> {
        let mut by_verdict = BTreeMap::new();
        for matter in &raw.matters {
            let at = Spot {
                file: "tables/bodies.toml",
                row: &matter.matter,
                cell: "bodies",
            };
            let bodies = self.body_list(at, &matter.bodies);
            self.clause_list(at.cell("basis"), &matter.basis);
            for verdict in &matter.verdicts {
                match self.vocabulary.verdict.find(verdict) {
                    Some(v) => drop(by_verdict.insert(v, bodies.clone())),
                    None => self.fault("rules.unknown_word", at.cell("verdicts"), verdict.clone()),
                }
            }
        }
        let matters = raw.matters.iter().map(|m| m.matter.clone()).collect();
        self.cases("tables/bodies.toml", "bodies", matters, raw.cases);
        self.matters = raw.matters;
        by_verdict
    }

    /// Cases belong to a row that there is.
    fn cases(&mut self, path: &str, table: &str, rows: Vec<String>, cases: Cases) {
        for row in cases.keys().filter(|row| !rows.contains(row)) {
            let at = Spot {
                file: path,
                row,
                cell: "cases",
            };
            self.fault("rules.unknown_word", at, row.clone());
        }
        self.cases.push(CaseFile {
            path: path.to_owned(),
            table: table.to_owned(),
            rows,
            cases,
        });
    }

    fn body_list(&mut self, at: Spot<'_>, text: &str) -> Vec<u8> {
        let mut found = Vec::new();
        for code in items(text) {
            match self.vocabulary.bodies.find(code) {
                Some(body) => found.push(body),
                None => self.fault("rules.unknown_word", at, code),
            }
        }
        found
    }

    /// The bodies of a row: its own matter before that of its table.
    fn bodies_of(&mut self, at: Spot<'_>) -> Vec<u8> {
        let matter = matter_of_row(&self.matters, at.row);
        match matter.map(|m| m.bodies.clone()) {
            Some(list) => self.body_list(at, &list),
            None => {
                self.fault(
                    "rules.no_bodies",
                    at.cell("bodies"),
                    "no matter of bodies.toml takes this row",
                );
                Vec::new()
            }
        }
    }

    fn clause_list(&mut self, at: Spot<'_>, text: &str) -> Vec<u16> {
        let mut found = Vec::new();
        for id in items(text).filter(|id| *id != "matrix") {
            let index = self.clauses.iter().position(|c| c.id == id);
            match index.and_then(|i| u16::try_from(i).ok()) {
                Some(index) => found.push(index),
                None => self.fault("rules.no_such_clause", at, id),
            }
        }
        found
    }

    /// Every file under `tables/` that is none of the special ones; those that delegate come last.
    fn named_tables(&mut self) {
        let special =
            ["common", "gate", "modifiers", "bodies", "fines"].map(|n| format!("tables/{n}.toml"));
        let is_table = |p: &&String| p.starts_with("tables/") && !special.contains(p);
        let paths: Vec<String> = self.files.keys().filter(is_table).cloned().collect();
        let delegates = |p: &String| self.files.get(p).is_some_and(|t| t.contains("delegate ="));
        let (last, first): (Vec<String>, Vec<String>) = paths.into_iter().partition(delegates);
        for path in first.into_iter().chain(last) {
            if let Some(table) = self.table(&path) {
                let at = Spot {
                    file: &path,
                    row: "",
                    cell: "id",
                };
                if table.id.is_empty()
                    || table.id == "fine"
                    || self.tables.iter().any(|t| t.id == table.id)
                {
                    self.fault("rules.defined_twice", at, table.id.clone());
                }
                self.tables.push(table);
            }
        }
    }

    fn table(&mut self, path: &str) -> Option<Table> {
        let raw: RawTable = self.file(path)?;
        let mut scope = match raw.ungated {
            true => Scope {
                dates: self.dates.clone(),
                ..Scope::default()
            },
            false => self.common.clone(),
        };
        let mut inputs = if raw.ungated {
            Vec::new()
        } else {
            self.common_inputs.clone()
        };
        let own_inputs = self.inputs(path, &raw.inputs);
        inputs.extend(&own_inputs);
        inputs.extend(self.delegated_inputs(&raw));
        for id in &inputs {
            let name = self
                .registry
                .get(usize::from(*id))
                .map(|f| f.name.clone())
                .unwrap_or_default();
            scope.fields.insert(name, *id);
        }
        self.terms(path, &raw.terms, &mut scope);
        let unmet = self.requirements(path, &raw, &mut scope);
        let activity = scope.fields.get("activity").copied();
        let matrix_basis = self.matrix(path, &raw.matrix, activity);
        let rows = self.rows(path, &raw, &mut scope);
        let ids = rows.iter().map(|r| r.id.clone()).collect();
        self.cases(path, &raw.id, ids, raw.cases.clone());
        let fields_down_to = rows
            .iter()
            .scan(0u128, |all, row| {
                *all |= row.fields;
                Some(*all)
            })
            .collect();
        Some(Table {
            id: raw.id,
            title: raw.title,
            note: raw.note,
            file: path.to_owned(),
            is_ungated: raw.ungated,
            inputs,
            own_inputs,
            terms: raw.terms.into_iter().collect(),
            cells: raw.cells.into_iter().collect(),
            labels: raw.labels,
            rows,
            fields_down_to,
            unmet,
            unmet_text: raw.unmet,
            focus: raw.focus,
            deadline: raw.deadline,
            matrix: raw.matrix,
            matrix_basis,
            activity,
        })
    }

    /// What a sheet for this table may state because another table may decide: all but what is settled or its own.
    fn delegated_inputs(&self, raw: &RawTable) -> Vec<FieldId> {
        let delegates = raw.rows.iter().filter_map(|r| r.delegate.as_ref());
        let tables = delegates.filter_map(|d| {
            self.tables
                .iter()
                .find(|t| Some(&t.id) == d.get("table"))
                .map(|t| (d, t))
        });
        let mut found = Vec::new();
        for (delegate, table) in tables {
            let takes = |id: &&FieldId| {
                let name = self.registry.get(usize::from(**id)).map_or("", |f| &f.name);
                !raw.inputs.contains_key(name) && !delegate.contains_key(name)
            };
            found.extend(table.own_inputs.iter().filter(takes).copied());
        }
        found
    }

    fn requirements(&mut self, path: &str, raw: &RawTable, scope: &mut Scope) -> Vec<Requirement> {
        let mut found = Vec::new();
        for (i, item) in raw.unmet.iter().enumerate() {
            let row = format!("unmet {}", i + 1);
            let at = Spot {
                file: path,
                row: &row,
                cell: "needs",
            };
            let when = item
                .when
                .as_ref()
                .map(|w| self.expr(at.cell("if"), w, scope));
            let Some(field) = scope.fields.get(&item.field).copied() else {
                self.fault("rules.unknown_word", at.cell("field"), item.field.clone());
                continue;
            };
            if let Some(needs) = self.expr(at, &item.needs, scope) {
                found.push(Requirement {
                    when: when.flatten(),
                    field,
                    needs,
                });
            }
        }
        if !found.is_empty() {
            scope.unmet = Some(Expr::Any(found.iter().map(Requirement::fails).collect()));
        }
        found
    }

    fn matrix(
        &mut self,
        path: &str,
        raw: &[RawMatrix],
        activity: Option<FieldId>,
    ) -> BTreeMap<u8, Vec<u16>> {
        let mut found = BTreeMap::new();
        let list = activity
            .and_then(|a| self.registry.get(usize::from(a)))
            .map(|f| f.words.clone())
            .unwrap_or_default();
        for line in raw {
            let row = line.activities.join(", ");
            let at = Spot {
                file: path,
                row: &row,
                cell: "basis",
            };
            let clauses = self.clause_list(at, &line.basis);
            for code in &line.activities {
                match list.find(code) {
                    Some(word) => drop(found.insert(word, clauses.clone())),
                    None => self.fault("rules.unknown_word", at.cell("activities"), code.clone()),
                }
            }
        }
        if !raw.is_empty() && found.len() < list.0.len() {
            let at = Spot {
                file: path,
                row: "matrix",
                cell: "activities",
            };
            let missing: Vec<&str> = list
                .0
                .iter()
                .filter(|w| list.find(&w.code).is_none_or(|i| !found.contains_key(&i)))
                .map(|w| w.code.as_str())
                .collect();
            self.fault("rules.matrix_gap", at, missing.join(", "));
        }
        found
    }

    fn rows(&mut self, path: &str, raw: &RawTable, scope: &mut Scope) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for text in &raw.rows {
            let at = Spot {
                file: path,
                row: &text.id,
                cell: "id",
            };
            if rows.iter().any(|r| r.id == text.id) {
                self.fault("rules.defined_twice", at, text.id.clone());
            }
            if let Some(row) = self.row(at, text, raw, scope) {
                scope.rows.insert(text.id.clone(), row.when.clone());
                rows.push(row);
            }
        }
        rows
    }

    fn row(&mut self, at: Spot<'_>, text: &RawRow, raw: &RawTable, scope: &Scope) -> Option<Row> {
        let when = self.expr(at.cell("when"), &text.when, scope)?;
        self.refuse_results(at, &when);
        let delegate = text.delegate.as_ref().map(|d| self.delegate(at, d, scope));
        let cell =
            |own: &Option<String>, shared: &Option<String>| own.clone().or_else(|| shared.clone());
        let focus = cell(&text.focus, &raw.focus).map(|c| {
            if c == "profile" {
                self.profile.clone()
            } else {
                c
            }
        });
        let deadline = cell(&text.deadline, &raw.deadline);
        let severity = text.severity.as_ref().map(|s| named_cell(s, &raw.cells));
        let is_bare = raw.ungated || delegate.is_some();
        let (basis, by_matrix) = self.basis(at, &text.basis);
        Some(Row {
            id: text.id.clone(),
            fields: when.fields(),
            when,
            is_adding: text.adds,
            verdict: self.choice(
                at,
                "verdict",
                text.verdict.as_deref(),
                delegate.is_some(),
                scope,
            ),
            focus: self.choice(at, "focus", focus.as_deref(), false, scope),
            disposal: self.measures(at, &text.disposal, scope),
            severity: self.choice(at, "severity", severity.as_deref(), is_bare, scope),
            deadline: self.choice(at, "deadline", deadline.as_deref(), is_bare, scope),
            basis,
            by_matrix,
            bodies: self.bodies_of(at),
            delegate: delegate.flatten(),
            text: text.clone(),
        })
    }

    /// A condition decides the result, so it cannot ask for it.
    fn refuse_results(&mut self, at: Spot<'_>, when: &Expr) {
        let results =
            crate::field::bit(VERDICT) | crate::field::bit(FOCUS) | crate::field::bit(SEVERITY);
        if when.fields() & results != 0 {
            self.fault(
                "rules.cycle",
                at.cell("when"),
                "verdict, focus and severity follow from the row",
            );
        }
    }

    fn basis(&mut self, at: Spot<'_>, text: &str) -> (Vec<u16>, bool) {
        let found = self.clause_list(at.cell("basis"), text);
        let never_cited = found
            .iter()
            .filter_map(|i| self.clauses.get(usize::from(*i)))
            .find(|c| !c.is_citable());
        if let Some(id) = never_cited.map(|c| c.id.clone()) {
            self.doubt("rules.not_citable", at.cell("basis"), id);
        }
        (found, items(text).any(|i| i == "matrix"))
    }

    fn delegate(
        &mut self,
        at: Spot<'_>,
        raw: &IndexMap<String, String>,
        scope: &Scope,
    ) -> Option<Delegate> {
        let at = at.cell("delegate");
        let name = raw.get("table").map_or("", String::as_str);
        let Some(table) = self.tables.iter().position(|t| t.id == name) else {
            let is_file = self.files.contains_key(&format!("tables/{name}.toml"));
            let code = match is_file {
                true => "rules.cycle",
                false => "rules.unknown_word",
            };
            self.fault(code, at, name);
            return None;
        };
        if self
            .tables
            .get(table)
            .is_some_and(|t| t.rows.iter().any(|r| r.delegate.is_some()))
        {
            self.fault("rules.cycle", at, name);
        }
        let targets = self
            .tables
            .get(table)
            .map(|t| t.own_inputs.clone())
            .unwrap_or_default();
        let mut settles = Vec::new();
        for (fact, cell) in raw.iter().filter(|(k, _)| *k != "table") {
            let target = targets.iter().find(|t| {
                self.registry
                    .get(usize::from(**t))
                    .is_some_and(|f| f.name == *fact)
            });
            match target.copied() {
                Some(target) => settles.push((target, self.settled(at, target, cell, scope))),
                None => self.fault("rules.unknown_word", at, fact.clone()),
            }
        }
        Some(Delegate { table, settles })
    }

    fn settled(&mut self, at: Spot<'_>, target: FieldId, cell: &str, scope: &Scope) -> Choice {
        let words = self
            .registry
            .get(usize::from(target))
            .map(|f| f.words.clone())
            .unwrap_or_default();
        let cases = self.cell_cases(at, cell, &words, scope);
        self.last_holds_always(at, cases)
    }

    fn choice(
        &mut self,
        at: Spot<'_>,
        cell: &'static str,
        text: Option<&str>,
        may_lack: bool,
        scope: &Scope,
    ) -> Choice {
        let at = at.cell(cell);
        let Some(text) = text else {
            if !may_lack {
                self.fault("rules.empty_cell", at, "");
            }
            return Choice::always(0);
        };
        if cell == "deadline" {
            self.learn_days(text);
        }
        let v = &self.vocabulary;
        let words = match cell {
            "verdict" => v.verdict.clone(),
            "focus" => v.focus.clone(),
            "severity" => v.severity.clone(),
            _ => v.deadline.clone(),
        };
        let cases = self.cell_cases(at, text, &words, scope);
        self.last_holds_always(at, cases)
    }

    /// Days printed as deadlines join the list of its words.
    fn learn_days(&mut self, text: &str) {
        for day in items(text).filter_map(|i| Day::parse(i.split(' ').next().unwrap_or(i))) {
            let code = day.to_string();
            if self.vocabulary.deadline.find(&code).is_none()
                && self.vocabulary.deadline.0.len() < MAX_WORDS
            {
                self.vocabulary.deadline.0.push(Word {
                    label: code.clone(),
                    code,
                });
                self.vocabulary.days.push(Some(day));
            }
        }
    }

    fn last_holds_always(&mut self, at: Spot<'_>, cases: Vec<Case>) -> Choice {
        if cases.last().is_none_or(|c| c.when.is_some()) {
            self.fault(
                "rules.no_last_case",
                at,
                "the last case of the cell has no condition",
            );
            return Choice::always(0);
        }
        Choice { cases }
    }

    fn measures(&mut self, at: Spot<'_>, text: &str, scope: &Scope) -> Vec<Case> {
        let words = self.vocabulary.disposal.clone();
        self.cell_cases(at.cell("disposal"), text, &words, scope)
    }

    fn cell_cases(&mut self, at: Spot<'_>, text: &str, words: &Words, scope: &Scope) -> Vec<Case> {
        let mut found = Vec::new();
        for item in items(text) {
            let (code, condition) = match item.split_once(" if ") {
                Some((code, condition)) => (code.trim(), Some(condition)),
                None => (item, None),
            };
            let Some(word) = words.find(code) else {
                self.fault("rules.unknown_word", at, code);
                continue;
            };
            let when = condition.map(|c| self.expr(at, c, scope));
            if matches!(when, Some(None)) {
                continue;
            }
            found.push(Case {
                when: when.flatten(),
                word,
            });
        }
        found
    }

    fn modifier(&mut self, text: RawModifier) -> Option<Modifier> {
        let at = Spot {
            file: "tables/modifiers.toml",
            row: &text.id,
            cell: "when",
        };
        let scope = self.common.clone();
        let when = self.expr(at, &text.when, &scope)?;
        let severity = text
            .severity
            .as_deref()
            .map(|s| (s, self.vocabulary.severity.find(s)));
        if let Some((code, None)) = severity {
            self.fault("rules.unknown_word", at.cell("severity"), code);
        }
        Some(Modifier {
            id: text.id.clone(),
            when,
            severity: severity.and_then(|(_, s)| s),
            raise: text.raise,
            disposal: self.measures(at, &text.disposal, &scope),
            bodies: self.body_list(at.cell("bodies"), &text.bodies),
            basis: self.clause_list(at.cell("basis"), &text.basis),
            text,
        })
    }

    fn offence(&mut self, raw: RawOffence) -> Offence {
        let at = Spot {
            file: "tables/fines.toml",
            row: &raw.code,
            cell: "clause",
        };
        let mut scales = Vec::new();
        for scale in &raw.scales {
            let Some(clause) = self.clauses.iter().find(|c| c.id == scale.clause) else {
                self.fault("rules.no_such_clause", at, scale.clause.clone());
                continue;
            };
            let force = clause.force;
            let from = if scale.from.is_empty() {
                Ok(force)
            } else {
                Force::read(&scale.from, "")
            };
            match from {
                Ok(from) => scales.push((
                    Force {
                        from: from.from,
                        to: force.to,
                    },
                    scale.clone(),
                )),
                Err(text) => self.fault("rules.not_a_day", at.cell("from"), text),
            }
        }
        Offence {
            code: raw.code.clone(),
            label: raw.label,
            scales,
        }
    }
}

impl Requirement {
    /// It is asked for and not proven.
    fn fails(&self) -> Expr {
        let unproven = Expr::Unproven(Box::new(self.needs.clone()));
        match &self.when {
            Some(when) => Expr::All(vec![when.clone(), unproven]),
            None => unproven,
        }
    }
}

fn fault(code: &'static str, at: Spot<'_>, text: String) -> RuleFault {
    RuleFault {
        code,
        file: at.file.to_owned(),
        row: at.row.to_owned(),
        cell: at.cell.to_owned(),
        text,
    }
}

/// The first of the names that stands in a condition.
fn named_in<'n>(text: &str, mut names: impl Iterator<Item = &'n String>) -> Option<&'n str> {
    let read = expr::tokens(text).unwrap_or_default();
    names
        .find(|name| read.contains(&name.as_str()))
        .map(String::as_str)
}

/// The items of a cell; `;` parts them.
fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(str::trim).filter(|i| !i.is_empty())
}

/// `@name` stands for a cell written once for the table.
fn named_cell(text: &str, cells: &IndexMap<String, String>) -> String {
    let named = text.strip_prefix('@').and_then(|name| cells.get(name));
    named.cloned().unwrap_or_else(|| text.to_owned())
}

fn words(list: IndexMap<String, String>) -> Words {
    Words(
        list.into_iter()
            .map(|(code, label)| Word { code, label })
            .collect(),
    )
}

fn is_overlap(a: Force, b: Force) -> bool {
    let ends_before = |x: Force, y: Force| x.to.zip(y.from).is_some_and(|(t, f)| t < f);
    !ends_before(a, b) && !ends_before(b, a)
}
