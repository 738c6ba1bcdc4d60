//! 证据 — files taken in for a site: by what their bytes are, with what the camera wrote; thumbnails; and who may see a file.

use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;

use domain::as_of::AsOf;
use domain::dossier::Dossier;
use domain::entries::EvidenceRecorded;
use domain::ids::{SiteId, StreamId};
use domain::issue::{self, Issue};
use domain::policy::{self, Action};
use serde::Serialize;
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::amendments::{ReceiptView, nothing_appended};
use crate::atlas::{Atlases, SiteFilter};
use crate::dossier_page::ExifView;
use crate::error::Error;
use crate::session::Session;

/// 证据回执 — the file's name in the register, and the entry's place.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EvidenceAdded {
    pub sha256: String,
    pub size_bytes: u64,
    pub media_type: String,
    pub exif: ExifView,
    pub receipt: ReceiptView,
}

/// What somebody does on an open issue that needs files.
const WORK: [Action; 9] = [
    Action::DraftPlan,
    Action::ReportProgress,
    Action::EvidenceCompletion,
    Action::ReportRectification,
    Action::AcceptCounty,
    Action::Determine,
    Action::PublishNotice,
    Action::AnswerUrging,
    Action::RecordPenalty,
];

/// Evidence files larger than this are refused.
pub const LARGEST_EVIDENCE: u64 = 200 << 20;
/// Photos are decoded up to so many bytes of pixels.
const MOST_PIXEL_BYTES: u64 = 400 << 20;

/// Kinds that are taken, by their first bytes.
const KINDS: [(&str, usize, &[u8]); 15] = [
    ("image/jpeg", 0, b"\xff\xd8\xff"),
    ("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    ("image/webp", 8, b"WEBP"),
    ("image/tiff", 0, b"II*\0"),
    ("image/tiff", 0, b"MM\0*"),
    ("application/pdf", 0, b"%PDF-"),
    ("video/mp4", 4, b"ftyp"),
    ("application/zip", 0, b"PK\x03\x04"),
    ("application/x-ole-storage", 0, b"\xd0\xcf\x11\xe0"),
    ("image/gif", 0, b"GIF8"),
    ("video/webm", 0, b"\x1a\x45\xdf\xa3"),
    ("audio/mpeg", 0, b"ID3"),
    ("audio/ogg", 0, b"OggS"),
    ("audio/wav", 8, b"WAVE"),
    ("audio/amr", 0, b"#!AMR"),
];

/// What a file is, by its first bytes; texts by being text; `None` for what is not taken.
pub fn media_type_of(head: &[u8], name: &str) -> Option<&'static str> {
    let by_bytes = KINDS
        .iter()
        .find(|(_, at, magic)| head.get(*at..*at + magic.len()) == Some(*magic));
    if let Some((kind, ..)) = by_bytes {
        let low = name.to_lowercase();
        return Some(match (*kind, low.rsplit('.').next().unwrap_or("")) {
            ("application/zip", "xlsx") => {
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            }
            ("application/zip", "docx") => {
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
            }
            ("video/mp4", "heic" | "heif") => "image/heic",
            // Films and voices come in the same boxes; what phones call a voice is one.
            ("video/mp4", "m4a") => "audio/mp4",
            ("video/mp4", "mov") => "video/quicktime",
            ("video/webm", "weba") => "audio/webm",
            (kind, _) => kind,
        });
    }
    let low = name.to_lowercase();
    let is_text = std::str::from_utf8(head).is_ok() && !head.contains(&0);
    let ending = low.rsplit('.').next().unwrap_or("");
    match (is_text, ending) {
        (true, "svg") => Some("image/svg+xml"),
        (true, "html" | "htm") => Some("text/html"),
        (true, "txt" | "csv" | "gpx" | "kml" | "geojson" | "json" | "xml") => Some("text/plain"),
        _ => None,
    }
}

/// Kinds a browser may show in place; everything else is only ever saved.
pub fn is_shown(media_type: &str) -> bool {
    matches!(
        media_type,
        "image/jpeg"
            | "image/png"
            | "image/webp"
            | "image/gif"
            | "video/mp4"
            | "video/webm"
            | "audio/mp4"
            | "audio/mpeg"
            | "audio/ogg"
            | "audio/wav"
            | "audio/webm"
    )
}

