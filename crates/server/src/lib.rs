//! HTTP — the JSON API with its OpenAPI document, map tiles, OGC API Features, feeds, and the embedded web files.
//! Everything that is decided is decided in `app`.

mod caller;
mod desk;
mod lanes;
mod logging;
mod metrics;
mod notify;
mod problem;
mod routes;
mod runs;
mod told;
mod web;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::serve::ListenerExt;
use jiff::Timestamp;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::timeout::TimeoutLayer;

pub use desk::Desk;

/// 服务设置 — where to listen, what to serve, and what the clock says.
#[derive(Clone)]
pub struct Options {
    /// Accounts and files under way lie in this folder.
    pub home: PathBuf,
    /// Where the register is: in the folder, or in a database.
    pub register: app::Address,
    pub bind: SocketAddr,
    /// Reads the clock; handed down, because only the command line reads it.
    pub clock: fn() -> Timestamp,
    /// Address people use, where it is not the one listened at; with `https` cookies are secure ones.
    pub public_url: Option<String>,
    /// The peer is a proxy of one's own: the last address of `X-Forwarded-For` is the caller's.
    pub is_behind_proxy: bool,
    /// Web files on disk instead of the embedded ones.
    pub web: Option<PathBuf>,
    /// Hour of the day, UTC+8, at which all dossiers are searched for suspicions; never where there is none.
    pub suspicions_at: Option<i8>,
}

/// 启动情况 — told once the server listens.
pub struct Ready {
    pub address: SocketAddr,
    /// Code that lets the first administrator in, while there is nobody.
    pub setup_code: Option<String>,
}

/// What stops the server from starting.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("open the register")]
    Open(#[source] app::Error),
    #[error("listen at {address}")]
    Listen {
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("serve")]
    Serve(#[source] std::io::Error),
}

/// Requests that take longer are given up; uploads and files have their own limit.
const LONGEST_REQUEST: Duration = Duration::from_secs(120);
/// Work that goes on in the background is waited for so long when the server stops.
const LONGEST_FAREWELL: Duration = Duration::from_secs(10);
/// JSON bodies larger than this are refused.
const LARGEST_BODY: usize = 8 << 20;

/// Serves until it is told to stop (SIGINT, SIGTERM), then finishes what it began.
pub fn serve(options: &Options, ready: impl FnOnce(&Ready)) -> Result<(), Error> {
    let (desk, setup_code) = Desk::open(options).map_err(Error::Open)?;
    let notifier = notify::Notifier::of(&desk).map_err(Error::Open)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::Serve)?;
    let served = runtime.block_on(async {
        let listen = |source| Error::Listen {
            address: options.bind,
            source,
        };
        let listener = tokio::net::TcpListener::bind(options.bind)
            .await
            .map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        // Else the rest of an answer waits for the caller's word on its beginning, some 40 ms.
        let listener = listener.tap_io(|io| {
            // A line that cannot be told so is slower, no worse.
            let _ = io.set_nodelay(true);
        });
        ready(&Ready {
            address,
            setup_code,
        });
        let flusher = tokio::spawn(desk.clone().flush_accesses_from_time_to_time());
        let watcher = tokio::spawn(desk.clone().keep_current());
        let settler = tokio::spawn(desk.clone().settle_from_time_to_time());
        let nightly = options
            .suspicions_at
            .map(|hour| tokio::spawn(desk.clone().run_nightly(hour)));
        let notifier = notifier.map(notify::Running::start);
        let service = router(desk.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(listener, service)
            .with_graceful_shutdown(told_to_stop())
            .await;
        if let Some(notifier) = notifier {
            notifier.stop().await;
        }
        flusher.abort();
        watcher.abort();
        settler.abort();
        nightly.iter().for_each(tokio::task::JoinHandle::abort);
        desk.flush_accesses();
        served.map_err(Error::Serve)
    });
    // A search for suspicions under way is left off: what it worked out is kept, what it noted stands.
    runtime.shutdown_timeout(LONGEST_FAREWELL);
    served
}

async fn told_to_stop() {
    let interrupt = async {
        // Without a handler the signal ends the process by itself, which is the same.
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
    tracing::info!("told to stop; finishing what was begun");
}

/// All routes with everything around them.
pub fn router(desk: Desk) -> Router {
    let (api, _) = routes::api().split_for_parts();
    let (uploads, _) = routes::uploads().split_for_parts();
    let worth_compressing = SizeAbove::new(860).and(
        |_: StatusCode,
         _: axum::http::Version,
         headers: &axum::http::HeaderMap,
         _: &axum::http::Extensions| { told::is_compressible(headers) },
    );
    // One service around all of them: a layer by itself would be boxed, and copied, with every request.
    let around = ServiceBuilder::new()
        .layer(logging::AroundLayer(desk.clone()))
        .layer(CatchPanicLayer::custom(problem::of_panic))
        .layer(CompressionLayer::new().compress_when(worth_compressing))
        .layer(DefaultBodyLimit::max(LARGEST_BODY));
    api.merge(routes::quick())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            LONGEST_REQUEST,
        ))
        .merge(uploads)
        .merge(routes::odk())
        .method_not_allowed_fallback(web::wrong_method)
        .fallback(web::file)
        .layer(around)
        .with_state(desk)
}

/// The OpenAPI document, as committed in `schemas/openapi.json`.
pub fn openapi() -> String {
    let document = routes::document();
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
