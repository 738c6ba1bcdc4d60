//! Passwords: what may be one, how it is kept, how one is made up.

use argon2::Argon2;
use spatial::diagnostic::Diagnostic;

use super::secrets;
use crate::error::Error;

const LEAST: usize = 10;
const MOST: usize = 200;

/// Beginnings of what everybody tries first.
const PLAIN: [&str; 10] = [
    "password", "12345678", "qwerty", "abc123", "admin", "qingshan", "lvdun", "woaini", "111111",
    "000000",
];

/// Whether a text may be a password: long enough, no login name in it, not one repeated or common word.
pub(super) fn check(password: &str, login: &str) -> Result<(), Error> {
    let count = password.chars().count();
    if !(LEAST..=MOST).contains(&count) {
        let fault = Diagnostic::error("password.length")
            .arg("least", LEAST)
            .arg("most", MOST);
        return Err(Error::rejected(fault));
    }
    let low = password.to_lowercase();
    let mut distinct: Vec<char> = low.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let is_plain = distinct.len() < 6
        || low.contains(login)
        || PLAIN
            .iter()
            .any(|p| low.starts_with(p) && count < p.len() + 8);
    if is_plain {
        return Err(Error::rejected(Diagnostic::error("password.too_plain")));
    }
    Ok(())
}

/// Argon2id with the parameters of RFC 9106's second choice, as `argon2id$<salt>$<hash>`.
pub(super) fn hash(password: &str) -> Result<String, Error> {
    let salt = secrets::random::<16>()?;
    Ok(format!(
        "argon2id${}${}",
        crate::hex(&salt),
        crate::hex(&derive(password, &salt)?)
    ))
}

fn derive(password: &str, salt: &[u8]) -> Result<[u8; 32], Error> {
    let mut out = [0; 32];
    Argon2::default()
        .hash_password_into(password.as_bytes(), salt, &mut out)
        .map_err(|e| Error::internal(anyhow::anyhow!("argon2: {e}")))?;
    Ok(out)
}

/// Whether a password is the one kept. Somebody unknown costs the same time as somebody known.
pub(super) fn is_right(password: &str, kept: Option<&str>) -> bool {
    let unknown = format!("argon2id${}${}", "00".repeat(16), "00".repeat(32));
    let mut parts = kept.unwrap_or(&unknown).split('$').skip(1);
    let salt = parts.next().and_then(crate::unhex).unwrap_or_default();
    let expected = parts.next().and_then(crate::unhex).unwrap_or_default();
    let Ok(found) = derive(password, &salt) else {
        return false;
    };
    let differs = found
        .iter()
        .zip(&expected)
        .fold(0, |differs, (a, b)| differs | (a ^ b));
    kept.is_some() && expected.len() == found.len() && differs == 0
}

/// A password to be read out and typed once: no letters that look like others.
pub fn one_time_password() -> Result<String, Error> {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";
    let random = secrets::random::<15>()?;
    let mut text = String::new();
    for (i, byte) in random.iter().enumerate() {
        if i > 0 && i % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn plain_passwords_are_refused() {
        for plain in [
            "short1",
            "aaaaaaaaaaaa",
            "password1234",
            "houhe-2019-x1",
            "1234567890",
        ] {
            assert!(check(plain, "houhe").is_err(), "{plain}");
        }
        assert!(check("松林-石窟-3-号棚", "houhe").is_ok());
        assert!(check(&one_time_password().unwrap(), "houhe").is_ok());
    }

    #[test]
    fn only_the_same_password_is_right() {
        let kept = hash("松林-石窟-3-号棚").unwrap();
        assert!(is_right("松林-石窟-3-号棚", Some(&kept)));
        assert!(!is_right("松林-石窟-4-号棚", Some(&kept)));
        assert!(!is_right("", None));
        assert!(!is_right("x", Some("broken")));
    }
}
