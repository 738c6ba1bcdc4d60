//! 代码表 — versioned lists of codes with labels, and mappings between lists.
//!
//! Three activity vocabularies coexist in the papers (2014 guide, eight kinds, HJ 1156); none is hard-coded. Lists are
//! data under `codes/`; a campaign names the versions it uses. Two lists the program itself decides on also exist as
//! closed enums: [`ZoneKind`] and [`SourceKind`]. Zones of one scheme are never mapped to another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::reading::{self, place};
pub use crate::reading::{ReadError, folded};

mod background_kind;
mod source_kind;
mod zone_kind;

pub use background_kind::BackgroundKind;
pub use source_kind::SourceKind;
pub use zone_kind::{ZoneGroup, ZoneKind, ZoningScheme};

/// 出处标记 — how well a value is known. Whatever carries no mark counts as general knowledge.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
pub enum Mark {
    /// 有原文: taken from the text of the document named.
    V,
    /// 部分已知: in part, at second hand, or inferred from data seen.
    P,
    /// 本系统设计: ours, not a rule.
    D,
    /// 一般知识: unchecked, stays configurable, never shown as a citation.
    #[default]
    G,
}

impl Mark {
    /// The meaning, for printed pages.
    pub fn label(self) -> &'static str {
        match self {
            Self::V => "有原文",
            Self::P => "部分已知",
            Self::D => "本系统设计",
            Self::G => "一般知识，待核",
        }
    }
}

/// 代码表引用 — a list and its version, written `CL-ACT14@2014`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListRef {
    pub id: String,
    pub version: String,
}

/// 引用写法有误 — not of the form `id@version`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a code list reference of the form id@version: {0:?}")]
pub struct NotAListRef(pub String);

impl FromStr for ListRef {
    type Err = NotAListRef;

    fn from_str(text: &str) -> Result<Self, NotAListRef> {
        match text.split_once('@') {
            Some((id, version)) if !id.is_empty() && !version.is_empty() => Ok(Self {
                id: id.to_owned(),
                version: version.to_owned(),
            }),
            _ => Err(NotAListRef(text.to_owned())),
        }
    }
}

impl TryFrom<String> for ListRef {
    type Error = NotAListRef;

    fn try_from(text: String) -> Result<Self, NotAListRef> {
        text.parse()
    }
}

impl From<ListRef> for String {
    fn from(list: ListRef) -> Self {
        list.to_string()
    }
}

impl fmt::Display for ListRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.version)
    }
}

/// 代码 — one value of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    pub code: String,
    pub label: String,
    /// Other spellings seen in papers; full-width forms and blanks need not be listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub synonyms: Vec<String>,
    /// Heading the value stands under (影响较大), or the code of another list it refines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where it differs from the list's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}

/// 代码表 — one version of one list, in the order people expect it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeList {
    pub id: String,
    pub version: String,
    pub title: String,
    /// Document or practice the list comes from.
    pub source: String,
    #[serde(default)]
    pub mark: Mark,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Empty for a standard whose codes are not known: to be loaded, never invented.
    #[serde(default)]
    pub codes: Vec<Code>,
}

impl CodeList {
    /// The list's reference.
    pub fn reference(&self) -> ListRef {
        ListRef {
            id: self.id.clone(),
            version: self.version.clone(),
        }
    }

    /// The value with exactly this code.
    pub fn find_code(&self, code: &str) -> Option<&Code> {
        self.codes.iter().find(|c| c.code == code)
    }

    /// The value meant by `text`: a code, a label or a synonym, full or half width, blanks ignored.
    pub fn find(&self, text: &str) -> Option<&Code> {
        let wanted = folded(text);
        if wanted.is_empty() {
            return None;
        }
        let by_code = self.codes.iter().find(|c| folded(&c.code) == wanted);
        by_code.or_else(|| {
            self.codes
                .iter()
                .find(|c| c.spellings().any(|s| folded(s) == wanted))
        })
    }

