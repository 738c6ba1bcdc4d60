//! People by the command line: whoever may open the register's folder may manage its accounts.

use std::process::ExitCode;

use app::people::{self, Accounts, PersonAdded, PersonChange, PersonRequest, PostRequest};
use app::{Error, Post};

use super::Desk;
use crate::arguments::PeopleCommand;

/// `qingshan people …`.
pub(super) fn run(desk: &Desk<'_>, command: &PeopleCommand) -> Result<ExitCode, Error> {
    let session = desk.session()?;
    let setting = session.setting.clone();
    // Who holds the folder holds the accounts; the command line acts as the operator.
    let operator = setting.actor(&Post::parse("operator")?, None)?;
    let mut accounts = Accounts::open(&desk.arguments.home)?;
    match command {
        PeopleCommand::List => {
            let all = people::list_people(&accounts, &setting, &operator, desk.now)?;
            list(desk, &all);
        }
        PeopleCommand::Add { login, name, post } => {
            let request = PersonRequest {
                login: login.clone(),
                name: name.clone(),
                posts: posts(post)?,
            };
            let added = people::add_person(&mut accounts, &setting, &operator, &request, desk.now)?;
            told(desk, &added);
        }
        PeopleCommand::Reset { login } => {
            let change = PersonChange {
                reset_password: true,
                ..PersonChange::default()
            };
            let id = id_of(&accounts, login)?;
            let changed =
                people::change_person(&mut accounts, &setting, &operator, &id, &change, desk.now)?;
            told(desk, &changed);
        }
        PeopleCommand::Posts { login, post } => {
            let change = PersonChange {
                posts: Some(posts(post)?),
                ..PersonChange::default()
            };
            let id = id_of(&accounts, login)?;
            let changed =
                people::change_person(&mut accounts, &setting, &operator, &id, &change, desk.now)?;
            told(desk, &changed);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn id_of(accounts: &Accounts, login: &str) -> Result<String, Error> {
    let found = accounts.find_by_login(login)?;
    found.map(|p| p.person_id).ok_or_else(|| Error::NotFound {
        what: "person",
        name: login.to_owned(),
    })
}

fn posts(texts: &[String]) -> Result<Vec<PostRequest>, Error> {
    texts
        .iter()
        .map(|text| {
            let post = Post::parse(text)?;
            Ok(PostRequest {
                role: post.role.code().to_owned(),
                station_id: post.station,
                ..PostRequest::default()
            })
        })
        .collect()
}

fn told(desk: &Desk<'_>, added: &PersonAdded) {
    desk.output.value(added);
    list_one(desk, added);
}

fn list_one(desk: &Desk<'_>, added: &PersonAdded) {
    if desk.output.json {
        return;
    }
    let person = &added.person;
    match &added.one_time_password {
        Some(password) => desk.output.say(
            "people.one_time",
            &[("login", &person.login), ("password", password)],
        ),
        None => desk
            .output
            .say("people.changed", &[("login", &person.login)]),
    }
}

fn list(desk: &Desk<'_>, all: &[people::PersonView]) {
    desk.output.value(&all);
    let headers = ["login", "name", "posts", "is_active"]
        .map(|h| desk.output.text(&format!("column.{h}"), &[]));
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|p| {
            let posts: Vec<String> = p
                .posts
                .iter()
                .map(|post| match &post.station_name {
                    Some(station) => format!("{}·{station}", post.role_label),
                    None => post.role_label.clone(),
                })
                .collect();
            let is_active = if p.is_active { "word.yes" } else { "word.no" };
            vec![
                p.login.clone(),
                p.name.clone(),
                posts.join("、"),
                desk.output.text(is_active, &[]),
            ]
        })
        .collect();
    desk.output.table(&headers, &rows);
}
