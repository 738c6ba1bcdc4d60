//! The project's chores: `cargo xtask demo`, `test`, `gen`, `pocket`, `tidy`, `bench`. They run the house's binary and link to none of its rooms.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "chores talk to the person who runs them"
)]

mod bench;
mod demo;
mod demo_issues;
mod demo_run;
mod picture;
mod pocket;
mod setup;
mod shell;
mod test;
mod tidy;
mod web;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask demo [--out DIR] [--port N] [--no-serve]
                                 build, make the demonstration reserve, run the whole job, add accounts, serve
cargo xtask demo-inputs DIR      only write the demonstration inputs
cargo xtask test [--quick]       set up what is missing and run every check and test
cargo xtask gen [--check]        write (or only compare) the generated pages
cargo xtask web [--e2e]         check and build the browser side; with --e2e drive it in Chromium, phones too
cargo xtask pocket              take the engine of phones from the repository, or build it where its sources changed
cargo xtask tidy                 paths in the pages exist, floors are respected, texts are complete
cargo xtask bench [w1|w2|w3|log|judge|memory|all] [--size t|s|m|l] [--repeat N]
                                 side by side with the peers of ../shared/bench";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rest = args.get(1..).unwrap_or_default();
    let result = match args.first().map(String::as_str) {
        Some("demo") => demo_run::run(rest),
        Some("demo-inputs") => demo_run::inputs(rest),
        Some("test") => test::run(rest),
        Some("gen") => test::generate(rest.iter().any(|a| a == "--check")),
        Some("tidy") => tidy::run(),
        Some("pocket") => pocket::ready(),
        Some("web") => web::command(rest),
        Some("bench") => bench::run(rest),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(1);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(1)
        }
    }
}
