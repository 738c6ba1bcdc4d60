//! 法规库与判定表 — clauses and tables as screens look them up. What nobody has read in the text itself is not printed.

use rules::{ROW_HEADS, RowShown};
use serde::Serialize;
use utoipa::ToSchema;

use crate::config_page::CodeView;
use crate::error::Error;
use crate::judgement_page::cite;
use crate::judging::ruleset;
use crate::session::Session;

/// 条款 — a clause of the library.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClauseView {
    pub id: String,
    pub title: String,
    pub law: String,
    /// Nothing where the text itself was not read: 待核实.
    pub article: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub demands: Option<String>,
    pub penalty: Option<String>,
    pub body: Option<String>,
    /// Whether the text itself was read, so that it may be cited.
    pub is_read: bool,
    pub successors: Vec<String>,
}

/// 判定表 — a decision table in words, its rows in order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TableView {
    pub id: String,
    pub title: String,
    pub note: String,
    /// Ids of the rows.
    pub rows: Vec<String>,
    /// Headings of the cells.
    pub columns: Vec<String>,
    pub lines: Vec<TableLine>,
    /// Facts it asks for.
    pub facts: Vec<TableFact>,
}

/// 判定行 — what must hold, what follows, and the clauses it rests on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TableLine {
    pub id: String,
    pub cells: Vec<String>,
    /// Clauses by id, with how they are cited.
    pub basis: Vec<CodeView>,
}

/// A fact that a table asks for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TableFact {
    pub name: String,
    pub label: String,
}

impl Session {
    /// Clauses whose law, article or words hold a text.
    pub fn clauses(&self, text: Option<&str>) -> Result<Vec<ClauseView>, Error> {
        let wanted = text.map(|t| t.trim().to_lowercase()).unwrap_or_default();
        let clauses = ruleset()?.clauses().iter();
        let views = clauses.map(|clause| {
            let is_read = clause.mark.starts_with('V');
            let told = |text: &String| (is_read && !text.is_empty()).then(|| text.clone());
            ClauseView {
                id: clause.id.clone(),
                title: if is_read {
                    cite(&self.messages, clause)
                } else {
                    let unread = self.messages.text("law.unread", &[]);
                    format!("{}（{unread}）", clause.law)
                },
                law: clause.law.clone(),
                article: told(&clause.article),
                from: told(&clause.from).filter(|_| clause.is_from_checked()),
                to: told(&clause.to),
                demands: told(&clause.demands),
                penalty: told(&clause.penalty).filter(|_| clause.is_penalty_checked()),
                body: told(&clause.body),
                is_read,
                successors: clause.successors.clone(),
            }
        });
        let says = |view: &ClauseView| {
            let own = [Some(&view.id), Some(&view.title)];
            let told = [&view.demands, &view.penalty, &view.body].map(Option::as_ref);
            own.into_iter()
                .chain(told)
                .flatten()
                .any(|t| t.to_lowercase().contains(&wanted))
        };
        Ok(views.filter(says).collect())
    }

    /// All decision tables.
    pub fn decision_tables(&self) -> Result<Vec<TableView>, Error> {
        let ruleset = ruleset()?;
        let tables = ruleset.table_ids().map(|id| {
            let shown = ruleset.shown(id);
            let (title, note, rows) =
                shown.map_or_else(Default::default, |s| (s.title, s.note, s.rows));
            let facts = ruleset.inputs(id).into_iter().map(|f| TableFact {
                name: f.name.clone(),
                label: f.label.clone(),
            });
            TableView {
                id: id.to_owned(),
                title,
                note,
                rows: ruleset.row_ids(id).into_iter().map(str::to_owned).collect(),
                columns: ROW_HEADS
                    .iter()
                    .filter(|h| !APART.contains(h))
                    .map(|h| (*h).to_owned())
                    .collect(),
                lines: rows.iter().map(|row| self.table_line(row)).collect(),
                facts: facts.collect(),
            }
        });
        Ok(tables.collect())
    }

    fn table_line(&self, row: &RowShown) -> TableLine {
        let cells = ROW_HEADS.iter().zip(row.cells());
        let clause = |id: &String| CodeView {
            code: id.clone(),
            label: self.citation(id),
        };
        TableLine {
            id: row.id.clone(),
            cells: cells
                .filter(|(h, _)| !APART.contains(h))
                .map(|(_, text)| text.clone())
                .collect(),
            basis: row.clauses.iter().map(clause).collect(),
        }
    }
}

/// Columns that a line tells by themselves.
const APART: [&str; 2] = ["行", "依据"];