impl Session {
    /// Whether evidence may be added to a site; asked before a byte is taken.
    pub fn may_add_evidence(&self, code: &str) -> Result<(), Error> {
        self.site_for_evidence(code).map(drop)
    }

    /// A site to which the actor may add evidence: who verifies it, and who works on, accepts or looks back at an issue of it.
    fn site_for_evidence(&self, code: &str) -> Result<Dossier, Error> {
        let read = self.load_dossier_by_code(code, AsOf::Now);
        let (dossier, refused) = match read {
            Ok(dossier) => {
                let station = dossier.facts.station_id.as_deref();
                match self.may(Action::Verify, station) {
                    Ok(()) => return Ok(dossier),
                    Err(refused) => (dossier, refused),
                }
            }
            Err(unseen) => match self.register.find_site_by_code(code)? {
                Some(site) => (self.register.load_dossier(site, AsOf::Now)?, unseen),
                None => return Err(unseen),
            },
        };
        let works = dossier.issues.iter().any(|i| self.works_on(&dossier, i));
        works.then_some(dossier).ok_or(refused)
    }

    fn works_on(&self, dossier: &Dossier, issue: &Issue) -> bool {
        let actions: &[Action] = match issue.is_closed() {
            true => &[Action::LookBack],
            false => &WORK,
        };
        let resource = self.issue_resource(dossier, issue);
        let mut scopes = actions.iter().map(|a| policy::scope_of(&self.actor, *a));
        scopes.any(|scope| scope.covers(&resource))
    }

    /// Takes a file in as evidence of a site.
    pub fn add_evidence(
        &mut self,
        code: &str,
        file: &Path,
        file_name: &str,
        note: Option<&str>,
    ) -> Result<EvidenceAdded, Error> {
        let dossier = self.site_for_evidence(code)?;
        let read = |source| Error::Read {
            path: file_name.to_owned(),
            source,
        };
        let mut content = std::fs::File::open(file).map_err(read)?;
        let mut head = Vec::new();
        (&mut content)
            .take(4096)
            .read_to_end(&mut head)
            .map_err(read)?;
        let media_type = media_type_of(&head, file_name).ok_or_else(|| {
            Error::rejected(Diagnostic::error("evidence.kind").arg("name", file_name))
        })?;
        content.rewind().map_err(read)?;
        let exif = exif_of(&mut BufReader::new(&content));
        content.rewind().map_err(read)?;
        let blob = self.register.put_blob(&mut content, LARGEST_EVIDENCE)?;
        let body = EvidenceRecorded {
            sha256: blob.sha256.clone(),
            size_bytes: blob.size_bytes,
            file_name: crate::import::plain_name(file_name),
            media_type: media_type.to_owned(),
            note: note
                .map(str::trim)
                .filter(|n| !n.is_empty())
                .map(|n| n.chars().take(500).collect()),
            taken_at: exif.taken_at.clone(),
            lon: exif.lon,
            lat: exif.lat,
            azimuth_deg: exif.azimuth_deg,
            device: exif.device.clone(),
            ..EvidenceRecorded::default()
        };
        let entry = self.dated_entry(StreamId::site(dossier.site_id), body)?;
        let receipts = self.append_checked(&[entry], &dossier)?;
        let receipt = receipts.first().map(ReceiptView::of);
        let receipt = receipt.ok_or_else(nothing_appended)?;
        Ok(EvidenceAdded {
            sha256: blob.sha256,
            size_bytes: blob.size_bytes,
            media_type: media_type.to_owned(),
            exif,
            receipt,
        })
    }

    /// A file of a site the actor may read, with its kind and name.
    pub fn open_evidence(
        &self,
        code: &str,
        sha256: &str,
    ) -> Result<(std::fs::File, String, String), Error> {
        let dossier = self.load_dossier_by_code(code, AsOf::Now)?;
        let (media_type, name) = named(&dossier, sha256).ok_or_else(|| Error::NotFound {
            what: "evidence",
            name: sha256.to_owned(),
        })?;
        let file = self.register.open_blob(sha256)?;
        Ok((file, media_type, name))
    }

