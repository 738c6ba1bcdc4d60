use serde::{Deserialize, Serialize};

/// 登记簿启用 — first entry of a register: who keeps it and with which suites it is hashed and signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegisterOpened {
    /// Name of the node, also the name in its checkpoints.
    pub node: String,
    /// `SHA-256` (RFC 6962 tree hashing).
    pub hash_suite: String,
    /// `Ed25519` (C2SP signed note).
    pub signature_suite: String,
    /// Verifier key in the form of a C2SP signed note.
    pub verifier_key: String,
    /// Marks a register of demonstration data; shown on everything it prints.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_demonstration: bool,
}
