//! 用语 — the words a screen needs: states, stations, zones, code lists, ledgers, milestones, posts.

use domain::campaign::LedgerView;
use domain::codes::{BackgroundKind, ZoneKind};
use domain::entry::EntryBody;
use domain::policy::{Action, Role};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::amendments;
use crate::basemaps::Basemap;
use crate::import::ImportKind;
use crate::judging_book::JudgingBook;
use crate::session::Session;

/// 代码 — a code with its label.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CodeView {
    pub code: String,
    pub label: String,
}

/// 代码表项 — a code of a list, with what it stands under: the unit of a measure, a heading.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ListedCode {
    pub code: String,
    pub label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// A state of sites.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StateView {
    pub code: String,
    pub label: String,
    /// Whether sites in it count.
    pub counts: bool,
}

/// A station with the post that leads its area.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StationView {
    pub id: String,
    pub name: String,
    pub code: String,
    pub area_lead: Option<String>,
    pub area_lead_label: Option<String>,
}

/// A kind of zone with the colour it is drawn in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ZoneView {
    pub code: String,
    pub label: String,
    pub colour: String,
}

/// One of the ledgers.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LedgerName {
    pub view: String,
    pub label: String,
    pub title: String,
}

/// 时间节点 — what must be there by when.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MilestoneView {
    pub id: String,
    pub name: String,
    pub from_on: Option<Date>,
    pub due_on: Date,
    pub text: String,
    /// Labels of the posts that answer for it.
    pub duty: Vec<String>,
    /// Ledgers that belong to it.
    pub ledgers: Vec<String>,
}

/// 导入类别 — what can be imported, and what the form must ask for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportKindView {
    pub code: String,
    pub label: String,
    /// What the policy is asked.
    pub action: String,
    /// Whether a source must be said: the kind stands for several.
    pub needs_source: bool,
    /// Boundary, territories or routes: a version with its approval and first day.
    pub is_layer: bool,
}

/// 可更正事实 — a fact of a site that a person may set.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AmendableView {
    pub field: String,
    pub label: String,
    /// `text`, `number`, `date`, `code`.
    pub kind: String,
    /// Purpose of the code list, where it is coded.
    pub list: Option<String>,
}

/// 用语集 — everything coded, with labels in the language asked for where there is one.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConfigView {
    pub states: Vec<StateView>,
    pub stations: Vec<StationView>,
    pub zones: Vec<ZoneView>,
    /// Code lists by purpose.
    pub lists: BTreeMap<String, Vec<ListedCode>>,
    pub ledgers: Vec<LedgerName>,
    pub sources: Vec<CodeView>,
    pub milestones: Vec<MilestoneView>,
    pub roles: Vec<CodeView>,
    pub actions: Vec<CodeView>,
    pub import_kinds: Vec<ImportKindView>,
    /// Kinds of background layers.
    pub background_kinds: Vec<CodeView>,
    /// Facts that a person may set.
    pub amendable: Vec<AmendableView>,
    pub entry_kinds: Vec<CodeView>,
    /// Facts of sites by name.
    pub fields: Vec<CodeView>,
    pub clue_states: Vec<CodeView>,
    /// What the reserve may be drawn over besides what the register itself holds; nothing unless configured.
    pub basemaps: Vec<Basemap>,
}

