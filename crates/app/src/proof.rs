//! 验真 — whether and when the register took a file, shown so that nobody has to be believed.

use std::io::Read;
use std::path::Path;

use domain::as_of::AsOf;
use domain::entries::EvidenceRecorded;
use domain::entry::{EntryBody, RecordedEntry, Stamp};
use domain::ids::{DeviceId, SiteId, StreamId};
use domain::policy::Action;
use jiff::Timestamp;
use register::{EntryFilter, Register};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::atlas::Atlases;
use crate::error::Error;
use crate::session::Session;

/// 举证证明 — that a file was taken, and when: hashes and times, no word of whose or where.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EvidenceProof {
    pub sha256: String,
    pub seq: u64,
    pub recorded_at: Timestamp,
    pub leaf_hash: String,
    pub log_size: u64,
    pub root_hash: String,
    /// RFC 6962 proof of inclusion.
    pub proof: Vec<String>,
    pub checkpoint: String,
    /// For those who may read the site: the entry as the log covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The enrolment of the phone that signed it, as the log covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub device_proof: Vec<String>,
    /// What the log says of that phone being out of hand; whoever shows a proof may leave it out, the register does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<LockProof>,
}

/// 锁定证明 — an entry that locked the phone, as the log covers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LockProof {
    pub entry: String,
    pub proof: Vec<String>,
}

/// 验真结果 — one entry that names the file, and what of it was proved.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    pub sha256: String,
    pub seq: u64,
    pub recorded_at: Timestamp,
    pub occurred_at: Timestamp,
    pub actor: String,
    pub role: String,
    pub unit: String,
    pub file_name: String,
    pub size_bytes: u64,
    pub log_size: u64,
    /// Phone that signed it; nothing where the entry was made at a desk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// By how much the phone's clock was ahead of the register's when it was taken, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy_m: Option<f64>,
    /// Whether it claims a time at which the phone was out of hand, or came after it was lost or stolen.
    pub is_after_lock: bool,
    /// Whether what the camera wrote into the file is what the entry says of it.
    pub is_exif_as_stated: bool,
}

fn broken(code: &'static str) -> Error {
    Error::rejected(Diagnostic::error(code))
}

/// SHA-256 of a file.
pub fn hash_file(path: &Path) -> Result<String, Error> {
    let unread = |source| Error::Read {
        path: path.display().to_string(),
        source,
    };
    let mut file = std::fs::File::open(path).map_err(unread)?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0u8; 1 << 16]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(crate::hex(&hash.finalize())),
            Ok(read) => hash.update(&buffer[..read]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(unread(e)),
        }
    }
}

/// Entries that take a file in, as evidence or as a track, in the order of the log.
fn takings(register: &Register, sha256: &str) -> Result<Vec<RecordedEntry>, Error> {
    let mut found = Vec::new();
    let filter = EntryFilter {
        kinds: &["evidence.recorded", "track.recorded"],
        ..EntryFilter::default()
    };
    register.entries::<Error>(&filter, |entry| {
        if taken_by(&entry) == Some(sha256) {
            found.push(entry);
        }
        Ok(())
    })?;
    Ok(found)
}

/// The same of sites, by the atlas: no log is read from end to end for anybody's question.
fn takings_of_sites(
    register: &Register,
    atlases: &Atlases,
    sha256: &str,
) -> Result<Vec<RecordedEntry>, Error> {
    let sites: Vec<SiteId> = {
        let atlas = atlases.read(register, AsOf::Now)?;
        let rows = atlas.sites.rows_of_evidence(sha256).iter();
        rows.map(|row| atlas.sites.site_id(*row)).collect()
    };
    let mut found = Vec::new();
    for site in sites {
        let entries = register.load_stream(&StreamId::site(site))?.into_iter();
        found.extend(entries.filter(|e| evidence_of(e).is_some_and(|b| b.sha256 == sha256)));
    }
    found.sort_by_key(|e| e.seq);
    Ok(found)
}

fn evidence_of(entry: &RecordedEntry) -> Option<&EvidenceRecorded> {
    match &entry.entry.body {
        EntryBody::EvidenceRecorded(body) => Some(body),
        _ => None,
    }
}

