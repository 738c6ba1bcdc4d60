//! dBASE tables: the attributes of shapefiles.

use std::borrow::Cow;

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GBK, IBM866, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1250, WINDOWS_1251,
};

use super::{Error, Excess, Reading, text};
use crate::diagnostic::{Diagnostic, Place};
use crate::feature::{Attributes, DeclaredCrs, Feature, Format, Layer, Value};

/// Text looked at to guess the encoding.
const SAMPLE_BYTES: usize = 1 << 20;

/// A table whose header agrees with its bytes.
pub(super) struct Table<'b> {
    fields: Vec<Field>,
    records: std::slice::ChunksExact<'b, u8>,
    encoding: &'static Encoding,
}

struct Field {
    name: String,
    kind: u8,
    start: usize,
    end: usize,
    decimals: u8,
}

/// One record.
pub(super) enum Row {
    Deleted,
    Kept(Attributes),
}

/// Reads a table that came without its `.shp`: attributes only, which is said.
pub(super) fn read_alone(
    name: &str,
    bytes: &[u8],
    cpg: Option<Vec<u8>>,
    reading: &mut Reading,
) -> Result<Layer, Error> {
    let stem = super::layer_name(name);
    reading.enter_layer(&stem);
    let table = Table::open(bytes, cpg.as_deref(), reading)?;
    reading.report(Diagnostic::warning("layer.attributes_only"));
    let mut layer = Layer::new(stem, DeclaredCrs::None, Format::Dbf);
    let mut deleted = 0_u64;
    for at in 0..table.len() {
        match table.row(at, reading) {
            Some(Row::Kept(attributes)) => {
                reading.count_feature()?;
                layer.features.push(Feature {
                    attributes,
                    ..Feature::new(at as u64 + 1)
                });
            }
            _ => deleted += 1,
        }
    }
    report_deleted(deleted, reading);
    Ok(layer)
}

/// Says how many records were marked as deleted and left out.
pub(super) fn report_deleted(count: u64, reading: &mut Reading) {
    if count > 0 {
        reading.report(Diagnostic::note("layer.deleted_rows").arg("count", count));
    }
}

impl<'b> Table<'b> {
    /// Checks the header against the bytes that are there. `cpg` is the content of the `.cpg` file.
    pub(super) fn open(
        bytes: &'b [u8],
        cpg: Option<&[u8]>,
        reading: &mut Reading,
    ) -> Result<Self, Error> {
        let broken = |why| Error::BrokenHeader {
            file: reading.file().to_owned(),
            why,
        };
        let header = bytes
            .first_chunk::<32>()
            .ok_or_else(|| broken("dbf_too_short"))?;
        let header_bytes = usize::from(u16::from_le_bytes([header[8], header[9]]));
        let record_bytes = usize::from(u16::from_le_bytes([header[10], header[11]]));
        let descriptions = bytes
            .get(32..header_bytes)
            .ok_or_else(|| broken("dbf_header_beyond_file"))?;
        if record_bytes == 0 {
            return Err(broken("dbf_empty_records"));
        }
        let claimed = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        let body = body(&bytes[header_bytes..], claimed, record_bytes, reading);
        let raw = RawFields::parse(descriptions, record_bytes);
        reading.within(raw.0.len() as u64, Excess::Attributes)?;
        let records = body.chunks_exact(record_bytes);
        let encoding = choose_encoding(cpg, header[29], &raw, &records, reading);
        Ok(Self {
            fields: raw.name_fields(encoding, reading),
            records,
            encoding,
        })
    }

    /// Records that are there, deleted ones included.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The record at `at`, from 0.
    pub(super) fn row(&self, at: usize, reading: &mut Reading) -> Option<Row> {
        let record = self.records.clone().nth(at)?;
        if record[0] == b'*' {
            return Some(Row::Deleted);
        }
        let mut attributes = Attributes::with_capacity(self.fields.len());
        for field in &self.fields {
            let raw = &record[field.start..field.end];
            attributes.insert(field.name.clone(), self.value(field, raw, at, reading));
        }
        Some(Row::Kept(attributes))
    }

