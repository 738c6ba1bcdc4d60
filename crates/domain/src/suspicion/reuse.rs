//! What was used before: how grave it is depends on whose it was and what it was for.

use super::config::Suspicions;
use super::photos::PhotoRole;
use super::{Finding, Grade};
use crate::entries::LikePair;
use crate::ids::EntryId;

/// 照片相似 — how sure it is that two files are one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    Same,
    Probable,
}

/// 文字相似 — how sure it is that one text was made from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextLikeness {
    Identical,
    Copied,
    Similar,
}

impl Likeness {
    /// As entries write it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Probable => "probable",
        }
    }
}

impl TextLikeness {
    /// As entries write it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Copied => "copied",
            Self::Similar => "similar",
        }
    }
}

/// 先前的照片 — a picture that was recorded earlier.
#[derive(Debug, Clone, PartialEq)]
pub struct OtherPhoto {
    pub sha256: String,
    pub site_code: String,
    pub is_same_site: bool,
    pub is_same_issue: bool,
    /// What it was for; `None` for pictures of verifications and loose evidence of a site.
    pub role: Option<PhotoRole>,
    /// Whether a verification named it.
    pub is_of_verification: bool,
    /// Between the two sites; unknown counts as far.
    pub distance_m: Option<f64>,
    pub likeness: Likeness,
    /// 0 to 1.
    pub share: f64,
}

/// 先前的文字 — a text that was recorded earlier.
#[derive(Debug, Clone, PartialEq)]
pub struct OtherText {
    /// `<entry>#<member>`
    pub reference: String,
    pub site_code: String,
    pub is_same_site: bool,
    pub likeness: TextLikeness,
    /// 0 to 1.
    pub share: f64,
}

/// A picture of an issue that was used before; `None` where that is no wonder. The others stand in the order of the log.
pub fn reused_photo(
    rules: &Suspicions,
    sha256: &str,
    roles: &[PhotoRole],
    named_by: &[(EntryId, u64)],
    others: &[OtherPhoto],
) -> Option<Finding> {
    let graded = others.iter().filter_map(|other| {
        let best = roles.iter().filter_map(|role| grade(rules, *role, other));
        best.max().map(|(grade, code)| (grade, code, other))
    });
    let graded: Vec<(Grade, &'static str, &OtherPhoto)> = graded.collect();
    let (gravest, code) = graded.iter().map(|(g, c, _)| (*g, *c)).max()?;
    let told = graded.iter().filter(|(_, c, _)| *c == code);
    let told: Vec<&OtherPhoto> = told.map(|(_, _, o)| *o).collect();
    let (entry, _) = *named_by.first()?;
    let mut finding = Finding::at("reused_photo", gravest, code, entry, 0).file(sha256);
    finding.entries = named_by.iter().map(|(id, _)| *id).collect();
    finding.last_seq = named_by.iter().map(|(_, seq)| *seq).max().unwrap_or(0);
    for other in &told {
        if !finding.evidence.contains(&other.sha256) {
            finding.evidence.push(other.sha256.clone());
        }
        let is_same = |p: &LikePair| p.other == other.sha256 && p.other_site == other.site_code;
        if finding.pairs.iter().any(is_same) {
            continue;
        }
        finding.pairs.push(LikePair {
            own: sha256.to_owned(),
            other: other.sha256.clone(),
            other_site: other.site_code.clone(),
            grade: other.likeness.code().to_owned(),
            likeness: Some(other.share),
        });
    }
    finding.likeness = told.iter().map(|o| o.share).reduce(f64::max);
    finding.extent = finding.likeness.unwrap_or(0.0);
    Some(finding.arg("site", &told.first()?.site_code))
}

fn grade(rules: &Suspicions, role: PhotoRole, other: &OtherPhoto) -> Option<(Grade, &'static str)> {
    let rule = &rules.reused_photo;
    let (base, code) = match (other.is_same_site, other.is_same_issue) {
        (false, _) => {
            let base = match role {
                PhotoRole::After | PhotoRole::Effect => rule.effect,
                PhotoRole::Evidence => rule.evidence,
                PhotoRole::Before => rule.before,
                PhotoRole::LookBack => rule.look_back,
            };
            let is_near = other.distance_m.is_some_and(|d| d < rule.shared_view_m);
            let base = if is_near { base.lowered() } else { base };
            (base, "suspicion.photo_of_other_site")
        }
        (true, _) if role == PhotoRole::After && shows_before(other) => {
            (rule.before_as_after, "suspicion.before_as_after")
        }
        (true, _) if role == PhotoRole::LookBack && is_of_the_work(other) => {
            (rule.look_back_again, "suspicion.look_back_again")
        }
        (true, false) if matches!(role, PhotoRole::After | PhotoRole::Effect) => {
            other.role?;
            (rule.of_earlier_issue, "suspicion.photo_of_earlier_issue")
        }
        // The site's own pictures, used again for the same matter, are no wonder.
        (true, _) => return None,
    };
    let is_sure = other.likeness == Likeness::Same;
    Some((if is_sure { base } else { base.lowered() }, code))
}

fn is_of_the_work(other: &OtherPhoto) -> bool {
    let role = other.role.filter(|r| *r != PhotoRole::LookBack);
    role.is_some() || other.is_of_verification
}

fn shows_before(other: &OtherPhoto) -> bool {
    other.role == Some(PhotoRole::Before) || (other.role.is_none() && other.is_of_verification)
}

/// A text of an issue that another one resembles; `None` where that is no wonder. The others stand in the order of the log.
pub fn reused_text(
    rules: &Suspicions,
    reference: &str,
    is_main: bool,
    named_by: (EntryId, u64),
    others: &[OtherText],
) -> Option<Finding> {
    let rule = &rules.copied_text;
    let graded = others.iter().map(|other| {
        let base = match (other.is_same_site, is_main) {
            (true, _) => rule.of_earlier_issue,
            (false, true) => rule.main,
            (false, false) => rule.line,
        };
        match other.likeness {
            TextLikeness::Similar => base.lowered(),
            _ => base,
        }
    });
    let gravest = graded.max()?;
    let (entry, seq) = named_by;
    let mut finding = Finding::at("copied_text", gravest, "suspicion.copied_text", entry, seq);
    reference.clone_into(&mut finding.about);
    finding.pairs = others
        .iter()
        .map(|other| LikePair {
            own: reference.to_owned(),
            other: other.reference.clone(),
            other_site: other.site_code.clone(),
            grade: other.likeness.code().to_owned(),
            likeness: Some(other.share),
        })
        .collect();
    let share = others.iter().map(|o| o.share).reduce(f64::max)?;
    finding.likeness = Some(share);
    finding.extent = share;
    let percent = format!("{:.0}", share * 100.0);
    Some(
        finding
            .arg("site", &others.first()?.site_code)
            .arg("percent", percent),
    )
}
