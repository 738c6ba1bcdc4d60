//! The web files are carried in the binary when they are there: built anew when they change.

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
}