    fn value(&self, field: &Field, raw: &[u8], at: usize, reading: &mut Reading) -> Value {
        match read_value(field.kind, field.decimals, raw, self.encoding) {
            Ok(value) => value,
            Err(code) => {
                let text = decode_field(raw, self.encoding).into_owned();
                let place = Place {
                    feature: Some(at as u64 + 1),
                    field: Some(field.name.clone()),
                    ..Place::default()
                };
                reading.report(Diagnostic::warning(code).arg("text", &text).at(place));
                Value::Text(text)
            }
        }
    }
}

/// The records, no more than are there. Fewer than claimed is worth a word, a missing end mark is not.
fn body<'b>(
    bytes: &'b [u8],
    claimed: usize,
    record_bytes: usize,
    reading: &mut Reading,
) -> &'b [u8] {
    let there = bytes.len() / record_bytes;
    if there < claimed {
        reading.report(
            Diagnostic::warning("layer.rows_missing")
                .arg("claimed", claimed)
                .arg("there", there),
        );
    }
    &bytes[..claimed.min(there) * record_bytes]
}

/// Field descriptions whose names are not decoded yet.
struct RawFields<'b>(Vec<(&'b [u8], u8, usize, usize, u8)>);

impl<'b> RawFields<'b> {
    fn parse(descriptions: &'b [u8], record_bytes: usize) -> Self {
        let mut fields = Vec::new();
        let mut start = 1;
        for description in descriptions
            .chunks_exact(32)
            .take_while(|description| description[0] != 0x0d)
        {
            let kind = description[11];
            // Long text fields keep the high byte of their length where numbers keep their decimals.
            let long = if kind == b'C' {
                usize::from(description[17]) << 8
            } else {
                0
            };
            let end = start + usize::from(description[16]) + long;
            if end > record_bytes {
                break;
            }
            let name = description[..11]
                .split(|byte| *byte == 0)
                .next()
                .unwrap_or_default();
            fields.push((name, kind, start, end, description[17]));
            start = end;
        }
        Self(fields)
    }

    fn name_fields(&self, encoding: &'static Encoding, reading: &mut Reading) -> Vec<Field> {
        let mut fields: Vec<Field> = Vec::with_capacity(self.0.len());
        let mut taken = std::collections::BTreeSet::new();
        for (at, &(raw, kind, start, end, decimals)) in self.0.iter().enumerate() {
            // FoxPro keeps its null flags in a field of their own.
            if kind == b'0' {
                continue;
            }
            let own = decode_field(raw, encoding).trim().to_owned();
            let own = if own.is_empty() {
                format!("FIELD_{}", at + 1)
            } else {
                own
            };
            let name = unique_name(&own, &taken);
            if name != own {
                reading.report(
                    Diagnostic::note("layer.duplicate_field")
                        .arg("name", &own)
                        .repair(&name),
                );
            }
            taken.insert(name.clone());
            fields.push(Field {
                name,
                kind,
                start,
                end,
                decimals,
            });
        }
        fields
    }
}

fn unique_name(own: &str, taken: &std::collections::BTreeSet<String>) -> String {
    if !taken.contains(own) {
        return own.to_owned();
    }
    let numbered = (2..)
        .map(|number| format!("{own}_{number}"))
        .find(|name| !taken.contains(name));
    numbered.expect("there are more numbers than fields")
}

/// `.cpg` first, then the language byte, then the text itself. A declaration the text contradicts is not followed.
fn choose_encoding(
    cpg: Option<&[u8]>,
    language: u8,
    fields: &RawFields,
    records: &std::slice::ChunksExact<u8>,
    reading: &mut Reading,
) -> &'static Encoding {
    let sample = sample_text(fields, records);
    let declared = cpg
        .and_then(encoding_of_cpg)
        .or_else(|| encoding_of_language(language));
    match declared {
        Some(encoding) if fits(encoding, &sample) => encoding,
        Some(encoding) => {
            let found = text::guess(&sample);
            let (stated, used) = (encoding.name(), found.name());
            reading.report(
                Diagnostic::warning("layer.encoding_contradicted")
                    .arg("declared", stated)
                    .repair(used),
            );
            found
        }
        None if sample.is_empty() => UTF_8,
        None => {
            let found = text::guess(&sample);
            let severity = if found == UTF_8 {
                Diagnostic::note
            } else {
                Diagnostic::warning
            };
            reading.report(severity("layer.encoding_guessed").arg("encoding", found.name()));
            found
        }
    }
}

