//! 节点密钥 — the Ed25519 key that signs this node's checkpoints; a file outside the database, C2SP signed-note form.

use std::fs;
use std::path::Path;

use rand_core::OsRng;
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::{Checkpoint, Hash};

use crate::error::Error;
use crate::home::write_secret;

/// The key of a node. Its secret half is never shown, not even by `Debug`.
pub(crate) struct NodeKey {
    signer: StandardSigner,
    node: String,
}

impl std::fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeKey")
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}

/// Makes a key pair, or takes the one already there, and returns the verifier key.
pub(crate) fn ensure(path: &Path, node: &str) -> Result<String, Error> {
    if !signed_note::is_key_name_valid(node) || node.chars().any(char::is_control) {
        return Err(Error::NodeName(node.to_owned()));
    }
    if let Ok(text) = fs::read_to_string(path) {
        let verifier = text.lines().nth(1).unwrap_or_default();
        StandardVerifier::new(verifier).map_err(|e| Error::Key {
            reason: e.to_string(),
        })?;
        return Ok(verifier.to_owned());
    }
    let (secret, verifier) = signed_note::generate_key(&mut OsRng, node);
    write_secret(path, &format!("{secret}\n{verifier}\n"))?;
    Ok(verifier)
}

/// The verifier key beside the secret one, if this machine has them.
pub(crate) fn verifier_of(path: &Path) -> Option<String> {
    fs::read_to_string(path)
        .ok()?
        .lines()
        .nth(1)
        .map(str::to_owned)
}

/// Loads the key if this machine has it; a copy made for reading has none.
pub(crate) fn find(path: &Path, node: &str) -> Result<Option<NodeKey>, Error> {
    let Ok(text) = fs::read_to_string(path) else {
        return Ok(None);
    };
    let secret = text.lines().next().unwrap_or_default();
    let signer = StandardSigner::new(secret).map_err(|e| Error::Key {
        reason: e.to_string(),
    })?;
    Ok(Some(NodeKey {
        signer,
        node: node.to_owned(),
    }))
}

impl NodeKey {
    /// A signed checkpoint (C2SP tlog-checkpoint) over the log at `size`.
    pub(crate) fn sign(&self, size: u64, root: Hash) -> Result<String, Error> {
        let wrong = |reason: String| Error::Key { reason };
        let checkpoint =
            Checkpoint::new(&self.node, size, root, "").map_err(|e| wrong(e.to_string()))?;
        self.sign_text(&checkpoint.to_bytes())
    }

    /// A signed note (C2SP signed-note) over lines that are no checkpoint: their first line is never the node's name.
    pub(crate) fn sign_note(&self, first_line: &str, lines: &[String]) -> Result<String, Error> {
        let text = format!("{first_line} {}\n{}\n", self.node, lines.join("\n"));
        self.sign_text(text.as_bytes())
    }

    fn sign_text(&self, text: &[u8]) -> Result<String, Error> {
        let wrong = |reason: String| Error::Key { reason };
        let mut note = Note::new(text, &[]).map_err(|e| wrong(e.to_string()))?;
        note.add_sigs(&[&self.signer])
            .map_err(|e| wrong(e.to_string()))?;
        String::from_utf8(note.to_bytes()).map_err(|e| wrong(e.to_string()))
    }
}

/// The text of a signed note, if `verifier_key` signed it.
pub fn open_note(note: &[u8], verifier_key: &str) -> Result<Vec<u8>, String> {
    let verifier = StandardVerifier::new(verifier_key).map_err(|e| e.to_string())?;
    let note = Note::from_bytes(note).map_err(|e| e.to_string())?;
    let (signed, _) = note
        .verify(&VerifierList::new(vec![Box::new(verifier)]))
        .map_err(|e| e.to_string())?;
    match signed.is_empty() {
        true => Err("not signed by this node's key".to_owned()),
        false => Ok(note.text().to_vec()),
    }
}

/// Size and root hash of a signed checkpoint, if `verifier_key` signed it.
pub(crate) fn open_checkpoint(note: &[u8], verifier_key: &str) -> Result<(u64, Hash), String> {
    let text = open_note(note, verifier_key)?;
    let checkpoint = Checkpoint::from_bytes(&text).map_err(|e| e.to_string())?;
    Ok((checkpoint.size(), *checkpoint.hash()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_opens_with_its_own_key_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let ours = ensure(&folder.path().join("a.key"), "后河.example").unwrap();
        let theirs = ensure(&folder.path().join("b.key"), "后河.example").unwrap();
        let key = find(&folder.path().join("a.key"), "后河.example")
            .unwrap()
            .unwrap();
        let note = key.sign(7, Hash([9; 32])).unwrap();
        assert_eq!(
            open_checkpoint(note.as_bytes(), &ours),
            Ok((7, Hash([9; 32])))
        );
        assert!(open_checkpoint(note.as_bytes(), &theirs).is_err());
        assert!(open_checkpoint(note.replacen("\n7\n", "\n8\n", 1).as_bytes(), &ours).is_err());
        assert_eq!(
            ensure(&folder.path().join("a.key"), "后河.example").unwrap(),
            ours,
            "a key is made once"
        );
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }

    #[test]
    fn a_node_name_that_a_note_cannot_carry_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["", "two words", "a+b", "line\nbreak"] {
            assert!(
                matches!(
                    ensure(&folder.path().join("k"), name),
                    Err(Error::NodeName(_))
                ),
                "{name:?}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.key");
        ensure(&path, "node").unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
