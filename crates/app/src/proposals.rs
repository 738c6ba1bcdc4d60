//! 判别建议 — the register's sites through the decision tables: fact sheet with sources, proposal, questions, and what
//! was decided before.

use std::collections::BTreeMap;

use domain::as_of::AsOf;
use domain::dossier::{Dossier, Kept};
use domain::entries::BoundaryAdopted;
use domain::fact_sheet::{self, FactSource, FilledSheet, PatchSeen, ZoneAt};
use domain::ids::SiteId;
use domain::policy::Action;
use geo_types::{Geometry, Point};
use jiff::civil::Date;
use rules::{Explain, FactSheet, Judged, Ruleset};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::geography::Geography;
use crate::judging_book::JudgingBook;
use crate::ledgers::LedgerScope;
use crate::questions::{Asked, ask};
use crate::session::Session;

/// 判别建议 — what the tables say of a sheet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    pub verdict: String,
    pub is_problem: String,
    pub focus: String,
    pub disposal: Vec<String>,
    pub severity: Option<String>,
    pub deadline: Option<String>,
    pub basis: Vec<String>,
    pub bodies: Vec<String>,
    pub row: String,
    pub missing_facts: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone_mapping: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// 推理步骤 — a row that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceLine {
    pub table: String,
    pub row: String,
    /// `true`, `false`, `unknown`.
    pub value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    pub facts: BTreeMap<String, String>,
}

/// 点位判别 — one site judged as of a day.
#[derive(Debug, Clone, Serialize)]
pub struct SiteJudgement {
    pub site_id: SiteId,
    pub site_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub station_id: Option<String>,
    pub state: String,
    pub as_of: Date,
    pub tables_version: String,
    pub sheet: FilledSheet,
    /// None where no table is known to judge it; the questions say what is missing.
    pub proposal: Option<Proposal>,
    pub questions: Vec<Asked>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<TraceLine>,
    /// The decision that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionShown>,
    /// An override that waits for a second reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awaiting: Option<DecisionShown>,
    /// Where the standing decision's proposal and today's differ.
    pub differences: Vec<Difference>,
}

/// 已作判别 — a decision as frozen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionShown {
    pub entry_id: String,
    pub seq: u64,
    pub decided_by: String,
    pub verdict: String,
    pub character: String,
    pub row: Option<String>,
    pub judged_as_of: Date,
    pub tables_version: String,
    pub is_override: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_reader: Option<String>,
}

/// 差异 — one member of two results that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// `verdict`, `severity`, `focus`, `row`, …
    pub member: String,
    pub before: String,
    pub after: String,
}

/// 判别底数 — what all sites are judged with: rules, day, boundary versions, imagery.
pub struct Ground<'b> {
    pub book: &'b JudgingBook,
    pub as_of: Date,
    pub boundaries: Vec<Laid>,
    pub patches: BTreeMap<SiteId, Vec<PatchSeen>>,
}

/// 边界一版 — a boundary version ready for overlay, with its entry.
pub struct Laid {
    pub adopted: BoundaryAdopted,
    pub source: Option<FactSource>,
    pub geography: Geography,
}

