//! Reads, repairs, measures, overlays, matches and writes geometry in named coordinate systems.
//!
//! Geometry is [`geo_types`] in CGCS2000 geographic coordinates (EPSG:4490), `x` = longitude, `y` = latitude, in
//! degrees. This room knows no sites, no SQL, no HTTP and no clock.

pub mod archive;
pub mod authalic;
pub mod bounds;
pub mod cells;
pub mod crs;
pub mod diagnostic;
pub mod elevation;
pub mod feature;
pub mod formats;
pub mod gcj02;
pub mod geodesic;
pub mod gpb;
pub mod matching;
pub mod notation;
pub mod overlay;
pub mod parcel;
pub mod relief;
pub mod repair;
pub mod tiles;
pub mod track;
pub mod validity;
pub mod ways;
pub mod zoning;
