//! 设备签章 — whether a signature of a phone stands over given bytes. Nothing is signed here.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};

/// The one suite that phones sign with: ECDSA on P-256 with SHA-256. Every browser has had it for ten years.
pub const ALG: &str = "ES256";

/// What stands before the canonical bytes of an entry under the signature, so that no other text can pass for one.
const ENTRY_PREFIX: &str = "qingshan-entry-v1\n";
const ENROL_PREFIX: &str = "qingshan-enrol-v1\n";
const RESCUE_PREFIX: &str = "qingshan-rescue-v1\n";

/// The text an entry's signature stands over.
pub fn entry_text(entry_bytes: &[u8]) -> Vec<u8> {
    [ENTRY_PREFIX.as_bytes(), entry_bytes].concat()
}

/// The text that proves at enrolment that whoever asks holds the key.
pub fn enrol_text(device_id: &str, csrf_token: &str) -> Vec<u8> {
    format!("{ENROL_PREFIX}{device_id}\n{csrf_token}").into_bytes()
}

/// The text by which a phone says that it sealed a rescue file itself; `enc` is known to whoever sealed it alone.
pub fn rescue_text(device_id: &str, sealed_at: &str, enc: &str) -> Vec<u8> {
    format!("{RESCUE_PREFIX}{device_id}\n{sealed_at}\n{enc}").into_bytes()
}

/// Whether `public_key` (base64url of the uncompressed point) is one.
pub fn is_public_key(public_key: &str) -> bool {
    key_of(public_key).is_some()
}

fn key_of(public_key: &str) -> Option<VerifyingKey> {
    let point = BASE64_URL_SAFE_NO_PAD.decode(public_key).ok()?;
    // The compressed form of the same point would be another text for the same key.
    (point.len() == 65).then_some(())?;
    VerifyingKey::from_sec1_bytes(&point).ok()
}

/// Whether the holder of `public_key` signed `text`; signature and key in base64url.
pub fn is_signed(public_key: &str, text: &[u8], signature: &str) -> bool {
    let read = || {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        let signature = Signature::from_slice(&bytes).ok()?;
        Some((key_of(public_key)?, signature))
    };
    read().is_some_and(|(key, signature)| key.verify(text, &signature).is_ok())
}
