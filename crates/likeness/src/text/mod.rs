//! 文本查重 — acceptance and effect texts that were copied, names and figures exchanged.
//!
//! A text is normalised (width, case, punctuation and spaces), its figures, dates and units are masked, and it is cut into
//! overlapping pieces of six signs. A piece that many independent texts contain is a standard phrase and weighs little; what
//! is rare decides. Texts that share enough rare pieces are laid side by side sign by sign, so that a person sees what was
//! exchanged.
//!
//! A text that is itself a copy does not make its pieces commoner: five hundred copies of one text do not turn it into a
//! standard phrase.
//!
//! Known limits: paraphrases and translated or reordered sentences are found only by what they keep; two texts whose only
//! content is a filled-in form are copies of each other until the form is named as a standard phrase
//! ([`TextIndex::with_standard_phrases`]) or has been seen in enough independent texts.

mod align;
mod index;
mod normalise;
mod postings;

pub use align::{Difference, Kind};
pub use index::{Grade, TextIndex, TextMatch};
