//! 案头 — setting up a register and recording single facts by hand.

use std::io::Read;
use std::path::Path;

use domain::as_of::AsOf;
use domain::entries::{Basis, CampaignOpened, ReserveRegistered, TeamMember, VerificationRecorded};
use domain::entry::{Author, Entry, EntryBody};
use domain::ids::{EntryId, StreamId};
use domain::partial_date::PartialDate;
use domain::policy::{Action, Role};
use jiff::Timestamp;
use jiff::civil::Date;
use register::{Address, Opening, Register};
use serde::Deserialize;
use spatial::diagnostic::Diagnostic;

use crate::assets;
use crate::error::Error;
use crate::session::{Post, Session, load_campaign, load_codes, start_of};

/// 建簿请求 — what a new register is told.
#[derive(Debug, Clone)]
pub struct InitRequest {
    /// Built-in campaign id or a folder.
    pub campaign: String,
    /// Text of the reserve's file.
    pub reserve_text: String,
    pub node: Option<String>,
    pub is_demonstration: bool,
    /// Whether the folder is to remember the database it was given.
    pub remembers_database: bool,
}

/// 建簿结果 — what was made, or that it was there already.
#[derive(Debug, Clone, serde::Serialize)]
pub struct InitOutcome {
    pub is_new: bool,
    pub node: String,
    pub campaign: String,
    pub reserve: String,
    pub verifier_key: String,
}

/// Particulars of a reserve as people write them.
#[derive(Debug, Deserialize)]
struct ReserveFile {
    reserve_code: String,
    name: String,
    short_name: Option<String>,
    kind: String,
    level: String,
    established_on: Option<PartialDate>,
    upgraded_on: Option<PartialDate>,
    stated_area_ha: Option<f64>,
    management_body: Option<String>,
    competent_authority: Option<String>,
    division_code: Option<String>,
    #[serde(default)]
    county_codes: Vec<String>,
}

/// Creates the register, or leaves one that says the same as it is.
pub fn init(
    at: impl Into<Address>,
    request: &InitRequest,
    now: Timestamp,
) -> Result<InitOutcome, Error> {
    let at = at.into();
    let codes = load_codes()?;
    let files = campaign_files(&request.campaign)?;
    let campaign = load_campaign(&files, &codes)?;
    let reserve = reserve(&request.reserve_text, &campaign, &codes)?;
    let node = request.node.clone().unwrap_or_else(|| node_name(&reserve));
    let author = Author {
        actor: Role::Operator.label().to_owned(),
        role: Role::Operator.code().to_owned(),
        unit: reserve.management_body.clone().unwrap_or_default(),
    };
    if request.remembers_database {
        at.remember()?;
    }
    let exists = Register::is_there(&at)?;
    let mut register = if exists {
        Register::open(&at)?
    } else {
        let opening = Opening {
            node: node.clone(),
            is_demonstration: request.is_demonstration,
            opened_at: now,
            author: author.clone(),
        };
        Register::create(&at, &opening)?
    };
    let opened = CampaignOpened {
        campaign_id: campaign.id.clone(),
        name: campaign.name.clone(),
        year: campaign.year,
        files,
    };
    let on = campaign.started_on;
    let facts = [
        setup_entry(
            StreamId::reserve(&reserve.reserve_code),
            reserve.clone().into(),
            &author,
            reserve_day(&reserve, on),
        ),
        setup_entry(StreamId::campaign(&campaign.id), opened.into(), &author, on),
    ];
    let mut wanted: Vec<Entry> = Vec::new();
    for entry in facts {
        if register.find_entry(entry.id)?.is_none() {
            wanted.push(entry);
        }
    }
    let receipts = register.append(&wanted, now)?;
    Ok(InitOutcome {
        is_new: !exists || receipts.iter().any(|r| r.is_new),
        node: register.opened().node.clone(),
        campaign: campaign.name,
        reserve: reserve.name,
        verifier_key: register.opened().verifier_key.clone(),
    })
}

/// A reserve's particulars hold from the day it was set up, so that a view of any later day sees them.
fn reserve_day(reserve: &ReserveRegistered, otherwise: Date) -> Date {
    reserve.established_on.map_or(otherwise, |d| d.first)
}

fn setup_entry(stream: StreamId, body: EntryBody, author: &Author, on: Date) -> Entry {
    let occurred_at = start_of(on);
    let said = serde_json::to_vec(&body).unwrap_or_default();
    let id = EntryId::derived(occurred_at, &[stream.0.as_bytes(), &said]);
    Entry {
        id,
        stream,
        based_on: None,
        body,
        author: author.clone(),
        occurred_at,
        clocks: None,
        stamp: None,
    }
}

fn campaign_files(text: &str) -> Result<std::collections::BTreeMap<String, String>, Error> {
    if let Some(files) = assets::find_campaign(text) {
        return Ok(files);
    }
    let folder = Path::new(text);
    if folder.is_dir() {
        return assets::load_campaign_folder(folder).map_err(Error::internal);
    }
    let known = assets::list_campaigns().join(", ");
    Err(Error::rejected(
        Diagnostic::error("session.unknown_campaign")
            .arg("campaign", text)
            .arg("known", known),
    ))
}