/// Text fields that are not plain ASCII, each ended by a line break, so that a cut character does not swallow the next
/// field.
fn sample_text(fields: &RawFields, records: &std::slice::ChunksExact<u8>) -> Vec<u8> {
    let mut sample = Vec::new();
    let mut take = |raw: &[u8]| {
        if !raw.is_ascii() && sample.len() < SAMPLE_BYTES {
            sample.extend_from_slice(raw.trim_ascii_end());
            sample.push(b'\n');
        }
    };
    fields.0.iter().for_each(|field| take(field.0));
    for record in records.clone() {
        for &(_, _, start, end, _) in fields.0.iter().filter(|field| field.1 == b'C') {
            take(&record[start..end]);
        }
    }
    sample
}

/// Whether every line decodes, but for a character cut off at its end.
fn fits(encoding: &'static Encoding, sample: &[u8]) -> bool {
    let lines = sample.split(|byte| *byte == b'\n');
    encoding == encoding_rs::UTF_16LE
        || lines
            .map(|line| encoding.decode_without_bom_handling(line).0)
            .all(|text| {
                let errors = text.matches('\u{fffd}').count();
                errors == 0 || (errors == 1 && text.trim_end().ends_with('\u{fffd}'))
            })
}

/// `.cpg` files hold a label (`UTF-8`, `GBK`), a Windows code page (`936`) or both (`ANSI 936`).
fn encoding_of_cpg(cpg: &[u8]) -> Option<&'static Encoding> {
    let text = String::from_utf8_lossy(cpg.get(..64).unwrap_or(cpg))
        .trim()
        .trim_start_matches('\u{feff}')
        .to_owned();
    let label = text.to_ascii_lowercase();
    Encoding::for_label(label.as_bytes()).or_else(|| {
        let digits: String = label.chars().filter(char::is_ascii_digit).collect();
        match digits.as_str() {
            "936" | "54936" => Some(GBK),
            "950" => Some(BIG5),
            "932" => Some(SHIFT_JIS),
            "949" => Some(EUC_KR),
            "874" => Some(WINDOWS_874),
            "65001" => Some(UTF_8),
            "16" if label.contains("utf") => Some(encoding_rs::UTF_16LE),
            "5" if label.contains("big") => Some(BIG5),
            code => Encoding::for_label(format!("windows-{code}").as_bytes()).or_else(|| {
                Encoding::for_label(
                    format!("iso-8859-{}", code.strip_prefix("8859").unwrap_or("x")).as_bytes(),
                )
            }),
        }
    })
}

/// The language bytes that leave no doubt. `0x57` and `0x03` only say "the code page of whoever wrote it".
fn encoding_of_language(language: u8) -> Option<&'static Encoding> {
    match language {
        0x4d | 0x7a => Some(GBK),
        0x4f | 0x78 => Some(BIG5),
        0x13 | 0x7b => Some(SHIFT_JIS),
        0x4e | 0x79 => Some(EUC_KR),
        0x50 | 0x7c => Some(WINDOWS_874),
        0x26 | 0x65 => Some(IBM866),
        0xc8 => Some(WINDOWS_1250),
        0xc9 => Some(WINDOWS_1251),
        _ => None,
    }
}

/// Text without padding; a character cut off by the end of the field is dropped.
fn decode_field<'b>(raw: &'b [u8], encoding: &'static Encoding) -> Cow<'b, str> {
    let padding = |byte: &u8| matches!(byte, b' ' | 0 | 0x1a);
    let end = raw
        .iter()
        .rposition(|byte| !padding(byte))
        .map_or(0, |at| at + 1);
    let whole = &raw
        [..end + usize::from(encoding == encoding_rs::UTF_16LE && end % 2 == 1 && end < raw.len())];
    let (decoded, _, _) = encoding.decode(whole);
    match decoded.strip_suffix('\u{fffd}') {
        Some(uncut) => Cow::Owned(uncut.to_owned()),
        None => decoded,
    }
}

