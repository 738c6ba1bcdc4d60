//! 来访 — who asks: by the cookie of a session or by an API token; and how requests are read.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use app::Error;
use app::diagnostic::Diagnostic;
use app::field::{self, Device};
use app::messages::Language;
use app::people::{self, Visitor};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::policy::Actor;
use serde::de::DeserializeOwned;

use crate::desk::Desk;
use crate::logging::{Asker, RequestId};
use crate::problem::Problem;

/// 请求语境 — language, id and address of a request.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) language: Language,
    pub(crate) request_id: Arc<str>,
    peer: Option<IpAddr>,
    /// What a proxy of one's own says.
    forwarded: Option<HeaderValue>,
    agent: Option<HeaderValue>,
}

/// Somebody who is logged in, whatever post they hold.
pub(crate) struct Known {
    pub(crate) visitor: Arc<Visitor>,
    pub(crate) context: Context,
}

/// Somebody who is logged in and acts in a post.
pub(crate) struct Caller {
    pub(crate) visitor: Arc<Visitor>,
    pub(crate) actor: Actor,
    pub(crate) context: Context,
    pub(crate) if_none_match: Option<String>,
    /// Whether answers may come gzip-coded.
    pub(crate) takes_gzip: bool,
    /// The address asked for.
    uri: Uri,
    method: Method,
}

impl Caller {
    /// Hash of everything besides the log that an answer depends on: who, what, in which language.
    pub(crate) fn mark(&self) -> String {
        let told = format!(
            "{}|{}|{}|{}|{:?}",
            self.visitor.person.person_id,
            self.visitor.post_text(),
            self.method,
            self.uri,
            self.context.language
        );
        // Answers are kept by it: nobody must find an address whose mark is somebody else's.
        people::sha256_of(&told)[..32].to_owned()
    }

    /// What is asked in the address; for handlers that may answer without it.
    pub(crate) fn asked<T: DeserializeOwned>(&self, desk: &Desk) -> Result<T, Problem> {
        read_query(&self.uri)
            .map_err(|cause| unreadable(desk, &self.context, "request.query", &cause))
    }

    /// The path asked for.
    pub(crate) fn path(&self) -> &str {
        self.uri.path()
    }

    /// The query without a token, for what is kept by what was asked.
    pub(crate) fn filters(&self) -> String {
        let query = self.uri.query().unwrap_or("");
        let mut filters = String::with_capacity(query.len());
        for pair in query.split('&').filter(|p| !p.starts_with("token=")) {
            if !filters.is_empty() {
                filters.push('&');
            }
            filters.push_str(pair);
        }
        filters
    }
}

/// Name of the session's cookie: with the prefix, browsers take it over `https` only and for this host alone.
pub(crate) fn cookie_name(desk: &Desk) -> &'static str {
    if desk.is_secure() {
        "__Host-qingshan"
    } else {
        "qingshan"
    }
}

/// A cookie's value.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(n, _)| *n == name)
        .map(|(_, value)| value)
}

/// The language asked for; Chinese where none is.
pub(crate) fn language(headers: &HeaderMap) -> Language {
    let wanted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let first = wanted
        .split(',')
        .map(|l| l.split(';').next().unwrap_or("").trim())
        .find(|l| l.starts_with("zh") || l.starts_with("en"));
    match first {
        Some(l) if l.starts_with("en") => Language::English,
        _ => Language::Chinese,
    }
}

impl Context {
    pub(crate) fn of(parts: &Parts, desk: &Desk) -> Self {
        let headers = &parts.headers;
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let id = parts.extensions.get::<RequestId>();
        let forwarded = desk
            .is_behind_proxy()
            .then(|| headers.get("x-forwarded-for").cloned());
        Self {
            language: language(headers),
            request_id: id.map_or_else(|| "".into(), |r| Arc::clone(&r.0)),
            peer: peer.map(|c| c.0.ip()),
            forwarded: forwarded.flatten(),
            agent: headers.get(header::USER_AGENT).cloned(),
        }
    }

    /// Where the caller is: the last address that a proxy of one's own names, or the peer's.
    pub(crate) fn address(&self) -> String {
        let forwarded = self.forwarded.as_ref().and_then(|v| v.to_str().ok());
        let last = forwarded.and_then(|v| v.rsplit(',').next());
        match last {
            Some(last) => last.trim().to_owned(),
            None => self.peer.map_or(String::new(), |ip| ip.to_string()),
        }
    }

    /// The program that asks, by its own word.
    pub(crate) fn agent(&self) -> &str {
        let agent = self.agent.as_ref().and_then(|v| v.to_str().ok());
        agent.unwrap_or_default()
    }
}

impl FromRequestParts<Desk> for Context {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts, desk))
    }
}

