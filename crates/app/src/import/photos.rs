//! 照片导入 — pictures of a folder or an archive, each laid to the site it shows by number or place, as evidence.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use domain::as_of::AsOf;
use domain::dossier::civil_day;
use domain::entries::EvidenceRecorded;
use domain::ids::{SiteId, StreamId};
use domain::policy::Action as Right;
use geo_types::{Geometry, Point};
use jiff::civil::{Date, DateTime};
use sha2::{Digest, Sha256};
use spatial::archive::{self, Archive};
use spatial::bounds::Limits;
use spatial::diagnostic::{Diagnostic, Place};
use tempfile::TempDir;

use super::load::Loaded;
use super::plain_name;
use super::preview::{Action, RowOutcome};
use super::staging::Staging;
use crate::dossier_page::ExifView;
use crate::error::Error;
use crate::evidence::{LARGEST_EVIDENCE, exif_of, media_type_of};
use crate::landing::{Proposal, code_key};

/// 待入簿照片 — pictures where they lie, with what is known of each; an unpacked archive is removed with them.
#[derive(Default)]
pub(crate) struct Photos {
    files: Vec<Photo>,
    _unpacked: Option<TempDir>,
}

impl Photos {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }
}

/// 照片 — one picture or film.
struct Photo {
    /// With its folders, as people sorted it.
    name: String,
    path: PathBuf,
    sha256: String,
    size_bytes: u64,
    media_type: &'static str,
    exif: ExifView,
}

/// Folders within each other.
const DEEPEST: usize = 16;
const HEAD_BYTES: u64 = 4096;

/// Reads a folder, an archive or a single picture; what is kept as the imported file is the list of them with their hashes.
///
/// # Errors
/// `photo.none` where there is no picture, `photo.too_many`, `archive.*`, and `import.file_too_large`.
pub(super) fn read(path: &Path) -> Result<Loaded, Error> {
    let mut loaded = Loaded {
        file_name: name_of(path),
        ..Loaded::empty()
    };
    let mut unpacked = None;
    let named = if path.is_dir() {
        of_folder(path, &loaded.file_name)?
    } else {
        let file = Loaded::open(path)?;
        match file.bytes.starts_with(b"PK") {
            true => {
                let folder = tempfile::tempdir().map_err(Error::internal)?;
                let named = of_archive(&file, folder.path())?;
                unpacked = Some(folder);
                named
            }
            false => vec![(file.file_name.clone(), path.to_owned())],
        }
    };
    let mut files = Vec::new();
    for (name, path) in named {
        match look(name, path)? {
            Ok(photo) => files.push(photo),
            Err(told) => loaded.diagnostics.push(told),
        }
    }
    if files.is_empty() {
        let fault = Diagnostic::error("photo.none").arg("name", &loaded.file_name);
        return Err(Error::rejected(fault));
    }
    let line = |p: &Photo| format!("{}  {}\n", p.sha256, p.name);
    loaded.bytes = files.iter().map(line).collect::<String>().into_bytes();
    loaded.sha256 = crate::sha256_hex(&loaded.bytes);
    loaded.photos = Photos {
        files,
        _unpacked: unpacked,
    };
    Ok(loaded)
}

fn name_of(path: &Path) -> String {
    let last = path.file_name().unwrap_or_default();
    last.to_string_lossy().into_owned()
}

fn unread(name: &str) -> impl Fn(std::io::Error) -> Error {
    let path = name.to_owned();
    move |source| Error::Read {
        path: path.clone(),
        source,
    }
}

