//! A filled form comes in: kept as it came, waited for until its files are here, then recorded once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use domain::as_of::AsOf;
use domain::codes::SourceKind;
use domain::dossier::{Dossier, SiteState};
use domain::entries::{
    Basis, ClueBatchImported, ClueReceived, EvidenceRecorded, SiteAmended, SourcePlace,
    VerificationRecorded,
};
use domain::entry::{Entry, EntryBody};
use domain::ids::{BatchId, ClueId, EntryId, StreamId};
use domain::policy::Action;
use foreign::submission::{self, Submission};
use jiff::Timestamp;
use spatial::bounds::Limits;
use spatial::diagnostic::Diagnostic;

use super::body::{Named, Sheet};
use super::form::FORM_ID;
use super::waiting::WaitingForm;
use crate::amendments::has_set_outline;
use crate::error::Error;
use crate::evidence::{LARGEST_EVIDENCE, exif_of, media_type_of};
use crate::import::ImportKind;
use crate::messages::{Language, Messages};
use crate::session::Session;

/// Bytes of one request; clients split what is larger.
pub const LARGEST_SUBMISSION: usize = 100 << 20;
/// Bytes of the form itself.
const LARGEST_FORM: u64 = 4 << 20;
/// Elements of the form itself: a sheet has some hundred.
const MOST_ELEMENTS: u64 = 100_000;
/// Characters of somebody else's word as it is told back.
const LONGEST_SHOWN: usize = 80;
/// Bytes of one person's files that wait for the others of their forms.
const MOST_WAITING: u64 = 20 << 30;
/// Files of one form.
pub(super) const MOST_FILES: usize = 200;
/// Part of the request that is the form.
pub const FORM_PART: &str = "xml_submission_file";

/// 来件 — one part of a request, as a file on disk.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// Name of the part.
    pub part: String,
    /// Name of the file.
    pub name: String,
    pub path: PathBuf,
}

/// 收件情况 — what became of a filled form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is in the log now.
    Recorded,
    /// It was there before.
    Known,
    /// These of its files have not come.
    Waits(Vec<String>),
}

impl Session {
    /// Whether the actor sends filled forms at all; asked before a byte is taken.
    pub fn may_send_forms(&self) -> Result<(), Error> {
        self.may_somewhere(Action::Verify)
    }

    /// Takes in a filled form, or some of its files. What was answered is on disk.
    pub fn take_submission(
        &mut self,
        home: &Path,
        person_id: &str,
        arrived: &[Arrived],
    ) -> Result<Taken, Error> {
        self.may_send_forms()?;
        let (raw, submission) = self.read_form(arrived)?;
        if self.has_submission(&submission)? {
            return Ok(Taken::Known);
        }
        let sheet = Sheet {
            session: self,
            submission: &submission,
        };
        let named = sheet.files();
        if named.len() > MOST_FILES {
            let fault = Diagnostic::error("odk.too_many_files").arg("most", MOST_FILES);
            return Err(Error::rejected(fault));
        }
        let waiting = WaitingForm::of(home, person_id, &submission.instance_id);
        for file in arrived.iter().filter(|a| a.part != FORM_PART) {
            if named.iter().any(|n| n.file == file.name) {
                waiting.keep(&file.name, &file.path, MOST_WAITING)?;
            }
        }
        let names: Vec<String> = named.iter().map(|n| n.file.clone()).collect();
        let missing = waiting.missing(&names);
        if !missing.is_empty() {
            return Ok(Taken::Waits(missing));
        }
        self.record_submission(&submission, &raw, &named, &waiting)?;
        waiting.forget();
        Ok(Taken::Recorded)
    }

