//! 外单位链接 — a personal link for somebody of a unit that answers for issues: it reaches the issues of that unit, and ends
//! on a day.

use domain::dossier::civil_day;
use domain::policy::{Action, Actor, Role};
use jiff::Timestamp;
use jiff::civil::Date;
use register::accounts::{ApiToken, HeldPost, Person};
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use super::{Accounts, checked_name, may, new_secret, passwords, secrets, sha256_of};
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
/// Names of units.
const MAX_UNIT_CHARS: usize = 100;

/// Makes a link for a unit. Whoever sets who answers for issues may.
pub fn add_unit_link(
    accounts: &mut Accounts,
    actor: &Actor,
    request: &UnitLinkRequest,
    now: Timestamp,
) -> Result<UnitLinkAdded, Error> {
    may(actor, Action::AmendIssue)?;
    let unit = checked_unit(&request.unit)?;
    let today = civil_day(now);
    let longest = today.saturating_add(jiff::Span::new().days(MAX_LINK_DAYS));
    if request.expires_on < today || request.expires_on > longest {
        let fault = Diagnostic::error("token.expiry")
            .arg("from", today)
            .arg("to", longest);
        return Err(Error::rejected(fault));
    }
    let person = person(&unit, request, now)?;
    accounts.add_person(&person)?;
    let added = super::load_person(accounts, &person.person_id)?;
    let post = added.posts.first().ok_or_else(super::no_post)?;
    let secret = format!("qs_{}", new_secret()?);
    let token = ApiToken {
        token_id: secrets::new_id("t")?,
        token_sha256: sha256_of(&secret),
        person_id: person.person_id.clone(),
        post_id: post.post_id,
        name: person.name.clone(),
        scope: "write".to_owned(),
        expires_on: request.expires_on,
        created_at: now,
    };
    accounts.add_token(&token)?;
    Ok(UnitLinkAdded {
        unit,
        holder: person.name,
        person_id: person.person_id,
        token_id: token.token_id,
        expires_on: request.expires_on,
        secret,
    })
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
fn person(unit: &str, request: &UnitLinkRequest, now: Timestamp) -> Result<Person, Error> {
    let person_id = secrets::new_id("p")?;
    Ok(Person {
        login: format!("link-{person_id}"),
        name: checked_name(&request.holder)?,
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
            to_on: Some(request.expires_on),
        }],
        person_id,
    })
}
