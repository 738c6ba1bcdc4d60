//! 查疑 — close-outs done on paper, searched for over all dossiers: pictures and texts that were used before, and what
//! contradicts itself within one dossier. What is found is noted once, by the system; the verdict is a person's.
//!
//! Searching only reads the register and keeps what it worked out in the folder `likeness/` beside it; noting appends. A run
//! may therefore go on for minutes while others write.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::PathBuf;

use domain::as_of::AsOf;
use domain::dossier::Dossier;
use domain::entries::SuspicionFound;
use domain::entry::{Author, Entry};
use domain::ids::{EntryId, SiteId, StreamId};
use domain::issue::Issue;
use domain::ledger::Labels;
use domain::policy::{Action, Role};
use domain::suspicion::{self, Finding, Given, Grade, Suspicions};
use geo_types::Coord;
use jiff::Timestamp;
use likeness::viewpoint;
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::error::Error;
use crate::messages::{Language, Messages};
use crate::session::Session;

mod corpus;
mod matching;
mod prints;
mod reuse;

use corpus::{Corpus, What};
use matching::Matches;
use prints::Prints;
use reuse::Uses;

/// 阶段 — what a run is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// 读日志
    Reading,
    /// 照片指纹
    Photos,
    /// 照片查重
    Matching,
    /// 文字查重
    Texts,
    /// 逐问题核对
    Issues,
    /// 登记疑点
    Writing,
}

impl Stage {
    /// As addresses and messages write it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Photos => "photos",
            Self::Matching => "matching",
            Self::Texts => "texts",
            Self::Issues => "issues",
            Self::Writing => "writing",
        }
    }
}

/// 进度 — told how far a run is.
pub trait Progress {
    fn tell(&self, stage: Stage, done: usize, total: usize);
}

impl<F: Fn(Stage, usize, usize)> Progress for F {
    fn tell(&self, stage: Stage, done: usize, total: usize) {
        self(stage, done, total);
    }
}

/// Nobody waits for word.
fn silently(_stage: Stage, _done: usize, _total: usize) {}

/// 所得 — the findings about one issue, not noted yet.
#[derive(Debug, Clone)]
pub struct OfIssue {
    pub site_id: SiteId,
    pub site_code: String,
    pub issue: EntryId,
    pub issue_code: Option<String>,
    found: Vec<Finding>,
}

/// 疑点摘要 — one finding in words.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FoundView {
    pub site_code: String,
    pub issue_code: Option<String>,
    pub suspicion: String,
    pub suspicion_label: String,
    pub grade: String,
    pub text: String,
}

/// 查疑结果 — what a run read and found.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct RunOutcome {
    pub log_size: u64,
    pub photos: usize,
    /// Fingerprints made in this run.
    pub photos_new: usize,
    pub photos_unreadable: usize,
    pub texts: usize,
    pub texts_new: usize,
    pub issues_checked: usize,
    /// Entries appended; those that would be, where nothing is written.
    pub found: usize,
    pub by_suspicion: BTreeMap<String, usize>,
    /// In words, the first ones, where nothing is written.
    pub findings: Vec<FoundView>,
}

/// 搜查 — what a search found, before it is noted.
pub struct Search {
    pub outcome: RunOutcome,
    pub found: Vec<OfIssue>,
    state: State,
    folder: PathBuf,
    /// Held until the run is over: one run at a time.
    _turn: File,
}

/// Up to where issues were checked, and by which rules.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct State {
    checked_to: u64,
    rules: String,
}

const STATE: &str = "state.json";
/// The role of what no person entered.
const SYSTEM: &str = "system";
/// Findings told in words by a dry run.
const MOST_TOLD: usize = 200;
/// Issues noted in one append.
const BATCH: usize = 50;
/// So many pictures are looked at while somebody waits; more is left to the next run.
const MOST_AT_ONCE: usize = 200;

impl Session {
    /// Searches all dossiers and notes what is found; with `dry_run` it is only told.
    pub fn run_suspicions(
        &mut self,
        dry_run: bool,
        progress: &dyn Progress,
    ) -> Result<RunOutcome, Error> {
        let mut search = self.search_suspicions(progress)?;
        if dry_run {
            self.tell_suspicions(&mut search);
            return Ok(search.outcome);
        }
        let total = search.found.len();
        let mut noted = Noted::default();
        for (nth, batch) in search.found.chunks(BATCH).enumerate() {
            progress.tell(Stage::Writing, nth * BATCH, total);
            noted.add(self.note_suspicions(batch)?);
        }
        search.finish(noted)
    }