    /// The form itself; one of ours is kept as a file whatever becomes of it.
    fn read_form(&mut self, arrived: &[Arrived]) -> Result<(Raw, Submission), Error> {
        let form = arrived.iter().find(|a| a.part == FORM_PART);
        let form = form.ok_or_else(|| Error::rejected(Diagnostic::error("odk.no_form")))?;
        let read = |source| Error::Read {
            path: form.name.clone(),
            source,
        };
        let mut bytes = Vec::new();
        let file = File::open(&form.path).map_err(read)?;
        file.take(LARGEST_FORM + 1)
            .read_to_end(&mut bytes)
            .map_err(read)?;
        if bytes.len() as u64 > LARGEST_FORM {
            let fault = Diagnostic::error("foreign.too_large")
                .arg("what", "bytes")
                .arg("limit", LARGEST_FORM);
            return Err(Error::rejected(fault));
        }
        let limits = Limits {
            xml_elements: MOST_ELEMENTS,
            ..Limits::default()
        };
        let read = submission::read(&bytes, &limits);
        let submission = read.map_err(|e| Error::rejected(e.to_diagnostic()))?;
        if submission.form_id != FORM_ID {
            let form: String = submission.form_id.chars().take(LONGEST_SHOWN).collect();
            let fault = Diagnostic::error("odk.unknown_form").arg("form", form);
            return Err(Error::rejected(fault));
        }
        let blob = self
            .register
            .put_blob(&mut bytes.as_slice(), LARGEST_FORM)?;
        let raw = Raw {
            sha256: blob.sha256,
            size_bytes: blob.size_bytes,
        };
        Ok((raw, submission))
    }

    /// Whether the log holds this form already, as a verification or as a clue.
    fn has_submission(&self, submission: &Submission) -> Result<bool, Error> {
        let id = entry_id(submission, "verification");
        let clue = clue_id(submission);
        Ok(self.register.find_entry(id)?.is_some() || self.register.find_clue(clue)?.is_some())
    }

    fn record_submission(
        &mut self,
        submission: &Submission,
        raw: &Raw,
        named: &[Named],
        waiting: &WaitingForm,
    ) -> Result<(), Error> {
        let sheet = Sheet {
            session: self,
            submission,
        };
        let on = sheet.verified_on()?;
        let occurred_at = sheet.occurred_at(on);
        match sheet.is_new_place() {
            true => {
                let facts = sheet.clue_facts()?;
                let station = self.station_at(facts.shape.as_ref());
                self.may(Action::RecordPatrol, station.as_deref())?;
                let evidence = self.take_files(named, waiting)?;
                let clue = ClueReceived {
                    clue_id: clue_id(submission),
                    batch_id: batch_id(submission),
                    source_kind: SourceKind::FieldSurvey.code().to_owned(),
                    received_on: on,
                    place: SourcePlace {
                        file_name: raw.file_name(submission),
                        ..SourcePlace::default()
                    },
                    is_confidential: false,
                    facts,
                    carried_over: None,
                    determination: None,
                };
                self.record_clue(submission, raw, clue, evidence, occurred_at)
            }
            false => {
                let dossier = self.site_of(submission)?;
                self.may(Action::Verify, dossier.facts.station_id.as_deref())?;
                let evidence = self.take_files(named, waiting)?;
                self.record_verified(submission, raw, &dossier, evidence, occurred_at)
            }
        }
    }

    /// The site a form names; where it was merged meanwhile, the one it is now.
    fn site_of(&self, submission: &Submission) -> Result<Dossier, Error> {
        const LONGEST_LINEAGE: usize = 32;
        let code = submission.one("site").unwrap_or_default();
        if code.chars().count() > LONGEST_SHOWN {
            return Err(Error::NotFound {
                what: "site",
                name: code.chars().take(LONGEST_SHOWN).collect(),
            });
        }
        let mut dossier = self.load_dossier_by_code(code, AsOf::Now)?;
        for _ in 0..LONGEST_LINEAGE {
            let Some(next) = dossier.merged_into else {
                break;
            };
            dossier = self.register.load_dossier(next, AsOf::Now)?;
        }
        Ok(dossier)
    }

    fn station_at(&self, shape: Option<&domain::shape::Shape>) -> Option<String> {
        let geography = self.geography(AsOf::Now).ok()?;
        let located = shape.map(|s| geography.locate(&s.0));
        let station = located.and_then(|l| l.facts.station_id);
        station.or_else(|| self.actor.station_ids.first().cloned())
    }

    /// The files as blobs, with what their bytes say of them.
    fn take_files(
        &mut self,
        named: &[Named],
        waiting: &WaitingForm,
    ) -> Result<Vec<(Named, EvidenceRecorded)>, Error> {
        let mut taken = Vec::with_capacity(named.len());
        for file in named {
            let body = self.take_evidence(file, &waiting.file(&file.file))?;
            taken.push((file.clone(), body));
        }
        Ok(taken)
    }

