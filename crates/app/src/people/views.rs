//! What is told of people, and what is asked.

use domain::dossier::civil_day;
use domain::policy::Role;
use jiff::Timestamp;
use jiff::civil::Date;
use register::accounts::{Access, ApiToken, HeldPost, Person};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::session::Setting;

/// 任职 — a post held, with its names.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PostView {
    pub post_id: i64,
    pub role: String,
    pub role_label: String,
    pub station_id: Option<String>,
    pub station_name: Option<String>,
    pub from_on: Date,
    pub to_on: Option<Date>,
    /// Whether it is held today.
    pub is_held: bool,
}

/// 人员 — an account as administrators see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonView {
    pub person_id: String,
    pub login: String,
    pub name: String,
    pub is_active: bool,
    pub must_change_password: bool,
    pub has_totp: bool,
    pub created_at: Timestamp,
    pub posts: Vec<PostView>,
    /// Browsers logged in.
    pub session_count: usize,
}

/// A person added or changed; the one-time password is told once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonAdded {
    pub person: PersonView,
    pub one_time_password: Option<String>,
}

/// 任职请求 — a post to hold.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostRequest {
    /// Of a post that is held already and stays.
    pub post_id: Option<i64>,
    pub role: String,
    pub station_id: Option<String>,
    /// From today where it is not said.
    pub from_on: Option<Date>,
    pub to_on: Option<Date>,
}

/// 人员请求 — a person to add.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonRequest {
    pub login: String,
    pub name: String,
    #[serde(default)]
    pub posts: Vec<PostRequest>,
}

/// 人员变更 — what is to change; what is not said stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonChange {
    pub name: Option<String>,
    pub is_active: Option<bool>,
    /// All posts; those left out end.
    pub posts: Option<Vec<PostRequest>>,
    #[serde(default)]
    pub reset_password: bool,
}

/// A second factor that does not count yet.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TotpProposal {
    pub secret: String,
    pub otpauth_url: String,
    /// The address as a QR code: a `data:` address of a PNG picture.
    pub picture: String,
}

/// 令牌范围 — what a program may do with an API token, within the rights of its post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    Read,
    Write,
    /// OGC API, tiles and feeds only.
    Ogc,
    /// What a phone asks for and sends; made at its enrolment only.
    Field,
    /// OpenRosa clients.
    Odk,
}

impl TokenScope {
    /// The scope as stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Ogc => "ogc",
            Self::Field => "field",
            Self::Odk => "odk",
        }
    }

    /// What a secret of it begins with, so that people tell one from another.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Field => "qf",
            _ => "qs",
        }
    }
}

/// 令牌请求 — an API token to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    pub name: String,
    pub scope: TokenScope,
    /// Last day it works.
    pub expires_on: Date,
}

/// 令牌 — an API token without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TokenView {
    pub token_id: String,
    pub name: String,
    pub scope: String,
    pub post_id: i64,
    pub expires_on: Date,
    pub created_at: Timestamp,
}

/// An API token just made; the secret is told once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TokenAdded {
    pub token: TokenView,
    pub secret: String,
}

/// 访问查询 — whose accesses, and when.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AccessQuery {
    pub person: Option<String>,
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub offset: Option<u64>,
    /// At most 1,000.
    #[param(minimum = 0, maximum = 1000)]
    pub limit: Option<u32>,
}

/// 访问记录 — who looked at, exported or downloaded what.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccessView {
    pub at: Timestamp,
    pub person_id: Option<String>,
    pub post: String,
    pub action: String,
    pub object: String,
    pub address: String,
    pub request_id: String,
}

/// A post with its names.
pub fn post_view(post: &HeldPost, setting: &Setting, now: Timestamp) -> PostView {
    let station = post.station_id.as_deref();
    PostView {
        post_id: post.post_id,
        role: post.role.clone(),
        role_label: Role::from_code(&post.role).map_or(post.role.clone(), |r| r.label().to_owned()),
        station_id: post.station_id.clone(),
        station_name: station
            .and_then(|s| setting.campaign.find_station(s))
            .map(|s| s.name.clone()),
        from_on: post.from_on,
        to_on: post.to_on,
        is_held: post.is_held(civil_day(now)),
    }
}

/// A person as administrators see them.
pub fn person_view(
    person: &Person,
    setting: &Setting,
    session_count: usize,
    now: Timestamp,
) -> PersonView {
    PersonView {
        person_id: person.person_id.clone(),
        login: person.login.clone(),
        name: person.name.clone(),
        is_active: person.is_active,
        must_change_password: person.must_change_password,
        has_totp: person.has_totp,
        created_at: person.created_at,
        posts: person
            .posts
            .iter()
            .map(|p| post_view(p, setting, now))
            .collect(),
        session_count,
    }
}

pub(super) fn token_view(token: &ApiToken) -> TokenView {
    TokenView {
        token_id: token.token_id.clone(),
        name: token.name.clone(),
        scope: token.scope.clone(),
        post_id: token.post_id,
        expires_on: token.expires_on,
        created_at: token.created_at,
    }
}

pub(super) fn access_view(access: Access) -> AccessView {
    AccessView {
        at: access.at,
        person_id: access.person_id,
        post: access.post,
        action: access.action,
        object: access.object,
        address: access.address,
        request_id: access.request_id,
    }
}
