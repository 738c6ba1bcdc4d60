//! One function a command: read the arguments, call `app`, print.

mod backgrounds;
mod bench;
mod clues;
mod evidence;
mod field;
mod import;
mod issues;
mod judge;
mod law;
mod ledgers;
mod log;
mod notices;
mod patrols;
mod people;
mod rules;
mod serve;
mod sites;
mod summaries;
mod suspicions;

use std::process::ExitCode;

use app::messages::Language;
use app::{Error, Post, Session};
use clap::CommandFactory;

use crate::arguments::{Arguments, Command, Completions, Init};
use crate::output::Output;

/// What a command needs besides its own arguments.
pub(crate) struct Desk<'a> {
    pub(crate) arguments: &'a Arguments,
    pub(crate) language: Language,
    pub(crate) output: &'a Output,
    pub(crate) now: jiff::Timestamp,
}

impl Desk<'_> {
    pub(crate) fn session(&self) -> Result<Session, Error> {
        let post = Post::parse(&self.arguments.post)?;
        Session::open(self.arguments.address()?, &post, self.now, self.language)
    }
}

/// Runs a command; exit code 1 means that checks found something, 0 that all is well.
pub(crate) fn run(
    arguments: Arguments,
    language: Language,
    output: &Output,
) -> Result<ExitCode, Error> {
    let desk = Desk {
        arguments: &arguments,
        language,
        output,
        now: now(),
    };
    match &arguments.command {
        Command::Init(args) => init(&desk, args),
        Command::Import(args) => import::run(&desk, args),
        Command::Backgrounds(args) => backgrounds::run(&desk, args),
        Command::Sites(args) => sites::run(&desk, args),
        Command::Clues(args) => clues::run(&desk, args),
        Command::Verify(args) => sites::verify(&desk, args),
        Command::Ledger(args) => ledgers::run(&desk, args),
        Command::Diff(args) => ledgers::diff(&desk, args),
        Command::Stats(args) => summaries::stats(&desk, args),
        Command::Check(args) => summaries::check(&desk, args),
        Command::Convert(args) => sites::convert(&desk, args),
        Command::Patrols(command) => patrols::run(&desk, command),
        Command::Suspicions(command) => suspicions::run(&desk, command),
        Command::Evidence(args) => evidence::run(&desk, args),
        Command::Field(command) => field::run(&desk, command),
        Command::Log(args) => log::run(&desk, args),
        Command::Register(args) => log::register(&desk, args),
        Command::Serve(args) => serve::run(&desk, args),
        Command::People(args) => people::run(&desk, args),
        Command::Notices(args) => notices::run(&desk, args),
        Command::Openapi => {
            print!("{}", server::openapi());
            Ok(ExitCode::SUCCESS)
        }
        Command::Bench(args) => bench::run(&desk, args),
        Command::Completions(args) => completions(args),
        Command::Judge(args) => judge::run(&desk, args),
        Command::Questions(args) => judge::questions(&desk, args),
        Command::Characterize(args) => judge::characterize(&desk, args),
        Command::Issues(args) => issues::run(&desk, args),
        Command::Rules(args) => rules::run(&desk, args),
        Command::Law(args) => law::run(&desk, args),
    }
}

/// The one place where the clock is read.
#[allow(
    clippy::disallowed_methods,
    reason = "the command line is where the clock is read and handed down"
)]
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

fn init(desk: &Desk<'_>, args: &Init) -> Result<ExitCode, Error> {
    let path = &args.reserve;
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.display().to_string(),
        source,
    })?;
    let request = app::InitRequest {
        campaign: args.campaign.clone(),
        reserve_text: text,
        node: args.node.clone(),
        is_demonstration: args.demonstration,
        remembers_database: args.database.is_some(),
    };
    let outcome = app::init(desk.arguments.address()?, &request, desk.now)?;
    desk.output.value(&outcome);
    let code = if outcome.is_new {
        "init.done"
    } else {
        "init.unchanged"
    };
    let home = desk.arguments.home.display().to_string();
    let args = [
        ("home", home.as_str()),
        ("reserve", outcome.reserve.as_str()),
        ("campaign", outcome.campaign.as_str()),
        ("node", outcome.node.as_str()),
        ("key", outcome.verifier_key.as_str()),
    ];
    desk.output.say(code, &args);
    Ok(ExitCode::SUCCESS)
}

fn completions(args: &Completions) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut Arguments::command(),
        "qingshan",
        &mut script,
    );
    print!("{}", String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}

/// A file to write to.
pub(crate) fn create(path: &std::path::Path) -> Result<std::io::BufWriter<std::fs::File>, Error> {
    let created = std::fs::File::create(path).map(std::io::BufWriter::new);
    created.map_err(|source| Error::Read {
        path: path.display().to_string(),
        source,
    })
}
