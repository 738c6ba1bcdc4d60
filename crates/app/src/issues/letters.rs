//! 督促文书 — the text of a rung as it would be issued today, with the dates it carries.

use domain::as_of::AsOf;
use domain::ledger::Labels;
use domain::policy::Action;
use domain::urging::{LetterDates, Rung};
use jiff::civil::Date;
use spatial::diagnostic::Diagnostic;

use super::{Found, calendar};
use crate::error::Error;
use crate::figure_pages::MadeFile;
use crate::session::Session;

/// A letter: what it is called, and what it says: to whom, the paragraphs, and by whom and when it is signed, a line each.
pub(super) struct Letter {
    pub(super) title: String,
    pub(super) text: String,
}

/// Lines at the end of a letter: who sends it, and when.
const SIGNED_LINES: usize = 2;

impl Session {
    /// The letter of a rung.
    pub(super) fn letter(
        &self,
        found: &Found,
        rung: &Rung,
        to: Option<&str>,
        dates: LetterDates,
    ) -> Letter {
        let (issue, dossier) = (&found.issue, &found.dossier);
        let place = dossier.facts.station_id.as_deref();
        let name = dossier.facts.facility_name.as_deref();
        let days = dates.overdue_days.to_string();
        let args: [(&str, &str); 14] = [
            ("to", to.unwrap_or(&issue.responsible.unit)),
            ("unit", &issue.responsible.unit),
            ("reserve", &self.reserve.name),
            ("campaign", &self.campaign.name),
            ("site", &dossier.site_code),
            ("name", name.unwrap_or(&dossier.site_code)),
            (
                "station",
                &place.map_or(String::new(), |s| self.label("station", s)),
            ),
            ("issue", &found.code),
            ("description", &issue.opened.body.description),
            ("state", &self.label("site_state", issue.state.code())),
            ("due_on", &self.day_words(dates.due_on)),
            ("answer_due_on", &self.day_words(dates.answer_due_on)),
            ("issued_on", &self.day_words(dates.issued_on)),
            ("days", &days),
        ];
        let is_late = dates.overdue_days > 0;
        let kind = if is_late { "late" } else { "ahead" };
        let opening = self.messages.text(&format!("letter.{kind}"), &args);
        let demand = self.messages.text(&format!("letter.{}", rung.kind), &args);
        let close = self.messages.text("letter.close", &args);
        let salutation = self.messages.text("letter.to", &args);
        let signed = self.messages.text("letter.signed", &args);
        Letter {
            title: self
                .messages
                .text("letter.title", &[("rung", &rung.label), args[0], args[7]]),
            text: format!("{salutation}\n{opening}\n{demand}\n{close}\n{signed}"),
        }
    }

    /// A day as letters write it.
    fn day_words(&self, day: Date) -> String {
        let (year, month, date) = (
            day.year().to_string(),
            day.month().to_string(),
            day.day().to_string(),
        );
        let args = [
            ("year", year.as_str()),
            ("month", &month),
            ("day", &date),
            ("iso", &day.to_string()),
        ];
        self.messages.text("letter.day", &args)
    }

    /// The letter of a rung as a page to print, or as plain text.
    pub fn letter_file(&self, key: &str, rung: &str, format: &str) -> Result<MadeFile, Error> {
        let found = self.load_issue(key, AsOf::Now)?;
        let resource = self.issue_resource(&found.dossier, &found.issue);
        domain::policy::may(&self.actor, Action::Urge, &resource)?;
        let ladder = self.campaign.ladder.as_ref();
        let known = ladder.and_then(|l| l.find_rung(rung)).cloned();
        let rung = known.ok_or_else(|| Error::NotFound {
            what: "rung",
            name: rung.to_owned(),
        })?;
        let due_on = found.issue.due_on.ok_or_else(|| {
            Error::rejected(Diagnostic::error("issue.no_due_day").arg("issue", &found.code))
        })?;
        let dates = rung.dates(due_on, self.today(), calendar());
        let dates = dates.map_err(|e| Error::rejected(Diagnostic::error(e.code())))?;
        let next = self.next_rung(&found.issue, self.today());
        let to = next
            .filter(|(n, _)| n.rung.kind == rung.kind)
            .and_then(|(n, _)| n.to);
        let letter = self.letter(&found, &rung, to.as_deref(), dates);
        let name = format!("{}-{}-{}", rung.label, found.code, self.today());
        Ok(match format {
            "txt" => MadeFile {
                name: format!("{name}.txt"),
                format: "txt".to_owned(),
                media_type: "text/plain; charset=utf-8",
                bytes: format!("{}\n\n{}\n", letter.title, letter.text).into_bytes(),
            },
            _ => MadeFile {
                name: format!("{name}.html"),
                format: "html".to_owned(),
                media_type: "text/html; charset=utf-8",
                bytes: printable(&letter).into_bytes(),
            },
        })
    }
}

/// A page without anything from outside, to be printed.
fn printable(letter: &Letter) -> String {
    let lines: Vec<&str> = letter.text.lines().collect();
    let signed_from = lines.len().saturating_sub(SIGNED_LINES);
    let paragraph = |(at, line): (usize, &&str)| {
        let class = match at {
            0 => " class=\"to\"",
            _ if at >= signed_from => " class=\"signed\"",
            _ => "",
        };
        format!("<p{class}>{}</p>", escaped(line))
    };
    let paragraphs: Vec<String> = lines.iter().enumerate().map(paragraph).collect();
    let title = escaped(&letter.title);
    format!(
        "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>@page{{margin:37mm 26mm 35mm 28mm}}body{{font:16pt/28pt FangSong,serif}}\
         h1{{font:22pt/36pt SimSun,serif;text-align:center}}p{{text-indent:2em;margin:0}}\
         .to{{text-indent:0}}.signed{{text-indent:0;text-align:right}}p:not(.signed)+.signed{{margin-top:28pt}}</style></head>\
         <body><h1>{title}</h1>\n{}\n</body></html>\n",
        paragraphs.join("\n")
    )
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
