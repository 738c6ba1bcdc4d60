//! Identifiers. Machine ids are UUIDs and never shown as codes; human codes are separate fields.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::{Builder, Uuid};

macro_rules! uuid_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug,
            Clone,
            Copy,
            Default,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            Serialize,
            Deserialize,
            ToSchema,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The id that follows from an instant and a seed: the same input always gives the same id, so that an
            /// import repeated appends nothing. Shaped as UUIDv7: 48 bits of `at` in milliseconds, then bits of
            /// SHA-256 over type name and seed.
            pub fn derived(at: Timestamp, seed: &[&[u8]]) -> Self {
                Self(derived_v7(stringify!($name), at, seed))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_newtype!(
    /// 条目编号 — names one entry for ever; UUIDv7, made where the entry is made.
    EntryId
);
uuid_newtype!(
    /// 点位内部编号 — names a site in the register; the code people read is `site_code`.
    SiteId
);
uuid_newtype!(
    /// 线索内部编号 — names a clue; the number it was issued under is `external_code`.
    ClueId
);
uuid_newtype!(
    /// 批次内部编号 — names a clue batch (one imported file of one source).
    BatchId
);
uuid_newtype!(
    /// 设备编号 — names a phone; made on it, of nothing that tells whose or which it is.
    DeviceId
);
uuid_newtype!(
    /// 巡护内部编号 — names a patrol.
    PatrolId
);
uuid_newtype!(
    /// 轨迹内部编号 — names a track of a patrol.
    TrackId
);

fn derived_v7(kind: &str, at: Timestamp, seed: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(kind.as_bytes());
    for part in seed {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let mut random = [0u8; 10];
    random.copy_from_slice(&digest[..10]);
    // Instants before 1970 have no UUIDv7; 1970 keeps the order right enough for papers that old.
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// 条目流编号 — what an entry belongs to: `site/<uuid>`, `clue_batch/<uuid>`, `reserve/<code>`,
/// `background/<reserve>/<code>`, `campaign/<id>`, `device/<uuid>`, `patrol/<uuid>`,
/// `patrol_plan/<reserve>/<station>/<YYYY-MM>`, `register`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamId(pub String);

impl StreamId {
    /// The stream of the register itself.
    pub fn register() -> Self {
        Self("register".to_owned())
    }

    /// The stream of a site.
    pub fn site(id: SiteId) -> Self {
        Self(format!("site/{id}"))
    }

    /// The stream of a clue batch and its clues.
    pub fn clue_batch(id: BatchId) -> Self {
        Self(format!("clue_batch/{id}"))
    }

    /// The stream of a reserve: its boundary versions, zones and stations.
    pub fn reserve(code: &str) -> Self {
        Self(format!("reserve/{code}"))
    }

    /// The stream of a background layer of a reserve.
    pub fn background(reserve_code: &str, background_code: &str) -> Self {
        Self(format!("background/{reserve_code}/{background_code}"))
    }

    /// The stream of a campaign's configuration.
    pub fn campaign(id: &str) -> Self {
        Self(format!("campaign/{id}"))
    }

    /// The stream of a phone: its enrolment, its lock, its rescue files.
    pub fn device(id: DeviceId) -> Self {
        Self(format!("device/{id}"))
    }

    /// The stream of a patrol and its tracks.
    pub fn patrol(id: PatrolId) -> Self {
        Self(format!("patrol/{id}"))
    }

    /// The stream of a station's plans for a month (`2026-11`).
    pub fn patrol_plan(reserve_code: &str, station_id: &str, month: &str) -> Self {
        Self(format!("patrol_plan/{reserve_code}/{station_id}/{month}"))
    }

    /// The site this stream belongs to, if it is a site's.
    pub fn as_site(&self) -> Option<SiteId> {
        self.0.strip_prefix("site/")?.parse().ok()
    }

    /// The batch this stream belongs to, if it is a clue batch's.
    pub fn as_clue_batch(&self) -> Option<BatchId> {
        self.0.strip_prefix("clue_batch/")?.parse().ok()
    }

    /// The patrol this stream belongs to, if it is a patrol's.
    pub fn as_patrol(&self) -> Option<PatrolId> {
        self.0.strip_prefix("patrol/")?.parse().ok()
    }

    /// The noun before the slash: `site`, `clue_batch`, `reserve`, `background`, `campaign`, `device`, `patrol`,
    /// `patrol_plan`, `register`.
    pub fn noun(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_id_and_sorts_by_time() {
        let early: Timestamp = "2019-08-16T00:00:00Z".parse().unwrap();
        let late: Timestamp = "2019-08-17T00:00:00Z".parse().unwrap();
        let a = EntryId::derived(early, &[b"row", b"1"]);
        assert_eq!(a, EntryId::derived(early, &[b"row", b"1"]));
        assert_ne!(
            a,
            EntryId::derived(early, &[b"row1", b""]),
            "parts must not run together"
        );
        assert!(a < EntryId::derived(late, &[b"row", b"1"]));
        assert_eq!(a.0.get_version_num(), 7);
        assert_ne!(a.0, SiteId::derived(early, &[b"row", b"1"]).0);
    }

    #[test]
    fn a_stream_knows_what_it_belongs_to() {
        let site = SiteId(Uuid::from_u128(7));
        assert_eq!(StreamId::site(site).as_site(), Some(site));
        assert_eq!(StreamId::register().noun(), "register");
        assert_eq!(StreamId::reserve("N1-007").as_site(), None);
    }
}
