//! Random secrets, their hashes, and time-based codes.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Secret, Totp};

use super::TotpProposal;
use crate::error::Error;

/// Bytes nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| Error::internal(anyhow::anyhow!("random: {e}")))?;
    Ok(bytes)
}

/// 256 bits as hexadecimal.
pub fn new_secret() -> Result<String, Error> {
    Ok(crate::hex(&random::<32>()?))
}

/// A pseudonym: a letter and 48 bits.
pub(super) fn new_id(letter: &str) -> Result<String, Error> {
    Ok(format!("{letter}-{}", crate::hex(&random::<6>()?)))
}

/// What is kept of a secret.
pub fn sha256_of(secret: &str) -> String {
    crate::hex(&digest_of(secret))
}

/// The same in bytes.
pub fn digest_of(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn totp(secret: &str, issuer: Option<&str>, account: &str) -> Result<Totp, Error> {
    let secret = Secret::try_from_base32(secret)
        .map_err(|e| Error::internal(anyhow::anyhow!("totp secret: {e:?}")))?;
    Builder::new()
        .with_secret(secret)
        .with_issuer(issuer.map(str::to_owned))
        .with_account_name(account.to_owned())
        .build()
        .map_err(|e| Error::internal(anyhow::anyhow!("totp: {e:?}")))
}

/// A new secret in Base32 with the address that authenticator apps read, also as a picture to be scanned.
pub(super) fn new_totp(issuer: &str, login: &str) -> Result<TotpProposal, Error> {
    let secret = Secret::new(Box::new(random::<20>()?)).to_base32();
    let totp = totp(&secret, Some(issuer), login)?;
    let told = |e| Error::internal(anyhow::anyhow!("totp: {e:?}"));
    Ok(TotpProposal {
        otpauth_url: totp.to_url().map_err(told)?,
        picture: format!(
            "data:image/png;base64,{}",
            totp.to_qr_base64().map_err(told)?
        ),
        secret,
    })
}

/// The time step a code is of, one step early or late allowed.
pub(super) fn totp_step(secret: &str, code: &str, now: Timestamp) -> Result<Option<i64>, Error> {
    if secret.is_empty() {
        return Ok(None);
    }
    let second = u64::try_from(now.as_second()).unwrap_or(0);
    let step = totp(secret, None, "account")?.check(code.trim(), second);
    Ok(step.and_then(|s| i64::try_from(s).ok()))
}

#[cfg(test)]
pub(super) fn totp_code(secret: &str, now: Timestamp) -> Result<String, Error> {
    let second = u64::try_from(now.as_second()).unwrap_or(0);
    Ok(totp(secret, None, "account")?.generate(second).to_string())
}