fn read_value(
    kind: u8,
    decimals: u8,
    raw: &[u8],
    encoding: &'static Encoding,
) -> Result<Value, &'static str> {
    match kind {
        b'N' | b'F' => read_number(raw, decimals),
        b'D' => read_date(raw),
        b'L' => Ok(read_logical(raw)),
        b'I' | b'+' if raw.len() == 4 => Ok(fixed(raw).map_or(Value::Null, |bytes| {
            Value::Integer(i32::from_le_bytes(bytes).into())
        })),
        b'B' | b'O' if raw.len() == 8 => {
            Ok(fixed(raw).map_or(Value::Null, |bytes| finite(f64::from_le_bytes(bytes))))
        }
        b'Y' if raw.len() == 8 => Ok(fixed(raw).map_or(Value::Null, |bytes| {
            Value::Real(i64::from_le_bytes(bytes) as f64 / 10_000.0)
        })),
        b'T' | b'@' if raw.len() == 8 => Ok(read_timestamp(raw)),
        // Memos live in another file, which shapefiles never have.
        b'M' | b'G' | b'P' | b'B' => Ok(Value::Null),
        _ => Ok(match decode_field(raw, encoding) {
            text if text.trim().is_empty() => Value::Null,
            text => Value::Text(text.into_owned()),
        }),
    }
}

fn fixed<const N: usize>(raw: &[u8]) -> Option<[u8; N]> {
    raw.try_into().ok()
}

fn finite(number: f64) -> Value {
    if number.is_finite() {
        Value::Real(number)
    } else {
        Value::Null
    }
}

/// Blanks and asterisks stand for no value; some write a decimal comma.
fn read_number(raw: &[u8], decimals: u8) -> Result<Value, &'static str> {
    let text = String::from_utf8_lossy(raw)
        .replace('\0', " ")
        .trim()
        .replace(',', ".");
    if text.is_empty() || text.bytes().all(|byte| byte == b'*') {
        return Ok(Value::Null);
    }
    if let (0, Ok(number)) = (decimals, text.parse::<i64>()) {
        return Ok(Value::Integer(number));
    }
    text.parse().map(finite).or(Err("layer.number_unreadable"))
}

fn read_date(raw: &[u8]) -> Result<Value, &'static str> {
    let text = String::from_utf8_lossy(raw)
        .replace('\0', " ")
        .trim()
        .to_owned();
    if text.is_empty() || text.bytes().all(|byte| byte == b'0') {
        return Ok(Value::Null);
    }
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let within = |part: &str, most: u8| {
        part.parse::<u8>()
            .is_ok_and(|number| (1..=most).contains(&number))
    };
    let plausible = digits && within(&text[4..6], 12) && within(&text[6..], 31);
    match plausible {
        true => Ok(Value::Date(format!(
            "{}-{}-{}",
            &text[..4],
            &text[4..6],
            &text[6..]
        ))),
        false => Err("layer.date_unreadable"),
    }
}

fn read_logical(raw: &[u8]) -> Value {
    match raw.first() {
        Some(b'Y' | b'y' | b'T' | b't') => Value::Bool(true),
        Some(b'N' | b'n' | b'F' | b'f') => Value::Bool(false),
        _ => Value::Null,
    }
}

/// A Julian day and the milliseconds since midnight.
fn read_timestamp(raw: &[u8]) -> Value {
    let (Some(day), Some(ms)) = (
        fixed(&raw[..4]).map(i32::from_le_bytes),
        fixed(&raw[4..]).map(u32::from_le_bytes),
    ) else {
        return Value::Null;
    };
    // Richards' conversion of a Julian day to a calendar date; years 1 to 9999.
    if !(1_721_426..=5_373_484).contains(&day) || ms >= 86_400_000 {
        return Value::Null;
    }
    let f = day + 1401 + (((4 * day + 274_277) / 146_097) * 3) / 4 - 38;
    let e = 4 * f + 3;
    let h = 5 * ((e % 1461) / 4) + 2;
    let (date, month) = ((h % 153) / 5 + 1, (h / 153 + 2) % 12 + 1);
    let year = e / 1461 - 4716 + (14 - month) / 12;
    let seconds = ms / 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Value::DateTime(format!(
        "{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}"
    ))
}
