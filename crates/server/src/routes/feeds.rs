//! Feeds: deadlines for calendars (ICS), changes for readers (RSS).

use app::{DeadlineItem, FeedItem};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use super::map::base_url;
use crate::caller::Caller;
use crate::desk::Desk;
use crate::problem::Problem;

/// Milestones of the campaign and deadlines of issues as a calendar.
pub(crate) async fn deadlines(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Response, Problem> {
    let setting = desk
        .setting()
        .map_err(|e| desk.problem(&caller.context, &e))?;
    let of_issues = desk
        .look(&caller, |session, atlases| session.deadlines_told(atlases))
        .await?;
    let stamp = calendar_stamp(desk.now());
    let mut text = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//qingshan//ZH\r\n");
    let name = calendar_text(&setting.campaign.name);
    fold(&mut text, &format!("X-WR-CALNAME:{name}"));
    for m in &setting.campaign.milestones {
        let milestone = DeadlineItem {
            uid: format!("{}.{}", m.id, setting.campaign.id),
            title: m.name.clone(),
            text: m.text.clone(),
            due_on: m.due_on,
        };
        event(&mut text, &milestone, &stamp);
    }
    for deadline in &of_issues {
        event(&mut text, deadline, &stamp);
    }
    fold(&mut text, "END:VCALENDAR");
    let kind = [(header::CONTENT_TYPE, "text/calendar; charset=utf-8")];
    Ok((kind, text).into_response())
}

/// A day with what is due on it, and an alarm three days before.
fn event(text: &mut String, item: &DeadlineItem, stamp: &str) {
    let day = |d: jiff::civil::Date| d.strftime("%Y%m%d").to_string();
    let after = item.due_on.saturating_add(jiff::Span::new().days(1));
    let mut line = |name: &str, value: &str| fold(text, &format!("{name}:{value}"));
    line("BEGIN", "VEVENT");
    line("UID", &format!("{}@qingshan", item.uid));
    line("DTSTAMP", stamp);
    line("DTSTART;VALUE=DATE", &day(item.due_on));
    line("DTEND;VALUE=DATE", &day(after));
    line("SUMMARY", &calendar_text(&item.title));
    line("DESCRIPTION", &calendar_text(&item.text));
    line("BEGIN", "VALARM");
    line("ACTION", "DISPLAY");
    line("DESCRIPTION", &calendar_text(&item.title));
    line("TRIGGER", "-P3D");
    line("END", "VALARM");
    line("END", "VEVENT");
}

fn calendar_stamp(at: jiff::Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// As RFC 5545 wants texts.
fn calendar_text(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace(';', "\\;")
        .replace(',', "\\,")
        .replace("\r\n", "\\n")
        .replace('\n', "\\n")
}

/// Lines are at most 75 bytes; what is longer goes on after a blank.
fn fold(out: &mut String, line: &str) {
    let mut length = 0;
    for c in line.chars() {
        if length + c.len_utf8() > 74 {
            out.push_str("\r\n ");
            length = 1;
        }
        out.push(c);
        length += c.len_utf8();
    }
    out.push_str("\r\n");
}

/// What was entered last about sites one may read.
pub(crate) async fn changes(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let base = base_url(&desk, &headers);
    let items: Vec<FeedItem> = desk
        .look(&caller, |session, _| session.latest_changes_told())
        .await?;
    let setting = desk
        .setting()
        .map_err(|e| desk.problem(&caller.context, &e))?;
    let title = xml(&setting.reserve.name);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>{title}</title>\
         <link>{0}</link><description>{title}</description>\n",
        xml(&base)
    );
    for item in items {
        let date = item
            .recorded_at
            .strftime("%a, %d %b %Y %H:%M:%S GMT")
            .to_string();
        text.push_str(&format!(
            "<item><title>{}</title><link>{}/sites/{}</link><guid isPermaLink=\"false\">{}</guid>\
             <pubDate>{date}</pubDate><description>{}</description></item>\n",
            xml(&item.title),
            xml(&base),
            xml(&item.site_code),
            item.entry_id,
            xml(&item.summary)
        ));
    }
    text.push_str("</channel></rss>\n");
    let kind = [(header::CONTENT_TYPE, "application/rss+xml; charset=utf-8")];
    Ok((kind, text).into_response())
}

fn xml(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect::<String>()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_lines_are_folded_between_characters() {
        let mut out = String::new();
        fold(&mut out, &format!("SUMMARY:{}", "山".repeat(60)));
        assert!(out.split("\r\n").all(|l| l.len() <= 75));
        assert_eq!(out.replace("\r\n ", "").trim_end().chars().count(), 68);
        assert_eq!(calendar_text("一,二;三\n四"), "一\\,二\\;三\\n四");
    }
}
