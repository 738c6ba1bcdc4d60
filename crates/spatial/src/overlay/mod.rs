//! Which part of a geometry lies inside which outline, without ever building the clipped geometry.
//!
//! The area of an intersection is a sum along its border: the pieces of the geometry's edges inside the outline, and the
//! pieces of the outline's edges inside the geometry. [`Clip`] adds these pieces up. It asks only on which side of a line
//! a point lies, answers exactly, and treats ties as if the geometry were moved by an infinitely small step against the
//! outlines ([`side`]). So every crossing is a proper one, both borders agree about it, and the pieces always close:
//! shared borders, touching corners and coinciding edges need no special case.
//!
//! [`OutlineIndex`] keeps outlines as blocks of edges in a grid of cells. A geometry without a block near it lies wholly
//! in the outlines that cover it, which is looked up; the others are clipped against the blocks near them only.

mod clip;
mod cover;
mod grid;
mod index;
mod shape;
mod side;

pub use clip::{Clip, areas_in_common};
pub use index::{OutlineIndex, OutlinePart, OutlinesTooLarge, Scratch, Share};
pub use shape::{Bounds, Dimension, Shape};

pub(crate) use clip::winding_of;
pub(crate) use grid::{CellRange, Grid};
pub(crate) use shape::segment_distance_squared;
