//! 判别汇总与问题清单 — proposals of all sites as a workbook; questions as a blank verification sheet for a station.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Seek, Write};

use documents::{CellValue, ColumnSpec, Format, LedgerSheet, Shade, Workbook, WorkbookProperties};
use domain::dossier::SiteState;
use domain::ledger::Labels;
use jiff::civil::Date;

use crate::error::Error;
use crate::judged_facts;
use crate::ledgers::LedgerScope;
use crate::proposals::SiteJudgement;
use crate::questions::Asked;
use crate::session::Session;

/// Number of sites by verdict; the empty one is for sites that no table judges yet.
pub fn count_verdicts(judged: &[SiteJudgement]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for site in judged {
        let verdict = site.proposal.as_ref().map_or("", |p| &p.verdict);
        *counts.entry(verdict.to_owned()).or_insert(0) += 1;
    }
    counts
}

impl Session {
    /// Sites of the scope about which something is still to be found out.
    pub fn questions(&self, scope: &LedgerScope, as_of: Date) -> Result<Vec<SiteJudgement>, Error> {
        let mut judged = self.judge_sites(scope, as_of)?;
        judged.retain(|j| !j.questions.is_empty() && j.state != SiteState::Excluded.code());
        Ok(judged)
    }

    pub(crate) fn judgement_sheet(&self, id: &str, scope: &str, as_of: Date) -> LedgerSheet {
        let text = |code: &str, args: &[(&str, &str)]| self.messages.text(code, args);
        let title = text(&format!("{id}.title"), &[]);
        let title = match self.is_demonstration {
            true => text("ledger.demonstration_title", &[("title", &title)]),
            false => title,
        };
        LedgerSheet::new(text(&format!("{id}.sheet"), &[]), title)
            .subtitle([
                text("ledger.unit", &[("unit", scope)]),
                text("ledger.as_of", &[("as_of", &as_of.to_string())]),
            ])
            .note(text(&format!("{id}.basis"), &[]))
    }

    pub(crate) fn heading(&self, code: &str) -> String {
        self.messages.text(&format!("column.{code}"), &[])
    }

    /// Every judged site with its proposal, the clauses, what is missing and what was decided.
    pub fn judgements_xlsx<W: Write + Seek>(
        &self,
        judged: &[SiteJudgement],
        scope: &str,
        as_of: Date,
        sink: W,
    ) -> Result<W, Error> {
        let columns = [
            ("index", 6.0),
            ("site", 20.0),
            ("facility_name", 22.0),
            ("station", 12.0),
            ("zone", 10.0),
            ("verdict", 12.0),
            ("severity", 12.0),
            ("focal", 14.0),
            ("disposal", 28.0),
            ("deadline", 12.0),
            ("legal_basis", 40.0),
            ("row", 10.0),
            ("missing", 36.0),
            ("decided", 14.0),
            ("difference", 30.0),
        ];
        let mut sheet = self.judgement_sheet("judge", scope, as_of).keys(3);
        for (code, width) in columns {
            let spec = ColumnSpec::new(code, self.heading(code)).width(width);
            sheet = sheet.column(match code {
                "index" => spec.format(Format::Integer),
                _ => spec,
            });
        }
        let rows: Vec<Vec<CellValue<'_>>> = (1..)
            .zip(judged)
            .map(|(n, j)| self.judgement_row(n, j))
            .collect();
        self.one_sheet(&sheet, &rows, as_of, sink)
    }

