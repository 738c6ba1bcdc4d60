//! 存件 — what came as stored text and is read when it is first looked at.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// 存件 — a value, or the text of one that nobody looked at yet. Most of a dossier is claims, and most pages need none.
pub struct Stored<T> {
    text: Option<Box<RawValue>>,
    value: OnceLock<T>,
}

impl<T> From<T> for Stored<T> {
    fn from(value: T) -> Self {
        Self {
            text: None,
            value: value.into(),
        }
    }
}

impl<T: DeserializeOwned> Stored<T> {
    /// The value, or why the text is none. What was read once is not read again.
    pub fn read(&self) -> serde_json::Result<&T> {
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let text = self.text.as_deref().map_or("null", RawValue::get);
        let value = serde_json::from_str(text)?;
        Ok(self.value.get_or_init(|| value))
    }
}

impl<T: DeserializeOwned> Deref for Stored<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // Projections are written by this program from entries it could read; another version rebuilds them first. Where
        // somebody else may have written in them, `read` asks before.
        self.read()
            .unwrap_or_else(|e| panic!("a stored value cannot be read, rebuild the register: {e}"))
    }
}

impl<T: Clone> Clone for Stored<T> {
    fn clone(&self) -> Self {
        Self {
            text: self.text.clone(),
            value: self.value.clone(),
        }
    }
}

impl<T: DeserializeOwned + PartialEq> PartialEq for Stored<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: DeserializeOwned + fmt::Debug> fmt::Debug for Stored<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: DeserializeOwned + Serialize> Serialize for Stored<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.read().map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Stored<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self {
            text: Some(Box::deserialize(deserializer)?),
            value: OnceLock::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_reads_as_it_was_and_only_when_looked_at() {
        let kept = Stored::from(vec![1, 2]);
        let text = serde_json::to_string(&kept).unwrap_or_default();
        assert_eq!(text, "[1,2]");
        let read: Result<Stored<Vec<i32>>, _> = serde_json::from_str(&text);
        assert!(read.is_ok_and(|read| read.value.get().is_none() && read == kept));
        // Text that is no such value is found out when somebody looks, text that is no JSON at once.
        let other = serde_json::from_str::<Stored<Vec<i32>>>("\"no list\"");
        assert!(other.is_ok_and(|o| o.read().is_err() && serde_json::to_string(&o).is_err()));
        assert!(serde_json::from_str::<Stored<Vec<i32>>>("[1,").is_err());
    }
}
