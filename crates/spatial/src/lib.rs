//! Reads, repairs, measures, overlays, matches and writes geometry in named coordinate systems.
//!
//! Geometry is [`geo_types`] in CGCS2000 geographic coordinates (EPSG:4490), `x` = longitude, `y` = latitude, in
//! degrees. This room knows no sites, no SQL, no HTTP and no clock.
#![cfg_attr(
    target_arch = "wasm32",
    allow(
        dead_code,
        unused_imports,
        reason = "what serves only the rooms left out of the engine of phones"
    )
)]

// The ground itself: what the engine of phones is made of too.
pub mod authalic;
pub mod diagnostic;
pub mod geodesic;
pub mod gpb;
pub mod overlay;
pub mod repair;
pub mod validity;
pub mod zoning;

// Files, systems of coordinates, atlases: not in the engine of phones (crates/pocket), nor what they need.
#[cfg(not(target_arch = "wasm32"))]
pub mod archive;
#[cfg(not(target_arch = "wasm32"))]
pub mod bounds;
#[cfg(not(target_arch = "wasm32"))]
pub mod cells;
#[cfg(not(target_arch = "wasm32"))]
pub mod crs;
#[cfg(not(target_arch = "wasm32"))]
pub mod elevation;
#[cfg(not(target_arch = "wasm32"))]
pub mod feature;
#[cfg(not(target_arch = "wasm32"))]
pub mod formats;
#[cfg(not(target_arch = "wasm32"))]
pub mod gcj02;
#[cfg(not(target_arch = "wasm32"))]
pub mod matching;
#[cfg(not(target_arch = "wasm32"))]
pub mod notation;
#[cfg(not(target_arch = "wasm32"))]
pub mod parcel;
#[cfg(not(target_arch = "wasm32"))]
pub mod relief;
#[cfg(not(target_arch = "wasm32"))]
pub mod tiles;
#[cfg(not(target_arch = "wasm32"))]
pub mod track;
#[cfg(not(target_arch = "wasm32"))]
pub mod ways;