    fn one_sheet<W: Write + Seek>(
        &self,
        sheet: &LedgerSheet,
        rows: &[Vec<CellValue<'_>>],
        as_of: Date,
        sink: W,
    ) -> Result<W, Error> {
        let properties = WorkbookProperties::new(&sheet.title, as_of.at(0, 0, 0, 0));
        let mut book = Workbook::new(sink, self.marked(properties)).map_err(Error::internal)?;
        book.ledger(sheet, rows).map_err(Error::internal)?;
        book.finish().map_err(Error::internal)
    }

    fn judgement_row(&self, number: i64, judged: &SiteJudgement) -> Vec<CellValue<'_>> {
        let proposal = judged.proposal.as_ref();
        let word = |member: &str, code: Option<&String>| {
            CellValue::text(code.map_or(String::new(), |c| self.judged_label(member, c)))
        };
        let missing: Vec<String> = judged
            .questions
            .iter()
            .map(|q| self.question_label(q))
            .collect();
        let basis: Vec<String> = proposal
            .into_iter()
            .flat_map(|p| p.basis.iter().map(|id| self.citation(id)))
            .collect();
        let zone = judged.sheet.find("zone").map(|f| self.zone_label(&f.value));
        let differences: Vec<String> = judged
            .differences
            .iter()
            .filter(|d| d.member != "disposal")
            .map(|d| {
                let (before, after) = (
                    self.judged_label(&d.member, &d.before),
                    self.judged_label(&d.member, &d.after),
                );
                format!("{before} → {after}")
            })
            .collect();
        let verdict = word("verdict", proposal.map(|p| &p.verdict));
        vec![
            CellValue::Integer(number),
            CellValue::text(judged.site_code.clone()),
            CellValue::text(judged.facility_name.clone().unwrap_or_default()),
            CellValue::text(
                judged
                    .station_id
                    .as_deref()
                    .map_or(String::new(), |s| self.label("station", s)),
            ),
            CellValue::text(zone.unwrap_or_default()),
            match proposal.map(|p| p.verdict.as_str()) {
                Some("violation") => verdict.shaded(Shade::Red),
                Some("undetermined") => verdict.shaded(Shade::Amber),
                None => CellValue::text(self.messages.text("judge.cannot_say", &[]))
                    .shaded(Shade::Amber),
                _ => verdict,
            },
            word("severity", proposal.and_then(|p| p.severity.as_ref())),
            word("focus", proposal.map(|p| &p.focus)),
            CellValue::text(proposal.map_or(String::new(), |p| {
                self.judged_labels("disposal", &p.disposal)
            })),
            word("deadline", proposal.and_then(|p| p.deadline.as_ref())),
            CellValue::text(basis.join("；")),
            CellValue::text(proposal.map_or(String::new(), |p| p.row.clone())),
            CellValue::text(missing.join("、")),
            word("verdict", judged.decision.as_ref().map(|d| &d.verdict)),
            CellValue::text(differences.join("；")),
        ]
    }

    /// Questions as a verification sheet: what is asked is marked and empty; filled in, it is imported as any other.
    pub fn questions_xlsx<W: Write + Seek>(
        &self,
        asked: &[SiteJudgement],
        scope: &str,
        as_of: Date,
        sink: W,
    ) -> Result<W, Error> {
        let columns = self.asked_columns(asked)?;
        let conclusions = self.campaign.find_list(&self.codes, "verdict");
        let labels = conclusions.into_iter().flat_map(|l| &l.codes);
        let mut sheet = self
            .judgement_sheet("questions", scope, as_of)
            .keys(3)
            .column(
                ColumnSpec::new("index", self.heading("index"))
                    .format(Format::Integer)
                    .width(6.0),
            )
            .column(ColumnSpec::new("site_code", self.heading("site")).width(20.0))
            .column(ColumnSpec::new("facility_name", self.heading("facility_name")).width(20.0))
            .column(
                ColumnSpec::new("verified_at", self.heading("verified_at"))
                    .format(Format::Date)
                    .width(12.0),
            )
            .column(ColumnSpec::new("team", self.heading("team")).width(20.0))
            .column(
                ColumnSpec::new("conclusion", self.heading("conclusion"))
                    .width(18.0)
                    .validation(labels.map(|c| c.label.clone())),
            );
        for column in &columns {
            let spec = ColumnSpec::new(&column.fact, &column.header).width(16.0);
            sheet = sheet.column(match column.words.is_empty() {
                true => spec,
                false => spec.validation(column.words.iter().cloned()),
            });
        }
        sheet = sheet.column(ColumnSpec::new("why", self.heading("asked_why")).width(70.0));
        let rows: Vec<Vec<CellValue<'_>>> = (1..)
            .zip(asked)
            .map(|(n, judged)| self.question_row(n, judged, &columns))
            .collect::<Result<_, Error>>()?;
        self.one_sheet(&sheet, &rows, as_of, sink)
    }

