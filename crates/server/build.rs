//! The web files are carried in the binary when they are there: built anew when they change.
#![allow(
    clippy::print_stdout,
    reason = "cargo reads what a build script prints"
)]

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
}
