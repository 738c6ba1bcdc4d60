//! 拆封 — what phones sealed for the register alone: HPKE base mode (RFC 9180) with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256
//! and AES-256-GCM, each message in its turn.

use p256::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey};
use ring::aead::{AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;

/// Identifiers of RFC 9180, chapter 7.
const KEM_ID: [u8; 2] = [0, 0x10];
const KDF_ID: [u8; 2] = [0, 1];
const AEAD_ID: [u8; 2] = [0, 2];
const VERSION: &[u8] = b"HPKE-v1";
const HASH_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// The receiver's side of one context.
pub(super) struct Opener {
    key: LessSafeKey,
    base_nonce: [u8; NONCE_BYTES],
    sequence: u64,
}

/// How the keys are derived: the suite's names stand in every step.
struct Suite {
    name: Vec<u8>,
}

impl Suite {
    fn kem() -> Self {
        Self {
            name: [b"KEM".as_slice(), &KEM_ID].concat(),
        }
    }

    fn whole(aead: [u8; 2]) -> Self {
        Self {
            name: [b"HPKE".as_slice(), &KEM_ID, &KDF_ID, &aead].concat(),
        }
    }

    fn extract(&self, salt: &[u8], label: &[u8], secret: &[u8]) -> hmac::Tag {
        let key = hmac::Key::new(hmac::HMAC_SHA256, salt);
        let text = [VERSION, &self.name, label, secret].concat();
        hmac::sign(&key, &text)
    }

    fn expand(&self, key: &[u8], label: &[u8], about: &[u8], length: u8) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let info = [&[0, length], VERSION, &self.name, label, about].concat();
        let (mut all, mut block, mut turn) = (Vec::new(), Vec::new(), 1u8);
        while all.len() < usize::from(length) {
            let text = [&block, &info, [turn].as_slice()].concat();
            block = hmac::sign(&key, &text).as_ref().to_vec();
            all.extend_from_slice(&block);
            turn += 1;
        }
        all.truncate(length.into());
        all
    }
}

impl Opener {
    /// Begins to open what was sealed to a key; nothing where `enc` is no point of the curve.
    pub(super) fn new(own: &SecretKey, enc: &[u8]) -> Option<Self> {
        Self::of_suite(own, enc, b"", AEAD_ID, &AES_256_GCM)
    }

    fn of_suite(
        own: &SecretKey,
        enc: &[u8],
        info: &[u8],
        aead: [u8; 2],
        algorithm: &'static Algorithm,
    ) -> Option<Self> {
        let sender = PublicKey::from_sec1_bytes(enc).ok()?;
        let shared = diffie_hellman(own.to_nonzero_scalar(), sender.as_affine());
        let point = own.public_key().to_sec1_point(false);
        let kem = Suite::kem();
        let drawn = kem.extract(b"", b"eae_prk", shared.raw_secret_bytes());
        let about = [enc, point.as_bytes()].concat();
        let secret = kem.expand(drawn.as_ref(), b"shared_secret", &about, HASH_BYTES as u8);
        let suite = Suite::whole(aead);
        let about = [
            [0].as_slice(),
            suite.extract(b"", b"psk_id_hash", b"").as_ref(),
            suite.extract(b"", b"info_hash", info).as_ref(),
        ]
        .concat();
        let drawn = suite.extract(&secret, b"secret", b"");
        let length = u8::try_from(algorithm.key_len()).ok()?;
        let key = suite.expand(drawn.as_ref(), b"key", &about, length);
        let nonce = suite.expand(drawn.as_ref(), b"base_nonce", &about, NONCE_BYTES as u8);
        Some(Self {
            key: LessSafeKey::new(UnboundKey::new(algorithm, &key).ok()?),
            base_nonce: nonce.try_into().ok()?,
            sequence: 0,
        })
    }

    /// The next message; nothing where a byte of it is another than was sealed.
    pub(super) fn open(&mut self, beside: &[u8], mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let mut nonce = self.base_nonce;
        for (byte, turn) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= turn;
        }
        let nonce = Nonce::assume_unique_for_key(nonce);
        let length = self
            .key
            .open_in_place(nonce, Aad::from(beside), &mut sealed)
            .ok()?
            .len();
        sealed.truncate(length);
        self.sequence += 1;
        Some(sealed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use ring::aead::AES_128_GCM;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digits).collect()
    }

    // RFC 9180, A.3.1: the same suite but for the cipher.
    const ENC: &str = "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4";
    const KEY: &str = "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2";
    const INFO: &str = "4f6465206f6e2061204772656369616e2055726e";
    const SEALED: &str = "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434";

    fn opener() -> Opener {
        let own = SecretKey::from_slice(&bytes(KEY)).unwrap();
        Opener::of_suite(&own, &bytes(ENC), &bytes(INFO), [0, 1], &AES_128_GCM).unwrap()
    }

    #[test]
    fn what_the_rfc_sealed_is_opened() {
        let plain = opener().open(b"Count-0", bytes(SEALED)).unwrap();
        assert_eq!(plain, b"Beauty is truth, truth beauty");
    }

    #[test]
    fn a_changed_byte_another_line_beside_it_or_another_turn_open_nothing() {
        let mut changed = bytes(SEALED);
        changed[3] ^= 1;
        assert_eq!(opener().open(b"Count-0", changed), None);
        assert_eq!(opener().open(b"Count-1", bytes(SEALED)), None);
        let mut later = opener();
        later.open(b"Count-0", bytes(SEALED)).unwrap();
        assert_eq!(later.open(b"Count-0", bytes(SEALED)), None);
        let own = SecretKey::from_slice(&bytes(KEY)).unwrap();
        assert!(Opener::new(&own, &bytes(ENC)[..64]).is_none());
    }
}