    fn asked_columns(&self, asked: &[SiteJudgement]) -> Result<Vec<AskedColumn>, Error> {
        let mut columns: BTreeMap<String, AskedColumn> = BTreeMap::new();
        for question in asked.iter().flat_map(|j| &j.questions) {
            let column = self.asked_column(question);
            columns
                .entry(column.header.clone())
                .and_modify(|known| known.words.extend(column.words.iter().cloned()))
                .or_insert(column);
        }
        Ok(columns.into_values().collect())
    }

    fn asked_column(&self, question: &Asked) -> AskedColumn {
        let fact = question.fact.as_str();
        let field = |code: &str| self.messages.text(&format!("field.{code}"), &[]);
        match fact {
            "built" => AskedColumn::new(fact, field("built_on"), BTreeSet::new()),
            "activity_subtype" | "activity_type_code" => {
                let list = match fact {
                    "activity_subtype" => "subtype",
                    _ => "activity",
                };
                let answers = question.answers.iter();
                let words = answers.map(|a| self.label(list, &a.value)).collect();
                AskedColumn::new(fact, field(fact), words)
            }
            _ => {
                let words = question.answers.iter().map(|a| a.label.clone()).collect();
                AskedColumn::new(fact, judged_facts::header(&question.label), words)
            }
        }
    }

    fn question_row(
        &self,
        number: i64,
        judged: &SiteJudgement,
        columns: &[AskedColumn],
    ) -> Result<Vec<CellValue<'_>>, Error> {
        let conclusion = self.latest_conclusion(judged)?;
        let mut row = vec![
            CellValue::Integer(number),
            CellValue::text(judged.site_code.clone()),
            CellValue::text(judged.facility_name.clone().unwrap_or_default()),
            CellValue::Empty.shaded(Shade::Amber),
            CellValue::Empty.shaded(Shade::Amber),
            CellValue::text(conclusion),
        ];
        let headers: BTreeMap<String, &Asked> = judged
            .questions
            .iter()
            .map(|q| (self.asked_column(q).header, q))
            .collect();
        row.extend(columns.iter().map(|c| match headers.get(&c.header) {
            Some(question) => {
                CellValue::Empty.remarked(Shade::Amber, self.question_reason(question))
            }
            None => CellValue::Empty,
        }));
        let why: Vec<String> = judged
            .questions
            .iter()
            .map(|q| self.question_line(q))
            .collect();
        row.push(CellValue::text(why.join("\n")));
        Ok(row)
    }

    /// A question on one line: what, who can tell, what hangs on it, which papers.
    pub fn question_line(&self, question: &Asked) -> String {
        let who = format!("judge.asked_of_{}", question.asked_of);
        let papers: Vec<String> = question
            .papers
            .iter()
            .map(|p| self.label("permit_kind", &p.kind))
            .collect();
        let line = self.messages.text(
            "questions.why",
            &[
                ("label", &self.question_label(question)),
                ("who", &self.messages.text(&who, &[])),
                ("why", &self.question_reason(question)),
            ],
        );
        match papers.is_empty() {
            true => line,
            false => {
                let papers = papers.join("、");
                line + &self
                    .messages
                    .text("questions.papers", &[("papers", &papers)])
            }
        }
    }

    fn latest_conclusion(&self, judged: &SiteJudgement) -> Result<String, Error> {
        let seen = domain::as_of::AsOf::Day(judged.as_of);
        let dossier = self.register.find_dossier(judged.site_id, seen)?;
        let code = dossier
            .as_ref()
            .and_then(|d| d.latest_verification())
            .map(|v| v.conclusion.clone());
        Ok(code.map_or(String::new(), |c| self.label("verdict", &c)))
    }
}

/// One column of the sheet: a fact that somebody is asked for.
struct AskedColumn {
    fact: String,
    header: String,
    words: BTreeSet<String>,
}

impl AskedColumn {
    fn new(fact: &str, header: String, words: BTreeSet<String>) -> Self {
        Self {
            fact: fact.to_owned(),
            header,
            words,
        }
    }
}
