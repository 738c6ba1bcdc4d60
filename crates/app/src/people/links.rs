//! 外单位链接 — a personal link for somebody of a unit that answers for issues: it reaches the issues of that unit, and ends
//! on a day.

use domain::dossier::civil_day;
use domain::policy::{Action, Actor, Role};
use jiff::Timestamp;
use jiff::civil::Date;
use register::accounts::{HeldPost, Person};
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use super::{
    Accounts, NewToken, TokenScope, Visitor, checked_expiry, checked_name, issue_token, may,
    new_secret, passwords, secrets,
};
use crate::error::Error;

/// 链接请求 — for which unit, for whom there, until when.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitLinkRequest {
    /// As the issues name the responsible unit.
    pub unit: String,
    /// Who gets it, by post.
    pub holder: String,
    /// Last day on which it opens, half a year from now at most.
    pub expires_on: Date,
}

/// 外单位链接 — the secret is told once; it goes as `Authorization: Bearer`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UnitLinkAdded {
    pub unit: String,
    pub holder: String,
    pub person_id: String,
    pub token_id: String,
    pub expires_on: Date,
    pub secret: String,
}

/// Links last half a year at most.
const MAX_LINK_DAYS: i64 = 183;
/// What the logins of holders of links begin with; nobody signs in by them.
const LOGIN: &str = "link-";
/// Names of units.
const MAX_UNIT_CHARS: usize = 100;

/// Makes a link for a unit. Whoever sets who answers for issues may, from a session: a token that makes tokens would
/// never expire. Whoever had a link before stays the same person, so that own work is still known as such.
pub fn add_unit_link(
    accounts: &mut Accounts,
    visitor: &Visitor,
    actor: &Actor,
    request: &UnitLinkRequest,
    now: Timestamp,
) -> Result<UnitLinkAdded, Error> {
    may(actor, Action::AmendIssue)?;
    if visitor.session.is_none() {
        return Err(Error::rejected(Diagnostic::error("session.token_scope")));
    }
    let unit = checked_unit(&request.unit)?;
    checked_expiry(request.expires_on, now, MAX_LINK_DAYS)?;
    let holder = checked_name(&request.holder)?;
    let person_id = match known_holder(accounts, &unit, &holder)? {
        Some(known) => renewed(accounts, known, &unit, request.expires_on)?,
        None => {
            let person = person(&unit, holder.clone(), request.expires_on, now)?;
            accounts.add_person(&person)?;
            person.person_id
        }
    };
    let added = super::load_person(accounts, &person_id)?;
    let post = added.posts.iter().find(|p| is_of_unit(p, &unit));
    let wanted = NewToken {
        person_id: &person_id,
        post_id: post.ok_or_else(super::no_post)?.post_id,
        name: holder.clone(),
        scope: TokenScope::Write,
        expires_on: request.expires_on,
    };
    let (token, secret) = issue_token(accounts, wanted, now)?;
    Ok(UnitLinkAdded {
        unit,
        holder,
        person_id,
        token_id: token.token_id,
        expires_on: request.expires_on,
        secret,
    })
}

fn is_of_unit(post: &HeldPost, unit: &str) -> bool {
    post.role == Role::ResponsibleUnit.code() && post.station_id.as_deref() == Some(unit)
}

/// Whoever of this unit had a link under this name.
fn known_holder(accounts: &Accounts, unit: &str, holder: &str) -> Result<Option<Person>, Error> {
    let mut people = accounts.people()?.into_iter();
    Ok(people.find(|p| {
        let is_link = p.login.starts_with(LOGIN);
        is_link
            && p.is_active
            && p.name == holder
            && p.posts.iter().any(|post| is_of_unit(post, unit))
    }))
}

/// The same person, whose post lasts as long as the new link does.
fn renewed(
    accounts: &mut Accounts,
    mut known: Person,
    unit: &str,
    until: Date,
) -> Result<String, Error> {
    for post in known.posts.iter_mut().filter(|p| is_of_unit(p, unit)) {
        post.to_on = post.to_on.max(Some(until));
    }
    accounts.set_posts(&known.person_id, &known.posts)?;
    Ok(known.person_id)
}

fn checked_unit(text: &str) -> Result<String, Error> {
    let unit = text.trim();
    let is_fit =
        (1..=MAX_UNIT_CHARS).contains(&unit.chars().count()) && !unit.chars().any(char::is_control);
    match is_fit {
        true => Ok(unit.to_owned()),
        false => Err(Error::rejected(Diagnostic::error("people.unit_form"))),
    }
}

/// An account nobody signs in to: its password is made up and told to nobody.
fn person(unit: &str, holder: String, until: Date, now: Timestamp) -> Result<Person, Error> {
    let person_id = secrets::new_id("p")?;
    Ok(Person {
        login: format!("{LOGIN}{person_id}"),
        name: holder,
        password_hash: passwords::hash(&new_secret()?)?,
        must_change_password: false,
        is_active: true,
        totp_secret: None,
        has_totp: false,
        totp_last_step: 0,
        created_at: now,
        posts: vec![HeldPost {
            post_id: 0,
            role: Role::ResponsibleUnit.code().to_owned(),
            station_id: Some(unit.to_owned()),
            from_on: civil_day(now),
            to_on: Some(until),
        }],
        person_id,
    })
}
