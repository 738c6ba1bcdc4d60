//! 判别说明 — a judged site as a page that a clerk reads: proposal, facts with sources, papers, rows, questions.

use domain::fact_sheet::FilledFact;
use domain::ledger::Labels;
use rules::{Field, Ruleset};

use crate::civil_day;
use crate::error::Error;
use crate::judging_book::JudgingBook;
use crate::messages::{Language, Messages};
use crate::proposals::{DecisionShown, Proposal, SiteJudgement, TraceLine};
use crate::questions::Asked;
use crate::session::Session;
use crate::viewer::Viewer;

/// The table that judges what no other does.
const GENERAL_TABLE: &str = "generic";

impl Viewer {
    /// A clause as it is cited: 《自然保护区条例》第26条.
    pub fn citation(&self, clause: &str) -> String {
        let book = JudgingBook::built_in().ok();
        let found = book.and_then(|b| b.ruleset.find_clause(clause));
        found.map_or_else(|| clause.to_owned(), |c| cite(&self.messages, c))
    }

    /// Name for people of a word of a result: `verdict`, `severity`, `focus`, `disposal`, `bodies`, `deadline`.
    pub fn judged_label(&self, member: &str, code: &str) -> String {
        let book = JudgingBook::built_in().ok();
        book.map_or(code, |b| b.ruleset.label(member, code))
            .to_owned()
    }
}

impl Session {
    /// The page of a judged site, line by line.
    pub fn judgement_page(&self, judged: &SiteJudgement) -> Result<Vec<String>, Error> {
        Ok(Page::of(self, judged)?.write(judged))
    }

    /// Name of a zone, also of those outside the reserve, which no code list knows.
    pub fn zone_label(&self, zone: &str) -> String {
        let book = JudgingBook::built_in().ok();
        let fields = book.map_or(Vec::new(), |b| b.ruleset.inputs(GENERAL_TABLE));
        let known = fields.iter().find(|f| f.name == "zone");
        known.map_or(zone, |f| f.words.label(zone)).to_owned()
    }

    /// Words of a result joined.
    pub fn judged_labels(&self, member: &str, codes: &[String]) -> String {
        let labels: Vec<String> = codes.iter().map(|c| self.judged_label(member, c)).collect();
        labels.join(&self.messages.text("judge.and", &[]))
    }

    /// What a question asks, for people: the fact's name, or the name of the site's field.
    pub fn question_label(&self, asked: &Asked) -> String {
        match asked.label.is_empty() {
            true => self.messages.text(&format!("field.{}", asked.fact), &[]),
            false => asked.label.clone(),
        }
    }

    /// Which verdicts the answers to a question lead to: 原状或扩大 → ….
    pub fn question_reason(&self, asked: &Asked) -> String {
        let mut by_outcome: Vec<(String, Vec<String>)> = Vec::new();
        for answer in &asked.answers {
            let outcomes: Vec<String> = answer
                .possible
                .iter()
                .map(|v| self.judged_label("verdict", v))
                .collect();
            let outcome = outcomes.join(&self.messages.text("judge.or", &[]));
            let label = match answer.label.as_str() {
                "" => self.label("subtype", &answer.value),
                label => self.stretch(label),
            };
            match by_outcome.iter_mut().find(|(o, _)| *o == outcome) {
                Some((_, labels)) => labels.push(label),
                None => by_outcome.push((outcome, vec![label])),
            }
        }
        let and = self.messages.text("judge.and", &[]);
        let parts: Vec<String> = by_outcome
            .iter()
            .map(|(outcome, labels)| {
                let args = [("answers", labels.join(&and)), ("outcome", outcome.clone())];
                let args: Vec<(&str, &str)> = args.iter().map(|(k, v)| (*k, v.as_str())).collect();
                self.messages.text("judge.answer_outcome", &args)
            })
            .collect();
        parts.join(&self.messages.text("judge.semicolon", &[]))
    }

    /// A stretch of days in words; anything else as it is.
    fn stretch(&self, label: &str) -> String {
        let Some((from, to)) = label.split_once('…') else {
            return label.to_owned();
        };
        let code = match (from.is_empty(), to.is_empty()) {
            (true, true) => "judge.any_day",
            (true, false) => "judge.until_day",
            (false, true) => "judge.from_day",
            (false, false) => "judge.between_days",
        };
        self.messages.text(code, &[("from", from), ("to", to)])
    }
}

