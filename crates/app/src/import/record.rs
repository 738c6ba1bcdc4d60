//! 记录 — one row of a table or one feature of a layer, its values under our field names, whatever file it came from.

use std::collections::BTreeMap;

use domain::entries::SourcePlace;
use domain::partial_date::{DatePrecision, PartialDate};
use geo_types::Geometry;
use jiff::civil::Date;
use sheets::normalise::{self, AreaUnit, Precision, Reading, Truth};
use sheets::row::{Value, column_letter};
use spatial::diagnostic::{Diagnostic, Place, Severity};
use spatial::feature::DeclaredCrs;

/// 所填值 — a value as given, with the column it stood in.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    pub value: Value,
    /// Column counted from 0, for tables.
    pub column: Option<u32>,
    pub title: String,
    /// Unit that the heading names.
    pub unit: Option<AreaUnit>,
}

/// 记录 — values by our field names; what has no field stays under its own title.
#[derive(Debug, Clone, Default)]
pub struct Record {
    pub place: SourcePlace,
    pub values: BTreeMap<String, Given>,
    pub other: BTreeMap<String, String>,
    pub geometry: Option<Geometry<f64>>,
    pub crs: DeclaredCrs,
}

impl Record {
    /// The place for diagnostics, at the column of a field.
    pub fn at(&self, field: &str) -> Place {
        Place {
            file: Some(self.place.file_name.clone()),
            sheet: self.place.sheet.clone(),
            layer: self.place.layer.clone(),
            row: self.place.row,
            feature: self.place.feature,
            column: self
                .values
                .get(field)
                .and_then(|g| g.column)
                .map(column_letter),
            field: Some(field.to_owned()),
            ..Place::default()
        }
    }

    /// The place of the row as a whole.
    pub fn whole(&self) -> Place {
        Place {
            field: None,
            column: None,
            ..self.at("")
        }
    }

    /// Whether nothing is given for any field.
    pub fn is_blank(&self) -> bool {
        self.values.values().all(|g| g.value.is_blank()) && self.geometry.is_none()
    }
}

/// 读取器 — reads fields of a record and gathers what was noticed.
pub struct Fields<'r> {
    pub record: &'r Record,
    pub diagnostics: Vec<Diagnostic>,
    /// Values that could not be read, by the title they stood under, so that nothing said is lost.
    pub unread: BTreeMap<String, String>,
}

impl<'r> Fields<'r> {
    /// A reader over a record.
    pub fn of(record: &'r Record) -> Self {
        Self {
            record,
            diagnostics: Vec::new(),
            unread: BTreeMap::new(),
        }
    }

    fn given(&self, field: &str) -> Option<&'r Given> {
        self.record
            .values
            .get(field)
            .filter(|g| !g.value.is_blank())
    }

    fn take<T: std::fmt::Display>(
        &mut self,
        field: &str,
        given: &Given,
        reading: Reading<T>,
    ) -> Option<T> {
        let (value, found) = reading.split(&given.value.text(), &self.record.at(field));
        // A value that cannot be read is a doubt about the row, not a fault that keeps it out; what a kind of table
        // cannot do without is asked for where it is needed.
        self.diagnostics.extend(found.into_iter().map(|mut d| {
            d.severity = d.severity.min(Severity::Warning);
            d
        }));
        if value.is_none() {
            let title = if given.title.is_empty() {
                field
            } else {
                &given.title
            };
            self.unread
                .insert(title.to_owned(), given.value.text().trim().to_owned());
        }
        value
    }

    /// Notes something about a field.
    pub fn note(&mut self, field: &str, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic.at(self.record.at(field)));
    }

    /// The value as given, for messages.
    pub fn raw(&self, field: &str) -> Option<String> {
        self.given(field).map(|g| g.value.text().trim().to_owned())
    }

    /// Text without stray blanks.
    pub fn text(&mut self, field: &str) -> Option<String> {
        let given = self.given(field)?;
        let reading = normalise::text(&given.value.view());
        self.take(field, given, reading).filter(|t| !t.is_empty())
    }

    /// A number or code kept as text, also where the office program made a number of it.
    pub fn code_text(&mut self, field: &str) -> Option<String> {
        let given = self.given(field)?;
        let reading = normalise::code(&given.value.view());
        self.take(field, given, reading).filter(|t| !t.is_empty())
    }

    /// An area in m², in whatever unit cell or heading give.
    pub fn area_m2(&mut self, field: &str) -> Option<f64> {
        let given = self.given(field)?;
        let reading = normalise::area(&given.value.view(), given.unit);
        self.take(field, given, reading)
            .map(|a| (a.m2 * 100.0).round() / 100.0)
    }

    /// A date as exactly as it is given.
    pub fn date(&mut self, field: &str) -> Option<PartialDate> {
        let given = self.given(field)?;
        let reading = normalise::date(&given.value.view());
        let read = self.take(field, given, reading)?;
        let precision = match read.precision {
            Precision::Year => DatePrecision::Year,
            Precision::Month => DatePrecision::Month,
            Precision::Day => DatePrecision::Day,
        };
        Some(PartialDate {
            first: read.date,
            precision,
        })
    }

    /// A date that must be known to the day; less is told and not taken.
    pub fn day(&mut self, field: &str) -> Option<Date> {
        let date = self.date(field)?;
        if date.precision != DatePrecision::Day {
            self.note(
                field,
                Diagnostic::warning("import.day_needed").arg("text", date),
            );
            return None;
        }
        Some(date.first)
    }

    /// Yes, no or unknown.
    pub fn truth(&mut self, field: &str) -> Option<Truth> {
        let given = self.given(field)?;
        let reading = normalise::truth(&given.value.view());
        self.take(field, given, reading)
    }

    /// A count.
    pub fn count(&mut self, field: &str) -> Option<u32> {
        let given = self.given(field)?;
        let reading = normalise::integer(&given.value.view());
        self.take(field, given, reading)
            .and_then(|n| u32::try_from(n).ok())
    }

    /// A decimal number.
    pub fn number(&mut self, field: &str) -> Option<f64> {
        let given = self.given(field)?;
        let reading = normalise::decimal(&given.value.view());
        self.take(field, given, reading)
    }
}
