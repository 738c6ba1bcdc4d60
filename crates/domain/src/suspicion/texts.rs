//! Texts that say what was done and what was found.

use crate::entry::EntryBody;

/// 文字使用 — a text of an issue, by the member of the entry it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextUse {
    /// `result_text`, `opinion`, `statement`, `text`, `measures.3.text`.
    pub member: String,
    pub text: String,
    /// Whether it speaks of the whole: acceptance, effect, look-back; not of one line.
    pub is_main: bool,
}

/// The acceptance and effect texts of an entry.
pub fn texts_of(body: &EntryBody) -> Vec<TextUse> {
    let main = |member: &str, text: &str| TextUse {
        member: member.to_owned(),
        text: text.to_owned(),
        is_main: true,
    };
    let line = |member: String, text: &str| TextUse {
        member,
        text: text.to_owned(),
        is_main: false,
    };
    match body {
        EntryBody::RectificationReported(b) => {
            let measures = b.measures.iter().filter_map(|m| {
                let text = m.text.as_deref()?;
                Some(line(format!("measures.{}.text", m.sequence), text))
            });
            let result = main("result_text", &b.result_text);
            std::iter::once(result).chain(measures).collect()
        }
        EntryBody::CompletionEvidenced(b) => vec![line("statement".to_owned(), &b.statement)],
        EntryBody::AcceptanceRecorded(b) => {
            let opinion = b.opinion.as_deref();
            opinion
                .map(|text| main("opinion", text))
                .into_iter()
                .collect()
        }
        EntryBody::LookBackRecorded(b) => vec![main("text", &b.text)],
        _ => Vec::new(),
    }
}
