//! 列名词汇 — the words by which ledgers call our fields. Words are data: callers may hand in their own.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::normalise::{AreaUnit, compact};

/// 字段类别 — how the values of a field are normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    Text,
    LongText,
    Code,
    /// A word of a code list; the room above knows the list.
    Choice,
    Integer,
    Decimal,
    Area,
    Length,
    Money,
    Date,
    YesNo,
    Longitude,
    Latitude,
    /// Longitude and latitude in one cell.
    Position,
}

/// 单位 — units named in headings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    SquareMeter,
    Are,
    Hectare,
    SquareKilometer,
    Mu,
    Meter,
    Kilometer,
    Kilowatt,
    Megawatt,
    Yuan,
    /// 万元
    TenThousandYuan,
    Degree,
}

const SPELLINGS: [(&str, Unit); 15] = [
    ("千米", Unit::Kilometer),
    ("公里", Unit::Kilometer),
    ("km", Unit::Kilometer),
    ("米", Unit::Meter),
    ("m", Unit::Meter),
    ("千瓦", Unit::Kilowatt),
    ("kw", Unit::Kilowatt),
    ("兆瓦", Unit::Megawatt),
    ("mw", Unit::Megawatt),
    ("万元", Unit::TenThousandYuan),
    ("元", Unit::Yuan),
    ("度分秒", Unit::Degree),
    ("十进制度", Unit::Degree),
    ("度", Unit::Degree),
    ("°", Unit::Degree),
];

impl Unit {
    /// The unit a text names, if it names nothing else.
    pub fn find(text: &str) -> Option<Self> {
        let word = compact(text).to_lowercase();
        let word = word.trim_start_matches("单位").trim_start_matches(':');
        if let Some((unit, "")) = AreaUnit::leading(word) {
            return Some(unit.into());
        }
        SPELLINGS
            .into_iter()
            .find(|(spelling, _)| *spelling == word)
            .map(|(_, unit)| unit)
    }

    /// The unit as a unit of area.
    pub fn area(self) -> Option<AreaUnit> {
        Some(match self {
            Self::SquareMeter => AreaUnit::SquareMeter,
            Self::Are => AreaUnit::Are,
            Self::Hectare => AreaUnit::Hectare,
            Self::SquareKilometer => AreaUnit::SquareKilometer,
            Self::Mu => AreaUnit::Mu,
            _ => return None,
        })
    }
}

impl From<AreaUnit> for Unit {
    fn from(unit: AreaUnit) -> Self {
        match unit {
            AreaUnit::SquareMeter => Self::SquareMeter,
            AreaUnit::Are => Self::Are,
            AreaUnit::Hectare => Self::Hectare,
            AreaUnit::SquareKilometer => Self::SquareKilometer,
            AreaUnit::Mu => Self::Mu,
        }
    }
}

/// 字段 — one field of ours and the words for it; the first word is the standard one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    pub name: String,
    pub kind: FieldKind,
    pub words: Vec<String>,
    /// Tables the field belongs to; none means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    field: Vec<Field>,
}

/// 列名词汇 — all fields, found by word.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    fields: Vec<Field>,
    by_word: HashMap<String, usize>,
}

/// A title as words are compared: half-width, lower case, without blanks and punctuation.
pub fn plain_title(title: &str) -> String {
    let is_mark = |char: char| {
        matches!(
            char,
            '(' | ')'
                | '['
                | ']'
                | '【'
                | '】'
                | '、'
                | '/'
                | '\\'
                | ':'
                | '_'
                | '-'
                | '*'
                | '.'
                | ','
                | '，'
                | '。'
                | '“'
                | '”'
                | '"'
                | '\''
                | '·'
                | '|'
        )
    };
    let plain: String = compact(title)
        .to_lowercase()
        .chars()
        .filter(|&char| !is_mark(char))
        .collect();
    if plain.is_empty() {
        compact(title).to_lowercase()
    } else {
        plain
    }
}