impl Session {
    /// The words of the campaign in force.
    pub fn config(&self, basemaps: &[Basemap]) -> ConfigView {
        let campaign = &self.campaign;
        let day = campaign.started_on;
        ConfigView {
            states: campaign
                .flow
                .iter()
                .flat_map(|f| &f.states)
                .map(|s| StateView {
                    code: s.code.clone(),
                    label: s.label.clone(),
                    counts: s.counts,
                })
                .collect(),
            stations: campaign
                .stations
                .iter()
                .map(|s| {
                    let lead = campaign.find_area_lead(&s.id, day);
                    StationView {
                        id: s.id.clone(),
                        name: s.name.clone(),
                        code: s.code.clone(),
                        area_lead: lead.map(|p| p.id.clone()),
                        area_lead_label: lead.map(|p| p.label.clone()),
                    }
                })
                .collect(),
            zones: ZoneKind::ALL.iter().map(|z| self.zone_view(*z)).collect(),
            lists: self.code_lists(),
            ledgers: LedgerView::ALL
                .iter()
                .filter_map(|v| campaign.find_ledger(*v))
                .map(|t| LedgerName {
                    view: t.view.code().to_owned(),
                    label: t.short_title.clone(),
                    title: t.title.clone(),
                })
                .collect(),
            sources: self.codes_of("source"),
            milestones: campaign
                .milestones
                .iter()
                .map(|m| MilestoneView {
                    id: m.id.clone(),
                    name: m.name.clone(),
                    from_on: m.from_on,
                    due_on: m.due_on,
                    text: m.text.clone(),
                    duty: m
                        .duty
                        .iter()
                        .map(|d| campaign.find_post(d).map_or(d.clone(), |p| p.label.clone()))
                        .collect(),
                    ledgers: m.ledgers.iter().map(|v| v.code().to_owned()).collect(),
                })
                .collect(),
            roles: Role::ALL
                .iter()
                .map(|r| code(r.code(), r.label()))
                .collect(),
            actions: Action::ALL
                .iter()
                .map(|a| code(a.code(), a.label()))
                .collect(),
            import_kinds: ImportKind::ALL
                .iter()
                .map(|k| ImportKindView {
                    code: k.code().to_owned(),
                    label: self
                        .messages
                        .text(&format!("import_kind.{}", k.code()), &[]),
                    action: k.action().code().to_owned(),
                    needs_source: k.needs_source(),
                    is_layer: k.is_layer(),
                })
                .collect(),
            background_kinds: BackgroundKind::ALL
                .iter()
                .map(|k| self.worded(k.code(), "background_kind"))
                .collect(),
            amendable: amendments::SETTABLE
                .iter()
                .map(|field| self.amendable(field))
                .collect(),
            entry_kinds: EntryBody::KINDS
                .iter()
                .map(|(k, label)| code(k, label))
                .collect(),
            fields: self
                .messages
                .codes()
                .filter_map(|c| c.strip_prefix("field."))
                .filter(|c| !crate::field::CODES.contains(c))
                .map(|f| self.worded(f, "field"))
                .collect(),
            clue_states: ["open", "screened", "linked"]
                .iter()
                .map(|s| self.worded(s, "clue_state"))
                .collect(),
            basemaps: basemaps.to_vec(),
        }
    }

    fn amendable(&self, field: &str) -> AmendableView {
        let list = amendments::list_of(field);
        let kind = match field {
            _ if list.is_some() => "code",
            "stated_area_m2" | "capacity" => "number",
            "built_on" | "expanded_on" => "date",
            _ => "text",
        };
        AmendableView {
            field: field.to_owned(),
            label: self.messages.text(&format!("field.{field}"), &[]),
            kind: kind.to_owned(),
            list: list.map(str::to_owned),
        }
    }

    fn worded(&self, word: &str, prefix: &str) -> CodeView {
        code(word, &self.messages.text(&format!("{prefix}.{word}"), &[]))
    }

    fn zone_view(&self, zone: ZoneKind) -> ZoneView {
        ZoneView {
            code: zone.code().to_owned(),
            label: domain::ledger::Labels::label(&self.viewer, "zone", zone.code()),
            colour: zone_colour(zone).to_owned(),
        }
    }

    fn codes_of(&self, purpose: &str) -> Vec<CodeView> {
        let list = self.campaign.find_list(&self.codes, purpose);
        let codes = list.into_iter().flat_map(|l| &l.codes);
        codes.map(|c| code(&c.code, &c.label)).collect()
    }

    pub(crate) fn code_lists(&self) -> BTreeMap<String, Vec<ListedCode>> {
        let listed = |purpose: &str| {
            let list = self.campaign.find_list(&self.codes, purpose);
            let codes = list.into_iter().flat_map(|l| &l.codes);
            let listed = codes.map(|c| ListedCode {
                code: c.code.clone(),
                label: c.label.clone(),
                group: c.group.clone(),
            });
            listed.collect()
        };
        let purposes = self.campaign.purposes();
        let lists = purposes.map(|p| (p.to_owned(), listed(p)));
        lists
            .chain([("severity".to_owned(), severities())])
            .collect()
    }
}

/// 严重程度 as the decision tables grade it.
fn severities() -> Vec<ListedCode> {
    let book = JudgingBook::built_in().ok();
    let words = book.and_then(|b| b.ruleset.words("severity"));
    words.map_or_else(Vec::new, |w| {
        let listed = w.0.iter().map(|w| ListedCode {
            code: w.code.clone(),
            label: w.label.clone(),
            group: None,
        });
        listed.collect()
    })
}

fn code(code: &str, label: &str) -> CodeView {
    CodeView {
        code: code.to_owned(),
        label: label.to_owned(),
    }
}

/// The stricter, the redder; two-zone reserves take the colours of their counterparts.
fn zone_colour(zone: ZoneKind) -> &'static str {
    match zone.code() {
        "core" | "core_protection" => "#c0392b",
        "buffer" => "#e08e0b",
        "experimental" | "general_control" => "#3d9970",
        _ => "#7f8c8d",
    }
}