/// The clause with law and article, in the language of the page.
pub(crate) fn cite(messages: &Messages, clause: &rules::Clause) -> String {
    let law = clause.law.trim_end_matches(',');
    // The year of the text stands behind the title: 水法 (2016).
    let (law, year_of_text) = match law.rsplit_once(" (") {
        Some((title, year)) => (title, year.trim_end_matches(')')),
        None => (law, ""),
    };
    // A document number is a name of its own and takes no title marks.
    let is_numbered = law.contains('〔') || law.contains('号');
    let law = match is_numbered || law.starts_with('《') || law.is_ascii() {
        true => law.to_owned(),
        false => messages.text("judge.law", &[("law", law)]),
    };
    let (article, note) = match clause.article.split_once(", ") {
        Some((article, note)) if note.contains("text") || note.contains("before") => {
            (article, note)
        }
        _ => (clause.article.as_str(), ""),
    };
    let year: String = note.chars().filter(char::is_ascii_digit).collect();
    let article = match article {
        "" | "whole" => String::new(),
        chapter if chapter.starts_with("chapter ") => {
            messages.text("judge.chapter", &[("chapter", &chapter[8..])])
        }
        article => messages.text("judge.article", &[("article", article)]),
    };
    let version = match (note.contains("before"), year.as_str()) {
        (_, "") => String::new(),
        (true, year) => messages.text("judge.text_before", &[("year", year)]),
        (false, year) => messages.text("judge.text_of", &[("year", year)]),
    };
    let dated = match year_of_text {
        "" => String::new(),
        year => messages.text("judge.law_dated", &[("year", year)]),
    };
    format!("{law}{dated}{article}{version}")
}

pub(crate) struct Page<'a> {
    session: &'a Session,
    messages: &'a Messages,
    ruleset: &'a Ruleset,
    fields: Vec<&'a Field>,
    lines: Vec<String>,
}

impl<'a> Page<'a> {
    pub(crate) fn of(session: &'a Session, judged: &SiteJudgement) -> Result<Self, Error> {
        let ruleset = &JudgingBook::built_in()?.ruleset;
        // Before the table is known its facts have names already: the general table asks for all that are shared.
        let table = judged.sheet.table.as_deref().unwrap_or(GENERAL_TABLE);
        Ok(Self {
            session,
            messages: &session.messages,
            ruleset,
            fields: ruleset.inputs(table),
            lines: Vec::new(),
        })
    }

    fn say(&mut self, code: &str, args: &[(&str, &str)]) {
        let line = self.messages.text(code, args);
        self.lines.push(line);
    }

    fn write(mut self, judged: &SiteJudgement) -> Vec<String> {
        let session = self.session;
        let station = judged.station_id.as_deref();
        self.say(
            "judge.head",
            &[
                ("site", &judged.site_code),
                ("name", judged.facility_name.as_deref().unwrap_or("")),
                (
                    "station",
                    &station.map_or(String::new(), |s| session.label("station", s)),
                ),
                ("state", &session.label("site_state", &judged.state)),
                ("as_of", &judged.as_of.to_string()),
            ],
        );
        match &judged.proposal {
            Some(proposal) => self.proposal(proposal),
            None => self.say("judge.no_table", &[]),
        }
        self.facts(judged);
        self.papers(judged);
        self.rows(judged);
        self.questions(&judged.questions);
        self.decisions(judged);
        self.lines
    }

    fn proposal(&mut self, proposal: &Proposal) {
        let session = self.session;
        let of = |member: &str, code: &Option<String>| {
            code.as_deref()
                .map_or(String::new(), |c| session.judged_label(member, c))
        };
        self.say(
            "judge.proposal",
            &[
                (
                    "verdict",
                    &session.judged_label("verdict", &proposal.verdict),
                ),
                ("severity", proposal.severity.as_deref().unwrap_or("")),
                ("severity_label", &of("severity", &proposal.severity)),
                ("focus", &session.judged_label("focus", &proposal.focus)),
                ("deadline", &of("deadline", &proposal.deadline)),
                ("row", &proposal.row),
            ],
        );
        let disposal = session.judged_labels("disposal", &proposal.disposal);
        let bodies = session.judged_labels("bodies", &proposal.bodies);
        self.say("judge.disposal", &[("disposal", &disposal)]);
        if !bodies.is_empty() {
            self.say("judge.bodies", &[("bodies", &bodies)]);
        }
        for id in &proposal.basis {
            self.clause(id);
        }
        if proposal.zone_mapping.is_some() {
            self.say("judge.zone_mapping", &[]);
        }
        for warning in &proposal.warnings {
            self.say(warning, &[]);
        }
    }

