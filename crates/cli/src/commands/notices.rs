//! Notices by the command line: what a digest says, and what became of those sent. Sending is the server's.

use std::process::ExitCode;

use app::atlas::Atlases;
use app::notices::{self, NoticePage, NoticeQuery};
use app::people::Accounts;
use app::{Error, Post};

use super::Desk;
use crate::arguments::NoticesCommand;

/// `qingshan notices …`.
pub(super) fn run(desk: &Desk<'_>, command: &NoticesCommand) -> Result<ExitCode, Error> {
    let accounts = Accounts::open(&desk.arguments.home)?;
    match command {
        NoticesCommand::Preview { login, public_url } => {
            preview(desk, &accounts, login, public_url.as_deref())?;
        }
        NoticesCommand::List { limit, offset } => {
            // Who holds the folder holds the accounts; the command line acts as the operator.
            let setting = desk.session()?.viewer.setting;
            let operator = setting.actor(&Post::parse("operator")?, None)?;
            let query = NoticeQuery {
                limit: Some(*limit),
                offset: Some(*offset),
            };
            let messages = &desk.output.messages;
            list(
                desk,
                &notices::list_notices(&accounts, &operator, &query, messages)?,
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn preview(
    desk: &Desk<'_>,
    accounts: &Accounts,
    login: &str,
    public_url: Option<&str>,
) -> Result<(), Error> {
    let found = accounts.find_by_login(login)?;
    let person = found.ok_or_else(|| Error::NotFound {
        what: "person",
        name: login.to_owned(),
    })?;
    let mut session = desk.session()?;
    let digest = notices::digest(&mut session, &Atlases::default(), &person, public_url)?;
    let preview = notices::preview(digest, &person, &desk.output.messages);
    desk.output.value(&preview);
    desk.output.line(&preview.digest.title);
    if !preview.is_empty {
        desk.output.line("");
        desk.output.line(preview.letter.trim_end());
    }
    Ok(())
}

fn list(desk: &Desk<'_>, page: &NoticePage) {
    desk.output.value(page);
    let headers = [
        "day",
        "notice_kind",
        "channel",
        "recipient",
        "login",
        "notice_state",
        "attempts",
        "error",
    ];
    let headers = headers.map(|h| desk.output.text(&format!("column.{h}"), &[]));
    let label = |list: &str, code: &str| desk.output.text(&format!("{list}.{code}"), &[]);
    let row = |n: &notices::NoticeView| {
        vec![
            n.day.to_string(),
            label("notice_kind", &n.kind),
            label("notice_channel", &n.channel),
            n.recipient.clone(),
            n.login.clone(),
            n.state_label.clone(),
            n.attempts.to_string(),
            n.error.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = page.items.iter().map(row).collect();
    desk.output.table(&headers, &rows);
    let count = page.total.to_string();
    desk.output.say("notices.count", &[("count", &count)]);
}
