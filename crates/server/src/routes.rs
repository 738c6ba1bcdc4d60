//! All addresses, one module a noun.
#![allow(
    unused_qualifications,
    reason = "the OpenAPI macro writes the names of parameter types in full"
)]

mod backgrounds;
mod clues;
mod config;
mod evidence;
mod feeds;
mod field;
mod imports;
mod issues;
mod judgements;
mod law;
mod ledgers;
mod log;
mod map;
mod notices;
mod ogc;
mod openrosa;
mod patrols;
mod people;
mod service;
mod session;
mod sites;
mod suspicions;
mod views;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use map::TileCabinet;

use crate::desk::Desk;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "青山 qingshan",
        description = "自然保护地人类活动点位登记簿 — register of human activities in nature reserves. Errors have one body (ProblemBody); see docs/API.md.",
        license(name = "Apache-2.0")
    ),
    modifiers(&Security),
    security(("session" = []), ("token" = []))
)]
struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("qingshan")));
        let bearer =
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        components.add_security_scheme("session", cookie);
        components.add_security_scheme("token", bearer);
    }
}

/// Everything that stands in the OpenAPI document.
pub(crate) fn api() -> OpenApiRouter<Desk> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(session::find_setup, session::set_up))
        .routes(routes!(
            session::show_session,
            session::log_in,
            session::log_out
        ))
        .routes(routes!(session::change_post))
        .routes(routes!(session::change_password))
        .routes(routes!(
            session::propose_totp,
            session::confirm_totp,
            session::drop_totp
        ))
        .routes(routes!(session::show_settings, session::keep_settings))
        .routes(routes!(people::list_people, people::add_person))
        .routes(routes!(people::change_person))
        .routes(routes!(people::end_sessions))
        .routes(routes!(people::list_tokens, people::add_token))
        .routes(routes!(people::add_unit_link))
        .routes(routes!(people::revoke_token))
        .routes(routes!(people::list_accesses))
        .routes(routes!(notices::list_notices))
        .routes(routes!(notices::test_notice))
        .routes(routes!(notices::preview_digest))
        .routes(routes!(config::show_config))
        .routes(routes!(config::read_position))
        .routes(routes!(sites::list_sites))
        .routes(routes!(sites::count_sites))
        .routes(routes!(sites::show_site))
        .routes(routes!(sites::list_entries))
        .routes(routes!(ledgers::show_ledger))
        .routes(routes!(ledgers::diff_ledger))
        .routes(routes!(ledgers::group_ledger))
        .routes(routes!(ledgers::download_ledger))
        .routes(routes!(clues::list_clues))
        .routes(routes!(clues::rematch_clues))
        .routes(routes!(clues::show_clue))
        .routes(routes!(clues::list_matches))
        .routes(routes!(clues::link_clue))
        .routes(routes!(clues::separate_clue))
        .routes(routes!(clues::unlink_clue))
        .routes(routes!(clues::screen_clue))
        .routes(routes!(sites::amend_site))
        .routes(routes!(sites::verify_site))
        .routes(routes!(sites::review_verification))
        .routes(routes!(sites::diff_site))
        .routes(routes!(sites::override_focal))
        .routes(routes!(sites::merge_site))
        .routes(routes!(sites::restore_site))
        .routes(routes!(sites::withdraw_site))
        .routes(routes!(sites::remark))
        .routes(routes!(judgements::judge_site))
        .routes(routes!(judgements::decide_site))
        .routes(routes!(judgements::read_again))
        .routes(routes!(judgements::withdraw_decision))
        .routes(routes!(judgements::list_judgements))
        .routes(routes!(judgements::download_judgements))
        .routes(routes!(judgements::download_questions))
        .routes(routes!(judgements::what_if))
        .routes(routes!(ledgers::paste))
        .routes(routes!(imports::show_import, imports::drop_import))
        .routes(routes!(imports::map_import))
        .routes(routes!(imports::commit_import))
        .routes(routes!(imports::download_marked))
        .routes(routes!(evidence::download_blob))
        .routes(routes!(evidence::show_thumbnail))
        .routes(routes!(backgrounds::list_backgrounds))
        .routes(routes!(backgrounds::show_background_tile))
        .routes(routes!(backgrounds::show_background_picture))
        .routes(routes!(backgrounds::withdraw_background))
        .routes(routes!(map::list_layers))
        .routes(routes!(map::show_layer))
        .routes(routes!(map::show_tile))
        .routes(routes!(views::show_statistics))
        .routes(routes!(views::download_statistics))
        .routes(routes!(views::list_findings))
        .routes(routes!(views::download_findings))
        .routes(routes!(views::show_dashboard))
        .routes(routes!(views::list_work_items))
        .routes(routes!(issues::list_issues))
        .routes(routes!(issues::show_issue_statistics))
        .routes(routes!(issues::download_issue_statistics))
        .routes(routes!(issues::show_issue))
        .routes(routes!(issues::list_issue_entries))
        .routes(routes!(issues::act_on_issue))
        .routes(routes!(issues::download_letter))
        .routes(routes!(issues::propose_issue))
        .routes(routes!(issues::open_issue))
        .routes(routes!(issues::show_worklist))
        .routes(routes!(issues::show_duties))
        .routes(routes!(issues::download_duties))
        .routes(routes!(issues::show_urging))
        .routes(routes!(issues::draw_look_backs))
        .routes(routes!(issues::plan_look_backs))
        .routes(routes!(issues::show_closing))
        .routes(routes!(issues::list_lessons, issues::record_lesson))
        .routes(routes!(issues::list_publicity, issues::record_publicity))
        .routes(routes!(suspicions::list_suspicions))
        .routes(routes!(suspicions::download_suspicions))
        .routes(routes!(suspicions::show_suspicion_statistics))
        .routes(routes!(suspicions::download_suspicion_statistics))
        .routes(routes!(
            suspicions::show_suspicion_run,
            suspicions::start_suspicion_run
        ))
        .routes(routes!(suspicions::show_suspicion))
        .routes(routes!(law::list_clauses))
        .routes(routes!(law::list_tables))
        .routes(routes!(log::show_checkpoint))
        .routes(routes!(log::prove_entry))
        .routes(routes!(log::list_log))
        .routes(routes!(log::verify_log))
        .routes(routes!(evidence::prove_evidence))
        .merge(field::routes())
        .merge(patrols::routes())
}

