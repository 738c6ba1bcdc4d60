//! 点位编号 — codes people read. Official numbers are kept as issued and never rebuilt; our own follow one pattern.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// 下发编号 — a number issued by an authority, e.g. `202302-43-N1-007-MD-0018`. Opaque: kept as given; its parts mean
/// something only to who issued it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExternalCode(pub String);

impl ExternalCode {
    /// The code in the form in which two writings of it are the same: half width, no blanks, capital letters, plain
    /// hyphens. For comparing only; the code itself stays as given.
    pub fn matching_key(&self) -> String {
        crate::codes::folded(&self.0).to_uppercase()
    }

    /// Whether it looks like the numbers seen in ministry lists:
    /// `^\d{6}-\d{2}-[A-Z]\d?-\d{3}-[A-Z]{2}-\d{4}$`.
    pub fn is_of_ministry_pattern(&self) -> bool {
        let key = self.matching_key();
        let parts: Vec<&str> = key.split('-').collect();
        let [batch, province, kind, area, class, serial] = parts[..] else {
            return false;
        };
        let kind_is_right = match kind.as_bytes() {
            [letter] => letter.is_ascii_uppercase(),
            [letter, digit] => letter.is_ascii_uppercase() && digit.is_ascii_digit(),
            _ => false,
        };
        kind_is_right
            && digits(batch, 6)
            && digits(province, 2)
            && digits(area, 3)
            && digits(serial, 4)
            && class.len() == 2
            && class.bytes().all(|b| b.is_ascii_uppercase())
    }
}

fn digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_digit())
}

/// 点位编号 — our own code `YYYY-<area>-<station>-<seq>`, e.g. `2019-620802-HH-0007`. Given once, never used again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SiteCode {
    /// Year of the campaign that registered the site.
    pub year: i16,
    pub area: String,
    pub station: String,
    /// From 1; written with at least four digits.
    pub seq: u32,
}

/// 编号有误 — not of the form `YYYY-<area>-<station>-<seq>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a site code of the form YYYY-area-station-seq: {0:?}")]
pub struct NotASiteCode(pub String);

/// Digits a serial is written with at least.
const SEQ_DIGITS: usize = 4;
/// A part of a code longer than this is not one.
const PART_LIMIT: usize = 16;

impl fmt::Display for SiteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{}-{}-{:0width$}",
            self.year,
            self.area,
            self.station,
            self.seq,
            width = SEQ_DIGITS
        )
    }
}

impl FromStr for SiteCode {
    type Err = NotASiteCode;

    fn from_str(text: &str) -> Result<Self, NotASiteCode> {
        parse(text).ok_or_else(|| NotASiteCode(text.chars().take(PART_LIMIT * 4).collect()))
    }
}

fn parse(text: &str) -> Option<SiteCode> {
    let parts: Vec<&str> = text.splitn(5, '-').collect();
    let [year, area, station, seq] = parts[..] else {
        return None;
    };
    let padded = seq.len() == SEQ_DIGITS || (seq.len() > SEQ_DIGITS && !seq.starts_with('0'));
    let code = SiteCode {
        year: digits(year, 4).then(|| year.parse().ok())??,
        area: part(area)?,
        station: part(station)?,
        seq: (padded && seq.bytes().all(|b| b.is_ascii_digit())).then(|| seq.parse().ok())??,
    };
    (code.seq > 0).then_some(code)
}

fn part(text: &str) -> Option<String> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    (plain && !text.is_empty() && text.len() <= PART_LIMIT).then(|| text.to_owned())
}

impl TryFrom<String> for SiteCode {
    type Error = NotASiteCode;

    fn try_from(text: String) -> Result<Self, NotASiteCode> {
        text.parse()
    }
}

impl From<SiteCode> for String {
    fn from(code: SiteCode) -> Self {
        code.to_string()
    }
}

/// 编号规则 — how a campaign numbers its sites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbering {
    /// Middle part: code of the county or the reserve, capital letters and digits.
    pub area: String,
    /// Station part of sites that lie in no station's territory.
    pub without_station: String,
}

impl Numbering {
    /// Whether the parts can stand in a code.
    pub fn is_valid(&self) -> bool {
        part(&self.area).is_some() && part(&self.without_station).is_some()
    }