    /// Searches all dossiers; nothing is appended.
    pub fn search_suspicions(&self, progress: &dyn Progress) -> Result<Search, Error> {
        self.may_somewhere(Action::FindSuspicion)?;
        let rules = self.suspicion_rules()?;
        let folder = self.likeness_folder()?;
        let turn = take_turn(&folder)?
            .ok_or_else(|| Error::rejected(Diagnostic::error("suspecting.running")))?;
        let before = load_state(&folder);
        let mut corpus = Corpus::load(&folder)?;
        progress.tell(Stage::Reading, 0, 0);
        let from = corpus.catch_up(&self.register)?;
        corpus.save(&folder, from)?;
        let photos = corpus.photos();
        let mut prints = Prints::load(&folder)?;
        let (photos_new, photos_unreadable) = prints.add(&self.register, &photos, progress)?;
        let mut matches = Matches::load(&folder);
        matches.search_photos(&folder, &prints, &photos, progress)?;
        let phrases = &rules.copied_text.standard_phrases;
        let texts_new = matches.search_texts(&folder, &corpus, phrases, progress)?;
        let state = State {
            checked_to: corpus.to,
            rules: rules_hash(rules)?,
        };
        // A log that was put back from a shorter copy is looked at anew, as is one under other rules.
        let is_current = before.rules == state.rules && before.checked_to <= corpus.to;
        let since = if is_current { before.checked_to } else { 0 };
        let uses = Uses::of(&corpus, &matches);
        let looker = Looker {
            session: self,
            rules,
            prints: &prints,
            uses: &uses,
        };
        let (found, issues_checked) = looker.all(since, progress)?;
        let outcome = RunOutcome {
            log_size: corpus.to,
            photos: prints.count(),
            photos_new,
            photos_unreadable,
            texts: corpus
                .pieces
                .iter()
                .filter(|p| p.reference().is_some())
                .count(),
            texts_new,
            issues_checked,
            ..RunOutcome::default()
        };
        Ok(Search {
            outcome,
            found,
            state,
            folder,
            _turn: turn,
        })
    }

    /// What a search found, in words; nothing is written.
    pub fn tell_suspicions(&self, search: &mut Search) {
        let all = search.found.iter();
        let told = all.flat_map(|of| of.found.iter().map(move |f| (of, f)));
        for (_, finding) in told.clone() {
            let kind = finding.suspicion.to_owned();
            *search.outcome.by_suspicion.entry(kind).or_insert(0) += 1;
            search.outcome.found += 1;
        }
        let view = |(of, finding): (&OfIssue, &Finding)| FoundView {
            site_code: of.site_code.clone(),
            issue_code: of.issue_code.clone(),
            suspicion: finding.suspicion.to_owned(),
            suspicion_label: self.label("suspicion", finding.suspicion),
            grade: finding.grade.code().to_owned(),
            text: self.suspicion_text(&self.messages, finding.code, &finding.told_args()),
        };
        search.outcome.findings = told.take(MOST_TOLD).map(view).collect();
    }

    /// Appends what of the findings is still new, by the system; the same is never noted twice.
    pub fn note_suspicions(&mut self, found: &[OfIssue]) -> Result<Noted, Error> {
        self.may_somewhere(Action::FindSuspicion)?;
        self.note_found(found)
    }

    fn note_found(&mut self, found: &[OfIssue]) -> Result<Noted, Error> {
        let chinese = Messages::load(Language::Chinese);
        let mut noted = Noted::default();
        let mut entries = Vec::new();
        for of in found {
            // Others may have written since it was found.
            let Some(dossier) = self.register.find_dossier(of.site_id, AsOf::Now)? else {
                continue;
            };
            let Some(issue) = dossier.find_issue(of.issue) else {
                continue;
            };
            for finding in suspicion::fresh(issue, of.found.clone()) {
                let entry = self.suspicion_entry(&dossier, issue, &finding, &chinese)?;
                if self.register.find_entry(entry.id)?.is_none() {
                    *noted
                        .by_suspicion
                        .entry(finding.suspicion.to_owned())
                        .or_insert(0) += 1;
                    noted.entries.push(entry.id);
                    entries.push(entry);
                }
            }
        }
        if !entries.is_empty() {
            self.register.append(&entries, self.now)?;
        }
        Ok(noted)
    }

