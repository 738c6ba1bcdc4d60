//! 台账 — views over dossiers: which sites belong to which ledger, and what stands in each column.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::campaign::LedgerView;
use crate::dossier::{Dossier, SiteState};
use crate::entries::{IssueCarriedOver, PermitRecorded, ReserveRegistered, VerificationRecorded};
use crate::ids::SiteId;
use crate::partial_date::{DatePrecision, PartialDate};

/// Whether a site stands in a ledger (source plan 三（一）（二）): the first holds all sites, the second the focal categories,
/// the third verified issues; the last two also every unfinished earlier issue.
pub fn holds(view: LedgerView, dossier: &Dossier, focal: Option<&Focal>) -> bool {
    let counts = dossier.state.counts() && dossier.state != SiteState::Excluded;
    let carried = || dossier.unfinished_carried_over().next().is_some();
    counts
        && match view {
            LedgerView::Sites => true,
            LedgerView::Focal => (focal.is_some() && has_verified_issue(dossier)) || carried(),
            LedgerView::Verified => has_verified_issue(dossier) || carried(),
        }
}

/// Whether the site has an issue that was found and is not closed out; a closed-out one leaves the list until it comes back.
pub fn has_verified_issue(dossier: &Dossier) -> bool {
    dossier.state.has_issue()
}

/// 焦点判定 — a focal category and why: computed from class, zone and subtype, or set by a person with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Focal {
    /// Code of the campaign's focal list.
    pub category: String,
    /// Row of the profile that decided, or the person's reason.
    pub reason: String,
    pub is_overridden: bool,
}

/// 单元格 — what stands in one column of one row, still free of any file format.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    #[default]
    Empty,
    Integer(i64),
    Number(f64),
    Date(Date),
    Text(String),
}

impl Cell {
    /// As text; numbers in full, dates as `YYYY-MM-DD`.
    pub fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Integer(n) => n.to_string(),
            Self::Number(n) => n.to_string(),
            Self::Date(d) => d.to_string(),
            Self::Text(t) => t.clone(),
        }
    }

    fn of(text: Option<&str>) -> Self {
        text.filter(|t| !t.is_empty())
            .map_or(Self::Empty, |t| Self::Text(t.to_owned()))
    }

    fn number(n: Option<f64>) -> Self {
        n.map_or(Self::Empty, Self::Number)
    }

    fn joined<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        if parts.is_empty() {
            Self::Empty
        } else {
            Self::Text(parts.join("；"))
        }
    }
}

impl From<PartialDate> for Cell {
    fn from(date: PartialDate) -> Self {
        match date.precision {
            DatePrecision::Day => Self::Date(date.first),
            DatePrecision::Month | DatePrecision::Year => Self::Text(date.to_string()),
        }
    }
}

/// 码值释义 — the label of a code in one of the campaign's lists; the code itself where the list does not know it.
pub trait Labels {
    /// `list` is the list's id (`zone`, `source`, `activity`, `verdict` …).
    fn label(&self, list: &str, code: &str) -> String;
}

/// 台账语境 — everything a row needs besides the dossier itself.
pub struct LedgerContext<'a> {
    pub reserve: &'a ReserveRegistered,
    /// Station name by id.
    pub stations: &'a BTreeMap<String, String>,
    /// Post of the area lead by station id.
    pub area_leads: &'a BTreeMap<String, String>,
    pub labels: &'a dyn Labels,
}

/// 台账行 — one line of a ledger: the site and its cells by column key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LedgerRow {
    pub site_id: SiteId,
    pub site_code: String,
    pub station_id: Option<String>,
    pub cells: BTreeMap<String, Cell>,
}

/// The row of a site with the columns asked for; `index` is filled in when rows are in their final order.
pub fn row(
    dossier: &Dossier,
    focal: Option<&Focal>,
    keys: &[String],
    context: &LedgerContext<'_>,
) -> LedgerRow {
    let source = RowSource {
        dossier,
        focal,
        context,
    };
    LedgerRow {
        site_id: dossier.site_id,
        site_code: dossier.site_code.clone(),
        station_id: dossier.facts.station_id.clone(),
        cells: keys
            .iter()
            .map(|key| (key.clone(), source.cell(key)))
            .collect(),
    }
}

struct RowSource<'a> {
    dossier: &'a Dossier,
    focal: Option<&'a Focal>,
    context: &'a LedgerContext<'a>,
}