    fn clause(&mut self, id: &str) {
        let Some(clause) = self.ruleset.find_clause(id) else {
            return;
        };
        let text = cite(self.messages, clause);
        let dated = match (clause.from.as_str(), clause.to.as_str()) {
            (from, _) if from.is_empty() || !clause.is_from_checked() => String::new(),
            (from, "") => self.messages.text("judge.in_force_from", &[("from", from)]),
            (from, to) => self
                .messages
                .text("judge.in_force", &[("from", from), ("to", to)]),
        };
        let doubt = match clause.mark.starts_with('V') {
            true => String::new(),
            false => self.messages.text("judge.clause_unread", &[]),
        };
        self.say(
            "judge.clause",
            &[
                ("id", id),
                ("text", &text),
                ("dated", &dated),
                ("doubt", &doubt),
            ],
        );
    }

    fn facts(&mut self, judged: &SiteJudgement) {
        self.say("judge.facts_head", &[]);
        for fact in &judged.sheet.facts {
            self.fact(fact);
        }
        let sheet = &judged.sheet;
        if let Some(came) = sheet.came_under_on {
            self.say("judge.came_under", &[("on", &came.to_string())]);
        }
        if let Some(zone) = &sheet.zone_when_built {
            let zone = self.session.zone_label(zone);
            self.say("judge.zone_when_built", &[("zone", &zone)]);
        }
        for doubt in &sheet.doubts {
            let (message, _) = self.messages.diagnostic(doubt);
            self.say("judge.doubt", &[("message", &message)]);
        }
    }

    fn fact(&mut self, fact: &FilledFact) {
        let (label, value) = self.name_and_value(fact);
        let why = self.why(fact);
        let sources: Vec<String> = fact.sources.iter().map(|s| self.source(s)).collect();
        let sources = sources.join(&self.messages.text("judge.and", &[]));
        let from = match sources.is_empty() {
            true => String::new(),
            false => self
                .messages
                .text("judge.sources", &[("sources", &sources)]),
        };
        self.say(
            "judge.fact",
            &[
                ("label", &label),
                ("value", &value),
                ("why", &why),
                ("from", &from),
            ],
        );
    }

    /// What a fact is called and what it is, for people.
    pub(crate) fn name_and_value(&self, fact: &FilledFact) -> (String, String) {
        let field = self.field(&fact.name);
        let label = field.map_or(fact.name.as_str(), |f| f.label.as_str());
        let value = field.map_or(fact.value.as_str(), |f| f.words.label(&fact.value));
        (label.to_owned(), value.to_owned())
    }

    /// Why a fact is what it is.
    pub(crate) fn why(&self, fact: &FilledFact) -> String {
        let mut why = fact.why.clone();
        // Codes of the campaign's lists are shown by their names.
        for (arg, list) in [
            ("status", "current_status"),
            ("kind", "permit_kind"),
            ("source", "source"),
        ] {
            if let Some(code) = why.args.get_mut(arg) {
                *code = self.session.label(list, code);
            }
        }
        self.messages.diagnostic(&why).0
    }

    fn source(&self, source: &domain::fact_sheet::FactSource) -> String {
        let seq = source.seq.to_string();
        let day = civil_day(source.occurred_at).to_string();
        self.messages
            .text("judge.source", &[("seq", &seq), ("day", &day)])
    }

    fn papers(&mut self, judged: &SiteJudgement) {
        if judged.sheet.papers.is_empty() {
            return;
        }
        self.say("judge.papers_head", &[]);
        for paper in &judged.sheet.papers {
            let kind = self.session.label("permit_kind", &paper.kind);
            let state = self
                .messages
                .text(&format!("paper.{}", paper.state.code()), &[]);
            let number = paper.document_number.clone().unwrap_or_default();
            self.say(
                "judge.paper",
                &[("kind", &kind), ("state", &state), ("number", &number)],
            );
        }
    }