    fn take_evidence(&mut self, named: &Named, path: &Path) -> Result<EvidenceRecorded, Error> {
        let read = |source| Error::Read {
            path: named.file.clone(),
            source,
        };
        let mut content = File::open(path).map_err(read)?;
        let mut head = Vec::new();
        (&mut content)
            .take(4096)
            .read_to_end(&mut head)
            .map_err(read)?;
        let media_type = media_type_of(&head, &named.file).ok_or_else(|| {
            Error::rejected(Diagnostic::error("evidence.kind").arg("name", &named.file))
        })?;
        content.rewind().map_err(read)?;
        let exif = exif_of(&mut BufReader::new(&content));
        content.rewind().map_err(read)?;
        let blob = self.register.put_blob(&mut content, LARGEST_EVIDENCE)?;
        Ok(EvidenceRecorded {
            sha256: blob.sha256,
            size_bytes: blob.size_bytes,
            file_name: crate::import::plain_name(&named.file),
            media_type: media_type.to_owned(),
            note: named.note.as_deref().map(|n| n.chars().take(500).collect()),
            taken_at: exif.taken_at,
            lon: exif.lon,
            lat: exif.lat,
            azimuth_deg: exif.azimuth_deg,
            device: exif.device,
            view: self.known_code("shot", named.view.as_deref())?,
            ..EvidenceRecorded::default()
        })
    }

    fn record_verified(
        &mut self,
        submission: &Submission,
        raw: &Raw,
        dossier: &Dossier,
        evidence: Vec<(Named, EvidenceRecorded)>,
        occurred_at: Timestamp,
    ) -> Result<(), Error> {
        let hashes = hashes_of(&evidence);
        let sheet = Sheet {
            session: self,
            submission,
        };
        let body = sheet.verification(&hashes)?;
        if let Some(refusal) = self.refusal_of(dossier.state.code(), &body) {
            return Err(Error::rejected(refusal));
        }
        let saying = Saying {
            session: self,
            submission,
            stream: StreamId::site(dossier.site_id),
            occurred_at,
        };
        let mut entries = vec![saying.entry("form", raw.evidence(submission))];
        for (named, body) in evidence {
            entries.push(saying.entry(&format!("file {}", named.file), body));
        }
        let measured = self.measured_of_form(&body, dossier)?;
        entries.push(saying.entry("verification", body));
        entries.extend(measured.map(|m| saying.entry("overlay", m)));
        self.append_checked(&entries, dossier).map(drop)
    }

    /// What follows from an outline walked on the spot, which outweighs what anybody stated; nothing where a person set the
    /// one that stands. Whoever verifies in one station draws no outline in another.
    fn measured_of_form(
        &self,
        body: &VerificationRecorded,
        dossier: &Dossier,
    ) -> Result<Option<SiteAmended>, Error> {
        let Some(outline) = &body.facts.shape else {
            return Ok(None);
        };
        let facts = self.located(outline)?;
        if let Some(station) = &facts.station_id
            && Some(station) != dossier.facts.station_id.as_ref()
        {
            self.may(Action::Verify, Some(station.as_str()))?;
        }
        Ok((!has_set_outline(dossier)).then_some(SiteAmended {
            basis: Basis::Overlay,
            facts,
        }))
    }

