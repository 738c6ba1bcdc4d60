//! 赋码 — words of a source turned into codes of the campaign's lists; a word no list knows stays a word, with a remark.

use domain::codes::ZoneKind;
use spatial::diagnostic::Diagnostic;

use super::record::Fields;
use crate::session::Session;

/// The code that a field's words mean in the campaign's list for `purpose`; the words themselves where none does.
pub(super) fn code_of(
    session: &Session,
    fields: &mut Fields<'_>,
    field: &str,
    purpose: &str,
) -> (Option<String>, Option<String>) {
    let Some(text) = fields.text(field) else {
        return (None, None);
    };
    let list = session.campaign.find_list(&session.codes, purpose);
    match list.and_then(|list| list.find(&text)) {
        Some(code) => (Some(code.code.clone()), Some(text)),
        None => {
            let diagnostic = Diagnostic::warning("import.not_in_list")
                .arg("text", &text)
                .arg("list", list.map_or(purpose, |list| &list.title));
            fields.note(field, diagnostic);
            (None, Some(text))
        }
    }
}

/// Activity class and subtype from the class column, else from the name of the facility.
pub(super) fn activity_of(
    session: &Session,
    fields: &mut Fields<'_>,
) -> (Option<String>, Option<String>, Option<String>) {
    let text = fields.text("activity_type_code");
    let class = text.as_deref().and_then(|t| find_activity(session, t));
    let subtype = fields.text("activity_subtype");
    let own_subtype = subtype
        .as_deref()
        .and_then(|t| subtype_in(session, t))
        .or_else(|| {
            let name = fields
                .record
                .values
                .get("facility_name")
                .map(|g| g.value.text().into_owned());
            [text.clone(), name]
                .into_iter()
                .flatten()
                .find_map(|t| subtype_in(session, &t))
        });
    if let (None, Some(text)) = (&class, &text) {
        let list = session.campaign.find_list(&session.codes, "activity");
        let diagnostic = Diagnostic::warning("import.not_in_list")
            .arg("text", text)
            .arg("list", list.map_or("activity", |list| &list.title));
        fields.note("activity_type_code", diagnostic);
    }
    (class, own_subtype, text)
}

fn find_activity(session: &Session, text: &str) -> Option<String> {
    let list = session.campaign.find_list(&session.codes, "activity")?;
    if let Some(code) = list.find(text) {
        return Some(code.code.clone());
    }
    // The focal words of the campaign (采石采砂, 工矿用地 …) name classes too; only a plain one-to-one mapping is used.
    let focal = session.campaign.find_list(&session.codes, "focal")?;
    let word = focal.find(text)?;
    let mapping = session
        .codes
        .find_mapping(&focal.reference(), &list.reference())?;
    match mapping.map(&word.code) {
        domain::codes::Mapped::One(code) => Some(code.to_owned()),
        _ => None,
    }
}

fn subtype_in(session: &Session, text: &str) -> Option<String> {
    let list = session.campaign.find_list(&session.codes, "subtype")?;
    let exact = list.find(text);
    let named = || {
        list.codes
            .iter()
            .find(|c| text.contains(&c.label) || c.synonyms.iter().any(|s| text.contains(s)))
    };
    exact.or_else(named).map(|c| c.code.clone())
}

/// The functional zone a source states.
pub(super) fn zone_of(
    session: &Session,
    fields: &mut Fields<'_>,
) -> (Option<String>, Option<String>) {
    let (code, text) = code_of(session, fields, "zone_kind", "zone");
    (code.filter(|c| ZoneKind::from_code(c).is_some()), text)
}

/// The station a source names, by id; a name that is no station's is told.
pub(super) fn station_of(
    session: &Session,
    fields: &mut Fields<'_>,
) -> (Option<String>, Option<String>) {
    let Some(text) = fields.text("station") else {
        return (None, None);
    };
    let found = session
        .campaign
        .find_station_by_text(&text)
        .map(|s| s.id.clone());
    if found.is_none() {
        fields.note(
            "station",
            Diagnostic::warning("import.unknown_station").arg("text", &text),
        );
    }
    (found, Some(text))
}

/// The township a source names, in its official form where one is meant (麻武, 平凉市崆峒区麻武乡 → 麻武乡).
pub(super) fn township_of(session: &Session, fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.text("township")?;
    let Some(list) = session.campaign.find_list(&session.codes, "township") else {
        return Some(text);
    };
    let tail = |label: &str| text.ends_with(label) || label.starts_with(text.as_str());
    let found = list
        .find(&text)
        .or_else(|| list.codes.iter().find(|c| tail(&c.label)));
    match found {
        Some(code) if code.label != text => {
            let diagnostic = Diagnostic::note("import.township_named")
                .arg("text", &text)
                .repair(&code.label);
            fields.note("township", diagnostic);
            Some(code.label.clone())
        }
        _ => Some(text),
    }
}

/// The source a row names; of several (遥感监测、问询谈话) the first that the list knows.
pub(super) fn source_of(session: &Session, fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.text("source_kind")?;
    let list = session.campaign.find_list(&session.codes, "source")?;
    let parts = text
        .split(['、', '，', ',', '；', ';', '/'])
        .map(str::trim)
        .filter(|p| !p.is_empty());
    parts
        .filter_map(|part| list.find(part))
        .map(|c| c.code.clone())
        .next()
}

/// The disposal that a suggestion in words comes to, if it names one; the words are kept in any case.
pub(super) fn disposal_of(
    session: &Session,
    fields: &mut Fields<'_>,
) -> (Option<String>, Option<String>) {
    let Some(text) = fields.text("suggestion_text") else {
        return (None, None);
    };
    let list = session.campaign.find_list(&session.codes, "disposal");
    let named = list.and_then(|list| {
        let inside = |c: &&domain::codes::Code| {
            text.contains(&c.label) || c.synonyms.iter().any(|s| text.contains(s))
        };
        list.find(&text).or_else(|| list.codes.iter().find(inside))
    });
    (named.map(|c| c.code.clone()), Some(text))
}

/// The county a township of the campaign's list belongs to.
pub(super) fn county_of(session: &Session, township: &str) -> Option<String> {
    let list = session.campaign.find_list(&session.codes, "township")?;
    list.find(township)?.group.clone()
}