    /// The label of `code`, or the code itself where the list does not know it (a later version may).
    pub fn label<'a>(&'a self, code: &'a str) -> &'a str {
        self.find_code(code).map_or(code, |c| &c.label)
    }

    /// How well `code` is known.
    pub fn mark_of(&self, code: &Code) -> Mark {
        code.mark.unwrap_or(self.mark)
    }

    fn faults(&self, file: &str) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for (index, code) in self.codes.iter().enumerate() {
            let at = place(file, &format!("codes.{index}"));
            if code.code.trim().is_empty() || code.label.trim().is_empty() {
                faults.push(
                    Diagnostic::error("code.blank")
                        .arg("list", self.reference())
                        .at(at),
                );
                continue;
            }
            // A code may be spelled like its own label, but not like anything of another value.
            let own: BTreeSet<String> = std::iter::once(code.code.as_str())
                .chain(code.spellings())
                .map(folded)
                .collect();
            for spelling in own {
                if let Some(other) = seen.insert(spelling, &code.code) {
                    let fault = Diagnostic::error("code.ambiguous").arg("list", self.reference());
                    faults.push(
                        fault
                            .arg("code", &code.code)
                            .arg("other", other)
                            .at(at.clone()),
                    );
                }
            }
        }
        faults
    }
}

impl Code {
    fn spellings(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.label.as_str()).chain(self.synonyms.iter().map(String::as_str))
    }
}

/// 对照行 — what one code of the first list can be in the second. Nothing on the right means: no counterpart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingRow {
    pub from: String,
    #[serde(default)]
    pub to: Vec<String>,
    /// What decides between several, or why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 对照表 — from one list to another. It proposes; where it names several, a person or a rule decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    pub from: ListRef,
    pub to: ListRef,
    pub source: String,
    #[serde(default)]
    pub mark: Mark,
    #[serde(default)]
    pub rows: Vec<MappingRow>,
}

/// 对照结果 — what a mapping says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapped<'a> {
    /// Exactly one counterpart.
    One(&'a str),
    /// Several; the row's note says what decides.
    Several(&'a [String], Option<&'a str>),
    /// 无对应: the code has no counterpart, or the mapping does not list it.
    Unmapped,
}

impl Mapping {
    /// What `code` of the first list is in the second.
    pub fn map(&self, code: &str) -> Mapped<'_> {
        match self.rows.iter().find(|r| r.from == code) {
            Some(MappingRow { to, .. }) if to.len() == 1 => Mapped::One(&to[0]),
            Some(MappingRow { to, note, .. }) if to.len() > 1 => {
                Mapped::Several(to, note.as_deref())
            }
            _ => Mapped::Unmapped,
        }
    }
}

/// 代码集 — all lists and mappings that have been loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeBook {
    lists: BTreeMap<ListRef, CodeList>,
    mappings: Vec<Mapping>,
}

#[derive(Deserialize)]
struct CodeFile {
    #[serde(default)]
    lists: Vec<CodeList>,
    #[serde(default)]
    mappings: Vec<Mapping>,
}

impl CodeBook {
    /// Reads files of lists (`[[lists]]`) and mappings (`[[mappings]]`), each `(file name, text)`. A later file
    /// replaces a list of the same id and version, so that an empty standard can be filled by a file of one's own.
    pub fn from_files<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(Self, Vec<Diagnostic>), ReadError> {
        let mut book = Self::default();
        let mut diagnostics = Vec::new();
        let mut mappings = Vec::new();
        for (file, text) in files {
            let (read, found) = reading::read::<CodeFile>(file, text, "code.unknown_key")?;
            diagnostics.extend(found);
            diagnostics.extend(read.lists.iter().flat_map(|l| l.faults(file)));
            book.lists
                .extend(read.lists.into_iter().map(|l| (l.reference(), l)));
            mappings.extend(read.mappings.into_iter().map(|m| (file.to_owned(), m)));
        }
        for (file, mapping) in mappings {
            diagnostics.extend(book.mapping_faults(&file, &mapping));
            book.mappings.push(mapping);
        }
        Ok((book, diagnostics))
    }

