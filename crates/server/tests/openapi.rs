//! The committed OpenAPI document says what the handlers do.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

#[test]
fn the_openapi_document_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/openapi.json");
    let made = server::openapi();
    if std::env::var_os("QINGSHAN_BLESS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == made,
        "schemas/openapi.json is stale: run `cargo xtask gen`"
    );
}
