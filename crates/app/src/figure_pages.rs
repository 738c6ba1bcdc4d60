//! 图表页 — statistics, findings, differences and proofs as screens show them.

use std::collections::BTreeSet;

use domain::as_of::AsOf;
use domain::campaign::LedgerView;
use domain::ids::{ClueId, SiteId};
use domain::ledger::{self, Labels, LedgerRow};
use domain::policy::{Action, Reach, reach};
use domain::statistics::{Ratio, StatTable};
use register::Register;
use serde::Serialize;
use spatial::diagnostic::Severity;
use utoipa::ToSchema;

use crate::atlas::{Atlases, SiteQuery};
use crate::error::Error;
use crate::ledgers::{LedgerDrawn, LedgerScope};
use crate::session::Session;

/// Sites that a figure names on a screen.
const MOST_LISTED: usize = 1_000;

/// 统计行 — figures for one combination of keys.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatRowView {
    pub keys: Vec<String>,
    pub labels: Vec<String>,
    pub count: u64,
    pub area_m2: f64,
    /// The first 1,000 by code; `count` is of all.
    pub site_codes: Vec<String>,
}

/// 统计表 — a figure by dimensions.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatTableView {
    pub id: String,
    pub title: String,
    /// 统计口径
    pub basis: String,
    pub dimensions: Vec<String>,
    pub dimension_labels: Vec<String>,
    pub rows: Vec<StatRowView>,
}

/// 比率 — a raw pair and its percentage.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RatioView {
    pub id: String,
    pub title: String,
    pub basis: String,
    pub numerator: u64,
    pub denominator: u64,
    pub percent: Option<f64>,
    pub target_percent: Option<f64>,
    /// Sites in the denominator but not in the numerator.
    pub open_site_codes: Vec<String>,
}

/// 统计集.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatisticsView {
    pub scope_label: String,
    pub as_of: String,
    pub tables: Vec<StatTableView>,
    pub ratios: Vec<RatioView>,
}

/// 查漏结果.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FindingView {
    pub code: String,
    pub title: String,
    /// `note`, `warning`, `error`.
    pub severity: String,
    pub message: String,
    pub hint: Option<String>,
    pub site_code: Option<String>,
    #[schema(value_type = Option<String>, format = Uuid)]
    pub clue_id: Option<ClueId>,
    pub station_id: Option<String>,
}

/// A cell that changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CellChange {
    pub key: String,
    pub label: String,
    pub before: String,
    pub after: String,
}

/// A row that changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RowChange {
    pub site_code: String,
    pub changes: Vec<CellChange>,
}

/// 台账差异 — what came, went and changed between two days.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LedgerDiffView {
    pub from: String,
    pub to: String,
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub changed: Vec<RowChange>,
}

/// 包含证明 — hashes in lower-case hexadecimal.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProofView {
    pub seq: u64,
    pub size: u64,
    pub root_hash: String,
    pub proof: Vec<String>,
    pub verifier_key: String,
    pub checkpoint: String,
}

/// 文件 — bytes with a name.
pub struct MadeFile {
    pub name: String,
    pub format: String,
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

impl Session {
    /// The scope asked for; nobody below the reserve has the whole: nothing said means one's own.
    pub fn own_scope(
        &self,
        station: Option<&str>,
        lead: Option<&str>,
    ) -> Result<LedgerScope, Error> {
        let is_of_stations = reach(self.actor.role, Action::ReadLedgers) == Reach::Stations;
        match (station, lead, self.actor.station_ids.first()) {
            (None, None, Some(own)) if is_of_stations => Ok(LedgerScope::Station(own.clone())),
            _ => self.ledger_scope(station, lead),
        }
    }

    /// The statistics set with titles and labels.
    pub fn statistics_view(
        &self,
        atlases: &Atlases,
        scope: &LedgerScope,
        as_of: AsOf,
    ) -> Result<StatisticsView, Error> {
        let statistics = self.statistics(atlases, scope, as_of, MOST_LISTED)?;
        Ok(StatisticsView {
            scope_label: self.scope_label(scope),
            as_of: as_of.to_string(),
            tables: statistics
                .tables
                .into_iter()
                .map(|t| self.table(t))
                .collect(),
            ratios: statistics
                .ratios
                .into_iter()
                .map(|r| self.ratio(r))
                .collect(),
        })
    }

    fn stat_text(&self, id: &str, part: &str) -> String {
        self.messages.text(&format!("stat.{id}.{part}"), &[])
    }

    pub(crate) fn table(&self, table: StatTable) -> StatTableView {
        let label = |d: &String| self.messages.text(&format!("dimension.{d}"), &[]);
        StatTableView {
            title: self.stat_text(&table.id, "title"),
            basis: self.stat_text(&table.id, "basis"),
            dimension_labels: table.dimensions.iter().map(label).collect(),
            rows: table
                .rows
                .into_iter()
                .map(|row| StatRowView {
                    labels: table
                        .dimensions
                        .iter()
                        .zip(&row.keys)
                        .map(|(list, code)| self.label(list, code))
                        .collect(),
                    keys: row.keys,
                    count: row.count,
                    area_m2: row.area_m2,
                    site_codes: first(row.site_codes),
                })
                .collect(),
            id: table.id,
            dimensions: table.dimensions,
        }
    }

    pub(crate) fn ratio(&self, ratio: Ratio) -> RatioView {
        RatioView {
            title: self.stat_text(&ratio.id, "title"),
            basis: self.stat_text(&ratio.id, "basis"),
            numerator: ratio.numerator,
            denominator: ratio.denominator,
            percent: ratio.percent(),
            target_percent: ratio.target.map(|t| t * 100.0),
            open_site_codes: first(ratio.open_site_codes),
            id: ratio.id,
        }
    }