    /// All lists, by id and version.
    pub fn lists(&self) -> impl Iterator<Item = &CodeList> {
        self.lists.values()
    }

    /// All mappings, in the order they were loaded.
    pub fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }

    /// The list of this reference.
    pub fn find_list(&self, list: &ListRef) -> Option<&CodeList> {
        self.lists.get(list)
    }

    /// The mapping between two lists, if there is one.
    pub fn find_mapping(&self, from: &ListRef, to: &ListRef) -> Option<&Mapping> {
        self.mappings
            .iter()
            .find(|m| m.from == *from && m.to == *to)
    }

    fn mapping_faults(&self, file: &str, mapping: &Mapping) -> Vec<Diagnostic> {
        let at = || place(file, &format!("mappings.{}", mapping.from));
        let mut faults = Vec::new();
        for list in [&mapping.from, &mapping.to] {
            if !self.lists.contains_key(list) {
                faults.push(
                    Diagnostic::error("code.unknown_list")
                        .arg("list", list)
                        .at(at()),
                );
            }
        }
        let codes_of = |list: &ListRef| {
            self.lists
                .get(list)
                .map(|l| l.codes.iter().map(|c| c.code.as_str()).collect())
        };
        let (from, to): (Option<BTreeSet<&str>>, Option<BTreeSet<&str>>) =
            (codes_of(&mapping.from), codes_of(&mapping.to));
        let mut check = |known: &Option<BTreeSet<&str>>, code: &str, list: &ListRef| {
            if known.as_ref().is_some_and(|k| !k.contains(code)) {
                faults.push(
                    Diagnostic::error("code.unknown_code")
                        .arg("code", code)
                        .arg("list", list)
                        .at(at()),
                );
            }
        };
        for row in &mapping.rows {
            check(&from, &row.from, &mapping.from);
            row.to.iter().for_each(|code| check(&to, code, &mapping.to));
        }
        faults
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::shipped;

    fn list(reference: &str) -> CodeList {
        shipped::code_book()
            .0
            .find_list(&reference.parse().unwrap())
            .unwrap()
            .clone()
    }

    #[test]
    fn the_shipped_lists_are_faultless() {
        assert_eq!(shipped::code_book().1, []);
    }

    #[rstest]
    #[case("A04", "A04")]
    #[case("ａ０４", "A04")]
    #[case(" 采石场 ", "A04")]
    #[case("采石采砂", "A04")]
    #[case("工矿用地", "A03")]
    #[case("其他人工设施", "A10")]
    #[case("其它人工设施", "A10")]
    fn a_value_is_found_by_code_label_or_synonym_in_either_width(
        #[case] text: &str,
        #[case] code: &str,
    ) {
        assert_eq!(
            list("CL-ACT14@2014").find(text).map(|c| c.code.as_str()),
            Some(code)
        );
    }

    #[rstest]
    #[case("")]
    #[case("　")]
    #[case("采石场一号")]
    fn what_is_not_in_the_list_is_not_guessed(#[case] text: &str) {
        assert_eq!(list("CL-ACT14@2014").find(text), None);
    }

    #[test]
    fn the_codes_of_hj_1156_are_left_to_be_loaded() {
        assert_eq!(list("CL-HJ1156-L1@2021").codes, []);
        let own = "[[lists]]\nid = \"CL-HJ1156-L1\"\nversion = \"2021\"\ntitle = \"自备\"\nsource = \"HJ 1156-2021\"\nmark = \"V\"\n\
            [[lists.codes]]\ncode = \"01\"\nlabel = \"某类\"\n";
        let files = shipped::files("codes");
        let files = files
            .iter()
            .map(|(n, t)| (n.as_str(), t.as_str()))
            .chain([("own.toml", own)]);
        let book = CodeBook::from_files(files).unwrap().0;
        assert_eq!(
            book.find_list(&"CL-HJ1156-L1@2021".parse().unwrap())
                .unwrap()
                .codes
                .len(),
            1
        );
    }

    #[test]
    fn a_mapping_says_one_several_or_none() {
        let book = shipped::code_book().0;
        let mapping = |from: &str, to: &str| {
            book.find_mapping(&from.parse().unwrap(), &to.parse().unwrap())
                .unwrap()
                .clone()
        };
        let focal = mapping("CL-FOCAL4@2019", "CL-ACT14@2014");
        assert_eq!(focal.map("quarry_sand"), Mapped::One("A04"));
        let classes = mapping("CL-ACT14@2014", "CL-HJ1156-L1@draft");
        assert_eq!(classes.map("A04"), Mapped::One("mineral"));
        assert!(matches!(classes.map("A03"), Mapped::Several(to, Some(_)) if to.len() == 2));
        assert_eq!(classes.map("A02"), Mapped::Unmapped);
        assert_eq!(classes.map("A98"), Mapped::Unmapped);
    }

    #[test]
    fn zones_of_different_schemes_have_no_mapping() {
        let zones = |m: &&Mapping| m.from.id == "CL-ZONE" || m.to.id == "CL-ZONE";
        assert_eq!(
            shipped::code_book()
                .0
                .mappings()
                .iter()
                .filter(zones)
                .count(),
            0
        );
    }

    #[rstest]
    #[case(
        "[[lists]]\nid=\"L\"\nversion=\"1\"\ntitle=\"\"\nsource=\"\"\ncodes=[{code=\"a\",label=\"甲\"},{code=\"b\",label=\"乙\",synonyms=[\"甲 \"]}]",
        "code.ambiguous"
    )]
    #[case(
        "[[lists]]\nid=\"L\"\nversion=\"1\"\ntitle=\"\"\nsource=\"\"\ncodes=[{code=\"\",label=\"甲\"}]",
        "code.blank"
    )]
    #[case(
        "[[lists]]\nid=\"L\"\nversion=\"1\"\ntitle=\"\"\nsource=\"\"\ncolour=\"red\"",
        "code.unknown_key"
    )]
    #[case(
        "[[mappings]]\nfrom=\"L@1\"\nto=\"L@1\"\nsource=\"\"",
        "code.unknown_list"
    )]
    #[case(
        "[[lists]]\nid=\"L\"\nversion=\"1\"\ntitle=\"\"\nsource=\"\"\n[[mappings]]\nfrom=\"L@1\"\nto=\"L@1\"\nsource=\"\"\nrows=[{from=\"a\"}]",
        "code.unknown_code"
    )]
    fn a_fault_of_a_file_is_reported(#[case] text: &str, #[case] code: &str) {
        let diagnostics = CodeBook::from_files([("own.toml", text)]).unwrap().1;
        assert!(
            diagnostics
                .iter()
                .any(|d| d.code == code && d.place.file.as_deref() == Some("own.toml")),
            "{diagnostics:?}"
        );
    }

    #[rstest]
    #[case("id = ")]
    #[case("[[lists]]\nid = 3")]
    #[case("[[mappings]]\nfrom = \"L\"\nto = \"L@1\"\nsource = \"\"")]
    fn a_file_that_cannot_be_read_is_an_error(#[case] text: &str) {
        assert!(CodeBook::from_files([("own.toml", text)]).is_err());
    }

    proptest! {
        #[test]
        fn every_spelling_of_every_shipped_value_finds_it_in_full_width_too(pick in any::<prop::sample::Index>()) {
            let book = shipped::code_book().0;
            let all: Vec<(&CodeList, &Code)> = book.lists().flat_map(|l| l.codes.iter().map(move |c| (l, c))).collect();
            let (list, code) = all[pick.index(all.len())];
            for spelling in std::iter::once(code.code.as_str()).chain(code.spellings()) {
                let wide: String = spelling.chars().map(|c| match c {
                    '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap(),
                    c => c,
                }).collect();
                prop_assert_eq!(list.find(&wide), Some(code));
            }
        }

        #[test]
        fn folding_is_stable(text in ".{0,40}") {
            prop_assert_eq!(folded(&folded(&text)), folded(&text));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = CodeBook::from_files([("own.toml", text.as_str())]);
        }
    }
}
