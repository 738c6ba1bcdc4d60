//! 口袋引擎 — the rules and the geometry of the register for a phone without network, built to WebAssembly from the same
//! rooms that judge and measure at the desk.
//!
//! JSON in, JSON out: `{"op":"judge","sheet":{…}}` is answered by `{"ok":{…}}` or `{"error":{"code":…,"args":{…}}}`.
//! It reads no clock and no file; what it knows was loaded into it.

#[cfg(target_arch = "wasm32")]
mod abi;
mod asked;
mod error;
mod ground;
mod judging;
mod shape;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use spatial::geodesic;

pub use asked::Asked;
pub use error::Error;
pub use ground::{Ground, strictness};
pub use judging::Rules;

/// Longer texts are not read: a rule set has half a megabyte, the ground of a reserve a few.
pub const LARGEST_TEXT: usize = 64 << 20;

/// 口袋引擎 — what was loaded, and what is being hashed.
#[derive(Default)]
pub struct Pocket {
    rules: Option<Rules>,
    ground: Option<Ground>,
    hashes: BTreeMap<u32, Sha256>,
    last_hash: u32,
}

impl Pocket {
    /// Knows nothing yet.
    pub const fn new() -> Self {
        Self {
            rules: None,
            ground: None,
            hashes: BTreeMap::new(),
            last_hash: 0,
        }
    }

    /// Answers one question.
    pub fn call(&mut self, text: &str) -> String {
        let answer = match self.answer(text) {
            Ok(found) => json!({ "ok": found }),
            Err(error) => json!({ "error": { "code": error.code(), "args": error.args() } }),
        };
        answer.to_string()
    }

    fn answer(&mut self, text: &str) -> Result<Value, Error> {
        match asked::read(text)? {
            Asked::LoadRules { files } => {
                let rules = Rules::load(&files)?;
                let version = json!({ "ruleset_sha256": rules.version });
                self.rules = Some(rules);
                Ok(version)
            }
            Asked::Judge { sheet, as_of } => self.rules()?.judge(sheet, as_of),
            Asked::Questions { sheet, as_of } => self.rules()?.questions(sheet, as_of),
            Asked::LoadGround(parts) => {
                let (ground, unusable) = Ground::load(parts)?;
                self.ground = Some(ground);
                Ok(json!({ "unusable": unusable }))
            }
            Asked::Place(at) => self.ground()?.place(&at),
            Asked::Outline { shape } => self.ground()?.outline(shape),
            Asked::Measure { points } => {
                let line = shape::line(&points)?;
                Ok(json!({ "length_m": ground::centi(geodesic::line_length_m(&line)) }))
            }
            Asked::To { from, to } => {
                let (from, to) = (shape::position(&from)?, shape::position(&to)?);
                Ok(json!({
                    "distance_m": ground::centi(geodesic::distance_m(from, to)),
                    "bearing_deg": ground::tenth(geodesic::bearing_degrees(from, to)),
                }))
            }
        }
    }

    fn rules(&self) -> Result<&Rules, Error> {
        self.rules.as_ref().ok_or(Error::NoRules)
    }

    fn ground(&self) -> Result<&Ground, Error> {
        self.ground.as_ref().ok_or(Error::NoGround)
    }

    /// Begins a SHA-256 of a file that is too large to be held at once; its number.
    pub fn begin_hash(&mut self) -> u32 {
        self.last_hash = self.last_hash.wrapping_add(1);
        self.hashes.insert(self.last_hash, Sha256::new());
        self.last_hash
    }

    /// The next bytes of a file; nothing for a number that was never begun.
    pub fn add_to_hash(&mut self, number: u32, bytes: &[u8]) {
        if let Some(hash) = self.hashes.get_mut(&number) {
            hash.update(bytes);
        }
    }

    /// The hash as hexadecimal digits, empty for a number that was never begun.
    pub fn end_hash(&mut self, number: u32) -> String {
        let hash = self.hashes.remove(&number);
        hash.map_or_else(String::new, |h| judging::hex(&h.finalize()))
    }
}
