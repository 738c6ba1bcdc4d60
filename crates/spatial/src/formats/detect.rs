use serde::{Deserialize, Serialize};

use super::text;

/// 文件种类 — what the bytes are, whatever the name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    Json,
    Shapefile,
    ShapefileIndex,
    Dbf,
    Kml,
    Gpx,
    /// Any other XML.
    Xml,
    Zip,
    GeoPackage,
    /// Other SQLite databases, such as MBTiles.
    Sqlite,
    /// Spreadsheets of the old binary kind.
    OleDocument,
    Parquet,
    Rar,
    SevenZip,
    Gzip,
    Pdf,
    Image,
    Drawing,
    /// Text that is none of the above: CSV, a projection file, notes.
    Text,
    Binary,
}

impl FileKind {
    /// Stable name for diagnostics.
    pub fn name(self) -> &'static str {
        match self {
            FileKind::Json => "JSON",
            FileKind::Shapefile => "Shapefile",
            FileKind::ShapefileIndex => "SHX",
            FileKind::Dbf => "DBF",
            FileKind::Kml => "KML",
            FileKind::Gpx => "GPX",
            FileKind::Xml => "XML",
            FileKind::Zip => "ZIP",
            FileKind::GeoPackage => "GeoPackage",
            FileKind::Sqlite => "SQLite",
            FileKind::OleDocument => "XLS",
            FileKind::Parquet => "Parquet",
            FileKind::Rar => "RAR",
            FileKind::SevenZip => "7z",
            FileKind::Gzip => "gzip",
            FileKind::Pdf => "PDF",
            FileKind::Image => "image",
            FileKind::Drawing => "DWG",
            FileKind::Text => "text",
            FileKind::Binary => "binary",
        }
    }

    /// Extensions that go with it; empty where any will do.
    pub(super) fn extensions(self) -> &'static [&'static str] {
        match self {
            FileKind::Json => &["geojson", "json", "geojsonl", "geojsons", "ndjson", "jsonl"],
            FileKind::Shapefile => &["shp"],
            FileKind::Dbf => &["dbf"],
            FileKind::Kml => &["kml"],
            FileKind::Gpx => &["gpx"],
            FileKind::Zip => &["zip", "kmz"],
            FileKind::GeoPackage => &["gpkg"],
            _ => &[],
        }
    }
}

/// The lower-case extension of a file name, `""` if there is none.
pub(super) fn extension(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    last.rsplit_once('.')
        .map_or_else(String::new, |(_, extension)| extension.to_ascii_lowercase())
}

/// Finds the kind of a file by its first bytes (some 4 KB are enough). The name only decides between kinds that look
/// alike: a shapefile and its index.
pub fn detect(name: &str, head: &[u8]) -> FileKind {
    signature(name, head).unwrap_or_else(|| textual(head))
}

fn signature(name: &str, head: &[u8]) -> Option<FileKind> {
    const SIGNATURES: &[(&[u8], FileKind)] = &[
        (b"PK\x03\x04", FileKind::Zip),
        (b"PK\x05\x06", FileKind::Zip),
        (b"PAR1", FileKind::Parquet),
        (b"Rar!\x1a\x07", FileKind::Rar),
        (b"7z\xbc\xaf\x27\x1c", FileKind::SevenZip),
        (b"\x1f\x8b", FileKind::Gzip),
        (b"%PDF-", FileKind::Pdf),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileKind::OleDocument),
        (b"\xff\xd8\xff", FileKind::Image),
        (b"\x89PNG\r\n", FileKind::Image),
        (b"II*\0", FileKind::Image),
        (b"MM\0*", FileKind::Image),
        (b"AC10", FileKind::Drawing),
    ];
    if head.starts_with(b"SQLite format 3\0") {
        return Some(sqlite_kind(name, head));
    }
    if head.starts_with(&[0, 0, 0x27, 0x0a]) {
        return Some(shape_kind(name, head));
    }
    let known = SIGNATURES
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|(_, kind)| *kind);
    known.or_else(|| is_dbf(head).then_some(FileKind::Dbf))
}

/// The spatial index of another maker begins like a shapefile, but for the next four bytes; the `.shx` has the very
/// same header.
fn shape_kind(name: &str, head: &[u8]) -> FileKind {
    let is_other_index = head.get(4..8) == Some(&[0xff, 0xff, 0xfe, 0x70]);
    match is_other_index || extension(name) == "shx" {
        true => FileKind::ShapefileIndex,
        false => FileKind::Shapefile,
    }
}

/// Old and sloppy GeoPackages lack the application id, so the extension is believed as well.
fn sqlite_kind(name: &str, head: &[u8]) -> FileKind {
    let application_id = head.get(68..72).unwrap_or_default();
    let is_geopackage =
        matches!(application_id, b"GPKG" | b"GP10" | b"GP11") || extension(name) == "gpkg";
    if is_geopackage {
        FileKind::GeoPackage
    } else {
        FileKind::Sqlite
    }
}

/// A dBASE header has no signature worth the name: version, a date, sizes that agree, and whole field descriptions.
fn is_dbf(head: &[u8]) -> bool {
    const VERSIONS: &[u8] = &[
        0x02, 0x03, 0x04, 0x05, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8b, 0x8c, 0xcb, 0xf5, 0xfb,
    ];
    let Some(header) = head.first_chunk::<32>() else {
        return false;
    };
    let header_bytes = usize::from(u16::from_le_bytes([header[8], header[9]]));
    let record_bytes = u16::from_le_bytes([header[10], header[11]]);
    let plausible =
        VERSIONS.contains(&header[0]) && header[2] <= 12 && header[3] <= 31 && record_bytes > 0;
    plausible && header_bytes >= 33 && has_fields(&head[32..head.len().min(header_bytes)])
}

/// Descriptions of 32 bytes up to a terminator, which some writers forget.
fn has_fields(descriptions: &[u8]) -> bool {
    const KINDS: &[u8] = b"CNFLDIMBGPOTYVWX@+0";
    let fields = descriptions.chunks_exact(32);
    let mut fields = fields.take_while(|field| field[0] != 0x0d);
    let is_empty = descriptions.first() == Some(&0x0d);
    is_empty || (descriptions.len() >= 32 && fields.all(|field| KINDS.contains(&field[11])))
}

fn textual(head: &[u8]) -> FileKind {
    let Some(text) = text::head_as_text(head) else {
        return FileKind::Binary;
    };
    let start =
        text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{1e}' || c == '\u{feff}');
    match start.as_bytes().first() {
        Some(b'{' | b'[') => FileKind::Json,
        Some(b'<') => xml_kind(start),
        _ => FileKind::Text,
    }
}

fn xml_kind(text: &str) -> FileKind {
    const KML_ROOTS: &[&str] = &[
        "kml",
        "Document",
        "Folder",
        "Placemark",
        "Polygon",
        "LineString",
        "Point",
        "LinearRing",
        "MultiGeometry",
    ];
    match root_name(text) {
        Some("gpx") => FileKind::Gpx,
        Some(name) if KML_ROOTS.contains(&name) => FileKind::Kml,
        _ => FileKind::Xml,
    }
}

/// Local name of the first element, past declarations and comments.
fn root_name(mut text: &str) -> Option<&str> {
    loop {
        text = &text[text.find('<')? + 1..];
        if let Some(comment) = text.strip_prefix("!--") {
            text = &comment[comment.find("-->")?..];
        } else if !text.starts_with(['?', '!']) {
            let end = text.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
            return text[..end].rsplit(':').next();
        }
    }
}