    fn rows(&mut self, judged: &SiteJudgement) {
        if judged.trace.is_empty() {
            return;
        }
        let version = &judged.tables_version[..judged.tables_version.len().min(12)];
        self.say("judge.rows_head", &[("version", version)]);
        for line in &judged.trace {
            self.row(line);
        }
        if judged.trace.last().is_none_or(|l| l.value != "true") {
            self.say("judge.no_row", &[]);
        }
    }

    fn row(&mut self, line: &TraceLine) {
        let condition = line
            .failed
            .as_deref()
            .map(|c| self.in_words(&line.table, c));
        let code = match line.value.as_str() {
            "true" => "judge.row_true",
            "unknown" => "judge.row_unknown",
            _ => "judge.row_false",
        };
        let facts: Vec<String> = line
            .facts
            .iter()
            .map(|(name, value)| self.fact_in_words(name, value))
            .collect();
        self.say(
            code,
            &[
                ("row", &line.row),
                ("condition", condition.as_deref().unwrap_or("")),
                ("facts", &facts.join(&self.messages.text("judge.and", &[]))),
            ],
        );
    }

    fn field(&self, name: &str) -> Option<&'a Field> {
        self.fields.iter().find(|f| f.name == name).copied()
    }

    fn fact_in_words(&self, name: &str, value: &str) -> String {
        let unknown = self.messages.text("judge.unknown", &[]);
        let field = self.field(name);
        let label = field.map_or(name, |f| f.label.as_str());
        let value = match value {
            "unknown" => unknown.as_str(),
            value => field.map_or(value, |f| f.words.label(value)),
        };
        format!("{label}={value}")
    }

    /// A condition of a table in the words of its facts; in other languages than Chinese as the tables write it.
    pub(crate) fn in_words(&self, table: &str, condition: &str) -> String {
        match self.messages.language() {
            Language::Chinese => self.ruleset.speech(table).condition(condition),
            Language::English => condition.to_owned(),
        }
    }

    fn questions(&mut self, questions: &[Asked]) {
        if questions.is_empty() {
            return;
        }
        self.say("judge.questions_head", &[]);
        for asked in questions {
            let label = self.session.question_label(asked);
            let why = self.session.question_reason(asked);
            let who = self
                .messages
                .text(&format!("judge.asked_of_{}", asked.asked_of), &[]);
            self.say(
                "judge.question",
                &[("label", &label), ("why", &why), ("who", &who)],
            );
            if !asked.papers.is_empty() {
                let kinds: Vec<String> = asked
                    .papers
                    .iter()
                    .map(|p| self.session.label("permit_kind", &p.kind))
                    .collect();
                let kinds = kinds.join(&self.messages.text("judge.and", &[]));
                self.say("judge.open_papers", &[("papers", &kinds)]);
            }
        }
    }

    fn decisions(&mut self, judged: &SiteJudgement) {
        if let Some(decision) = &judged.decision {
            self.decision("judge.decided", decision);
        }
        if let Some(decision) = &judged.awaiting {
            self.decision("judge.awaiting", decision);
        }
        for difference in &judged.differences {
            let member = self
                .messages
                .text(&format!("judge.member.{}", difference.member), &[]);
            let text = |codes: &str| {
                let codes: Vec<String> = codes.split('、').map(str::to_owned).collect();
                self.session.judged_labels(&difference.member, &codes)
            };
            let (before, after) = (text(&difference.before), text(&difference.after));
            self.say(
                "judge.difference",
                &[("member", &member), ("before", &before), ("after", &after)],
            );
        }
    }

    fn decision(&mut self, code: &str, decision: &DecisionShown) {
        let session = self.session;
        let verdict = session.judged_label("verdict", &decision.verdict);
        let character = session.label("character", &decision.character);
        let seq = decision.seq.to_string();
        let version = &decision.tables_version[..decision.tables_version.len().min(12)];
        self.say(
            code,
            &[
                ("verdict", &verdict),
                ("character", &character),
                ("by", &decision.decided_by),
                ("on", &decision.judged_as_of.to_string()),
                ("row", decision.row.as_deref().unwrap_or("")),
                ("seq", &seq),
                ("version", version),
            ],
        );
        if decision.is_override {
            let reason = decision.reason.clone().unwrap_or_default();
            let reader = decision.second_reader.clone().unwrap_or_default();
            let reader = match reader.is_empty() {
                true => self.messages.text("judge.nobody_yet", &[]),
                false => reader,
            };
            self.say(
                "judge.overridden",
                &[("reason", &reason), ("reader", &reader)],
            );
        }
    }
}