impl Session {
    /// Rules, boundaries and imagery as they hold on a day.
    pub fn ground<'b>(&self, book: &'b JudgingBook, as_of: Date) -> Result<Ground<'b>, Error> {
        let seen = AsOf::Day(as_of);
        let mut adopted = self.register.boundaries(&self.reserve.reserve_code, seen)?;
        adopted.sort_by_key(|b| (b.body.valid_from_on, b.seq));
        let boundaries = adopted
            .into_iter()
            .map(|b| self.lay(b))
            .collect::<Result<_, Error>>()?;
        Ok(Ground {
            book,
            as_of,
            boundaries,
            patches: self.patches(seen)?,
        })
    }

    fn lay(&self, kept: Kept<BoundaryAdopted>) -> Result<Laid, Error> {
        let source = FactSource {
            entry_id: kept.entry_id,
            seq: kept.seq,
            occurred_at: kept.occurred_at,
        };
        self.lay_boundary(kept.body, Some(source))
    }

    /// A boundary version, adopted or only tried out, ready for overlay.
    pub fn lay_boundary(
        &self,
        adopted: BoundaryAdopted,
        source: Option<FactSource>,
    ) -> Result<Laid, Error> {
        let geography = Geography::build(&adopted, None, self.sliver())?;
        Ok(Laid {
            adopted,
            source,
            geography,
        })
    }

    fn patches(&self, as_of: AsOf) -> Result<BTreeMap<SiteId, Vec<PatchSeen>>, Error> {
        let mut patches: BTreeMap<SiteId, Vec<PatchSeen>> = BTreeMap::new();
        self.register.clues::<Error>(as_of, |clue| {
            let facts = &clue.received.body.facts;
            if let (Some(site), Some(change)) = (clue.site_id, &facts.change_kind) {
                patches.entry(site).or_default().push(PatchSeen {
                    change_kind: change.clone(),
                    acquired_on_before: facts.acquired_on_before,
                    acquired_on_after: facts.acquired_on_after,
                    source: FactSource {
                        entry_id: clue.received.entry_id,
                        seq: clue.received.seq,
                        occurred_at: clue.received.occurred_at,
                    },
                });
            }
            Ok(())
        })?;
        Ok(patches)
    }

    /// One site judged as of a day, with the way to the result.
    pub fn judge_site(&self, code: &str, as_of: Date) -> Result<SiteJudgement, Error> {
        let dossier = self.load_dossier_by_code(code, AsOf::Day(as_of))?;
        self.may(Action::Judge, dossier.facts.station_id.as_deref())?;
        let ground = self.ground(JudgingBook::built_in()?, as_of)?;
        self.judge_dossier(&ground, &dossier, Explain::Trace)
    }

    /// Every counted site of the scope, judged as of a day.
    pub fn judge_sites(
        &self,
        scope: &LedgerScope,
        as_of: Date,
    ) -> Result<Vec<SiteJudgement>, Error> {
        let ground = self.ground(JudgingBook::built_in()?, as_of)?;
        self.judge_all(&ground, scope)
    }

    /// Every counted site of the scope upon a ground.
    pub fn judge_all(
        &self,
        ground: &Ground<'_>,
        scope: &LedgerScope,
    ) -> Result<Vec<SiteJudgement>, Error> {
        self.may_somewhere(Action::Judge)?;
        let sites = self.sites(AsOf::Day(ground.as_of))?;
        sites
            .iter()
            .map(|s| &s.dossier)
            .filter(|d| d.state.counts() && scope.holds(d.facts.station_id.as_deref()))
            .filter(|d| self.sees(Action::Judge, d.facts.station_id.as_deref()))
            .map(|d| self.judge_dossier(ground, d, Explain::Row))
            .collect()
    }

    /// A dossier upon a ground.
    pub fn judge_dossier(
        &self,
        ground: &Ground<'_>,
        dossier: &Dossier,
        explain: Explain,
    ) -> Result<SiteJudgement, Error> {
        let zones = ground.zones(dossier);
        let none = Vec::new();
        let site = fact_sheet::Site {
            dossier,
            as_of: ground.as_of,
            reserve: &self.reserve,
            zones: &zones,
            patches: ground.patches.get(&dossier.site_id).unwrap_or(&none),
            filling: &ground.book.filling,
            area_tolerance: self.campaign.thresholds.area_difference_share,
        };
        let ruleset = &ground.book.ruleset;
        let mut sheet = fact_sheet::fill(&site);
        keep_known(ruleset, &mut sheet);
        let judged = judged(ruleset, &sheet, explain)?;
        let (proposal, trace) = judged.map_or((None, Vec::new()), |(p, t)| (Some(p), t));
        let questions = ask(ruleset, &ground.book.filling, &site, &sheet)?;
        let decision = dossier.characterization.as_ref().map(|kept| {
            let found = dossier
                .characterizations
                .iter()
                .find(|d| d.recorded.entry_id == kept.entry_id);
            shown(kept, found.and_then(|d| d.second_reader.clone()))
        });
        let differences = differences_of(dossier, proposal.as_ref());
        Ok(SiteJudgement {
            site_id: dossier.site_id,
            site_code: dossier.site_code.clone(),
            facility_name: dossier.facts.facility_name.clone(),
            station_id: dossier.facts.station_id.clone(),
            state: dossier.state.code().to_owned(),
            as_of: ground.as_of,
            tables_version: ground.book.version.clone(),
            sheet,
            proposal,
            questions,
            trace,
            decision,
            awaiting: dossier.awaited_decision().map(|d| shown(&d.recorded, None)),
            differences,
        })
    }
}

fn shown(
    kept: &Kept<domain::entries::CharacterizationRecorded>,
    second_reader: Option<String>,
) -> DecisionShown {
    let body = &kept.body;
    DecisionShown {
        entry_id: kept.entry_id.to_string(),
        seq: kept.seq,
        decided_by: kept.actor.clone(),
        verdict: body.verdict.clone(),
        character: body.character.clone(),
        row: body.row.clone(),
        judged_as_of: body.judged_as_of,
        tables_version: body.tables_version.clone(),
        is_override: body.overridden.is_some(),
        reason: body.overridden.as_ref().map(|o| o.reason.clone()),
        second_reader: second_reader.or_else(|| body.overridden.as_ref()?.second_reader.clone()),
    }
}

