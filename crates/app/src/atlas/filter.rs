//! What of a list is wanted, as asked and as compared with columns.

use domain::campaign::LedgerView;
use serde::Deserialize;
use spatial::diagnostic::Diagnostic;
use utoipa::IntoParams;

use super::columns::Words;
use super::site_table::SiteTable;
use crate::error::Error;

/// 点位查询 — which sites are wanted. Several codes in one parameter are separated by commas.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SiteQuery {
    /// Part of the code or the name.
    pub q: Option<String>,
    pub station: Option<String>,
    /// Area lead, by post, label or station.
    pub lead: Option<String>,
    pub state: Option<String>,
    pub zone: Option<String>,
    pub activity: Option<String>,
    /// `yes`, `no`, or categories.
    pub focal: Option<String>,
    pub source: Option<String>,
    pub verdict: Option<String>,
    pub severity: Option<String>,
    /// `yes`, `no`, `pending`.
    pub has_issue: Option<String>,
    /// Ledger the site stands in: `sites`, `focal`, `verified`.
    pub ledger: Option<String>,
    /// Findings of the checks: `yes`, or `no`.
    pub finding: Option<String>,
    /// `west,south,east,north` in degrees.
    pub bbox: Option<String>,
}

/// West, south, east, north in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Box2(pub [f64; 4]);

impl Box2 {
    /// Reads `west,south,east,north`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let numbers: Vec<f64> = text
            .split(',')
            .filter_map(|n| n.trim().parse().ok())
            .filter(|n: &f64| n.is_finite())
            .collect();
        let fault = || Error::rejected(Diagnostic::error("query.bbox").arg("text", text));
        let corners: [f64; 4] = match numbers[..] {
            [w, s, e, n] => [w, s, e, n],
            [w, s, _, e, n, _] => [w, s, e, n],
            _ => return Err(fault()),
        };
        let [w, s, e, n] = corners;
        if text.split(',').count() != numbers.len() || s > n || w > e {
            return Err(fault());
        }
        Ok(Self(corners))
    }

    /// Whether it holds a point.
    pub fn holds(&self, lon: f64, lat: f64) -> bool {
        let [w, s, e, n] = self.0;
        w <= lon && lon <= e && s <= lat && lat <= n
    }
}

/// 筛选 — a query compared with columns: for each coded column the numbers wanted, or all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SiteFilter {
    pub(super) text: Option<String>,
    pub(super) station: Option<Vec<bool>>,
    pub(super) state: Option<Vec<bool>>,
    pub(super) zone: Option<Vec<bool>>,
    pub(super) activity: Option<Vec<bool>>,
    pub(super) focal: Option<Vec<bool>>,
    pub(super) verdict: Option<Vec<bool>>,
    pub(super) severity: Option<Vec<bool>>,
    pub(super) has_issue: Option<Vec<bool>>,
    pub(super) sources: Option<u32>,
    pub(super) ledgers: Option<u8>,
    pub(super) has_finding: Option<bool>,
    pub(super) bbox: Option<Box2>,
}

impl SiteFilter {
    /// The filter of a query over a table; `stations` are those the lead is answerable for, if one was named.
    pub fn of(
        query: &SiteQuery,
        table: &SiteTable,
        stations: Option<&[String]>,
    ) -> Result<Self, Error> {
        let source = |codes: &str| {
            codes
                .split(',')
                .filter_map(|c| table.sources.find(c.trim()))
                .fold(0_u32, |bits, n| {
                    bits | 1_u32.checked_shl(u32::from(n)).unwrap_or(0)
                })
        };
        let station = query
            .station
            .as_deref()
            .map(|s| wanted(s, &table.stations))
            .or_else(|| stations.map(|s| wanted(&s.join(","), &table.stations)));
        Ok(Self {
            text: query
                .q
                .as_deref()
                .map(|q| q.trim().to_lowercase())
                .filter(|q| !q.is_empty()),
            station,
            state: query.state.as_deref().map(|c| wanted(c, &table.states)),
            zone: query.zone.as_deref().map(|c| wanted(c, &table.zones)),
            activity: query
                .activity
                .as_deref()
                .map(|c| wanted(c, &table.activities)),
            focal: query.focal.as_deref().map(|c| wanted(c, &table.focals)),
            verdict: query.verdict.as_deref().map(|c| wanted(c, &table.verdicts)),
            severity: query
                .severity
                .as_deref()
                .map(|c| wanted(c, &table.severities)),
            has_issue: query
                .has_issue
                .as_deref()
                .map(|c| wanted(c, &table.has_issues)),
            sources: query.source.as_deref().map(source),
            ledgers: match query.ledger.as_deref() {
                Some(text) => Some(ledger_bit(text)?),
                None => None,
            },
            has_finding: query.finding.as_deref().map(|f| f != "no"),
            bbox: match query.bbox.as_deref() {
                Some(text) => Some(Box2::parse(text)?),
                None => None,
            },
        })
    }
}

impl SiteFilter {
    /// Whether everything is wanted.
    pub(super) fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether nothing but codes is asked.
    pub(super) fn is_coded(&self) -> bool {
        self.text.is_none()
            && self.sources.is_none()
            && self.ledgers.is_none()
            && self.has_finding.is_none()
            && self.bbox.is_none()
    }
}

/// `yes` is anything, `no` and `unknown` nothing; else the codes named.
fn wanted(codes: &str, words: &Words) -> Vec<bool> {
    let mut wanted = vec![false; words.len()];
    for code in codes.split(',').map(str::trim) {
        match (code, words.find(code)) {
            (_, Some(number)) => wanted[usize::from(number)] = true,
            ("yes", None) => wanted[1..].fill(true),
            _ => {}
        }
        wanted[0] |= matches!(code, "no" | "unknown" | "");
    }
    wanted
}

/// The bit of a ledger among those of a row.
pub(super) fn ledger_bit_of(view: LedgerView) -> u8 {
    let at = LedgerView::ALL.iter().position(|v| *v == view);
    1 << at.unwrap_or(0)
}

fn ledger_bit(text: &str) -> Result<u8, Error> {
    let named = LedgerView::ALL.iter().find(|v| v.code() == text);
    named
        .map(|view| ledger_bit_of(*view))
        .ok_or_else(|| Error::rejected(Diagnostic::error("query.ledger").arg("text", text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_yes_and_no_choose_among_words() {
        let mut words = Words::default();
        for word in ["core", "buffer"] {
            words.enter(Some(word));
        }
        assert_eq!(wanted("core, nowhere", &words), [false, true, false]);
        assert_eq!(wanted("no", &words), [true, false, false]);
        assert_eq!(wanted("yes", &words), [false, true, true]);
        assert_eq!(wanted("unknown,buffer", &words), [true, false, true]);
        // Where `yes` is a word itself, it means that word alone.
        words.enter(Some("yes"));
        assert_eq!(wanted("yes", &words), [false, false, false, true]);
    }
}