    /// Findings with their sentences.
    pub fn findings_view(
        &self,
        scope: &LedgerScope,
        as_of: AsOf,
        since: Option<AsOf>,
    ) -> Result<Vec<FindingView>, Error> {
        let found = self.check(scope, as_of, since)?;
        Ok(found
            .into_iter()
            .map(|f| {
                let (message, hint) = self.messages.diagnostic(&f.diagnostic);
                FindingView {
                    title: self
                        .messages
                        .text(&format!("{}.title", f.diagnostic.code), &[]),
                    code: f.diagnostic.code.into_owned(),
                    severity: severity_code(f.diagnostic.severity).to_owned(),
                    message,
                    hint,
                    site_code: f.site_code,
                    clue_id: f.clue_id,
                    station_id: f.station_id,
                }
            })
            .collect())
    }

    /// What changed in a ledger between two days, of the sites that match the conditions on either.
    pub fn ledger_diff(
        &self,
        atlases: &Atlases,
        view: LedgerView,
        query: &SiteQuery,
        [from, to]: [AsOf; 2],
    ) -> Result<LedgerDiffView, Error> {
        self.may_read_lists(Action::ReadLedgers)?;
        let scope = self.request_scope(query)?;
        let wanted = self.sites_wanted(atlases, query, from)?;
        let wanted_since = self.sites_wanted(atlases, query, to)?;
        let is_wanted =
            |row: &LedgerRow| wanted.contains(&row.site_id) || wanted_since.contains(&row.site_id);
        let mut before = self.draw_ledger(view, &scope, from)?;
        let mut after = self.draw_ledger(view, &scope, to)?;
        before.rows.retain(is_wanted);
        after.rows.retain(is_wanted);
        let difference = ledger::difference(&before.rows, &after.rows);
        let template = self.template(view)?;
        let header = |key: &str| {
            template
                .find_column(key)
                .map_or(key.to_owned(), |c| c.header.clone())
        };
        Ok(LedgerDiffView {
            from: from.to_string(),
            to: to.to_string(),
            added: difference.added.into_iter().map(|r| r.site_code).collect(),
            removed: difference
                .removed
                .into_iter()
                .map(|r| r.site_code)
                .collect(),
            changed: difference
                .changed
                .into_iter()
                .map(|row| RowChange {
                    site_code: row.site_code,
                    changes: row
                        .changes
                        .into_iter()
                        .map(|(key, before, after)| CellChange {
                            label: header(&key),
                            key,
                            before: before.text(),
                            after: after.text(),
                        })
                        .collect(),
                })
                .collect(),
        })
    }

    fn sites_wanted(
        &self,
        atlases: &Atlases,
        query: &SiteQuery,
        as_of: AsOf,
    ) -> Result<BTreeSet<SiteId>, Error> {
        let atlas = self.atlas(atlases, as_of)?;
        let eyes = self.eyes(&atlas.sites);
        let filter = self.site_filter(query, &atlas.sites)?;
        let wanted = atlas.sites.wanted(&filter, &eyes);
        let ids = wanted.iter().map(|row| atlas.sites.site_id(row as u32));
        Ok(ids.collect())
    }

    /// A drawn ledger as a file of some format.
    pub fn ledger_file(&self, drawn: &LedgerDrawn, format: &str) -> Result<MadeFile, Error> {
        let media_type = match format {
            "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "csv" => "text/csv; charset=utf-8",
            "geojson" => "application/geo+json",
            "gpkg" => "application/geopackage+sqlite3",
            other => {
                let fault =
                    spatial::diagnostic::Diagnostic::error("query.format").arg("text", other);
                return Err(Error::rejected(fault));
            }
        };
        let bytes = match format {
            "xlsx" => self
                .ledger_xlsx(drawn, std::io::Cursor::new(Vec::new()))?
                .into_inner(),
            "csv" => self.ledger_csv(drawn, Vec::new())?,
            _ => {
                let folder = tempfile::tempdir().map_err(Error::internal)?;
                let path = folder.path().join(format!("ledger.{format}"));
                self.ledger_layer(drawn, &path, self.now)?;
                std::fs::read(&path).map_err(Error::internal)?
            }
        };
        let as_of = match drawn.as_of.as_str() {
            "now" => self.today().to_string(),
            other => other.to_owned(),
        };
        Ok(MadeFile {
            name: format!(
                "{}-{}-{as_of}{}.{format}",
                drawn.template.short_title,
                drawn.scope_label,
                self.name_mark()
            ),
            format: format.to_owned(),
            media_type,
            bytes,
        })
    }
}

/// As many codes as a page can show; lists by condition show all.
fn first(mut codes: Vec<String>) -> Vec<String> {
    codes.truncate(MOST_LISTED);
    codes
}

/// Proof that an entry is in the log; anybody may ask for it.
pub fn prove_entry(register: &Register, seq: u64, size: Option<u64>) -> Result<ProofView, Error> {
    let size = match size {
        Some(size) => size,
        None => register.log_size()?,
    };
    let proof = register.inclusion_proof(seq, size)?;
    Ok(ProofView {
        seq,
        size,
        root_hash: crate::hex(&register.root_at(size)?),
        proof: proof.iter().map(|h| crate::hex(h)).collect(),
        verifier_key: register.opened().verifier_key.clone(),
        checkpoint: register.checkpoint()?,
    })
}

/// The severity as told.
pub fn severity_code(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}
