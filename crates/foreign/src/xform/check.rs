//! What a form must be so that a phone can use it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Choices, Form, Group, Item, Kind, Question};

/// Why an outline is no form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the form has no {0}")]
    Missing(&'static str),
    #[error("`{0}` is no name for a question, group or list")]
    BadName(String),
    #[error("`{0}` stands twice")]
    Twice(String),
    #[error("`{0}` has no words")]
    NoLabel(String),
    #[error("`{0}` is empty")]
    Empty(String),
    #[error("the choices of `{0}` are not ones: `{1}`")]
    BadChoice(String, String),
    #[error("`{0}` takes its choices from the list `{1}`, which the form has not")]
    NoList(String, String),
    #[error("an expression names `{0}`, which the form has not")]
    NoSuchName(String),
    #[error("groups lie too deep in one another at `{0}`")]
    TooDeep(String),
}

/// Groups within groups.
const DEEPEST: usize = 12;

/// The path of every name.
pub(super) type Paths = BTreeMap<String, String>;

/// Name of the element that holds the answers.
pub(super) const ROOT: &str = "data";

/// Checks the outline and tells the path of every name.
pub(super) fn check(form: &Form) -> Result<Paths, Fault> {
    let told = [
        ("id", &form.id),
        ("title", &form.title),
        ("version", &form.version),
    ];
    if let Some((what, _)) = told.iter().find(|(_, text)| text.trim().is_empty()) {
        return Err(Fault::Missing(what));
    }
    if form.items.is_empty() {
        return Err(Fault::Missing("questions"));
    }
    let mut lists = BTreeSet::new();
    for list in &form.lists {
        name(&list.id)?;
        if !lists.insert(list.id.as_str()) {
            return Err(Fault::Twice(list.id.clone()));
        }
        if list.file.contains(['/', '\\', '"', '<', '&']) || !list.file.ends_with(".csv") {
            return Err(Fault::BadName(list.file.clone()));
        }
    }
    let mut paths = Paths::new();
    items(&form.items, &format!("/{ROOT}"), &lists, 0, &mut paths)?;
    Ok(paths)
}

fn items(
    all: &[Item],
    above: &str,
    lists: &BTreeSet<&str>,
    depth: usize,
    paths: &mut Paths,
) -> Result<(), Fault> {
    for item in all {
        let own = item.name();
        name(own)?;
        if depth > DEEPEST {
            return Err(Fault::TooDeep(own.to_owned()));
        }
        let path = format!("{above}/{own}");
        if paths.insert(own.to_owned(), path.clone()).is_some() || own == "meta" {
            return Err(Fault::Twice(own.to_owned()));
        }
        match item {
            Item::Group(group) | Item::Repeat(group) => {
                filled(group)?;
                items(&group.items, &path, lists, depth + 1, paths)?;
            }
            Item::Question(question) => answerable(question, lists)?,
        }
    }
    Ok(())
}

fn filled(group: &Group) -> Result<(), Fault> {
    match group.items.is_empty() {
        true => Err(Fault::Empty(group.name.clone())),
        false => Ok(()),
    }
}

fn answerable(question: &Question, lists: &BTreeSet<&str>) -> Result<(), Fault> {
    let own = || question.name.clone();
    if !matches!(question.kind, Kind::Calculate(_)) && question.label.trim().is_empty() {
        return Err(Fault::NoLabel(own()));
    }
    let (Kind::SelectOne(choices) | Kind::SelectMultiple(choices)) = &question.kind else {
        return Ok(());
    };
    match choices {
        Choices::Listed(listed) => {
            if listed.is_empty() {
                return Err(Fault::Empty(own()));
            }
            let mut seen = BTreeSet::new();
            for choice in listed {
                // Chosen codes are sent with spaces between.
                let is_code =
                    !choice.value.is_empty() && !choice.value.contains(char::is_whitespace);
                if !is_code || choice.label.trim().is_empty() || !seen.insert(&choice.value) {
                    return Err(Fault::BadChoice(own(), choice.value.clone()));
                }
            }
            Ok(())
        }
        Choices::From {
            list, value, label, ..
        } => {
            name(value)?;
            name(label)?;
            match lists.contains(list.as_str()) {
                true => Ok(()),
                false => Err(Fault::NoList(own(), list.clone())),
            }
        }
    }
}

/// Letters, digits, `_` and `-`, beginning with a letter or `_`: an XML name that every client takes.
fn name(name: &str) -> Result<(), Fault> {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_more = |c: char| is_start(c) || c.is_ascii_digit() || c == '-';
    let is_name = name.starts_with(is_start) && name.chars().all(is_more) && name.len() <= 100;
    match is_name {
        true => Ok(()),
        false => Err(Fault::BadName(name.to_owned())),
    }
}