    /// The next code of a station: one above the highest taken of the same year, area and station.
    pub fn next<'a>(
        &self,
        year: i16,
        station: Option<&str>,
        taken: impl IntoIterator<Item = &'a SiteCode>,
    ) -> SiteCode {
        let station = station.unwrap_or(&self.without_station);
        let same = |c: &&SiteCode| c.year == year && c.area == self.area && c.station == station;
        let highest = taken
            .into_iter()
            .filter(same)
            .map(|c| c.seq)
            .max()
            .unwrap_or(0);
        SiteCode {
            year,
            area: self.area.clone(),
            station: station.to_owned(),
            seq: highest.saturating_add(1),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn numbering() -> Numbering {
        Numbering {
            area: "620802".into(),
            without_station: "00".into(),
        }
    }

    #[rstest]
    #[case("202302-43-N1-007-MD-0018", true)]
    #[case("202201-43-F-001-RO-0267", true)]
    #[case("２０２３０２－43－N1－007－md－0018", true)]
    #[case(" 202302—43—N1—007—MD—0018 ", true)]
    #[case("202302-43-N1-007-MD-18", false)]
    #[case("202302-43-N12-007-MD-0018", false)]
    #[case("5", false)]
    #[case("", false)]
    fn official_numbers_are_recognized_but_never_taken_apart(
        #[case] text: &str,
        #[case] expected: bool,
    ) {
        assert_eq!(
            ExternalCode(text.to_owned()).is_of_ministry_pattern(),
            expected
        );
    }

    #[test]
    fn two_writings_of_an_official_number_are_the_same() {
        let wide = ExternalCode("２０２３０２－43－n1－007－MD－0018 ".into());
        let plain = ExternalCode("202302-43-N1-007-MD-0018".into());
        assert_eq!(wide.matching_key(), plain.matching_key());
        assert_ne!(wide, plain, "the code itself stays as given");
    }

    #[rstest]
    #[case("2019-620802-HH-0007")]
    #[case("2019-620802-HH-12345")]
    #[case("2019-N1007-00-0001")]
    fn an_own_code_is_read_and_written_alike(#[case] text: &str) {
        assert_eq!(text.parse::<SiteCode>().unwrap().to_string(), text);
    }

    #[rstest]
    #[case("2019-620802-HH-7")]
    #[case("2019-620802-HH-0000")]
    #[case("2019-620802-HH-00007")]
    #[case("2019-620802-hh-0007")]
    #[case("19-620802-HH-0007")]
    #[case("2019-620802-0007")]
    #[case("2019-620802-HH-0007-1")]
    #[case("2019--HH-0007")]
    #[case("2019-620802-HH-99999999999")]
    #[case("2019-620802-HH-+007")]
    fn what_is_not_an_own_code_is_refused(#[case] text: &str) {
        assert_eq!(text.parse::<SiteCode>(), Err(NotASiteCode(text.to_owned())));
    }

    #[test]
    fn each_station_counts_for_itself_and_gaps_are_not_filled() {
        let taken: Vec<SiteCode> = [
            "2019-620802-HH-0001",
            "2019-620802-HH-0009",
            "2019-620802-MW-0040",
            "2018-620802-HH-0300",
        ]
        .iter()
        .map(|c| c.parse().unwrap())
        .collect();
        assert_eq!(
            numbering().next(2019, Some("HH"), &taken).to_string(),
            "2019-620802-HH-0010"
        );
        assert_eq!(
            numbering().next(2019, Some("TT"), &taken).to_string(),
            "2019-620802-TT-0001"
        );
        assert_eq!(
            numbering().next(2019, None, &taken).to_string(),
            "2019-620802-00-0001"
        );
    }

    proptest! {
        #[test]
        fn a_code_survives_writing_and_reading(year in 1000i16..9999, area in "[A-Z0-9]{1,16}", station in "[A-Z0-9]{1,16}", seq in 1u32..) {
            let code = SiteCode { year, area, station, seq };
            prop_assert_eq!(code.to_string().parse::<SiteCode>(), Ok(code));
        }

        #[test]
        fn a_new_code_was_never_given_before(stations in prop::collection::vec(prop::option::of(prop::sample::select(vec!["HH", "MW"])), 1..60)) {
            let mut given: Vec<SiteCode> = Vec::new();
            for station in stations {
                let code = numbering().next(2019, station, &given);
                prop_assert!(!given.contains(&code));
                given.push(code);
            }
        }

        #[test]
        fn any_text_is_a_code_or_refused(text in ".{0,60}") {
            if let Ok(code) = text.parse::<SiteCode>() {
                prop_assert_eq!(code.to_string(), text);
            }
        }
    }
}
