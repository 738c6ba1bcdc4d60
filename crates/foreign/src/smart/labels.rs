//! The data model: what the keys of categories, attributes and their values mean in words.

use std::collections::BTreeMap;

use spatial::bounds::Limits;

use super::key;
use crate::error::Error;
use crate::record::shortened;
use crate::xml::{self, Element};

/// 名称表 — labels by key, in one of the languages of the model.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Labels {
    /// Codes of the languages the model speaks.
    pub languages: Vec<String>,
    /// By the whole key of the category, `humanactivity.timber.firewood`.
    pub categories: BTreeMap<String, String>,
    pub attributes: BTreeMap<String, String>,
    /// By attribute and key of the value; of a tree by its whole key.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
}

impl Labels {
    /// Words of a category: its own label and those above it, or the key where the model does not know it.
    pub fn category(&self, key: &str) -> String {
        let ends = key.match_indices('.').map(|(at, _)| at);
        let whole = ends.chain([key.len()]);
        let words = whole.map(|end| {
            let own = key[..end].rsplit('.').next().unwrap_or(key);
            self.categories.get(&key[..end]).map_or(own, String::as_str)
        });
        words.collect::<Vec<_>>().join(" / ")
    }

    /// Words of an attribute and of its value, or their keys.
    pub fn value<'k>(&'k self, attribute: &'k str, value: &'k str) -> (&'k str, &'k str) {
        let name = self
            .attributes
            .get(attribute)
            .map_or(attribute, String::as_str);
        let known = self.values.get(attribute).and_then(|v| v.get(value));
        (name, known.map_or(value, String::as_str))
    }
}

/// Reads the labels in `language`, else in the first language a label has.
pub fn read_labels(bytes: &[u8], language: &str, limits: &Limits) -> Result<Labels, Error> {
    let root = xml::parse(bytes, limits)?;
    if root.name != "DataModel" {
        let why = format!("the root element is <{}>", shortened(&root.name));
        return Err(Error::not_this("SMART data model", why));
    }
    let mut labels = Labels::default();
    let languages = root.child("languages").map(|l| l.all("languages"));
    labels.languages = languages
        .into_iter()
        .flatten()
        .filter_map(|l| l.attribute("code").map(str::to_owned))
        .collect();
    let attributes = root.child("attributes").map(|a| a.all("attribute"));
    for attribute in attributes.into_iter().flatten() {
        let Some(name) = attribute.attribute("key").map(key) else {
            continue;
        };
        let mut values = BTreeMap::new();
        tree(
            attribute,
            "",
            language,
            &["values", "tree", "children"],
            &mut values,
        );
        if !values.is_empty() {
            labels.values.insert(name.clone(), values);
        }
        labels
            .attributes
            .extend(label(attribute, language).map(|l| (name, l)));
    }
    if let Some(categories) = root.child("categories") {
        tree(
            categories,
            "",
            language,
            &["category"],
            &mut labels.categories,
        );
    }
    Ok(labels)
}

/// Bytes of a whole key; one that is longer is nobody's.
const MOST_KEY: usize = 4_000;

/// Labels of a tree of keys; as deep as the document, which is bounded.
fn tree(
    element: &Element,
    above: &str,
    language: &str,
    names: &[&str],
    labels: &mut BTreeMap<String, String>,
) {
    let below = element.children.iter();
    for child in below.filter(|child| names.contains(&child.name.as_str())) {
        let Some(own) = child.attribute("key").map(key) else {
            continue;
        };
        let whole = match above {
            "" => own,
            above => format!("{above}.{own}"),
        };
        if whole.len() > MOST_KEY {
            continue;
        }
        tree(child, &whole, language, names, labels);
        labels.extend(label(child, language).map(|l| (whole, l)));
    }
}

fn label(element: &Element, language: &str) -> Option<String> {
    let text = |names: &Element| names.attribute("value").map(str::to_owned);
    let mut all = element.all("names");
    let wanted = |names: &&Element| names.attribute("language_code") == Some(language);
    let first = element.child("names").and_then(text);
    all.find(wanted).and_then(text).or(first)
}
