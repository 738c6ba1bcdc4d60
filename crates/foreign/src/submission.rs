//! OpenRosa: one filled form as ODK Collect sends it, whatever form it is.

use std::collections::HashMap;

use serde::Serialize;
use spatial::bounds::Limits;

use crate::error::Error;
use crate::record::Position;
use crate::xml::{self, Element};

/// 填报件 — a filled form: which form, which instance, every answer in order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Submission {
    pub form_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    pub instance_id: String,
    /// The instance this one replaces, where it was edited after sending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_name: Option<String>,
    pub answers: Vec<Answer>,
}

/// 答案 — what stands at a path; unanswered questions are absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Names below the root, `team/post`.
    pub path: String,
    /// Which of its like-named neighbours each step is, from 1: `[2, 1]` is the post of the second of the team.
    pub steps: Vec<u32>,
    pub text: String,
}

/// Bytes of one path.
const MOST_PATH: usize = 4_000;

/// Reads a submission.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Submission, Error> {
    const EXPECTED: &str = "OpenRosa submission";
    let root = xml::parse(bytes, limits)?;
    if root.attribute("encrypted") == Some("yes") {
        let why = "it is encrypted, and the key is not with this register";
        return Err(Error::not_this(EXPECTED, why));
    }
    let meta = root.child("meta");
    let told = |name: &str| meta.and_then(|m| m.child_text(name)).map(str::to_owned);
    // Collect writes the instance into the form's own `meta`; some clients as an attribute of the root.
    let instance_id =
        told("instanceID").or_else(|| root.attribute("instanceID").map(str::to_owned));
    let Some(instance_id) = instance_id else {
        return Err(Error::not_this(EXPECTED, "it has no instanceID"));
    };
    let Some(form_id) = root.attribute("id") else {
        return Err(Error::not_this(
            EXPECTED,
            "its root element has no id of a form",
        ));
    };
    let mut answers = Answers {
        kept: Vec::new(),
        most: limits.attributes * 10,
    };
    answers.below(&root, "", &[])?;
    Ok(Submission {
        form_id: form_id.to_owned(),
        version: root.attribute("version").map(str::to_owned),
        instance_id,
        deprecated_id: told("deprecatedID"),
        instance_name: told("instanceName"),
        answers: answers.kept,
    })
}

struct Answers {
    kept: Vec<Answer>,
    most: usize,
}

impl Answers {
    /// Every leaf with text; as deep as the document, which is bounded.
    fn below(&mut self, element: &Element, path: &str, steps: &[u32]) -> Result<(), Error> {
        let mut seen: HashMap<&str, u32> = HashMap::new();
        for child in &element.children {
            if path.is_empty() && child.name == "meta" {
                continue;
            }
            let count = seen.entry(child.name.as_str()).or_default();
            *count += 1;
            let step = *count;
            let whole = match path {
                "" => child.name.clone(),
                above => format!("{above}/{}", child.name),
            };
            if seen.len() > self.most || whole.len() > MOST_PATH {
                return Err(self.too_many());
            }
            let steps = [steps, &[step][..]].concat();
            match child.trimmed() {
                Some(text) if child.children.is_empty() => self.keep(whole, steps, text)?,
                _ => self.below(child, &whole, &steps)?,
            }
        }
        Ok(())
    }

    fn keep(&mut self, path: String, steps: Vec<u32>, text: &str) -> Result<(), Error> {
        if self.kept.len() >= self.most {
            return Err(self.too_many());
        }
        self.kept.push(Answer {
            path,
            steps,
            text: text.to_owned(),
        });
        Ok(())
    }

    fn too_many(&self) -> Error {
        Error::TooLarge {
            what: "answers",
            limit: self.most as u64,
        }
    }
}

impl Submission {
    /// The first answer at a path.
    pub fn one(&self, path: &str) -> Option<&str> {
        let found = self.answers.iter().find(|a| a.path == path);
        found.map(|a| a.text.as_str())
    }

    /// Every answer at a path, in order.
    pub fn all<'s>(&'s self, path: &'s str) -> impl Iterator<Item = &'s str> {
        let at = self.answers.iter().filter(move |a| a.path == path);
        at.map(|a| a.text.as_str())
    }

    /// Codes chosen at a path: ODK writes them with spaces between.
    pub fn chosen<'s>(&'s self, path: &'s str) -> impl Iterator<Item = &'s str> {
        self.all(path).flat_map(str::split_ascii_whitespace)
    }

    /// Names of files among the answers, each with the path that names it.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let answers = self.answers.iter();
        let named = answers.filter(|a| crate::central::is_media(&a.text));
        named.map(|a| (a.path.as_str(), a.text.as_str()))
    }
}

/// `latitude longitude altitude accuracy`, the last two often 0 where they are not known.
pub fn geopoint(text: &str) -> Option<Position> {
    let numbers: Option<Vec<f64>> = text
        .split_ascii_whitespace()
        .map(|n| n.parse().ok().filter(|n: &f64| n.is_finite()))
        .collect();
    let (lat, lon, rest) = match numbers?.as_slice() {
        [lat, lon, rest @ ..] if rest.len() <= 2 => (*lat, *lon, rest.to_vec()),
        _ => return None,
    };
    let is_place = lat.abs() <= 90.0 && lon.abs() <= 180.0 && (lat, lon) != (0.0, 0.0);
    let known = |at: usize| rest.get(at).copied().filter(|n| *n != 0.0);
    is_place.then(|| Position {
        lon,
        lat,
        altitude_m: known(0),
        accuracy_m: known(1),
    })
}

/// Points of a trace or shape, `;` between them.
pub fn geotrace(text: &str) -> Option<Vec<Position>> {
    let points = text.split(';').map(str::trim).filter(|p| !p.is_empty());
    let points: Option<Vec<Position>> = points.map(geopoint).collect();
    points.filter(|p| !p.is_empty())
}