impl Vocabulary {
    /// Reads a vocabulary from its TOML text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fields: Fields = toml::from_str(text).map_err(|source| Error::Vocabulary { source })?;
        Ok(Self::of(fields.field))
    }

    /// The vocabulary that comes with the program.
    pub fn standard() -> Self {
        Self::parse(include_str!("../vocabulary.toml"))
            .expect("the vocabulary beside this crate is read by its tests")
    }

    fn of(fields: Vec<Field>) -> Self {
        let mut by_word = HashMap::new();
        for (index, field) in fields.iter().enumerate() {
            for word in field.words.iter().chain([&field.name]) {
                by_word.entry(plain_title(word)).or_insert(index);
            }
        }
        Self { fields, by_word }
    }

    /// The vocabulary of one table: its own fields and those of any table.
    #[must_use]
    pub fn of_table(&self, table: &str) -> Self {
        let belongs = |field: &&Field| {
            field.tables.is_empty() || field.tables.iter().any(|name| name == table)
        };
        let mut fields: Vec<Field> = self.fields.iter().filter(belongs).cloned().collect();
        fields.sort_by_key(|field| field.tables.is_empty());
        Self::of(fields)
    }

    /// Only the fields that belong to one table and to no other.
    #[must_use]
    pub fn of_table_alone(&self, table: &str) -> Self {
        let belongs = |field: &&Field| field.tables == [table];
        Self::of(self.fields.iter().filter(belongs).cloned().collect())
    }

    /// The vocabulary with further fields; words that are taken already keep their field.
    #[must_use]
    pub fn with(&self, fields: impl IntoIterator<Item = Field>) -> Self {
        Self::of(self.fields.iter().cloned().chain(fields).collect())
    }

    /// All fields, in the order of the vocabulary.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field that a title names exactly.
    pub fn find(&self, title: &str) -> Option<&Field> {
        self.by_word
            .get(&plain_title(title))
            .map(|&index| &self.fields[index])
    }

    /// The field with the longest word that stands inside a title, and that word.
    pub fn find_inside(&self, title: &str) -> Option<(&Field, &str)> {
        let title = plain_title(title);
        let mut best: Option<(&Field, &str)> = None;
        for field in &self.fields {
            for word in &field.words {
                let plain = plain_title(word);
                let is_long_enough = plain.chars().count() >= 2 && !plain.is_ascii();
                if is_long_enough
                    && title.contains(&plain)
                    && best.is_none_or(|(_, known)| plain_title(known).len() < plain.len())
                {
                    best = Some((field, word));
                }
            }
        }
        best
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_standard_vocabulary_gives_every_word_to_one_field() {
        let vocabulary = Vocabulary::standard();
        let mut owners: HashMap<String, &str> = HashMap::new();
        // Background layers are read by their own words alone.
        let of_rows = |field: &&Field| field.tables != ["backgrounds"];
        for field in vocabulary.fields().iter().filter(of_rows) {
            for word in &field.words {
                let owner = owners.insert(plain_title(word), &field.name);
                assert!(
                    owner.is_none() || owner == Some(&field.name),
                    "{word}: {} and {owner:?}",
                    field.name
                );
            }
        }
    }

    #[test]
    fn titles_are_found_in_any_dress() {
        let vocabulary = Vocabulary::standard();
        let cases = [
            ("经 度", "lon"),
            ("Ｌatitude", "lat"),
            ("县（市、区）", "county"),
            ("活动/设施\n类型", "activity_type"),
            ("是否存在生态环境问题", "has_issue"),
            ("市级认定结果", "determination_result"),
        ];
        for (title, name) in cases {
            assert_eq!(
                vocabulary.find(title).map(|field| field.name.as_str()),
                Some(name),
                "{title}"
            );
        }
        assert_eq!(vocabulary.find("天气"), None);
        assert_eq!(
            vocabulary
                .find_inside("2019年整改进展情况说明")
                .unwrap()
                .0
                .name,
            "progress_text"
        );
    }

    #[test]
    fn units_are_found_only_where_nothing_else_is_said() {
        let cases = [
            ("亩", Some(Unit::Mu)),
            ("单位：公顷", Some(Unit::Hectare)),
            ("m²", Some(Unit::SquareMeter)),
            ("M", Some(Unit::Meter)),
            ("万元", Some(Unit::TenThousandYuan)),
            ("面积", None),
            ("", None),
        ];
        for (text, unit) in cases {
            assert_eq!(Unit::find(text), unit, "{text}");
        }
    }
}