impl RowSource<'_> {
    fn cell(&self, key: &str) -> Cell {
        self.place_cell(key)
            .or_else(|| self.facility_cell(key))
            .or_else(|| self.verification_cell(key))
            .or_else(|| self.issue_cell(key))
            .unwrap_or_default()
    }

    fn label(&self, list: &str, code: Option<&str>) -> Cell {
        match code {
            Some(code) => Cell::Text(self.context.labels.label(list, code)),
            None => Cell::Empty,
        }
    }

    fn labels(&self, list: &str, codes: &[String]) -> Cell {
        let labels: Vec<String> = codes
            .iter()
            .map(|code| self.context.labels.label(list, code))
            .collect();
        Cell::joined(labels.iter().map(String::as_str))
    }

    /// 处理意见 as decided with the nature of the site; before that, as suggested on the spot.
    fn disposal(&self, verification: &VerificationRecorded) -> Cell {
        let decided = self.dossier.characterization.as_ref();
        if let Some(decided) = decided.filter(|c| !c.body.disposal.is_empty()) {
            return self.labels("measure", &decided.body.disposal);
        }
        match (
            &verification.suggested_disposal,
            &verification.suggestion_text,
        ) {
            (Some(code), _) => self.label("disposal", Some(code)),
            (None, text) => Cell::of(text.as_deref()),
        }
    }

    fn place_cell(&self, key: &str) -> Option<Cell> {
        let facts = &self.dossier.facts;
        Some(match key {
            "site_code" => Cell::Text(self.dossier.site_code.clone()),
            "external_codes" => Cell::joined(self.dossier.external_codes()),
            "sources" | "clue_source" => self.sources(),
            "station" => Cell::of(self.station_name()),
            "area_lead" => Cell::of(self.area_lead()),
            "county" => Cell::of(facts.county.as_deref()),
            "township" => Cell::of(facts.township.as_deref()),
            "village" => Cell::of(facts.village.as_deref()),
            "lon" => Cell::number(facts.lon),
            "lat" => Cell::number(facts.lat),
            "zone_label" => self.zone_label(),
            "zone_shares_text" => self.zone_shares(),
            "boundary_version" => Cell::of(facts.boundary_version.as_deref()),
            "reserve_name" => Cell::Text(self.context.reserve.name.clone()),
            "reserve_level" => self.label("level", Some(&self.context.reserve.level)),
            "state" => self.label("site_state", Some(self.dossier.state.code())),
            _ => return None,
        })
    }

    fn facility_cell(&self, key: &str) -> Option<Cell> {
        let facts = &self.dossier.facts;
        Some(match key {
            "facility_name" => Cell::of(facts.facility_name.as_deref()),
            "activity_label" | "activity_type" => {
                self.label("activity", facts.activity_type_code.as_deref())
            }
            "scale_text" => self.scale(),
            "area_m2" => Cell::number(self.area_m2().map(|a| rounded(a, 2))),
            "area_mu" => Cell::number(self.area_m2().map(|a| rounded(a * 15.0 / 10_000.0, 2))),
            "area_ha" => Cell::number(self.area_m2().map(|a| rounded(a / 10_000.0, 4))),
            "built_on" => facts.built_on.map_or(Cell::Empty, Cell::from),
            "is_before_reserve" => self.is_before_reserve(),
            "permits_text" => self.permits(),
            "current_status" => self.label("current_status", facts.current_status.as_deref()),
            "has_issue" => self.label("has_issue", Some(has_issue(self.dossier))),
            "owner_name" => Cell::of(facts.owner_name.as_deref()),
            "capacity_kw" => Cell::number(facts.capacity),
            "note" => Cell::of(facts.note.as_deref()),
            "mining_licence" => self.permit_number("mining"),
            _ => return None,
        })
    }

    fn verification_cell(&self, key: &str) -> Option<Cell> {
        let keys = [
            "verified_at",
            "team",
            "condition_text",
            "clue_truth",
            "conclusion",
            "suggested_disposal",
            "photos",
            "ecological_effect",
            "verification_round",
        ];
        if !keys.contains(&key) {
            return None;
        }
        let Some(v) = self.dossier.latest_verification() else {
            return Some(Cell::Empty);
        };
        Some(match key {
            "verified_at" => Cell::Date(v.verified_on),
            "team" => Cell::joined(v.team.iter().map(|m| m.post.as_str())),
            "condition_text" => Cell::of(v.condition_text.as_deref()),
            "clue_truth" => self.label("clue_truth", v.clue_truth.as_deref()),
            "conclusion" => self.label("verdict", Some(&v.conclusion)),
            "suggested_disposal" => self.disposal(v),
            "photos" => v
                .photo_count
                .map_or(Cell::Empty, |n| Cell::Integer(n.into())),
            "ecological_effect" => self.label("ecological_effect", v.ecological_effect.as_deref()),
            _ => self.label("round", Some(&v.round)),
        })
    }

    fn issue_cell(&self, key: &str) -> Option<Cell> {
        Some(match key {
            "focal_category" => self.label("focal", self.focal.map(|f| f.category.as_str())),
            "focal_reason" => Cell::of(self.focal.map(|f| f.reason.as_str())),
            "description" => self.description(),
            "character" => {
                let decided = self.dossier.characterization.as_ref();
                self.label("character", decided.map(|c| c.body.character.as_str()))
            }
            "legal_basis" => {
                let decided = self.dossier.characterization.as_ref();
                self.labels("clause", decided.map_or(&[], |c| &c.body.legal_basis))
            }
            "measures" => self.carried(|c| c.measures.as_deref()),
            "responsible_unit" => self.carried(|c| c.responsible_unit.as_deref()),
            "responsible_person" => self.carried(|c| c.responsible_person.as_deref()),
            "progress" | "rectification" => self.carried(|c| c.progress.as_deref()),
            "due_on" => self.due_on(),
            "determination" => self.determination(),
            "campaign_years" => self.campaign_years(),
            _ => return None,
        })
    }

    fn sources(&self) -> Cell {
        let labels: Vec<String> = self
            .dossier
            .source_kinds()
            .into_iter()
            .map(|k| self.context.labels.label("source", k))
            .collect();
        Cell::joined(labels.iter().map(String::as_str))
    }

    fn station_name(&self) -> Option<&str> {
        let id = self.dossier.facts.station_id.as_deref()?;
        Some(self.context.stations.get(id).map_or(id, String::as_str))
    }

    fn area_lead(&self) -> Option<&str> {
        let id = self.dossier.facts.station_id.as_deref()?;
        self.context.area_leads.get(id).map(String::as_str)
    }

    fn zone_label(&self) -> Cell {
        let facts = &self.dossier.facts;
        self.label(
            "zone",
            facts
                .zone_kind
                .as_deref()
                .or(facts.stated_zone_kind.as_deref()),
        )
    }

    /// `核心区 1,203 m²（62.1%）；缓冲区 …`, most first.
    fn zone_shares(&self) -> Cell {
        let shares = self
            .dossier
            .facts
            .zone_shares
            .as_deref()
            .unwrap_or_default();
        let mut texts: Vec<(f64, String)> = shares
            .iter()
            .map(|s| {
                let zone = self.context.labels.label("zone", &s.zone_kind);
                (
                    s.share,
                    format!("{zone} {:.0}（{:.1}%）", s.measure, s.share * 100.0),
                )
            })
            .collect();
        texts.sort_by(|a, b| b.0.total_cmp(&a.0));
        Cell::joined(texts.iter().map(|(_, t)| t.as_str()))
    }

    fn area_m2(&self) -> Option<f64> {
        self.dossier
            .facts
            .area_m2
            .or(self.dossier.facts.stated_area_m2)
    }

    fn scale(&self) -> Cell {
        let facts = &self.dossier.facts;
        match (&facts.scale_text, facts.capacity) {
            (Some(text), _) => Cell::Text(text.clone()),
            (None, Some(n)) => Cell::Text(format!(
                "{n} {}",
                facts.capacity_unit.as_deref().unwrap_or("")
            )),
            _ => Cell::Empty,
        }
    }

    fn is_before_reserve(&self) -> Cell {
        let established = self.context.reserve.established_on;
        let before = self
            .dossier
            .facts
            .built_on
            .zip(established)
            .and_then(|(b, e)| b.is_before(e.first));
        match before {
            Some(true) => self.label("yes_no", Some("yes")),
            Some(false) => self.label("yes_no", Some("no")),
            None => Cell::Empty,
        }
    }

    /// Papers on file with number and date; an explicit 无; else what a source said in words.
    fn permits(&self) -> Cell {
        let texts: Vec<String> = self
            .dossier
            .permits
            .iter()
            .map(|p| self.permit_text(&p.body))
            .collect();
        match texts.is_empty() {
            false => Cell::joined(texts.iter().map(String::as_str)),
            true => Cell::of(self.dossier.facts.permits_text.as_deref()),
        }
    }

    fn permit_text(&self, permit: &PermitRecorded) -> String {
        let kind = self
            .context
            .labels
            .label("permit_kind", &permit.permit_kind);
        if permit.is_absent {
            return format!("{kind}：{}", self.context.labels.label("yes_no", "none"));
        }
        let number = permit.document_number.as_deref().unwrap_or("");
        let issued = permit
            .issued_on
            .map(|d| format!("（{d}）"))
            .unwrap_or_default();
        format!("{kind} {number}{issued}").trim().to_owned()
    }

    fn permit_number(&self, kind: &str) -> Cell {
        let found = self
            .dossier
            .permits
            .iter()
            .find(|p| p.body.permit_kind == kind && !p.body.is_absent);
        Cell::of(found.and_then(|p| p.body.document_number.as_deref()))
    }

    fn description(&self) -> Cell {
        let own = self.dossier.facts.description.as_deref();
        match own {
            Some(text) => Cell::Text(text.to_owned()),
            None => self.carried(|c| c.description.as_deref()),
        }
    }

    fn carried<'b>(&'b self, field: impl Fn(&'b IssueCarriedOver) -> Option<&'b str>) -> Cell {
        Cell::joined(
            self.dossier
                .carried_over
                .iter()
                .filter_map(|c| field(&c.body)),
        )
    }

    fn due_on(&self) -> Cell {
        let dates = self
            .dossier
            .unfinished_carried_over()
            .filter_map(|c| c.due_on);
        dates.max().map_or(Cell::Empty, Cell::from)
    }

    fn determination(&self) -> Cell {
        let texts: Vec<String> = self
            .dossier
            .carried_over
            .iter()
            .filter_map(|c| self.dossier.determination_of(&c.body.source_kind))
            .map(|d| {
                let source = self.context.labels.label("source", &d.source_kind);
                format!(
                    "{source}：{}",
                    self.context.labels.label("determination", &d.result)
                )
            })
            .collect();
        Cell::joined(texts.iter().map(String::as_str))
    }

    fn campaign_years(&self) -> Cell {
        let labels: Vec<String> = self
            .dossier
            .carried_over
            .iter()
            .map(|c| self.context.labels.label("source", &c.body.source_kind))
            .collect();
        Cell::joined(labels.iter().map(String::as_str))
    }
}