    /// A file that is evidence of any site the actor may read.
    pub fn open_blob(
        &self,
        atlases: &Atlases,
        sha256: &str,
    ) -> Result<(std::fs::File, String, String), Error> {
        let missing = || Error::NotFound {
            what: "evidence",
            name: sha256.to_owned(),
        };
        let code = {
            let atlas = self.atlas(atlases, AsOf::Now)?;
            let eyes = self.eyes(&atlas.sites);
            let filter = SiteFilter::default();
            let rows = atlas.sites.rows_of_evidence(sha256).iter();
            let row = rows
                .copied()
                .find(|r| atlas.sites.matches(*r, &filter, &eyes));
            match row {
                Some(row) => atlas.sites.site_code(row).to_owned(),
                None => {
                    let sites = atlas.sites.rows_of_evidence(sha256).iter();
                    let sites: Vec<SiteId> = sites.map(|r| atlas.sites.site_id(*r)).collect();
                    drop(atlas);
                    let found = match self.open_of_own_issue(&sites, sha256)? {
                        Some(found) => Some(found),
                        None => self.open_of_patrols(atlases, sha256)?,
                    };
                    return found.ok_or_else(missing);
                }
            }
        };
        self.open_evidence(&code, sha256)
    }

    /// A file that an issue names for which the actor's unit answers.
    fn open_of_own_issue(
        &self,
        sites: &[SiteId],
        sha256: &str,
    ) -> Result<Option<(std::fs::File, String, String)>, Error> {
        let scope = policy::scope_of(&self.actor, Action::ReadLedgers);
        if !matches!(scope, policy::Scope::ResponsibleUnit(_)) {
            return Ok(None);
        }
        for site in sites {
            let dossier = self.register.load_dossier(*site, AsOf::Now)?;
            let own = |id| {
                let issue = dossier.find_issue(id)?;
                let resource = self.issue_resource(&dossier, issue);
                scope.covers(&resource).then_some(())
            };
            let entries = self.register.load_stream(&StreamId::site(*site))?;
            let is_named = entries.iter().map(|e| &e.entry.body).any(|body| {
                let names = issue::named_blobs(body).contains(&sha256);
                names && issue::issue_of(body).and_then(own).is_some()
            });
            if let Some((media_type, name)) = named(&dossier, sha256).filter(|_| is_named) {
                let file = self.register.open_blob(sha256)?;
                return Ok(Some((file, media_type, name)));
            }
        }
        Ok(None)
    }

    /// A small copy of a photo as JPEG.
    pub fn thumbnail(&self, atlases: &Atlases, sha256: &str, size: u32) -> Result<Vec<u8>, Error> {
        let (file, media_type, name) = self.open_blob(atlases, sha256)?;
        let fault = || Error::rejected(Diagnostic::error("evidence.no_picture").arg("name", &name));
        if !media_type.starts_with("image/") {
            return Err(fault());
        }
        small_copy(file, size).ok_or_else(fault)
    }
}

/// A small copy of a picture as JPEG; nothing where it cannot be drawn within bounds.
pub(crate) fn small_copy(file: std::fs::File, size: u32) -> Option<Vec<u8>> {
    let mut reader = image::ImageReader::new(BufReader::new(file))
        .with_guessed_format()
        .ok()?;
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(MOST_PIXEL_BYTES);
    reader.limits(limits);
    let small = reader.decode().ok()?.thumbnail(size, size).to_rgb8();
    let mut out = Cursor::new(Vec::new());
    small.write_to(&mut out, image::ImageFormat::Jpeg).ok()?;
    Some(out.into_inner())
}

fn named(dossier: &Dossier, sha256: &str) -> Option<(String, String)> {
    let uploaded = dossier.evidence.iter().find(|e| e.body.sha256 == sha256);
    if let Some(e) = uploaded {
        return Some((e.body.media_type.clone(), e.body.file_name.clone()));
    }
    let is_of_verification = dossier
        .verifications
        .iter()
        .any(|v| v.body.evidence.iter().any(|s| s == sha256));
    let short = sha256.get(..12).unwrap_or(sha256);
    is_of_verification.then(|| ("application/octet-stream".to_owned(), short.to_owned()))
}

