#[path = "../../app/src/bench/export.rs"]
mod export;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    export::export(a[1].as_ref(), a[2].as_ref()).unwrap();
}