/// Files of a folder and of those within, by name; links are not followed, hidden ones are nobody's pictures.
fn of_folder(folder: &Path, name: &str) -> Result<Vec<(String, PathBuf)>, Error> {
    let most = Limits::default().archive_entries;
    let mut found = Vec::new();
    let mut open = vec![(String::new(), folder.to_owned(), 0)];
    while let Some((prefix, folder, depth)) = open.pop() {
        for item in std::fs::read_dir(&folder).map_err(unread(name))? {
            let item = item.map_err(unread(name))?;
            let own = item.file_name().to_string_lossy().into_owned();
            let kind = item.file_type().map_err(unread(&own))?;
            if own.starts_with('.') {
                continue;
            }
            if kind.is_dir() && depth < DEEPEST {
                open.push((format!("{prefix}{own}/"), item.path(), depth + 1));
            } else if kind.is_file() {
                found.push((format!("{prefix}{own}"), item.path()));
            }
            if found.len() > most {
                let fault = Diagnostic::error("photo.too_many").arg("limit", most);
                return Err(Error::rejected(fault));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Files of an archive, laid down one after the other under numbers.
fn of_archive(file: &Loaded, folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let limits = Limits::default();
    let refused = |e: archive::Error| {
        let e = spatial::formats::Error::from(e);
        Error::rejected(e.to_diagnostic())
    };
    let mut archive = Archive::open(&file.file_name, &file.bytes, &limits).map_err(refused)?;
    let entries: Vec<archive::Entry> = archive.entries().to_vec();
    let mut remaining = limits.archive_bytes;
    let mut found = Vec::new();
    for (number, entry) in entries.into_iter().enumerate() {
        let content = archive
            .read(&entry, &mut remaining, &limits)
            .map_err(refused)?;
        let path = folder.join(number.to_string());
        std::fs::write(&path, content).map_err(unread(&entry.name))?;
        found.push((entry.name, path));
    }
    found.sort();
    Ok(found)
}

/// What a file is; a diagnostic for what is no picture.
fn look(name: String, path: PathBuf) -> Result<Result<Photo, Diagnostic>, Error> {
    let told = |code: &'static str| Ok(Err(of(&name, Diagnostic::warning(code))));
    let mut content = std::fs::File::open(&path).map_err(unread(&name))?;
    let size_bytes = content.metadata().map_err(unread(&name))?.len();
    if size_bytes > LARGEST_EVIDENCE {
        return told("photo.too_large");
    }
    let mut head = Vec::new();
    (&mut content)
        .take(HEAD_BYTES)
        .read_to_end(&mut head)
        .map_err(unread(&name))?;
    let kind = media_type_of(&head, &name).filter(|k| *k != "image/svg+xml");
    let is_seen = |k: &&str| k.starts_with("image/") || k.starts_with("video/");
    let Some(media_type) = kind.filter(is_seen) else {
        return told("photo.not_a_picture");
    };
    content.rewind().map_err(unread(&name))?;
    let exif = exif_of(&mut BufReader::new(&content));
    content.rewind().map_err(unread(&name))?;
    let mut hash = Sha256::new();
    std::io::copy(&mut content, &mut hash).map_err(unread(&name))?;
    Ok(Ok(Photo {
        sha256: crate::hex(&hash.finalize()),
        name,
        path,
        size_bytes,
        media_type,
        exif,
    }))
}

/// A diagnostic of one picture.
fn of(name: &str, told: Diagnostic) -> Diagnostic {
    let place = Place {
        file: Some(name.to_owned()),
        ..Place::default()
    };
    told.arg("name", name).at(place)
}

impl Photo {
    fn at(&self) -> Option<Geometry<f64>> {
        let (lon, lat) = (self.exif.lon?, self.exif.lat?);
        let is_possible = lon.abs() <= 180.0 && lat.abs() <= 90.0 && (lon, lat) != (0.0, 0.0);
        is_possible.then(|| Point::new(lon, lat).into())
    }

    /// The day the camera wrote.
    fn taken_on(&self) -> Option<Date> {
        let at: DateTime = self.exif.taken_at.as_ref()?.parse().ok()?;
        Some(at.date())
    }

    fn body(&self) -> EvidenceRecorded {
        let folder = self.name.rsplit_once('/').map(|(folder, _)| folder);
        EvidenceRecorded {
            sha256: self.sha256.clone(),
            size_bytes: self.size_bytes,
            file_name: plain_name(&self.name),
            media_type: self.media_type.to_owned(),
            // How people sorted them says what they show.
            note: folder.map(|f| f.chars().take(500).collect()),
            taken_at: self.exif.taken_at.clone(),
            lon: self.exif.lon,
            lat: self.exif.lat,
            azimuth_deg: self.exif.azimuth_deg,
            device: self.exif.device.clone(),
            ..EvidenceRecorded::default()
        }
    }
}

/// Stages every picture that shows a site; the others stay outside and are told, each with its reason.
pub(super) fn stage(staging: &mut Staging<'_>) -> Result<(), Error> {
    let photos = &staging.loaded.photos.files;
    let mut held: BTreeMap<SiteId, BTreeSet<String>> = BTreeMap::new();
    for (number, photo) in (1_u64..).zip(photos) {
        let action = match site_of(staging, photo) {
            Ok(site) => {
                let is_new = say(staging, photo, &site, &mut held)?;
                staging.spoken_of.insert(site.site_code.clone());
                match is_new {
                    true => Action::Linked {
                        site_code: site.site_code,
                        rule: site.rule.to_owned(),
                    },
                    false => Action::Same,
                }
            }
            Err(fault) => {
                staging.diagnostics.push(of(&photo.name, *fault));
                Action::Refused
            }
        };
        staging.preview.rows.push(RowOutcome {
            number,
            sheet: None,
            title: photo.name.clone(),
            zone_kind: None,
            at: photo.at(),
            action,
        });
    }
    Ok(())
}

/// The site a picture shows: by a site's number in its name or folders, else by where it was taken.
fn site_of(staging: &mut Staging<'_>, photo: &Photo) -> Result<Proposal, Box<Diagnostic>> {
    let at = photo.at();
    let words = photo
        .name
        .split(['/', '_', ' ', '.', '(', '（', '，', '、']);
    let named = words.filter_map(|word| {
        let site = staging.book.find_by_code(word)?;
        (code_key(&site.site_code) == code_key(word)).then_some(site.site_id)
    });
    let named: BTreeSet<SiteId> = named.collect();
    let proposals = match (named.len(), &at) {
        (0, None) => return Err(Diagnostic::error("photo.no_position").into()),
        (0, Some(at)) => staging.book.around(at),
        _ => named
            .iter()
            .filter_map(|site| staging.book.by_own_code(*site, at.as_ref()))
            .collect(),
    };
    let mut seen: Vec<Proposal> = proposals
        .into_iter()
        .filter(|p| staging.may_at(p.site_id, Right::Verify))
        .collect();
    let limit = staging
        .session
        .campaign
        .thresholds
        .near_and_alike_distance_m;
    let is_here = |p: &Proposal| p.distance_m.is_some_and(|d| d <= 0.0);
    let is_near =
        |p: &Proposal| named.contains(&p.site_id) || p.distance_m.is_some_and(|d| d <= limit);
    if seen.iter().filter(|p| is_here(p)).count() == 1 && named.is_empty() {
        seen.retain(is_here);
    }
    let near: Vec<&Proposal> = seen.iter().filter(|p| is_near(p)).collect();
    let codes = || {
        let codes = seen.iter().map(|p| p.site_code.as_str());
        codes.take(5).collect::<Vec<_>>().join("、")
    };
    match (&near[..], seen.is_empty()) {
        ([site], _) => {
            let site = (*site).clone();
            tell_if_far(staging, photo, &site);
            Ok(site)
        }
        ([], true) => Err(Diagnostic::error("photo.no_site")
            .arg("metres", limit)
            .into()),
        ([], false) => {
            let fault = Diagnostic::error("photo.too_far").arg("metres", limit);
            Err(fault.arg("sites", codes()).into())
        }
        _ => {
            let fault = Diagnostic::error("photo.several_sites");
            Err(fault.arg("sites", codes()).into())
        }
    }
}

/// A picture filed under a number, and taken somewhere else, is taken in and told.
fn tell_if_far(staging: &mut Staging<'_>, photo: &Photo, site: &Proposal) {
    let limit = staging.session.campaign.thresholds.near_distance_m;
    if let Some(distance) = site.distance_m.filter(|d| *d > limit) {
        let told = Diagnostic::warning("photo.far_from_site")
            .arg("site", &site.site_code)
            .arg("distance", in_words(distance));
        staging.diagnostics.push(of(&photo.name, told));
    }
}

/// A distance for people: metres, from ten kilometres on whole kilometres.
fn in_words(metres: f64) -> String {
    match metres < 10_000.0 {
        true => format!("{metres:.0} m"),
        false => format!("{:.0} km", metres / 1000.0),
    }
}

/// The evidence entry; nothing where the site has the picture, by whatever way.
fn say(
    staging: &mut Staging<'_>,
    photo: &Photo,
    site: &Proposal,
    held: &mut BTreeMap<SiteId, BTreeSet<String>>,
) -> Result<bool, Error> {
    let known = match held.entry(site.site_id) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(unknown) => {
            let register = &staging.session.register;
            let dossier = register.load_dossier(site.site_id, AsOf::Now)?;
            let known = dossier.evidence.into_iter().map(|e| e.body.sha256);
            unknown.insert(known.collect())
        }
    };
    if !known.insert(photo.sha256.clone()) {
        return Ok(false);
    }
    let on = photo.taken_on().unwrap_or(staging.received_on);
    // A camera whose clock is ahead has taken nothing tomorrow.
    let on = on.min(civil_day(staging.session.now));
    let stream = StreamId::site(site.site_id);
    staging.say(stream, photo.body(), on, &[photo.sha256.as_bytes()])
}

/// Keeps the pictures that entries name.
///
/// # Errors
/// `photo.changed` where a file is no longer what was looked at.
pub(super) fn keep(
    register: &mut register::Register,
    photos: &Photos,
    named: &BTreeSet<&str>,
) -> Result<(), Error> {
    for photo in photos
        .files
        .iter()
        .filter(|p| named.contains(p.sha256.as_str()))
    {
        let mut content = std::fs::File::open(&photo.path).map_err(unread(&photo.name))?;
        let kept = register.put_blob(&mut content, LARGEST_EVIDENCE)?;
        if kept.sha256 != photo.sha256 {
            let fault = of(&photo.name, Diagnostic::error("photo.changed"));
            return Err(Error::rejected(fault));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn distances_are_told_in_metres_and_from_ten_kilometres_on_in_kilometres() {
        let told = [49.6, 9_999.0, 10_000.0, 7_729_400.0].map(in_words);
        assert_eq!(told, ["50 m", "9999 m", "10 km", "7729 km"]);
    }
}
