use std::process::ExitCode;

use app::Error;

use super::Desk;
use crate::arguments::Serve;

/// `qingshan serve`: until it is told to stop.
pub(super) fn run(desk: &Desk<'_>, args: &Serve) -> Result<ExitCode, Error> {
    let options = server::Options {
        home: desk.arguments.home.clone(),
        register: desk.arguments.address()?,
        bind: std::net::SocketAddr::new(args.bind, args.port),
        clock: super::now,
        public_url: args.public_url.clone(),
        is_behind_proxy: args.behind_proxy,
        web: args.web.clone(),
        suspicions_at: args.suspicions_at,
    };
    let told = |ready: &server::Ready| {
        let address = match &args.public_url {
            Some(url) => url.clone(),
            None => format!("http://{}", ready.address),
        };
        desk.output.value(&serde_json::json!({
            "address": address,
            "port": ready.address.port(),
            "setup_code": ready.setup_code,
        }));
        desk.output.say("serve.ready", &[("address", &address)]);
        if let Some(code) = &ready.setup_code {
            desk.output.say("serve.setup_code", &[("code", code)]);
        }
    };
    crate::allocator::give_back_from_time_to_time();
    match server::serve(&options, told) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(server::Error::Open(error)) => Err(error),
        Err(error @ server::Error::Listen { .. }) => {
            let cause =
                std::error::Error::source(&error).map_or(String::new(), ToString::to_string);
            let fault = app::diagnostic::Diagnostic::error("serve.cannot_listen")
                .arg("address", options.bind)
                .arg("cause", cause);
            Err(Error::rejected(fault))
        }
        Err(error) => Err(Error::internal(error)),
    }
}