    /// Checks one issue at once, before somebody accepts it: notes what is found of this grade or above, and hands it back.
    ///
    /// Pictures and texts are compared with what the last run looked at and, where that is not too much, with what came
    /// since; files that are the same byte for byte are always found.
    pub fn suspect_issue(
        &mut self,
        site_code: &str,
        issue: EntryId,
        least: Grade,
    ) -> Result<Vec<SuspicionFound>, Error> {
        // A campaign that says nothing of suspicions is accepted as it always was.
        if self.campaign.suspicions.is_none() {
            return Ok(Vec::new());
        }
        let dossier = self.load_dossier_by_code(site_code, AsOf::Now)?;
        let Some(of) = self.look_at_issue(&dossier, issue)? else {
            return Ok(Vec::new());
        };
        let grave = of.found.iter().filter(|f| f.grade >= least).cloned();
        let of = OfIssue {
            found: grave.collect(),
            ..of
        };
        // Whoever accepts an issue has it checked, whether or not they may look for suspicions themselves.
        let noted = self.note_found(&[of])?;
        let mut bodies = Vec::new();
        for id in noted.entries {
            let entry = self.register.find_entry(id)?.map(|e| e.entry.body);
            if let Some(domain::entry::EntryBody::SuspicionFound(body)) = entry {
                bodies.push(*body);
            }
        }
        Ok(bodies)
    }

    fn look_at_issue(&self, dossier: &Dossier, issue: EntryId) -> Result<Option<OfIssue>, Error> {
        let rules = self.suspicion_rules()?;
        let folder = self.likeness_folder()?;
        // Taken before anything is read: what a run wrote meanwhile would be cut off else.
        let turn = take_turn(&folder)?;
        let mut corpus = Corpus::load(&folder)?;
        let from = corpus.catch_up(&self.register)?;
        let own = corpus.pieces.iter().filter(|p| p.issue == Some(issue));
        let mut photos = BTreeSet::new();
        let mut texts = BTreeSet::new();
        for piece in own {
            match &piece.what {
                What::Photo { sha256, .. } => photos.extend([sha256.clone()]),
                What::Text { .. } => texts.extend(piece.reference()),
            }
        }
        let photos: Vec<String> = photos.into_iter().collect();
        let all = corpus.photos();
        let mut prints = Prints::load(&folder)?;
        // Whoever has the turn keeps what was worked out; while a run has it, only what is there is compared.
        if turn.is_some() {
            let missing = all.iter().filter(|sha| !prints.has(sha)).count();
            let wanted = if missing <= MOST_AT_ONCE {
                &all
            } else {
                &photos
            };
            prints.add(&self.register, wanted, &silently)?;
            corpus.save(&folder, from)?;
        }
        drop(turn);
        let asked: Vec<&String> = photos.iter().filter(|sha| prints.has(sha)).collect();
        let like_photos = matching::like_photos(&prints, &asked, &silently)?;
        let phrases = &rules.copied_text.standard_phrases;
        let like_texts = matching::like_texts_at_once(&corpus, phrases, &texts);
        let matches = Matches::load(&folder).with(like_photos, like_texts);
        let uses = Uses::of(&corpus, &matches);
        let looker = Looker {
            session: self,
            rules,
            prints: &prints,
            uses: &uses,
        };
        let reused = uses.findings_of(issue, &mut Sites::of(self), rules)?;
        looker.one(dossier, issue, reused)
    }

    /// The campaign's rules.
    fn suspicion_rules(&self) -> Result<&Suspicions, Error> {
        let missing = || {
            let fault = Diagnostic::error("suspecting.no_rules");
            Error::rejected(fault.arg("campaign", &self.campaign.id))
        };
        self.campaign.suspicions.as_ref().ok_or_else(missing)
    }

    fn likeness_folder(&self) -> Result<PathBuf, Error> {
        let folder = self.register.home().join("likeness");
        std::fs::create_dir_all(&folder).map_err(Error::internal)?;
        Ok(folder)
    }

    /// The sentence of a suspicion, its codes by their labels.
    pub(crate) fn suspicion_text(
        &self,
        messages: &Messages,
        code: &str,
        args: &BTreeMap<String, String>,
    ) -> String {
        let measure = args.get("measure").map(|m| self.label("measure", m));
        let mut all: Vec<(&str, &str)> = args.iter().map(|(n, v)| (&**n, &**v)).collect();
        all.extend(measure.as_deref().map(|m| ("measure_label", m)));
        messages.text(code, &all)
    }