/// Whether an Accept-Encoding takes gzip; what is weighed with nothing is refused (RFC 9110, 12.5.3).
fn is_gzip_among(codings: &str) -> bool {
    codings.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight
            .trim()
            .strip_prefix("q=")
            .and_then(|q| q.parse().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_some_and(|q: f32| q > 0.0)
    })
}

fn refused(desk: &Desk, context: &Context, code: &'static str) -> Problem {
    let error = Error::Unauthenticated(Box::new(Diagnostic::error(code)));
    desk.problem(context, &error)
}

fn forbidden(desk: &Desk, context: &Context, code: &str) -> Problem {
    Problem::coded(
        StatusCode::FORBIDDEN,
        code,
        &[],
        desk.messages(context.language),
        &context.request_id,
    )
}

/// Paths that programs other than browsers read by the address alone: there the token may stand in the query.
fn takes_query_token(path: &str) -> bool {
    ["/ogc", "/feeds/", "/api/v1/tiles/"]
        .iter()
        .any(|p| path.starts_with(p))
}

/// Where OpenRosa clients find their token in the address.
pub(crate) const ODK_KEY: &str = "/odk/key/";

/// What OpenRosa clients ask for and send.
fn is_odk(path: &str) -> bool {
    path == "/odk" || path.starts_with("/odk/")
}

/// Where rescue files are handed over.
const RESCUE_FILES: &str = "/api/v1/field/rescue-files";

/// What phones ask for and send.
fn is_field(path: &str) -> bool {
    path.starts_with("/api/v1/field/")
}

/// OpenRosa clients send the token as the password of Basic authentication, or have it in the address as app users of ODK
/// Central do. The name beside it must be its holder's, which is looked at once that one is known.
fn odk_secret_of(parts: &Parts) -> Option<String> {
    let in_address = parts.uri.path().strip_prefix(ODK_KEY);
    if let Some((token, _)) = in_address.and_then(|rest| rest.split_once('/')) {
        return Some(token.to_owned());
    }
    basic_of(parts).map(|(_, token)| token)
}

/// Name and password of Basic authentication.
fn basic_of(parts: &Parts) -> Option<(String, String)> {
    let given = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, coded) = given.split_once(' ')?;
    let is_basic = scheme.eq_ignore_ascii_case("basic");
    let bytes = is_basic.then(|| BASE64_STANDARD.decode(coded.trim()).ok())??;
    let text = String::from_utf8(bytes).ok()?;
    let (login, token) = text.split_once(':')?;
    Some((login.to_owned(), token.to_owned()))
}

fn secret_of(parts: &Parts) -> Option<String> {
    if is_odk(parts.uri.path())
        && let Some(token) = odk_secret_of(parts)
    {
        return Some(token);
    }
    let bearer = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "))
        .map(|t| t.trim().to_owned());
    bearer.or_else(|| {
        let query = parts
            .uri
            .query()
            .filter(|_| takes_query_token(parts.uri.path()))?;
        let pair = query.split('&').find_map(|p| p.strip_prefix("token="))?;
        Some(pair.to_owned())
    })
}

async fn visitor(parts: &Parts, desk: &Desk, context: &Context) -> Result<Arc<Visitor>, Problem> {
    let secret = secret_of(parts);
    let token = cookie(&parts.headers, cookie_name(desk)).map(str::to_owned);
    let is_token = secret.is_some();
    let found = match secret.or(token) {
        Some(token) => desk.visitor(context, token, is_token).await?,
        None => None,
    };
    let visitor = found.ok_or_else(|| {
        let code = if is_token && is_field(parts.uri.path()) {
            // The phone goes on recording and asks its holder to sign in.
            "field.token_expired"
        } else if is_token {
            "session.bad_token"
        } else {
            "session.needed"
        };
        refused(desk, context, code)
    })?;
    let path = parts.uri.path();
    if let Some((login, _)) = basic_of(parts).filter(|_| is_token && is_odk(path))
        && !login.trim().eq_ignore_ascii_case(&visitor.person.login)
    {
        return Err(refused(desk, context, "session.bad_token"));
    }
    if let Some(asker) = parts.extensions.get::<Asker>() {
        // Whoever was set first in this request stays.
        let _ = asker.0.set(visitor.person.person_id.clone());
    }
    let is_reading = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if let Some(token) = &visitor.token {
        let is_within = match token.scope.as_str() {
            "write" => true,
            "read" => is_reading,
            "field" => is_field(path),
            "odk" => is_odk(path),
            _ => is_reading && takes_query_token(path),
        };
        if !is_within {
            return Err(forbidden(desk, context, "session.token_scope"));
        }
    }
    if let (Some(session), false) = (&visitor.session, is_reading) {
        let given = parts
            .headers
            .get("x-csrf-token")
            .and_then(|v| v.to_str().ok());
        if given != Some(session.csrf_token.as_str()) {
            return Err(forbidden(desk, context, "session.csrf"));
        }
    }
    let is_own_business = path.starts_with("/api/v1/session");
    if visitor.person.must_change_password && visitor.session.is_some() && !is_own_business {
        return Err(forbidden(desk, context, "session.must_change_password"));
    }
    Ok(visitor)
}