/// What stands in no OpenAPI document of ours: health, metrics, feeds, and OGC API Features, which describes itself.
pub(crate) fn quick() -> Router<Desk> {
    Router::new()
        .route("/health", get(service::health))
        .route("/metrics", get(service::metrics))
        .route("/openapi.json", get(service::openapi))
        .route("/ogc", get(ogc::landing))
        .route("/ogc/", get(ogc::landing))
        .route("/ogc/api", get(ogc::api))
        .route("/ogc/conformance", get(ogc::conformance))
        .route("/ogc/collections", get(ogc::collections))
        .route("/ogc/collections/{collection}", get(ogc::one_collection))
        .route("/ogc/collections/{collection}/items", get(ogc::items))
        .route("/ogc/collections/{collection}/items/{id}", get(ogc::item))
        .route("/feeds/deadlines.ics", get(feeds::deadlines))
        .route("/feeds/changes.rss", get(feeds::changes))
}

/// What OpenRosa clients ask for and send; the protocol describes itself.
pub(crate) fn odk() -> Router<Desk> {
    openrosa::router()
}

/// Addresses that take files, with limits of their own.
pub(crate) fn uploads() -> OpenApiRouter<Desk> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(evidence::add_evidence))
        .layer(DefaultBodyLimit::max(evidence::LARGEST_UPLOAD))
        .routes(routes!(imports::upload))
        .layer(DefaultBodyLimit::max(imports::LARGEST_IMPORT))
        .merge(field::large_routes())
}

/// The document of all addresses.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let (_, mut document) = api().split_for_parts();
    let (_, uploads) = uploads().split_for_parts();
    document.merge(uploads);
    document
}
