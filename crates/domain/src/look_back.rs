//! 回头看 — which closed issues are looked back at: all focal ones, and a share of the rest by risk. The drawing follows
//! from a seed that is recorded, so anybody can repeat it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::ids::EntryId;
use crate::issue::Issue;

/// 抽样对象 — a closed issue that may be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Candidate {
    pub issue: EntryId,
    pub site_code: String,
    pub is_focal: bool,
    pub risk: u32,
}

/// 中签 — a candidate that was drawn, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    pub candidate: Candidate,
    /// `all_focal`, `by_risk`.
    pub method: String,
}

/// How likely an issue is to come back, in points: suspicions, objections, returns, extensions, urgings.
pub fn risk_of(issue: &Issue) -> u32 {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let returned = issue
        .acceptances
        .iter()
        .filter(|a| a.body.result != "passed")
        .count();
    let reopened = u32::from(issue.opened.body.reopens.is_some());
    let points = [
        count(issue.suspicions.len()).saturating_mul(4),
        reopened * 4,
        count(issue.objections.len()).saturating_mul(2),
        count(returned).saturating_mul(2),
        count(issue.granted_count()),
        count(issue.urgings.len()),
    ];
    points.into_iter().fold(1, u32::saturating_add)
}

/// All focal candidates, and of the others so many percent (rounded up), the riskier the likelier; in the order of sites.
pub fn draw(candidates: &[Candidate], percent: u32, seed: &str) -> Vec<Drawn> {
    let (focal, others): (Vec<&Candidate>, Vec<&Candidate>) =
        candidates.iter().partition(|c| c.is_focal);
    let share = others
        .len()
        .saturating_mul(percent.min(100) as usize)
        .div_ceil(100);
    let mut lots: Vec<(u64, &Candidate)> = others.iter().map(|c| (lot(c, seed), *c)).collect();
    lots.sort_by_key(|(lot, c)| (*lot, c.issue));
    let drawn = |method: &str, c: &Candidate| Drawn {
        candidate: c.clone(),
        method: method.to_owned(),
    };
    let mut all: Vec<Drawn> = focal.into_iter().map(|c| drawn("all_focal", c)).collect();
    all.extend(lots.iter().take(share).map(|(_, c)| drawn("by_risk", c)));
    all.sort_by(|a, b| {
        let key = |d: &Drawn| (d.candidate.site_code.clone(), d.candidate.issue);
        key(a).cmp(&key(b))
    });
    all
}

/// The lower the lot, the earlier it is drawn; risk divides it.
fn lot(candidate: &Candidate, seed: &str) -> u64 {
    let digest = Sha256::new()
        .chain_update((seed.len() as u64).to_be_bytes())
        .chain_update(seed)
        .chain_update(candidate.issue.0.as_bytes())
        .finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first) / u64::from(candidate.risk.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates() -> Vec<Candidate> {
        let one = |n: u128| Candidate {
            issue: EntryId(uuid::Uuid::from_u128(n)),
            site_code: format!("S{n:03}"),
            is_focal: n.is_multiple_of(10),
            risk: if n < 50 { 20 } else { 1 },
        };
        (1..=100).map(one).collect()
    }

    #[test]
    fn all_focal_ones_are_drawn_and_a_share_of_the_rest() {
        let drawn = draw(&candidates(), 20, "2020-06");
        let focal = drawn.iter().filter(|d| d.method == "all_focal").count();
        assert_eq!((focal, drawn.len()), (10, 28));
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_one_others() {
        let all = candidates();
        let mut turned = all.clone();
        turned.reverse();
        assert_eq!(draw(&all, 20, "甲"), draw(&turned, 20, "甲"));
        assert_ne!(draw(&all, 20, "甲"), draw(&all, 20, "乙"));
    }

    #[test]
    fn the_riskier_is_the_likelier() {
        let drawn = draw(&candidates(), 20, "2020-06");
        let of_risk = |risk: u32| {
            let lots = drawn.iter().filter(|d| d.method == "by_risk");
            lots.filter(|d| d.candidate.risk == risk).count()
        };
        assert!(of_risk(20) > 3 * of_risk(1));
    }
}