/// The file that an entry takes in.
fn taken_by(entry: &RecordedEntry) -> Option<&str> {
    match &entry.entry.body {
        EntryBody::EvidenceRecorded(body) => Some(&body.sha256),
        EntryBody::TrackRecorded(body) => Some(&body.sha256),
        _ => None,
    }
}

fn stored(register: &Register, entry: &RecordedEntry) -> Result<Vec<u8>, Error> {
    let bytes = register.find_stored(entry.entry.id)?;
    bytes.ok_or_else(|| broken("verify.entry_missing"))
}

/// The enrolment of a device, if the log has it.
fn enrolment(register: &Register, device: DeviceId) -> Result<Option<RecordedEntry>, Error> {
    let entries = register.load_stream(&StreamId::device(device))?;
    let is_enrolment = |e: &RecordedEntry| matches!(e.entry.body, EntryBody::DeviceEnrolled(_));
    Ok(entries.into_iter().find(is_enrolment))
}

/// What the log says of a device being out of hand, proved in a log of a size.
fn locks(register: &Register, device: DeviceId, size: u64) -> Result<Vec<LockProof>, Error> {
    let mut found = Vec::new();
    for entry in register.load_stream(&StreamId::device(device))? {
        if !matches!(entry.entry.body, EntryBody::DeviceLocked(_)) || entry.seq >= size {
            continue;
        }
        let bytes = stored(register, &entry)?;
        found.push(LockProof {
            entry: String::from_utf8(bytes).map_err(Error::internal)?,
            proof: hexes(register.inclusion_proof(entry.seq, size)?),
        });
    }
    Ok(found)
}

fn hexes(proof: Vec<[u8; 32]>) -> Vec<String> {
    proof.iter().map(|h| crate::hex(h)).collect()
}

/// The proof of the first entry that took a file in.
fn prove(
    register: &Register,
    entry: &RecordedEntry,
    is_full: bool,
) -> Result<EvidenceProof, Error> {
    let checkpoint = register.checkpoint()?;
    let key = &register.opened().verifier_key;
    let signed = register::open_checkpoint(&checkpoint, key);
    let (size, root) = signed.ok_or_else(|| broken("verify.checkpoint"))?;
    let bytes = stored(register, entry)?;
    let (_, leaf) = register::leaf_of(&bytes).ok_or_else(|| broken("verify.entry_missing"))?;
    let sha256 = taken_by(entry).unwrap_or_default().to_owned();
    let mut proof = EvidenceProof {
        sha256,
        seq: entry.seq,
        recorded_at: entry.recorded_at,
        leaf_hash: crate::hex(&leaf),
        log_size: size,
        root_hash: crate::hex(&root),
        proof: hexes(register.inclusion_proof(entry.seq, size)?),
        checkpoint,
        entry: None,
        device: None,
        device_proof: Vec::new(),
        locks: Vec::new(),
    };
    if is_full {
        proof.entry = Some(String::from_utf8(bytes).map_err(Error::internal)?);
        let device = entry.entry.stamp.as_ref().map(|s| s.device_id);
        if let Some(enrolled) = device
            .map(|d| enrolment(register, d))
            .transpose()?
            .flatten()
        {
            let bytes = stored(register, &enrolled)?;
            proof.device = Some(String::from_utf8(bytes).map_err(Error::internal)?);
            proof.device_proof = hexes(register.inclusion_proof(enrolled.seq, size)?);
        }
        if let Some(device) = device {
            proof.locks = locks(register, device, size)?;
        }
    }
    Ok(proof)
}

fn not_taken() -> Error {
    broken("evidence.not_taken")
}

/// The proof of a file for anybody who knows its hash, and so has it: hashes and times alone.
pub fn prove_evidence(
    register: &Register,
    atlases: &Atlases,
    sha256: &str,
) -> Result<EvidenceProof, Error> {
    let found = takings_of_sites(register, atlases, sha256)?;
    let first = found.first().ok_or_else(not_taken)?;
    prove(register, first, false)
}