/// The frozen proposal against today's.
fn differences_of(dossier: &Dossier, now: Option<&Proposal>) -> Vec<Difference> {
    let frozen = dossier
        .characterization
        .as_ref()
        .and_then(|c| serde_json::from_value::<Proposal>(c.body.proposal.clone()).ok());
    match (frozen, now) {
        (Some(frozen), Some(now)) => differences(&frozen, now),
        _ => Vec::new(),
    }
}

/// Members of two results that differ: verdict, severity, focus, row, disposal.
pub(crate) fn differences(before: &Proposal, after: &Proposal) -> Vec<Difference> {
    let grade = |p: &Proposal| p.severity.clone().unwrap_or_default();
    let disposal = |p: &Proposal| {
        let mut codes = p.disposal.clone();
        codes.sort();
        codes.join("、")
    };
    let members = [
        ("verdict", before.verdict.clone(), after.verdict.clone()),
        ("severity", grade(before), grade(after)),
        ("focus", before.focus.clone(), after.focus.clone()),
        ("row", before.row.clone(), after.row.clone()),
        ("disposal", disposal(before), disposal(after)),
    ];
    members
        .into_iter()
        .filter(|(_, before, after)| before != after)
        .map(|(member, before, after)| Difference {
            member: member.to_owned(),
            before,
            after,
        })
        .collect()
}

/// Leaves out facts that the table does not ask for, or words it does not know; the latter is told.
pub(crate) fn keep_known(ruleset: &Ruleset, sheet: &mut FilledSheet) {
    let Some(table) = sheet.table.clone() else {
        return;
    };
    let fields = ruleset.inputs(&table);
    let mut doubts = Vec::new();
    sheet.facts.retain(|fact| {
        let Some(field) = fields.iter().find(|f| f.name == fact.name) else {
            return false;
        };
        let is_known = field.is_day || field.accepts(&fact.value);
        if !is_known {
            doubts.push(
                spatial::diagnostic::Diagnostic::warning("judge.word_not_of_table")
                    .arg("fact", &field.label)
                    .arg("value", &fact.value)
                    .arg("table", &table),
            );
        }
        is_known
    });
    sheet.doubts.extend(doubts);
}

/// The sheet through its table; nothing where it has none.
pub(crate) fn judged(
    ruleset: &Ruleset,
    sheet: &FilledSheet,
    explain: Explain,
) -> Result<Option<(Proposal, Vec<TraceLine>)>, Error> {
    if sheet.table.is_none() {
        return Ok(None);
    }
    let facts = FactSheet(sheet.to_json());
    let judged = rules::judge(ruleset, &facts, Some(sheet.as_of), explain)
        .map_err(|e| Error::internal(anyhow::Error::new(e).context(sheet.site_code.clone())))?;
    let Judged::Judgement(judgement) = judged else {
        return Ok(None);
    };
    let mut value = serde_json::to_value(&*judgement).map_err(Error::internal)?;
    let trace = value
        .as_object_mut()
        .and_then(|members| members.remove("trace"))
        .unwrap_or(serde_json::Value::Array(Vec::new()));
    let trace = serde_json::from_value(trace).map_err(Error::internal)?;
    let proposal = serde_json::from_value(value).map_err(Error::internal)?;
    Ok(Some((proposal, trace)))
}

impl Ground<'_> {
    /// Where a site lies by every version, oldest first.
    pub fn zones(&self, dossier: &Dossier) -> Vec<ZoneAt> {
        let Some(geometry) = geometry_of(dossier) else {
            return Vec::new();
        };
        self.boundaries
            .iter()
            .map(|laid| laid.zone_of(dossier, &geometry))
            .collect()
    }
}

/// Outline or position of a site.
pub(crate) fn geometry_of(dossier: &Dossier) -> Option<Geometry<f64>> {
    let facts = &dossier.facts;
    let point = || Some(Geometry::Point(Point::new(facts.lon?, facts.lat?)));
    facts.shape.as_ref().map(|s| s.0.clone()).or_else(point)
}

impl Laid {
    fn zone_of(&self, dossier: &Dossier, geometry: &Geometry<f64>) -> ZoneAt {
        let known = &dossier.facts;
        let version = &self.adopted.boundary_version;
        // What was laid over this very version when the site was located need not be laid over it again.
        let is_known =
            known.boundary_version.as_ref() == Some(version) && known.zone_flags.is_some();
        let located = match is_known {
            true => known.clone(),
            false => self.geography.locate(geometry).facts,
        };
        let has = |flag: &str| located.zone_flags.iter().flatten().any(|f| f == flag);
        let zone = located
            .zone_kind
            .clone()
            .or_else(|| has("unzoned").then(|| "unzoned".to_owned()));
        ZoneAt {
            boundary_version: version.clone(),
            valid_from_on: self.adopted.valid_from_on,
            valid_to_on: self.adopted.valid_to_on,
            zone_kind: zone.filter(|_| !has("outside")),
            is_partly_outside: has("partly_outside"),
            source: self.source.clone(),
        }
    }
}
