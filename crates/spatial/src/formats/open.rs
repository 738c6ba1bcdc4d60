use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::detect::{FileKind, detect, extension};
use super::shapefile::Parts;
use super::{Error, Excess, Reading, dbf, geojson, gpx, kml, shapefile};
use crate::archive::{self, Archive, Entry};
use crate::bounds::Limits;
use crate::diagnostic::Diagnostic;
use crate::feature::{Format, Layer};

/// Enough of a file to know its kind.
const HEAD_BYTES: usize = 4096;

/// Reads all layers of a file. Beside a `.shp`, the files of the same name that belong to it are read too.
pub fn read(path: &Path, limits: &Limits) -> Result<(Vec<Layer>, Vec<Diagnostic>), Error> {
    let name = file_name(path);
    let mut reading = Reading::new(&name, limits);
    let content = load(path, limits)?;
    let siblings = |extension: &str| load_sibling(path, extension, limits);
    let layers = read_content(&name, content, &siblings, &mut reading)?;
    Ok((layers, reading.into_diagnostics()))
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Reads all layers of a file already in memory; `name` is its name without a folder.
pub fn read_bytes(
    name: &str,
    content: &[u8],
    limits: &Limits,
) -> Result<(Vec<Layer>, Vec<Diagnostic>), Error> {
    let mut reading = Reading::new(name, limits);
    reading.within(content.len() as u64, Excess::Bytes)?;
    let layers = read_content(name, content.to_vec(), &|_| Ok(None), &mut reading)?;
    Ok((layers, reading.into_diagnostics()))
}

/// Where the other files of a shapefile come from.
type Siblings<'s> = &'s dyn Fn(&str) -> Result<Option<Vec<u8>>, Error>;

fn read_content(
    name: &str,
    content: Vec<u8>,
    siblings: Siblings,
    reading: &mut Reading,
) -> Result<Vec<Layer>, Error> {
    if content.is_empty() {
        return Err(Error::Empty {
            file: name.to_owned(),
        });
    }
    let kind = detect(name, &content[..content.len().min(HEAD_BYTES)]);
    report_extension(name, kind, reading);
    match kind {
        FileKind::Zip => read_archive(name, &content, 1, reading),
        FileKind::Shapefile => {
            let parts = gather_parts(content, siblings)?;
            Ok(vec![shapefile::read(name, parts, reading)?])
        }
        FileKind::Dbf => Ok(vec![dbf::read_alone(
            name,
            &content,
            siblings("cpg")?,
            reading,
        )?]),
        _ => read_single(name, kind, content, reading),
    }
}

/// Everything that is one file and no archive.
fn read_single(
    name: &str,
    kind: FileKind,
    content: Vec<u8>,
    reading: &mut Reading,
) -> Result<Vec<Layer>, Error> {
    let file = name.to_owned();
    match kind {
        FileKind::Json => Ok(vec![geojson::read(name, &content, reading)?]),
        FileKind::Kml => Ok(vec![kml::read(name, &content, reading)?]),
        FileKind::Gpx => gpx::read(name, &content, reading),
        FileKind::Shapefile => Ok(vec![shapefile::read(name, Parts::alone(content), reading)?]),
        FileKind::Dbf => Ok(vec![dbf::read_alone(name, &content, None, reading)?]),
        FileKind::GeoPackage | FileKind::Sqlite => Err(Error::NeedsRegister {
            file,
            content: None,
        }),
        FileKind::OleDocument => Err(Error::NeedsSheets {
            file,
            content: None,
        }),
        FileKind::Text if is_table_name(name) => Err(Error::NeedsSheets {
            file,
            content: None,
        }),
        FileKind::ShapefileIndex => Err(Error::PartOnly { file }),
        FileKind::Text if is_shapefile_part(name) => Err(Error::PartOnly { file }),
        FileKind::Text | FileKind::Binary => Err(Error::Unrecognized { file }),
        kind => Err(Error::Unsupported { file, kind }),
    }
}

fn is_table_name(name: &str) -> bool {
    matches!(extension(name).as_str(), "csv" | "tsv" | "tab")
}

fn report_extension(name: &str, kind: FileKind, reading: &mut Reading) {
    let fitting = kind.extensions();
    if !fitting.is_empty() && !fitting.contains(&extension(name).as_str()) && !is_office(name) {
        reading.report(Diagnostic::note("layer.extension_mismatch").arg("kind", kind.name()));
    }
}

fn is_office(name: &str) -> bool {
    matches!(
        extension(name).as_str(),
        "xlsx" | "xlsm" | "ods" | "et" | "docx" | "xlsb"
    )
}

fn load(path: &Path, limits: &Limits) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Open {
        path: path.to_owned(),
        source,
    };
    let file = fs::File::open(path).map_err(failed)?;
    let mut content = Vec::new();
    // The size in the directory may change while reading, so the reading itself is bounded.
    file.take(limits.file_bytes.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(failed)?;
    if content.len() as u64 > limits.file_bytes {
        let file = file_name(path);
        return Err(Error::TooLarge {
            file,
            what: Excess::Bytes,
            limit: limits.file_bytes,
        });
    }
    Ok(content)
}

fn load_sibling(path: &Path, extension: &str, limits: &Limits) -> Result<Option<Vec<u8>>, Error> {
    find_sibling(path, extension)
        .map(|sibling| load(&sibling, limits))
        .transpose()
}

/// Extensions are matched whatever their case; the spelling of the `.shp` comes first.
fn find_sibling(path: &Path, wanted: &str) -> Option<PathBuf> {
    let upper = path
        .extension()
        .is_some_and(|own| own.to_string_lossy().chars().any(char::is_uppercase));
    let likely = path.with_extension(if upper {
        wanted.to_ascii_uppercase()
    } else {
        wanted.to_owned()
    });
    if likely.is_file() {
        return Some(likely);
    }
    let stem = path.file_stem()?.to_string_lossy().to_lowercase();
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let fits = |candidate: &PathBuf| {
        let own_stem = candidate
            .file_stem()
            .map(|stem| stem.to_string_lossy().to_lowercase());
        own_stem.as_deref() == Some(&stem)
            && extension(&candidate.to_string_lossy()) == wanted
            && candidate.is_file()
    };
    fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(fits)
}

fn gather_parts(shp: Vec<u8>, siblings: Siblings) -> Result<Parts, Error> {
    let [shx, dbf, prj, cpg] = ["shx", "dbf", "prj", "cpg"].map(siblings);
    Ok(Parts {
        shp,
        shx: shx?,
        dbf: dbf?,
        prj: prj?,
        cpg: cpg?,
    })
}

/// What the entries of an archive turned out to be.
#[derive(Default)]
struct Contents {
    layers: Vec<(Entry, FileKind)>,
    databases: Vec<Entry>,
    tables: Vec<Entry>,
    is_office: bool,
    others: usize,
}

fn read_archive(
    name: &str,
    bytes: &[u8],
    depth: u32,
    reading: &mut Reading,
) -> Result<Vec<Layer>, Error> {
    let limits = reading.limits();
    if depth > limits.archive_depth {
        return Err(archive::Error::TooDeep {
            file: name.to_owned(),
            limit: limits.archive_depth,
        }
        .into());
    }
    let mut archive = Archive::open(name, bytes, limits)?;
    let contents = look_inside(&mut archive)?;
    if contents.is_office {
        // At the top the caller has the file itself; inside another archive only we have its bytes.
        return Err(Error::NeedsSheets {
            file: name.to_owned(),
            content: (depth > 1).then(|| bytes.to_vec()),
        });
    }
    let (layers, failure) = read_entries(&mut archive, &contents, depth, reading)?;
    if layers.is_empty() {
        return Err(nothing_read(
            name,
            &mut archive,
            &contents,
            failure,
            reading,
        ));
    }
    report_left_out(&contents, reading);
    Ok(layers
        .into_iter()
        .map(|layer| named_after(name, layer))
        .collect())
}

/// The main file of a KMZ is always called `doc`, which says nothing.
fn named_after(archive: &str, layer: Layer) -> Layer {
    match layer.format == Format::Kml && layer.name.eq_ignore_ascii_case("doc") {
        true => Layer {
            name: super::layer_name(archive),
            ..layer
        },
        false => layer,
    }
}

fn look_inside(archive: &mut Archive) -> Result<Contents, Error> {
    let mut contents = Contents::default();
    for entry in archive.entries().to_vec() {
        let head = archive.head(&entry, HEAD_BYTES as u64)?;
        contents.sort_in(entry, &head);
    }
    contents.drop_tables_of_shapefiles();
    Ok(contents)
}

impl Contents {
    fn sort_in(&mut self, entry: Entry, head: &[u8]) {
        let kind = detect(&entry.name, head);
        self.is_office |= matches!(entry.name.as_str(), "[Content_Types].xml" | "content.xml");
        match kind {
            FileKind::Json
            | FileKind::Kml
            | FileKind::Gpx
            | FileKind::Shapefile
            | FileKind::Dbf
            | FileKind::Zip => {
                self.layers.push((entry, kind));
            }
            FileKind::GeoPackage => self.databases.push(entry),
            FileKind::OleDocument => self.tables.push(entry),
            FileKind::Text if is_table_name(&entry.name) => self.tables.push(entry),
            _ => self.others += usize::from(!is_shapefile_part(&entry.name)),
        }
    }

    fn drop_tables_of_shapefiles(&mut self) {
        let shapefiles: Vec<String> = self
            .layers
            .iter()
            .filter(|(_, kind)| *kind == FileKind::Shapefile)
            .map(|(entry, _)| stem(entry))
            .collect();
        self.layers
            .retain(|(entry, kind)| *kind != FileKind::Dbf || !shapefiles.contains(&stem(entry)));
    }
}

fn is_shapefile_part(name: &str) -> bool {
    matches!(
        extension(name).as_str(),
        "shx" | "prj" | "cpg" | "sbn" | "sbx" | "qix" | "xml" | "qpj" | "qmd" | "dbf"
    )
}

/// Folder and name without extension, by which the parts of a shapefile find each other.
fn stem(entry: &Entry) -> String {
    let name = entry.name.to_lowercase();
    name.rsplit_once('.')
        .map_or(name.clone(), |(stem, _)| stem.to_owned())
}

type Outcome = (Vec<Layer>, Option<Error>);

/// Reads each entry by itself: a broken one is reported and the others still count, unless it is the archive that is
/// not to be trusted.
fn read_entries(
    archive: &mut Archive,
    contents: &Contents,
    depth: u32,
    reading: &mut Reading,
) -> Result<Outcome, Error> {
    let index: BTreeMap<(String, String), Entry> = archive
        .entries()
        .iter()
        .map(|entry| ((stem(entry), extension(&entry.name)), entry.clone()))
        .collect();
    let (mut layers, mut failures) = (Vec::new(), Vec::new());
    for (entry, kind) in &contents.layers {
        let outer = reading.enter_file(entry.name.clone());
        let outcome = read_entry(archive, &index, entry, *kind, depth, reading);
        reading.enter_file(outer);
        match outcome {
            Ok(read) => layers.extend(read),
            Err(error) if error.stops_the_archive() => return Err(error),
            Err(error) => failures.push(error),
        }
    }
    // Alone, a failure is the answer to the whole archive; beside layers it is a diagnostic.
    if layers.is_empty() && failures.len() == 1 {
        return Ok((layers, failures.pop()));
    }
    failures
        .iter()
        .for_each(|error| reading.report(error.to_diagnostic()));
    Ok((layers, failures.into_iter().next()))
}

fn read_entry(
    archive: &mut Archive,
    index: &BTreeMap<(String, String), Entry>,
    entry: &Entry,
    kind: FileKind,
    depth: u32,
    reading: &mut Reading,
) -> Result<Vec<Layer>, Error> {
    let content = unpack(archive, entry, reading)?;
    let name = entry.file_name();
    match kind {
        FileKind::Zip => read_archive(name, &content, depth + 1, reading),
        FileKind::Shapefile => {
            let mut part = |extension: &str| match index.get(&(stem(entry), extension.to_owned())) {
                Some(sibling) => unpack(archive, sibling, reading).map(Some),
                None => Ok(None),
            };
            let parts = Parts {
                shp: content,
                shx: part("shx")?,
                dbf: part("dbf")?,
                prj: part("prj")?,
                cpg: part("cpg")?,
            };
            Ok(vec![shapefile::read(name, parts, reading)?])
        }
        kind => read_single(name, kind, content, reading),
    }
}

fn unpack(archive: &mut Archive, entry: &Entry, reading: &mut Reading) -> Result<Vec<u8>, Error> {
    let limits = reading.limits();
    let content = archive.read(entry, &mut reading.archive_bytes, limits)?;
    reading.within(content.len() as u64, Excess::Bytes)?;
    Ok(content)
}

/// The one database or table of an archive is handed on unpacked; otherwise the first failure tells most.
fn nothing_read(
    name: &str,
    archive: &mut Archive,
    contents: &Contents,
    failure: Option<Error>,
    reading: &mut Reading,
) -> Error {
    let lone = match (
        failure.as_ref(),
        contents.databases.as_slice(),
        contents.tables.as_slice(),
    ) {
        (None, [entry], []) | (None, [], [entry]) => entry,
        (Some(_), ..) => return failure.unwrap_or(nothing_inside(name)),
        _ => return nothing_inside(name),
    };
    match unpack(archive, lone, reading) {
        Err(error) => error,
        Ok(content) if contents.tables.is_empty() => Error::NeedsRegister {
            file: lone.name.clone(),
            content: Some(content),
        },
        Ok(content) => Error::NeedsSheets {
            file: lone.name.clone(),
            content: Some(content),
        },
    }
}

fn nothing_inside(name: &str) -> Error {
    archive::Error::NothingInside {
        file: name.to_owned(),
    }
    .into()
}

fn report_left_out(contents: &Contents, reading: &mut Reading) {
    for entry in contents.databases.iter().chain(&contents.tables) {
        reading.report(Diagnostic::warning("archive.entry_apart").arg("name", &entry.name));
    }
    if contents.others > 0 {
        reading.report(Diagnostic::note("archive.entries_skipped").arg("count", contents.others));
    }
}