impl Session {
    /// The proof with the entries themselves, for those who may read the site; good without any register.
    pub fn prove_evidence_in_full(
        &self,
        atlases: &Atlases,
        sha256: &str,
    ) -> Result<EvidenceProof, Error> {
        for entry in takings_of_sites(&self.register, atlases, sha256)? {
            let site = entry.entry.stream.as_site();
            let dossier = site
                .map(|s| self.register.load_dossier(s, AsOf::Now))
                .transpose()?;
            let station = dossier.and_then(|d| d.facts.station_id);
            if self.sees(Action::ReadLedgers, station.as_deref()) {
                return prove(&self.register, &entry, true);
            }
        }
        Err(not_taken())
    }
}

/// Verifies a file against a register: every entry that names it, its place in the log, its stamp.
pub fn verify_file(register: &Register, path: &Path) -> Result<Vec<Verified>, Error> {
    let sha256 = hash_file(path)?;
    let key = register.opened().verifier_key.clone();
    let mut verified = Vec::new();
    for entry in takings(register, &sha256)? {
        let proof = prove(register, &entry, true)?;
        verified.push(verify_proof(path, &proof, &key)?);
    }
    match verified.is_empty() {
        true => Err(not_taken()),
        false => Ok(verified),
    }
}

/// Verifies a file by a proof and the key of the register's node alone; no register and no network is asked.
pub fn verify_proof(
    path: &Path,
    proof: &EvidenceProof,
    verifier_key: &str,
) -> Result<Verified, Error> {
    let text = proof
        .entry
        .as_deref()
        .ok_or_else(|| broken("verify.no_entry"))?;
    let entry: RecordedEntry = serde_json::from_str(text)
        .ok()
        .ok_or_else(|| broken("verify.entry_unreadable"))?;
    let sha256 = hash_file(path)?;
    if taken_by(&entry) != Some(&sha256) {
        return Err(not_taken());
    }
    let size_bytes = check_file(path, &entry)?;
    let signed = register::open_checkpoint(&proof.checkpoint, verifier_key);
    let log = signed.ok_or_else(|| broken("verify.checkpoint"))?;
    check_in_log(text.as_bytes(), &proof.proof, log)?;
    let stamp = entry.entry.stamp.as_ref();
    let mut is_after_lock = false;
    if let Some(stamp) = stamp {
        check_stamp(text, &entry, stamp, proof, log)?;
        is_after_lock = is_out_of_hand(&entry, stamp, proof, log)?;
    }
    let body = evidence_of(&entry);
    let capture = body.and_then(|b| b.capture.as_ref());
    let own = |place: fn(&EvidenceRecorded) -> Option<f64>| body.and_then(place);
    let clocks = entry.entry.clocks.as_ref().filter(|_| stamp.is_some());
    Ok(Verified {
        seq: entry.seq,
        recorded_at: entry.recorded_at,
        occurred_at: entry.entry.occurred_at,
        actor: entry.entry.author.actor.clone(),
        role: entry.entry.author.role.clone(),
        unit: entry.entry.author.unit.clone(),
        file_name: body.map_or_else(|| name_of(path), |b| b.file_name.clone()),
        size_bytes,
        log_size: log.0,
        device_id: stamp.map(|s| s.device_id.to_string()),
        drift_s: clocks.and_then(drift_s),
        lon: capture.and_then(|c| c.lon).or(own(|b| b.lon)),
        lat: capture.and_then(|c| c.lat).or(own(|b| b.lat)),
        accuracy_m: capture.and_then(|c| c.accuracy_m),
        is_after_lock,
        is_exif_as_stated: body.map_or(Ok(true), |b| is_exif_as_stated(path, b))?,
        sha256,
    })
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The file's size; what the entry says of size and kind has to be so.
fn check_file(path: &Path, entry: &RecordedEntry) -> Result<u64, Error> {
    let unread = |source| Error::Read {
        path: path.display().to_string(),
        source,
    };
    let mut file = std::fs::File::open(path).map_err(unread)?;
    let size = file.metadata().map_err(unread)?.len();
    let Some(body) = evidence_of(entry) else {
        return Ok(size);
    };
    let mut head = Vec::new();
    (&mut file)
        .take(4096)
        .read_to_end(&mut head)
        .map_err(unread)?;
    let kind = crate::evidence::media_type_of(&head, &body.file_name);
    // Browsers name sounds, films and tracks in many ways: what is told apart is whether it is a picture.
    let is_picture = |kind: &str| kind.starts_with("image/");
    let is_kind = kind.is_none_or(|kind| is_picture(kind) == is_picture(&body.media_type));
    match body.size_bytes == size && is_kind {
        true => Ok(size),
        false => Err(broken("verify.other_file")),
    }
}

/// How far the phone's clock stood from what the register's clock and the page's counter say.
fn drift_s(clocks: &domain::entry::Clocks) -> Option<i64> {
    let contact = clocks.contact_at?;
    let ran = i64::try_from(clocks.monotonic_ms?).ok()?;
    let device = clocks.device.as_millisecond();
    let drift = device.saturating_sub(contact.as_millisecond());
    Some(drift.saturating_sub(ran) / 1_000)
}

/// Leaf, proof and root: whether the bytes are in the log that the checkpoint signs.
fn check_in_log(bytes: &[u8], proof: &[String], log: (u64, [u8; 32])) -> Result<(), Error> {
    let (seq, leaf) = register::leaf_of(bytes).ok_or_else(|| broken("verify.entry_unreadable"))?;
    let hash = |text: &String| -> Option<[u8; 32]> { crate::unhex(text)?.try_into().ok() };
    let hashes: Option<Vec<[u8; 32]>> = proof.iter().map(hash).collect();
    let hashes = hashes.ok_or_else(|| broken("verify.not_in_log"))?;
    match register::root_of_proof(leaf, seq, log.0, &hashes) == Some(log.1) {
        true => Ok(()),
        false => Err(broken("verify.not_in_log")),
    }
}

/// The signature, the phone's enrolment before the entry, and that it was enrolled for whoever made the entry.
fn check_stamp(
    text: &str,
    entry: &RecordedEntry,
    stamp: &Stamp,
    proof: &EvidenceProof,
    log: (u64, [u8; 32]),
) -> Result<(), Error> {
    let told = proof
        .device
        .as_deref()
        .ok_or_else(|| broken("verify.device_unknown"))?;
    let device: RecordedEntry = serde_json::from_str(told)
        .ok()
        .ok_or_else(|| broken("verify.device_unknown"))?;
    check_in_log(told.as_bytes(), &proof.device_proof, log)?;
    let EntryBody::DeviceEnrolled(enrolled) = &device.entry.body else {
        return Err(broken("verify.device_unknown"));
    };
    if enrolled.device_id != stamp.device_id || device.seq >= entry.seq {
        return Err(broken("verify.device_unknown"));
    }
    if enrolled.person_id != entry.entry.author.actor {
        return Err(broken("verify.other_person"));
    }
    match register::is_stamped(text.as_bytes(), stamp, &enrolled.public_key) {
        true => Ok(()),
        false => Err(broken("verify.bad_stamp")),
    }
}

/// Whether the phone was out of hand at the time that the entry claims, or was lost or stolen when the entry came.
fn is_out_of_hand(
    entry: &RecordedEntry,
    stamp: &Stamp,
    proof: &EvidenceProof,
    log: (u64, [u8; 32]),
) -> Result<bool, Error> {
    for told in &proof.locks {
        let lock: RecordedEntry = serde_json::from_str(&told.entry)
            .ok()
            .ok_or_else(|| broken("verify.entry_unreadable"))?;
        check_in_log(told.entry.as_bytes(), &told.proof, log)?;
        let EntryBody::DeviceLocked(body) = &lock.entry.body else {
            continue;
        };
        let since = body.since.unwrap_or(lock.recorded_at).min(lock.recorded_at);
        let is_stranger = crate::field::OUT_OF_HAND.contains(&body.reason.as_str());
        let is_after =
            entry.entry.occurred_at >= since || (is_stranger && entry.recorded_at >= since);
        if body.device_id == stamp.device_id && is_after {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the entry says of the camera is what the camera wrote; an entry that says nothing contradicts nothing.
fn is_exif_as_stated(path: &Path, body: &EvidenceRecorded) -> Result<bool, Error> {
    let file = std::fs::File::open(path).map_err(|source| Error::Read {
        path: path.display().to_string(),
        source,
    })?;
    let exif = crate::evidence::exif_of(&mut std::io::BufReader::new(file));
    let agrees =
        |stated: &Option<String>, found: &Option<String>| stated.is_none() || stated == found;
    Ok(agrees(&body.taken_at, &exif.taken_at) && agrees(&body.device, &exif.device))
}