impl FromRequestParts<Desk> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        let context = Context::of(parts, desk);
        let visitor = visitor(parts, desk, &context).await?;
        Ok(Self { visitor, context })
    }
}

impl FromRequestParts<Desk> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        let context = Context::of(parts, desk);
        let visitor = visitor(parts, desk, &context).await?;
        let setting = desk.setting().map_err(|e| desk.problem(&context, &e))?;
        // Whoever holds no post any more may still hand over what their phone holds of the time when they did.
        let is_handing_over = visitor.is_phone() && parts.uri.path() == RESCUE_FILES;
        if visitor.post.is_none() && !is_handing_over {
            let code = match visitor.is_phone() {
                true => "field.no_post",
                false => "session.no_post",
            };
            return Err(forbidden(desk, &context, code));
        }
        let actor = visitor
            .actor(&setting)
            .map_err(|e| desk.problem(&context, &e))?;
        let if_none_match = parts
            .headers
            .get(header::IF_NONE_MATCH)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned);
        let takes_gzip = parts
            .headers
            .get(header::ACCEPT_ENCODING)
            .and_then(|v| v.to_str().ok())
            .is_some_and(is_gzip_among);
        Ok(Self {
            takes_gzip,
            uri: parts.uri.clone(),
            method: parts.method.clone(),
            visitor,
            actor,
            context,
            if_none_match,
        })
    }
}

/// 查询参数 — read from the address; what cannot be read is told in the house's own words.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Desk> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        read_query(&parts.uri).map(Self).map_err(|cause| {
            let context = Context::of(parts, desk);
            unreadable(desk, &context, "request.query", &cause)
        })
    }
}

fn read_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, String> {
    let read = axum::extract::Query::<T>::try_from_uri(uri);
    read.map(|q| q.0).map_err(|e| e.body_text())
}

/// 请求正文 — JSON.
pub(crate) struct Said<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Desk> for Said<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let context = Context::of(&parts, desk);
        let request = Request::from_parts(parts, body);
        match axum::Json::<T>::from_request(request, desk).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => {
                let status = rejection.status();
                let text = rejection.body_text();
                if status == StatusCode::PAYLOAD_TOO_LARGE
                    || status == StatusCode::UNSUPPORTED_MEDIA_TYPE
                {
                    return Err(Problem::coded(
                        status,
                        "request.body",
                        &[("cause", &text)],
                        desk.messages(context.language),
                        &context.request_id,
                    ));
                }
                Err(unreadable(desk, &context, "request.body", &text))
            }
        }
    }
}

/// 路径参数.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Desk> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, desk).await;
        read.map(|p| Self(p.0)).map_err(|e| {
            let context = Context::of(parts, desk);
            unreadable(desk, &context, "request.path", &e.body_text())
        })
    }
}

fn unreadable(desk: &Desk, context: &Context, code: &str, cause: &str) -> Problem {
    Problem::coded(
        StatusCode::BAD_REQUEST,
        code,
        &[("cause", cause)],
        desk.messages(context.language),
        &context.request_id,
    )
}

/// A phone, known by its token; a locked one is told so, whatever it asks for.
pub(crate) struct Phone {
    pub(crate) caller: Caller,
    pub(crate) device: Device,
}

impl FromRequestParts<Desk> for Phone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, desk).await?;
        let visitor = caller.visitor.clone();
        let device = desk
            .look_up(&caller.context, move |accounts| {
                field::device_of(accounts, &visitor)
            })
            .await?;
        if device.is_locked {
            let messages = desk.messages(caller.context.language);
            let words = |code: &str| messages.text(&format!("device_lock.{code}"), &[]);
            return Err(desk.problem(&caller.context, &field::locked_problem(&device, &words)));
        }
        Ok(Self { caller, device })
    }
}

#[cfg(test)]
mod tests {
    use super::is_gzip_among;

    #[test]
    fn gzip_is_taken_where_it_is_named_and_weighs_something() {
        for taken in ["gzip", "gzip, deflate, br, zstd", "br;q=1.0, GZIP;q=0.5"] {
            assert!(is_gzip_among(taken), "{taken}");
        }
        for refused in ["", "br", "gzip;q=0", "identity, gzip; q=0.0", "x-gzipped"] {
            assert!(!is_gzip_among(refused), "{refused}");
        }
    }
}
