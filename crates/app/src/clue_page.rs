//! 线索页 — one clue with its place in the source, and the sites it may belong to, with reasons.

use domain::as_of::AsOf;
use domain::entries::ClueReceived;
use domain::entry::EntryBody;
use domain::ids::{ClueId, StreamId};
use domain::ledger::Labels;
use register::{Clue, EntryFilter};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::atlas::ClueRow;
use crate::error::Error;
use crate::landing::Proposal;
use crate::session::Session;

/// A fact of a clue, with its name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClueFactView {
    pub field: String,
    pub label: String,
    pub text: String,
}

/// 线索页.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClueView {
    pub row: ClueRow,
    pub facts: Vec<ClueFactView>,
    /// File, sheet or layer, row or feature.
    #[schema(value_type = Object)]
    pub place: Value,
    /// GeoJSON geometry, CGCS2000.
    #[schema(value_type = Option<Object>)]
    pub shape: Option<Value>,
    /// Photos and other files that a phone sent with it.
    pub files: Vec<ClueFileView>,
    pub log_size: u64,
}

/// 线索附件 — a file that shows what the clue says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClueFileView {
    pub sha256: String,
    pub file_name: String,
    pub media_type: String,
    pub at: jiff::Timestamp,
}

/// A reason, by code and in words.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatchReason {
    pub code: String,
    pub text: String,
}

/// 可能对应的点位 — side by side with the clue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatchView {
    pub site_code: String,
    pub facility_name: Option<String>,
    /// From 0 to 1; for ordering.
    pub score: f64,
    pub reasons: Vec<MatchReason>,
    pub distance_m: Option<f64>,
    /// Intersection over union.
    pub overlap_share: Option<f64>,
    pub overlap_m2: Option<f64>,
    pub state: String,
    pub activity_type_code: Option<String>,
    pub area_m2: Option<f64>,
    #[schema(value_type = Option<Object>)]
    pub shape: Option<Value>,
}

/// 重新比对请求.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RematchRequest {
    /// Only tells what would be linked.
    #[serde(default)]
    pub dry_run: bool,
}

/// 重新比对 — an open clue that a stated rule has come to decide.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RematchedView {
    #[schema(value_type = String, format = Uuid)]
    pub clue_id: ClueId,
    pub site_code: String,
    pub rule: String,
    pub rule_label: String,
}

/// 归并请求.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    pub site_code: String,
    pub reason: String,
}

/// 理由.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonRequest {
    pub reason: String,
}

/// 预筛请求 — which rule takes the clue off the list, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScreenRequest {
    /// `outside_reserve`, `below_threshold`, `no_change`, `duplicate_in_batch`.
    pub code: String,
    pub reason: String,
}

/// What a decision about a clue led to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClueDecided {
    #[schema(value_type = String, format = Uuid)]
    pub clue_id: ClueId,
    pub state: String,
    pub site_code: Option<String>,
}

impl Session {
    /// Asks the rules again for every open clue: more may be known of the sites by now.
    pub fn rematch(&mut self, request: &RematchRequest) -> Result<Vec<RematchedView>, Error> {
        self.may_read_lists(domain::policy::Action::LinkClue)?;
        let matched = self.match_clues(!request.dry_run)?;
        let view = |m: crate::import::Matched| RematchedView {
            clue_id: m.clue_id,
            site_code: m.site_code,
            rule: m.rule.to_owned(),
            rule_label: self.messages.text(&format!("rule.{}", m.rule), &[]),
        };
        Ok(matched.into_iter().map(view).collect())
    }

    /// The page of a clue.
    pub fn clue_page(&self, clue: &str) -> Result<ClueView, Error> {
        let clue = self.load_clue(clue)?;
        let row = self.clue_row(&clue);
        let body = &clue.received.body;
        let facts = serde_json::to_value(&body.facts).unwrap_or(Value::Null);
        let listed = facts.as_object().into_iter().flatten();
        let facts = listed
            .filter(|(field, value)| {
                !matches!(field.as_str(), "shape" | "other") && !value.is_null()
            })
            .map(|(field, value)| ClueFactView {
                field: field.clone(),
                label: self.messages.text(&format!("field.{field}"), &[]),
                text: self.clue_text(field, value),
            });
        let other = body.facts.other.iter().map(|(title, text)| ClueFactView {
            field: "other".to_owned(),
            label: title.clone(),
            text: text.clone(),
        });
        Ok(ClueView {
            facts: facts.chain(other).collect(),
            place: serde_json::to_value(&body.place).unwrap_or(Value::Null),
            shape: body
                .facts
                .shape
                .as_ref()
                .and_then(|s| serde_json::to_value(s).ok()),
            row,
            files: self.files_of_clue(body)?,
            log_size: self.register.log_size()?,
        })
    }