    fn suspicion_entry(
        &self,
        dossier: &Dossier,
        issue: &Issue,
        finding: &Finding,
        chinese: &Messages,
    ) -> Result<Entry, Error> {
        let rules = self.suspicion_rules()?;
        let text = self.suspicion_text(chinese, finding.code, &finding.told_args());
        let found_by = format!("{}@{}", finding.suspicion, rules.version);
        let seed = finding.seed(issue);
        let issue_id = issue.id.to_string();
        let mut parts: Vec<&[u8]> = vec![b"suspicion.found", issue_id.as_bytes()];
        parts.extend(seed.iter().map(Vec::as_slice));
        Ok(Entry {
            // Its time is that of the issue, so that the id follows from what was found alone.
            id: EntryId::derived(issue.opened.occurred_at, &parts),
            stream: StreamId::site(dossier.site_id),
            based_on: None,
            body: finding.body(issue.id, &found_by, text).into(),
            author: self.system_author(chinese),
            occurred_at: self.now,
            clocks: None,
            stamp: None,
        })
    }

    /// Who notes what no person found.
    pub(crate) fn system_author(&self, chinese: &Messages) -> Author {
        Author {
            actor: chinese.text("suspecting.author", &[]),
            role: SYSTEM.to_owned(),
            unit: self.reserve.management_body.clone().unwrap_or_default(),
        }
    }

    /// The role of an author as people read it.
    pub(crate) fn role_label(&self, role: &str) -> String {
        match Role::from_code(role) {
            Some(known) => known.label().to_owned(),
            None if role == SYSTEM => self.messages.text("author.system", &[]),
            None => role.to_owned(),
        }
    }

    /// An author by post and unit, as pages name people; what the system noted by itself is of no unit.
    pub(crate) fn by_post(&self, author: &Author) -> String {
        let role = self.role_label(&author.role);
        match author.role == SYSTEM {
            true => role,
            false => format!("{role}·{}", author.unit),
        }
    }
}

/// 已登记 — entries appended by one noting.
#[derive(Debug, Clone, Default)]
pub struct Noted {
    pub entries: Vec<EntryId>,
    pub by_suspicion: BTreeMap<String, usize>,
}

impl Noted {
    /// Adds what a further noting appended.
    pub fn add(&mut self, other: Self) {
        self.entries.extend(other.entries);
        for (kind, count) in other.by_suspicion {
            *self.by_suspicion.entry(kind).or_insert(0) += count;
        }
    }
}

impl Search {
    /// Remembers that all of it was noted.
    pub fn finish(self, noted: Noted) -> Result<RunOutcome, Error> {
        let text = serde_json::to_vec(&self.state).map_err(Error::internal)?;
        std::fs::write(self.folder.join(STATE), text).map_err(Error::internal)?;
        Ok(RunOutcome {
            found: noted.entries.len(),
            by_suspicion: noted.by_suspicion,
            ..self.outcome
        })
    }
}

/// The turn to write in the folder; none while somebody else has it.
fn take_turn(folder: &std::path::Path) -> Result<Option<File>, Error> {
    let turn = File::create(folder.join("turn")).map_err(Error::internal)?;
    match turn.try_lock() {
        Ok(()) => Ok(Some(turn)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(e)) => Err(Error::internal(e)),
    }
}

/// What was checked before; nothing where the file is not there or broken: then all is checked again.
fn load_state(folder: &std::path::Path) -> State {
    let text = std::fs::read(folder.join(STATE)).ok();
    text.and_then(|t| serde_json::from_slice(&t).ok())
        .unwrap_or_default()
}

fn rules_hash(rules: &Suspicions) -> Result<String, Error> {
    let text = serde_json::to_vec(rules).map_err(Error::internal)?;
    Ok(crate::sha256_hex(&text))
}

/// Code and place of a site.
type Known = (String, Option<Coord<f64>>);

/// 点位所在 — code and place of sites, looked up once.
struct Sites<'a> {
    session: &'a Session,
    known: HashMap<SiteId, Option<Known>>,
}

impl<'a> Sites<'a> {
    fn of(session: &'a Session) -> Self {
        Self {
            session,
            known: HashMap::new(),
        }
    }

    fn find(&mut self, site: SiteId) -> Result<Option<Known>, Error> {
        if let Some(known) = self.known.get(&site) {
            return Ok(known.clone());
        }
        let dossier = self.session.register.find_dossier(site, AsOf::Now)?;
        let found = dossier.map(|d| (d.site_code.clone(), place(&d)));
        self.known.insert(site, found.clone());
        Ok(found)
    }
}

fn place(dossier: &Dossier) -> Option<Coord<f64>> {
    let facts = &dossier.facts;
    let stated = facts.lon.zip(facts.lat).map(Coord::from);
    let middle = || crate::geography::representative(&facts.shape.as_ref()?.0);
    stated.or_else(|| middle().map(Coord::from))
}

