//! Chores of the project.

mod demo;

use std::path::PathBuf;

use anyhow::{Context, bail};

/// The seed of the demonstration that everybody sees.
const SEED: u64 = 2019;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("demo-inputs") => {
            let out: PathBuf = arguments.next().context("usage: demo-inputs OUT")?.into();
            let made = demo::generate(&out, SEED)?;
            report(&made, &out);
            Ok(())
        }
        _ => bail!("usage: cargo xtask demo-inputs OUT"),
    }
}

#[allow(
    clippy::print_stdout,
    reason = "a chore speaks to the person who runs it"
)]
fn report(made: &demo::Manifest, out: &std::path::Path) {
    println!(
        "{} sites, {} clues, {} planted faults in {} files to import, in {}",
        made.site_count,
        made.clue_count,
        made.dirt_count,
        made.inputs.len(),
        out.display()
    );
}