/// 是否存在生态环境问题, as the dossier now stands: `yes`, `no`, `pending`.
pub fn has_issue(dossier: &Dossier) -> &'static str {
    match dossier.state {
        state if state.has_issue() => "yes",
        SiteState::NoIssue | SiteState::Excluded => "no",
        _ if dossier.unfinished_carried_over().next().is_some() => "yes",
        SiteState::ClosedOut | SiteState::Consolidated => "no",
        _ => "pending",
    }
}

/// Half away from zero at `digits` decimals, as ledgers print.
pub fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}

/// 台账差异 — what came, went and changed between two drawings of the same ledger.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LedgerDifference {
    pub added: Vec<LedgerRow>,
    pub removed: Vec<LedgerRow>,
    pub changed: Vec<ChangedRow>,
}

/// 变化行 — the columns of one site that read differently: key, before, after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangedRow {
    pub site_id: SiteId,
    pub site_code: String,
    pub changes: Vec<(String, Cell, Cell)>,
}

/// Compares two drawings site by site; the running number does not count as a change.
pub fn difference(before: &[LedgerRow], after: &[LedgerRow]) -> LedgerDifference {
    let old: BTreeMap<SiteId, &LedgerRow> = before.iter().map(|r| (r.site_id, r)).collect();
    let new: BTreeMap<SiteId, &LedgerRow> = after.iter().map(|r| (r.site_id, r)).collect();
    LedgerDifference {
        added: after
            .iter()
            .filter(|r| !old.contains_key(&r.site_id))
            .cloned()
            .collect(),
        removed: before
            .iter()
            .filter(|r| !new.contains_key(&r.site_id))
            .cloned()
            .collect(),
        changed: after
            .iter()
            .filter_map(|r| changed_row(old.get(&r.site_id)?, r))
            .collect(),
    }
}

fn changed_row(before: &LedgerRow, after: &LedgerRow) -> Option<ChangedRow> {
    let changes: Vec<(String, Cell, Cell)> = after
        .cells
        .iter()
        .filter(|(key, _)| *key != "index")
        .filter_map(|(key, cell)| {
            let old = before.cells.get(key).cloned().unwrap_or_default();
            (old != *cell).then(|| (key.clone(), old, cell.clone()))
        })
        .collect();
    (!changes.is_empty()).then(|| ChangedRow {
        site_id: after.site_id,
        site_code: after.site_code.clone(),
        changes,
    })
}