fn reserve(
    text: &str,
    campaign: &domain::campaign::Campaign,
    codes: &domain::codes::CodeBook,
) -> Result<ReserveRegistered, Error> {
    let file: ReserveFile = toml::from_str(text).map_err(|e| {
        Error::rejected(Diagnostic::error("session.reserve_unreadable").arg("cause", e.message()))
    })?;
    let code = |purpose: &str, text: &str| {
        campaign
            .find_list(codes, purpose)
            .and_then(|l| l.find(text))
            .map_or_else(|| text.to_owned(), |c| c.code.clone())
    };
    Ok(ReserveRegistered {
        kind: code("reserve_kind", &file.kind),
        level: code("level", &file.level),
        reserve_code: file.reserve_code,
        name: file.name,
        short_name: file.short_name,
        established_on: file.established_on,
        upgraded_on: file.upgraded_on,
        stated_area_ha: file.stated_area_ha,
        management_body: file.management_body,
        competent_authority: file.competent_authority,
        division_code: file
            .division_code
            .or_else(|| file.county_codes.into_iter().next()),
    })
}

/// A checkpoint's origin holds neither blanks nor plus signs.
fn node_name(reserve: &ReserveRegistered) -> String {
    let name = reserve.short_name.as_deref().unwrap_or(&reserve.name);
    name.chars()
        .filter(|c| !c.is_whitespace() && *c != '+')
        .collect()
}

/// 核查请求 — one verification by hand.
#[derive(Debug, Clone)]
pub struct VerifyRequest {
    pub site_code: String,
    pub conclusion: String,
    pub on: Date,
    pub team: Vec<String>,
    pub position: Option<(f64, f64)>,
    pub condition: Option<String>,
    pub ecological_effect: Option<String>,
    pub clue_truth: Option<String>,
    pub disposal: Option<String>,
    pub evidence: Vec<std::path::PathBuf>,
    /// Facts of the decision tables found out on the spot, `name=value`.
    pub facts: Vec<String>,
}

/// Evidence files larger than this are refused.
const MAX_EVIDENCE_BYTES: u64 = 2 << 30;

impl Session {
    /// Records a field verification; the flow of the campaign decides whether it may stand.
    pub fn verify_site(
        &mut self,
        request: &VerifyRequest,
    ) -> Result<domain::dossier::Dossier, Error> {
        let dossier = self.load_dossier_by_code(&request.site_code, AsOf::Now)?;
        self.may(Action::Verify, dossier.facts.station_id.as_deref())?;
        let (judged_facts, facts) = self.stated_facts(&request.facts)?;
        let evidence = crate::evidence::distinct(self.keep_evidence(&request.evidence)?);
        let body = VerificationRecorded {
            judged_facts,
            round: "first".to_owned(),
            method: "field".to_owned(),
            verified_on: request.on,
            team: request
                .team
                .iter()
                .map(|p| TeamMember {
                    post: p.clone(),
                    unit: None,
                })
                .collect(),
            lon: request.position.map(|p| p.0),
            lat: request.position.map(|p| p.1),
            is_in_reserve: None,
            clue_truth: self.known_code("clue_truth", request.clue_truth.as_deref())?,
            condition_text: request.condition.clone(),
            ecological_effect: self
                .known_code("ecological_effect", request.ecological_effect.as_deref())?,
            conclusion: self
                .known_code("verdict", Some(&request.conclusion))?
                .unwrap_or_default(),
            suggestion_text: None,
            suggested_disposal: self.known_code("disposal", request.disposal.as_deref())?,
            photo_count: crate::evidence::count(&evidence),
            evidence,
            facts,
            basis: Basis::Person {
                reason: request.condition.clone().unwrap_or_default(),
            },
            ..VerificationRecorded::default()
        };
        if let Some(refusal) = self.refusal_of(dossier.state.code(), &body) {
            return Err(Error::rejected(refusal));
        }
        let said = serde_json::to_vec(&body).map_err(Error::internal)?;
        let entry = self.entry(StreamId::site(dossier.site_id), body, request.on, &[&said]);
        if self.register.find_entry(entry.id)?.is_none() {
            self.register.append(&[entry], self.now)?;
        }
        Ok(self.register.load_dossier(dossier.site_id, AsOf::Now)?)
    }

    /// A code or label of the campaign's list, as a code; what the list does not know is told with what it does.
    pub(crate) fn known_code(
        &self,
        purpose: &str,
        given: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let Some(text) = given else { return Ok(None) };
        let list = self.campaign.find_list(&self.codes, purpose);
        if let Some(code) = list.and_then(|l| l.find_code(text).or_else(|| l.find(text))) {
            return Ok(Some(code.code.clone()));
        }
        let known: Vec<String> = list
            .into_iter()
            .flat_map(|l| &l.codes)
            .map(|c| format!("{}（{}）", c.code, c.label))
            .collect();
        let diagnostic = Diagnostic::error("session.unknown_code")
            .arg("text", text)
            .arg("known", known.join("、"));
        Err(Error::rejected(diagnostic))
    }

    fn keep_evidence(&mut self, paths: &[std::path::PathBuf]) -> Result<Vec<String>, Error> {
        let mut hashes = Vec::new();
        for path in paths {
            let read = |source| Error::Read {
                path: path.display().to_string(),
                source,
            };
            let mut file = std::fs::File::open(path)
                .map_err(read)?
                .take(MAX_EVIDENCE_BYTES + 1);
            hashes.push(
                self.register
                    .put_blob(&mut file, MAX_EVIDENCE_BYTES)?
                    .sha256,
            );
        }
        Ok(hashes)
    }

    /// Re-reads the post of somebody else over the same register.
    pub fn acting_as(
        self,
        post: &Post,
        language: crate::messages::Language,
    ) -> Result<Self, Error> {
        let now = self.now;
        Self::over(self.register, post, now, language)
    }
}