    fn record_clue(
        &mut self,
        submission: &Submission,
        raw: &Raw,
        clue: ClueReceived,
        evidence: Vec<(Named, EvidenceRecorded)>,
        occurred_at: Timestamp,
    ) -> Result<(), Error> {
        let saying = Saying {
            session: self,
            submission,
            stream: StreamId::clue_batch(clue.batch_id),
            occurred_at,
        };
        let batch = ClueBatchImported {
            batch_id: clue.batch_id,
            import_kind: ImportKind::FieldReports.code().to_owned(),
            source_kind: Some(clue.source_kind.clone()),
            file_name: raw.file_name(submission),
            sha256: raw.sha256.clone(),
            size_bytes: raw.size_bytes,
            sender: None,
            document_number: None,
            received_on: clue.received_on,
            rows_read: 1,
            rows_taken: 1,
            rows_refused: 0,
            mapping: None,
            site_codes: Vec::new(),
            diagnostics: BTreeMap::new(),
        };
        let mut entries = vec![
            saying.entry("batch", batch),
            saying.entry("clue", clue.clone()),
        ];
        let landed = crate::import::land_report(self, &clue)?;
        let site = landed.iter().find_map(|e| match &e.body {
            EntryBody::ClueLinked(_) => e.stream.as_site(),
            _ => None,
        });
        entries.extend(landed);
        // What it shows stands where people look for it: on its site, else beside the clue that waits.
        let saying = Saying {
            stream: site.map_or(saying.stream, StreamId::site),
            ..saying
        };
        let hashes = hashes_of(&evidence);
        for (named, body) in evidence {
            let body = EvidenceRecorded {
                clue_id: Some(clue.clue_id),
                ..body
            };
            entries.push(saying.entry(&format!("file {}", named.file), body));
        }
        if let Some(site) = site {
            let known = self.register.find_dossier(site, AsOf::Now)?;
            if let Some(body) = self.verified_too(submission, known.as_ref(), &hashes)? {
                // A site that is founded here is measured as the clue lies.
                let measured = known.map(|d| self.measured_of_form(&body, &d));
                entries.push(saying.entry("verification", body));
                let measured = measured.transpose()?.flatten();
                entries.extend(measured.map(|m| saying.entry("overlay", m)));
            }
        }
        self.register.append(&entries, self.now)?;
        Ok(())
    }

    /// The sheet as a verification of the site that the place came to be, where the flow allows it.
    fn verified_too(
        &self,
        submission: &Submission,
        known: Option<&Dossier>,
        hashes: &BTreeMap<String, String>,
    ) -> Result<Option<VerificationRecorded>, Error> {
        let sheet = Sheet {
            session: self,
            submission,
        };
        let body = sheet.verification(hashes)?;
        let state = known.map_or(SiteState::AwaitingVerification, |d| d.state);
        let refusal = self.refusal_of(state.code(), &body);
        Ok(Some(body).filter(|_| refusal.is_none()))
    }
}

/// Hashes of files by their names in the form.
fn hashes_of(evidence: &[(Named, EvidenceRecorded)]) -> BTreeMap<String, String> {
    let hash =
        |(named, body): &(Named, EvidenceRecorded)| (named.file.clone(), body.sha256.clone());
    evidence.iter().map(hash).collect()
}

/// The form as a file of the register.
struct Raw {
    sha256: String,
    size_bytes: u64,
}

impl Raw {
    fn file_name(&self, submission: &Submission) -> String {
        let id = submission.instance_id.trim_start_matches("uuid:");
        crate::import::plain_name(&format!("{id}.xml"))
    }

    fn evidence(&self, submission: &Submission) -> EvidenceRecorded {
        let messages = Messages::load(Language::Chinese);
        EvidenceRecorded {
            sha256: self.sha256.clone(),
            size_bytes: self.size_bytes,
            file_name: self.file_name(submission),
            media_type: "text/plain".to_owned(),
            note: Some(messages.text("odk.form_as_sent", &[])),
            ..EvidenceRecorded::default()
        }
    }
}

/// Entries of one form on one stream; their ids follow from the form's own and from the part.
struct Saying<'a> {
    session: &'a Session,
    submission: &'a Submission,
    stream: StreamId,
    occurred_at: Timestamp,
}

impl Saying<'_> {
    fn entry(&self, part: &str, body: impl Into<EntryBody>) -> Entry {
        Entry {
            id: entry_id(self.submission, part),
            stream: self.stream.clone(),
            based_on: None,
            body: body.into(),
            author: self.session.author(),
            occurred_at: self.occurred_at,
            clocks: None,
            stamp: None,
        }
    }
}

fn entry_id(submission: &Submission, part: &str) -> EntryId {
    let seed: [&[u8]; 3] = [b"odk", submission.instance_id.as_bytes(), part.as_bytes()];
    EntryId::derived(super::beginning(), &seed)
}

fn clue_id(submission: &Submission) -> ClueId {
    ClueId::derived(
        super::beginning(),
        &[b"odk", submission.instance_id.as_bytes()],
    )
}

fn batch_id(submission: &Submission) -> BatchId {
    BatchId::derived(
        super::beginning(),
        &[b"odk", submission.instance_id.as_bytes()],
    )
}