/// Checks issues one by one.
struct Looker<'a> {
    session: &'a Session,
    rules: &'a Suspicions,
    prints: &'a Prints,
    uses: &'a Uses<'a>,
}

impl Looker<'_> {
    /// All issues of sites that changed since a position, and all whose pictures or texts were used before.
    fn all(&self, since: u64, progress: &dyn Progress) -> Result<(Vec<OfIssue>, usize), Error> {
        let mut reused = self
            .uses
            .findings(&mut Sites::of(self.session), self.rules)?;
        let mut sites = self.changed(since)?;
        sites.extend(reused.keys().map(|(site, _)| *site));
        let mut found = Vec::new();
        let mut checked = 0;
        let total = sites.len();
        for (nth, site) in sites.into_iter().enumerate() {
            if nth % 100 == 0 {
                progress.tell(Stage::Issues, nth, total);
            }
            let dossier = self.session.register.find_dossier(site, AsOf::Now)?;
            let Some(dossier) = dossier.filter(|d| self.may_look(d)) else {
                continue;
            };
            let issues: Vec<EntryId> = dossier.issues.iter().map(|i| i.id).collect();
            for issue in issues {
                checked += 1;
                let of_issue = reused.remove(&(site, issue)).unwrap_or_default();
                found.extend(self.one(&dossier, issue, of_issue)?);
            }
        }
        progress.tell(Stage::Issues, total, total);
        Ok((found, checked))
    }

    fn may_look(&self, dossier: &Dossier) -> bool {
        let station = dossier.facts.station_id.as_deref();
        self.session.sees(Action::FindSuspicion, station)
    }

    /// Sites with issues that the log says something of since a position.
    fn changed(&self, since: u64) -> Result<BTreeSet<SiteId>, Error> {
        let register = &self.session.register;
        let mut sites = BTreeSet::new();
        register.stored_entries::<Error>(since, register.log_size()?, |entry| {
            // What the search itself noted changes no issue.
            let is_own = matches!(entry.kind, "suspicion.found" | "suspicion.judged");
            if !is_own && (since > 0 || entry.kind == "issue.opened") {
                sites.extend(StreamId(entry.stream.to_owned()).as_site());
            }
            Ok(())
        })?;
        Ok(sites)
    }

    /// What is new of one issue; none where there is nothing.
    fn one(
        &self,
        dossier: &Dossier,
        issue: EntryId,
        reused: Vec<Finding>,
    ) -> Result<Option<OfIssue>, Error> {
        let Some(issue) = dossier.find_issue(issue) else {
            return Ok(None);
        };
        let given = self.given(dossier, issue)?;
        let mut found = suspicion::of_issue(self.rules, dossier, issue, &given);
        found.extend(reused);
        let found = suspicion::fresh(issue, found);
        Ok((!found.is_empty()).then(|| OfIssue {
            site_id: dossier.site_id,
            site_code: dossier.site_code.clone(),
            issue: issue.id,
            issue_code: issue.opened.body.issue_code.clone(),
            found,
        }))
    }

    fn given(&self, dossier: &Dossier, issue: &Issue) -> Result<Given, Error> {
        let stream = StreamId::site(dossier.site_id);
        let history = self.session.register.load_stream(&stream)?;
        let recorded_at: BTreeMap<EntryId, Timestamp> = history
            .iter()
            .map(|e| (e.entry.id, e.recorded_at))
            .collect();
        let of_progress = issue.progress.iter().flat_map(|p| &p.body.photo_pairs);
        let of_reports = issue.reports.iter().flat_map(|r| &r.body.photo_pairs);
        let pairs = of_progress.chain(of_reports);
        let elsewhere = pairs.filter_map(|pair| {
            let (before, after) = (
                self.prints.find(&pair.before)?,
                self.prints.find(&pair.after)?,
            );
            let seen = viewpoint::compare(&before, &after);
            (seen.grade == viewpoint::Grade::Different)
                .then(|| (pair.before.clone(), pair.after.clone()))
        });
        Ok(Given {
            recorded_at,
            elsewhere: elsewhere.collect(),
        })
    }
}

impl Corpus {
    /// Every file that was named as a picture, each once, in order of the log.
    fn photos(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let photos = self.pieces.iter().filter_map(|p| match &p.what {
            What::Photo { sha256, .. } => Some(sha256),
            What::Text { .. } => None,
        });
        photos
            .filter(|sha| seen.insert((*sha).clone()))
            .cloned()
            .collect()
    }
}