    fn files_of_clue(&self, clue: &ClueReceived) -> Result<Vec<ClueFileView>, Error> {
        let batch = StreamId::clue_batch(clue.batch_id);
        let filter = EntryFilter {
            stream: Some(&batch),
            kinds: &["evidence.recorded"],
            ..EntryFilter::default()
        };
        let mut files = Vec::new();
        self.register.entries::<Error>(&filter, |entry| {
            let at = entry.claimed_at();
            if let EntryBody::EvidenceRecorded(body) = entry.entry.body
                && body.clue_id == Some(clue.clue_id)
            {
                files.push(ClueFileView {
                    sha256: body.sha256,
                    file_name: body.file_name,
                    media_type: body.media_type,
                    at,
                });
            }
            Ok(())
        })?;
        Ok(files)
    }

    fn clue_text(&self, field: &str, value: &Value) -> String {
        match (field, value) {
            ("change_kind", Value::String(code)) => self.label("change", code),
            _ => self.fact_text(field, value),
        }
    }

    fn clue_row(&self, clue: &Clue) -> ClueRow {
        let geography = self.geography(AsOf::Now).ok();
        let mut table = crate::atlas::ClueTable::new(geography);
        table.put(clue.clone());
        table.rows.remove(0)
    }

    /// Sites a clue may belong to, within what the actor may read, the likeliest first.
    pub fn clue_matches(&self, clue: &str) -> Result<Vec<MatchView>, Error> {
        let clue = self.load_clue(clue)?;
        let mut found = Vec::new();
        let waiting = self.waiting(std::slice::from_ref(&clue))?;
        for proposal in waiting.into_iter().flat_map(|w| w.proposals) {
            // A site elsewhere may be the one meant; it is not this post's to know.
            let Ok(dossier) = self.load_dossier_by_code(&proposal.site_code, AsOf::Now) else {
                continue;
            };
            let facts = &dossier.facts;
            found.push(MatchView {
                site_code: proposal.site_code.clone(),
                facility_name: facts.facility_name.clone(),
                score: score(&proposal),
                reasons: self.match_reasons(&proposal, &clue, &dossier),
                distance_m: proposal.distance_m,
                overlap_share: proposal.iou,
                overlap_m2: proposal.overlap_m2,
                state: dossier.state.code().to_owned(),
                activity_type_code: facts.activity_type_code.clone(),
                area_m2: facts.area_m2,
                shape: facts
                    .shape
                    .as_ref()
                    .and_then(|s| serde_json::to_value(s).ok()),
            });
        }
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(found)
    }

    fn match_reasons(
        &self,
        proposal: &Proposal,
        clue: &Clue,
        dossier: &domain::dossier::Dossier,
    ) -> Vec<MatchReason> {
        let number = |n: Option<f64>| n.map_or(String::new(), |n| n.to_string());
        let percent = |n: Option<f64>| n.map_or(String::new(), |n| format!("{:.0}", n * 100.0));
        let args = [
            ("distance", number(proposal.distance_m)),
            ("iou", percent(proposal.iou)),
            ("overlap", number(proposal.overlap_m2)),
        ];
        let args: Vec<(&str, &str)> = args.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let reason = |code: &str| MatchReason {
            code: code.to_owned(),
            text: self.messages.text(&format!("match.{code}"), &args),
        };
        let facts = &clue.received.body.facts;
        let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        let key = |n: &Option<String>| n.as_deref().map(crate::landing::name_key);
        let mut reasons = vec![reason(proposal.rule)];
        let is_same_name = same(
            &key(&facts.facility_name),
            &key(&dossier.facts.facility_name),
        );
        if is_same_name && proposal.rule != "same_name" {
            reasons.push(reason("same_name"));
        }
        if same(&facts.activity_type_code, &dossier.facts.activity_type_code) {
            reasons.push(reason("same_kind"));
        }
        if proposal.rule != "near" && proposal.distance_m.is_some_and(|d| d > 0.0) {
            reasons.push(reason("near"));
        }
        reasons
    }

    /// What became of a clue.
    pub fn clue_decided(&self, clue_id: ClueId) -> Result<ClueDecided, Error> {
        let clue = self.register.find_clue(clue_id)?;
        let clue = clue.ok_or_else(|| Error::NotFound {
            what: "clue",
            name: clue_id.to_string(),
        })?;
        Ok(ClueDecided {
            clue_id,
            state: clue.state.code().to_owned(),
            site_code: clue.site_code,
        })
    }
}

/// A stated rule first, then overlap, then nearness.
fn score(proposal: &Proposal) -> f64 {
    let base: f64 = match proposal.rule {
        "same_code" => 1.0,
        "overlap" => 0.8,
        "near_and_alike" => 0.7,
        "near_unexplained" => 0.6,
        "same_name" | "named_in_text" => 0.5,
        _ => 0.3,
    };
    let overlap = proposal.iou.unwrap_or(0.0) * 0.2;
    let near = proposal.distance_m.map_or(0.0, |d| 0.1 / (1.0 + d / 50.0));
    ((base + overlap + near).min(1.0) * 1000.0).round() / 1000.0
}