/// What the camera wrote; nothing where there is nothing, or it cannot be read.
pub(crate) fn exif_of<R: Read + std::io::BufRead + Seek>(content: &mut R) -> ExifView {
    use exif::{In, Tag, Value};
    let Ok(exif) = exif::Reader::new().read_from_container(content) else {
        return ExifView::default();
    };
    let text = |tag| match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(all) => {
            let bytes = all.first()?;
            let text = String::from_utf8_lossy(bytes);
            let text = text.trim_matches(char::from(0)).trim().to_owned();
            (!text.is_empty()).then_some(text)
        }
        _ => None,
    };
    let rationals = |tag| match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Rational(all) => Some(all.iter().map(|r| r.to_f64()).collect::<Vec<f64>>()),
        // Some phones write positions as signed fractions.
        Value::SRational(all) => Some(all.iter().map(|r| r.to_f64()).collect()),
        _ => None,
    };
    let degrees = |tag, reference, negative: &str| {
        let parts = rationals(tag)?;
        let [d, m, s] = parts.get(..3)?.try_into().ok()?;
        let value: f64 = d + m / 60.0 + s / 3600.0;
        let sign = if text(reference)?.eq_ignore_ascii_case(negative) {
            -1.0
        } else {
            1.0
        };
        value
            .is_finite()
            .then(|| crate::geography::degrees(sign * value))
    };
    let device = match (text(Tag::Make), text(Tag::Model)) {
        (Some(make), Some(model)) if !model.starts_with(&make) => Some(format!("{make} {model}")),
        (_, Some(model)) => Some(model),
        (make, None) => make,
    };
    ExifView {
        taken_at: text(Tag::DateTimeOriginal).and_then(|t| camera_time(&t)),
        lon: degrees(Tag::GPSLongitude, Tag::GPSLongitudeRef, "W"),
        lat: degrees(Tag::GPSLatitude, Tag::GPSLatitudeRef, "S"),
        azimuth_deg: rationals(Tag::GPSImgDirection)
            .and_then(|v| v.first().copied())
            .filter(|v| v.is_finite()),
        device,
    }
}

/// `2019:08:16 09:30:00` as `2019-08-16T09:30:00`.
fn camera_time(text: &str) -> Option<String> {
    let (day, time) = text.split_once(' ')?;
    let iso = format!("{}T{time}", day.replace(':', "-"));
    let read: jiff::civil::DateTime = iso.parse().ok()?;
    Some(read.to_string())
}

/// Hashes in their order, each once: a file named twice is one piece of evidence.
pub(crate) fn distinct(hashes: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    hashes
        .into_iter()
        .filter(|hash| seen.insert(hash.to_lowercase()))
        .collect()
}

/// Number of photographs that a verification states; none stated where there is none.
pub(crate) fn count(evidence: &[String]) -> Option<u32> {
    u32::try_from(evidence.len()).ok().filter(|n| *n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_are() {
        assert_eq!(
            media_type_of(b"\xff\xd8\xff\xe0", "a.html"),
            Some("image/jpeg")
        );
        assert_eq!(
            media_type_of(b"<svg onload=alert(1)>", "a.svg"),
            Some("image/svg+xml")
        );
        assert_eq!(media_type_of(b"MZ\x90\0", "a.exe"), None);
        assert_eq!(media_type_of(b"#!/bin/sh", "a.sh"), None);
        assert!(!is_shown("image/svg+xml") && !is_shown("text/html"));
    }

    #[test]
    fn a_file_named_twice_counts_once() {
        let named = distinct(vec!["ab".into(), "CD".into(), "AB".into()]);
        assert_eq!(named, ["ab", "CD"]);
        assert_eq!((count(&named), count(&[])), (Some(2), None));
    }

    #[test]
    fn camera_times_are_told_as_dates() {
        assert_eq!(
            camera_time("2019:08:16 09:30:00").as_deref(),
            Some("2019-08-16T09:30:00")
        );
        assert_eq!(camera_time("0000:00:00 00:00:00"), None);
    }
}
