//! 候登处 — phones, and the items they sent: kept here until the log has them, and for a while after.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::{Accounts, READ, WRITE, parsed, parsed_option};
use crate::constraints::failed;
use crate::error::Error;

/// 设备 — a phone as this node knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub device_id: String,
    pub person_id: String,
    pub post_id: i64,
    /// Stations chosen by somebody whose post has none.
    pub station_ids: Vec<String>,
    pub alg: String,
    pub public_key: String,
    pub label: Option<String>,
    pub is_locked: bool,
    pub lock_reason: Option<String>,
    pub locked_since: Option<Timestamp>,
    pub token_id: Option<String>,
    pub enrolled_at: Timestamp,
    pub seen_at: Option<Timestamp>,
    pub app_version: Option<String>,
    pub pack_etag: Option<String>,
    pub pack_made_at: Option<Timestamp>,
    /// Highest number of an entry that arrived.
    pub last_number: u64,
    /// What the phone said of itself last, as `app` writes it.
    pub told: Option<String>,
}

/// 送登件 — an entry that a phone sent, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldItem {
    pub entry_id: String,
    pub device_id: String,
    pub number: u64,
    /// The device it came by, where another one carried it.
    pub carried_by: Option<String>,
    pub person_id: String,
    pub kind: String,
    pub stream: String,
    pub station_id: Option<String>,
    /// `received`, `held`, `recorded`, `refused`.
    pub state: String,
    pub code: Option<String>,
    /// What there is to say besides, as `app` writes it.
    pub detail: String,
    pub based_on: Option<u64>,
    pub after_id: Option<String>,
    /// Whether the register tries again by itself.
    pub is_open: bool,
    /// How often it could not be appended for a reason of the register's own.
    pub tries: u32,
    /// Not before this second is it tried again by itself.
    pub next_try_s: Option<i64>,
    /// As signed; gone a while after it was recorded.
    pub item_bytes: Option<Vec<u8>>,
    pub claimed_at: Timestamp,
    pub arrived_at: Timestamp,
    pub changed_at: Timestamp,
}

/// 送登件查询 — which items are wanted; what is not said does not narrow.
#[derive(Debug, Clone)]
pub struct ItemQuery<'a> {
    pub states: &'a [String],
    /// Of refused items only those that were refused since.
    pub refused_since: Timestamp,
    pub device_id: Option<&'a str>,
    /// Those of these stations; all, also those of none, where it is not said.
    pub station_ids: Option<&'a [String]>,
    /// Items before this position.
    pub before: i64,
    pub limit: u32,
}

/// 所附文件 — a file that somebody brought.
#[derive(Debug, Clone, Copy)]
pub struct FieldFile<'a> {
    pub sha256: &'a str,
    pub person_id: &'a str,
    pub size_bytes: u64,
    pub arrived_at: Timestamp,
}

/// 未了送登件 — which of the items that the register has still to try.
#[derive(Debug, Clone)]
pub enum OpenItems<'a> {
    /// Those that wait for a turn.
    Received,
    Ids(&'a [String]),
    OfDevice(&'a str),
    OfStreams(&'a [String]),
    /// Those that wait for something on their streams, not for a file.
    UponStreams(&'a [String]),
    AwaitingFile(&'a str),
}

/// A list as SQL reads it.
fn listed(values: &[String]) -> String {
    serde_json::Value::from(values.to_vec()).to_string()
}

/// 日计 — items of one device that arrived on one day, by state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemCounts {
    pub device_id: String,
    /// First ten characters of the instant of arrival, UTC+8.
    pub day: String,
    pub state: String,
    pub count: u64,
}

/// 缺号 — numbers of a device that never came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberGap {
    pub from: u64,
    pub to: u64,
}

const DEVICE: &str = "device_id, person_id, post_id, station_ids, alg, public_key, label, state, lock_reason, \
                      locked_since, token_id, enrolled_at, seen_at, app_version, pack_etag, pack_made_at, last_number, told";
const ITEM: &str = "entry_id, device_id, number, carried_by, person_id, kind, stream, station_id, state, code, detail, \
                    based_on, after_id, is_open, tries, next_try_s, item_bytes, claimed_at, arrived_at, changed_at";
/// The same without what was signed, for lists.
const LEAN: &str = "entry_id, device_id, number, carried_by, person_id, kind, stream, station_id, state, code, detail, \
                    based_on, after_id, is_open, tries, next_try_s, NULL, claimed_at, arrived_at, changed_at";
/// Which items a list shows.
const WANTED: &str = "state IN (SELECT value FROM json_each(?1)) AND (state <> 'refused' OR changed_at >= ?2) \
                      AND (?3 IS NULL OR device_id = ?3) \
                      AND (?4 IS NULL OR station_id IN (SELECT value FROM json_each(?4)))";

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Accounts {
    /// Puts a phone on record, or what its new enrolment says; that it is locked, and its token, stay as they are.
    pub fn keep_device(&mut self, device: &Device) -> Result<(), Error> {
        let sql = "INSERT INTO devices (device_id, person_id, post_id, station_ids, alg, public_key, label, state, lock_reason,
                                        locked_since, token_id, enrolled_at, seen_at, app_version, pack_etag, pack_made_at,
                                        last_number, told)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
                   ON CONFLICT (device_id) DO UPDATE SET post_id = excluded.post_id, station_ids = excluded.station_ids,
                     app_version = excluded.app_version, told = excluded.told";
        self.db
            .prepare_cached(sql)
            .and_then(|mut insert| {
                insert.execute(params![
                    device.device_id,
                    device.person_id,
                    device.post_id,
                    device.station_ids.join(","),
                    device.alg,
                    device.public_key,
                    device.label,
                    if device.is_locked { "locked" } else { "active" },
                    device.lock_reason,
                    device.locked_since.map(|t| t.to_string()),
                    device.token_id,
                    device.enrolled_at.to_string(),
                    device.seen_at.map(|t| t.to_string()),
                    device.app_version,
                    device.pack_etag,
                    device.pack_made_at.map(|t| t.to_string()),
                    signed(device.last_number),
                    device.told
                ])
            })
            .map_err(failed(WRITE))?;
        Ok(())
    }

    /// Notes what a phone said at a contact.
    pub fn note_contact(&mut self, device: &Device) -> Result<(), Error> {
        let sql = "UPDATE devices SET post_id = ?2, seen_at = ?3, app_version = ?4, pack_etag = ?5, pack_made_at = ?6, told = ?7
                   WHERE device_id = ?1";
        let values = params![
            device.device_id,
            device.post_id,
            device.seen_at.map(|t| t.to_string()),
            device.app_version,
            device.pack_etag,
            device.pack_made_at.map(|t| t.to_string()),
            device.told
        ];
        self.change(sql, values)
    }

    /// The token that a phone comes with from now on, and the post it stands for.
    pub fn set_device_token(&mut self, device: &Device) -> Result<(), Error> {
        let sql = "UPDATE devices SET token_id = ?2, post_id = ?3 WHERE device_id = ?1";
        self.change(
            sql,
            params![device.device_id, device.token_id, device.post_id],
        )
    }

    /// Locks a phone.
    pub fn lock_device(
        &mut self,
        device_id: &str,
        reason: &str,
        since: Timestamp,
    ) -> Result<(), Error> {
        let sql = "UPDATE devices SET state = 'locked', lock_reason = ?2, locked_since = ?3 WHERE device_id = ?1";
        self.change(sql, params![device_id, reason, since.to_string()])
    }

    fn change(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), Error> {
        self.db
            .prepare_cached(sql)
            .and_then(|mut update| update.execute(values))
            .map_err(failed(WRITE))?;
        Ok(())
    }

    /// Refuses an item that a person decided on, unless it stands otherwise by now.
    pub fn refuse_item(&mut self, item: &FieldItem) -> Result<bool, Error> {
        let sql = "UPDATE field_items SET state = ?2, code = ?3, detail = ?4, is_open = 0, changed_at = ?5
                   WHERE entry_id = ?1 AND state = 'held'";
        let values = params![
            item.entry_id,
            item.state,
            item.code,
            item.detail,
            item.changed_at.to_string()
        ];
        let changed = self
            .db
            .prepare_cached(sql)
            .and_then(|mut update| update.execute(values));
        Ok(changed.map_err(failed(WRITE))? == 1)
    }

    /// The phone of an id.
    pub fn find_device(&self, device_id: &str) -> Result<Option<Device>, Error> {
        Ok(self
            .select_devices("device_id = ?1", Some(device_id))?
            .pop())
    }

    /// All phones, those of one person together, in the order they were enrolled.
    pub fn devices(&self) -> Result<Vec<Device>, Error> {
        self.select_devices("?1 IS NULL ORDER BY person_id, enrolled_at", None)
    }

    fn select_devices(&self, condition: &str, value: Option<&str>) -> Result<Vec<Device>, Error> {
        let sql = format!("SELECT {DEVICE} FROM devices WHERE {condition}");
        let mut select = self.db.prepare_cached(&sql).map_err(failed(READ))?;
        let rows = select.query_map([value], device).map_err(failed(READ))?;
        rows.collect::<Result<_, _>>().map_err(failed(READ))
    }

    /// Keeps items, all or none, each once: whoever was first under an id stays. What was kept is durable.
    pub fn keep_items(&mut self, items: &[FieldItem]) -> Result<(), Error> {
        let tx = self.db.transaction().map_err(failed(WRITE))?;
        for item in items {
            tx.prepare_cached(
                "INSERT INTO field_items (entry_id, device_id, number, carried_by, person_id, kind, stream, station_id, state,
                                          code, detail, based_on, after_id, is_open, item_bytes, claimed_at, arrived_at,
                                          changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
                 ON CONFLICT (entry_id) DO NOTHING",
            )
            .and_then(|mut insert| {
                insert.execute(params![
                    item.entry_id,
                    item.device_id,
                    signed(item.number),
                    item.carried_by,
                    item.person_id,
                    item.kind,
                    item.stream,
                    item.station_id,
                    item.state,
                    item.code,
                    item.detail,
                    item.based_on.map(signed),
                    item.after_id,
                    item.is_open,
                    item.item_bytes,
                    item.claimed_at.to_string(),
                    item.arrived_at.to_string(),
                    item.changed_at.to_string()
                ])
            })
            .map_err(failed(WRITE))?;
            tx.prepare_cached(
                "UPDATE devices SET last_number = max(last_number, ?2) WHERE device_id = ?1",
            )
            .and_then(|mut update| update.execute(params![item.device_id, signed(item.number)]))
            .map_err(failed(WRITE))?;
        }
        tx.commit().map_err(failed("commit"))
    }

    /// Writes what became of items.
    pub fn settle_items(&mut self, items: &[FieldItem]) -> Result<(), Error> {
        let tx = self.db.transaction().map_err(failed(WRITE))?;
        for item in items {
            tx.prepare_cached(
                "UPDATE field_items SET state = ?2, code = ?3, detail = ?4, is_open = ?5, station_id = ?6, changed_at = ?7,
                   tries = ?8, next_try_s = ?9
                 WHERE entry_id = ?1",
            )
            .and_then(|mut update| {
                update.execute(params![
                    item.entry_id,
                    item.state,
                    item.code,
                    item.detail,
                    item.is_open,
                    item.station_id,
                    item.changed_at.to_string(),
                    item.tries,
                    item.next_try_s
                ])
            })
            .map_err(failed(WRITE))?;
        }
        tx.commit().map_err(failed("commit"))
    }

    /// Takes an item's bytes again that were erased, and what becomes of it.
    pub fn put_back_item(&mut self, item: &FieldItem) -> Result<(), Error> {
        self.settle_items(std::slice::from_ref(item))?;
        let sql =
            "UPDATE field_items SET item_bytes = ?2 WHERE entry_id = ?1 AND item_bytes IS NULL";
        self.change(sql, params![item.entry_id, item.item_bytes])
    }

    /// Shows an item to the head of another station.
    pub fn move_item(&mut self, entry_id: &str, station_id: Option<&str>) -> Result<(), Error> {
        let sql = "UPDATE field_items SET station_id = ?2 WHERE entry_id = ?1";
        self.change(sql, params![entry_id, station_id])
    }

    /// Notes which items were looked at, so that those come first that were not.
    pub fn note_tried(&mut self, ids: &[String], now: Timestamp) -> Result<(), Error> {
        let sql = "UPDATE field_items SET tried_s = ?2 WHERE entry_id IN (SELECT value FROM json_each(?1))";
        self.change(sql, params![listed(ids), now.as_second()])
    }

    /// The item of an entry.
    pub fn find_item(&self, entry_id: &str) -> Result<Option<FieldItem>, Error> {
        let sql = format!("SELECT {ITEM} FROM field_items WHERE entry_id = ?1");
        self.db
            .prepare_cached(&sql)
            .and_then(|mut select| select.query_row([entry_id], |row| item(row, 0)).optional())
            .map_err(failed(READ))
    }

    /// Those of some ids that are kept.
    pub fn known_items(&self, ids: &[String]) -> Result<BTreeSet<String>, Error> {
        let mut select = self
            .db
            .prepare_cached("SELECT entry_id FROM field_items WHERE entry_id = ?1")
            .map_err(failed(READ))?;
        let mut known = BTreeSet::new();
        for id in ids {
            let found = select.query_row([id], |row| row.get(0)).optional();
            known.extend(found.map_err(failed(READ))?);
        }
        Ok(known)
    }

    /// Items that the register has still to try, of those asked for: first those that were not looked at for the longest
    /// time, all of them in the order they came.
    pub fn open_items(
        &self,
        which: &OpenItems<'_>,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<FieldItem>, Error> {
        let (condition, value) = match which {
            OpenItems::Received => (
                "state = 'received' AND coalesce(next_try_s, 0) <= CAST(?1 AS INTEGER)",
                now.as_second().to_string(),
            ),
            OpenItems::Ids(ids) => ("entry_id IN (SELECT value FROM json_each(?1))", listed(ids)),
            OpenItems::OfDevice(id) => ("device_id = ?1", (*id).to_owned()),
            OpenItems::OfStreams(names) => {
                ("stream IN (SELECT value FROM json_each(?1))", listed(names))
            }
            OpenItems::UponStreams(names) => (
                "stream IN (SELECT value FROM json_each(?1)) AND code IS NOT 'field.awaits_blobs'",
                listed(names),
            ),
            OpenItems::AwaitingFile(sha256) => (
                "code = 'field.awaits_blobs' AND instr(detail, ?1) > 0",
                (*sha256).to_owned(),
            ),
        };
        let sql = format!(
            "SELECT item_no, {ITEM} FROM field_items WHERE is_open = 1 AND {condition} ORDER BY tried_s, item_no LIMIT ?2"
        );
        let mut found = self.numbered(&sql, params![value, most])?;
        found.sort_by_key(|(at, _)| *at);
        Ok(found.into_iter().map(|(_, item)| item).collect())
    }

    fn numbered(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<(i64, FieldItem)>, Error> {
        let mut select = self.db.prepare_cached(sql).map_err(failed(READ))?;
        let rows = select
            .query_map(values, |row| Ok((row.get(0)?, item(row, 1)?)))
            .map_err(failed(READ))?;
        rows.collect::<Result<_, _>>().map_err(failed(READ))
    }

    /// Items of a device whose state changed at an instant or after it, and those of its holder's other devices that were
    /// refused, without what was signed.
    pub fn items_changed_since(
        &self,
        device: &Device,
        since: Timestamp,
    ) -> Result<Vec<FieldItem>, Error> {
        let sql = format!(
            "SELECT item_no, {LEAN} FROM field_items
             WHERE (device_id = ?1 OR person_id = ?3 AND state = 'refused') AND changed_at >= ?2 ORDER BY item_no"
        );
        let values = params![device.device_id, since.to_string(), device.person_id];
        let found = self.numbered(&sql, values)?;
        Ok(found.into_iter().map(|(_, item)| item).collect())
    }

    /// Items with their positions, the newest first, without what was signed.
    pub fn list_items(&self, query: &ItemQuery<'_>) -> Result<Vec<(i64, FieldItem)>, Error> {
        let sql = format!(
            "SELECT item_no, {LEAN} FROM field_items WHERE {WANTED} AND item_no < ?5 ORDER BY item_no DESC LIMIT ?6"
        );
        let values = params![
            listed(query.states),
            query.refused_since.to_string(),
            query.device_id,
            query.station_ids.map(listed),
            query.before,
            query.limit
        ];
        self.numbered(&sql, values)
    }

    /// How many items a list shows on all of its pages, by state.
    pub fn count_listed(&self, query: &ItemQuery<'_>) -> Result<Vec<(String, u64)>, Error> {
        let sql = format!("SELECT state, count(*) FROM field_items WHERE {WANTED} GROUP BY state");
        let values = params![
            listed(query.states),
            query.refused_since.to_string(),
            query.device_id,
            query.station_ids.map(listed)
        ];
        let mut select = self.db.prepare_cached(&sql).map_err(failed(READ))?;
        let rows = select
            .query_map(values, |row| {
                Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
            })
            .map_err(failed(READ))?;
        rows.collect::<Result<_, _>>().map_err(failed(READ))
    }

    /// How many items of each device are in each state, by the day they came on.
    pub fn count_items(&self, from: Timestamp, to: Timestamp) -> Result<Vec<ItemCounts>, Error> {
        let mut select = self
            .db
            .prepare_cached(
                "SELECT device_id, strftime('%Y-%m-%d', arrived_at, '+8 hours') AS day, state, count(*) FROM field_items
                 WHERE arrived_at >= ?1 AND arrived_at < ?2 GROUP BY device_id, day, state ORDER BY day, device_id, state",
            )
            .map_err(failed(READ))?;
        let rows = select
            .query_map(params![from.to_string(), to.to_string()], |row| {
                Ok(ItemCounts {
                    device_id: row.get(0)?,
                    day: row.get(1)?,
                    state: row.get(2)?,
                    count: row.get::<_, i64>(3)?.unsigned_abs(),
                })
            })
            .map_err(failed(READ))?;
        rows.collect::<Result<_, _>>().map_err(failed(READ))
    }

    /// How many items of each device wait, by state: `received`, `held`.
    pub fn count_waiting(&self) -> Result<BTreeMap<(String, String), u64>, Error> {
        let sql =
            "SELECT device_id, state, count(*) FROM field_items WHERE state IN ('received', 'held')
                   GROUP BY device_id, state";
        let mut select = self.db.prepare_cached(sql).map_err(failed(READ))?;
        let rows = select
            .query_map([], |row| {
                let of = (row.get(0)?, row.get(1)?);
                Ok((of, row.get::<_, i64>(2)?.unsigned_abs()))
            })
            .map_err(failed(READ))?;
        rows.collect::<Result<_, _>>().map_err(failed(READ))
    }

    /// Numbers below the highest that came which never did, at most a hundred stretches.
    pub fn missing_numbers(&self, device_id: &str) -> Result<Vec<NumberGap>, Error> {
        let sql = "SELECT before + 1, number - 1 FROM (
                     SELECT number, lag(number, 1, 0) OVER (ORDER BY number) AS before
                     FROM (SELECT DISTINCT number FROM field_items WHERE device_id = ?1))
                   WHERE number > before + 1 ORDER BY 1 LIMIT 100";
        let mut select = self.db.prepare_cached(sql).map_err(failed(READ))?;
        let rows = select
            .query_map([device_id], |row| {
                Ok(NumberGap {
                    from: row.get::<_, i64>(0)?.unsigned_abs(),
                    to: row.get::<_, i64>(1)?.unsigned_abs(),
                })
            })
            .map_err(failed(READ))?;
        rows.collect::<Result<_, _>>().map_err(failed(READ))
    }

    /// Erases the bytes of items that have been in the log since before an instant; how many.
    pub fn forget_item_bytes(&mut self, before: Timestamp) -> Result<usize, Error> {
        self.db
            .execute(
                "UPDATE field_items SET item_bytes = NULL
                 WHERE state = 'recorded' AND item_bytes IS NOT NULL AND changed_at < ?1",
                [before.to_string()],
            )
            .map_err(failed(WRITE))
    }

    /// Notes who brought a file.
    pub fn note_file(&mut self, file: &FieldFile<'_>) -> Result<(), Error> {
        let sql = "INSERT INTO field_files (sha256, person_id, size_bytes, arrived_at) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (sha256, person_id) DO NOTHING";
        let values = params![
            file.sha256,
            file.person_id,
            signed(file.size_bytes),
            file.arrived_at.to_string()
        ];
        self.change(sql, values)
    }

    /// Whether somebody brought a file themselves.
    pub fn has_brought(&self, sha256: &str, person_id: &str) -> Result<bool, Error> {
        let sql = "SELECT 1 FROM field_files WHERE sha256 = ?1 AND person_id = ?2";
        let found = self
            .db
            .prepare_cached(sql)
            .and_then(|mut select| select.exists([sha256, person_id]));
        found.map_err(failed(READ))
    }

    /// Bytes of the files that somebody brought since an instant.
    pub fn brought_since(&self, person_id: &str, since: Timestamp) -> Result<u64, Error> {
        let sql = "SELECT coalesce(sum(size_bytes), 0) FROM field_files WHERE person_id = ?1 AND arrived_at >= ?2";
        let found = self.db.prepare_cached(sql).and_then(|mut select| {
            select.query_row(params![person_id, since.to_string()], |row| {
                row.get::<_, i64>(0)
            })
        });
        Ok(found.map_err(failed(READ))?.unsigned_abs())
    }
}

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    let stations: String = row.get(3)?;
    Ok(Device {
        device_id: row.get(0)?,
        person_id: row.get(1)?,
        post_id: row.get(2)?,
        station_ids: stations
            .split(',')
            .filter(|s| !s.is_empty())
            .map(str::to_owned)
            .collect(),
        alg: row.get(4)?,
        public_key: row.get(5)?,
        label: row.get(6)?,
        is_locked: row.get::<_, String>(7)? == "locked",
        lock_reason: row.get(8)?,
        locked_since: parsed_option(row, 9)?,
        token_id: row.get(10)?,
        enrolled_at: parsed(row, 11)?,
        seen_at: parsed_option(row, 12)?,
        app_version: row.get(13)?,
        pack_etag: row.get(14)?,
        pack_made_at: parsed_option(row, 15)?,
        last_number: row.get::<_, i64>(16)?.unsigned_abs(),
        told: row.get(17)?,
    })
}

fn item(row: &Row<'_>, first: usize) -> rusqlite::Result<FieldItem> {
    let number = |at: usize| row.get::<_, Option<i64>>(first + at);
    Ok(FieldItem {
        entry_id: row.get(first)?,
        device_id: row.get(first + 1)?,
        number: number(2)?.unwrap_or(0).unsigned_abs(),
        carried_by: row.get(first + 3)?,
        person_id: row.get(first + 4)?,
        kind: row.get(first + 5)?,
        stream: row.get(first + 6)?,
        station_id: row.get(first + 7)?,
        state: row.get(first + 8)?,
        code: row.get(first + 9)?,
        detail: row.get(first + 10)?,
        based_on: number(11)?.map(i64::unsigned_abs),
        after_id: row.get(first + 12)?,
        is_open: row.get(first + 13)?,
        tries: row.get(first + 14)?,
        next_try_s: row.get(first + 15)?,
        item_bytes: row.get(first + 16)?,
        claimed_at: parsed(row, first + 17)?,
        arrived_at: parsed(row, first + 18)?,
        changed_at: parsed(row, first + 19)?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn accounts() -> (tempfile::TempDir, Accounts) {
        let home = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(home.path()).unwrap();
        (home, accounts)
    }

    fn sent(number: u64, state: &str, station: Option<&str>) -> FieldItem {
        FieldItem {
            entry_id: format!("entry-{number}"),
            device_id: "phone".to_owned(),
            number,
            carried_by: None,
            person_id: "p-1".to_owned(),
            kind: "evidence.recorded".to_owned(),
            stream: format!("site/{}", number % 2),
            station_id: station.map(str::to_owned),
            state: state.to_owned(),
            code: None,
            detail: "{}".to_owned(),
            based_on: None,
            after_id: None,
            is_open: state == "received",
            tries: 0,
            next_try_s: None,
            item_bytes: Some(b"{}".to_vec()),
            claimed_at: at(1_000),
            arrived_at: at(2_000),
            changed_at: at(2_000),
        }
    }

    fn numbers(items: &[FieldItem]) -> Vec<u64> {
        items.iter().map(|i| i.number).collect()
    }

    #[test]
    fn those_that_were_looked_at_let_the_others_come_first() {
        let (_home, mut accounts) = accounts();
        let items: Vec<FieldItem> = (1..=4).map(|n| sent(n, "received", None)).collect();
        accounts.keep_items(&items).unwrap();
        let of_phone = OpenItems::OfDevice("phone");
        let first = accounts.open_items(&of_phone, at(3_000), 2).unwrap();
        assert_eq!(numbers(&first), [1, 2]);
        let ids: Vec<String> = first.into_iter().map(|i| i.entry_id).collect();
        accounts.note_tried(&ids, at(3_000)).unwrap();
        let next = accounts.open_items(&of_phone, at(3_000), 2).unwrap();
        assert_eq!(numbers(&next), [3, 4]);
        let streams = ["site/1".to_owned()];
        let of_stream = OpenItems::OfStreams(&streams);
        let found = accounts.open_items(&of_stream, at(3_000), 9).unwrap();
        assert_eq!(numbers(&found), [1, 3], "in the order they came");
        let mut waiting = found[0].clone();
        waiting.code = Some("field.awaits_blobs".to_owned());
        accounts.settle_items(&[waiting]).unwrap();
        let upon_stream = OpenItems::UponStreams(&streams);
        let found = accounts.open_items(&upon_stream, at(3_000), 9).unwrap();
        assert_eq!(numbers(&found), [3], "a file is no part of the stream");
    }

    #[test]
    fn what_could_not_be_appended_is_left_alone_for_a_while() {
        let (_home, mut accounts) = accounts();
        let mut item = sent(1, "received", None);
        accounts.keep_items(std::slice::from_ref(&item)).unwrap();
        item.tries = 3;
        item.next_try_s = Some(3_008);
        accounts.settle_items(&[item]).unwrap();
        let tried = |at| {
            let found = accounts.open_items(&OpenItems::Received, at, 9);
            numbers(&found.unwrap())
        };
        assert_eq!(tried(at(3_007)), [0; 0]);
        assert_eq!(tried(at(3_008)), [1]);
        let back = accounts.find_item("entry-1").unwrap().unwrap();
        assert_eq!((back.tries, back.next_try_s), (3, Some(3_008)));
    }

    #[test]
    fn the_newest_are_listed_first_and_old_refusals_only_where_they_are_asked_for() {
        let (_home, mut accounts) = accounts();
        let items = [
            sent(1, "held", Some("houhe")),
            sent(2, "refused", Some("houhe")),
            sent(3, "held", Some("taitong")),
            sent(4, "held", None),
        ];
        accounts.keep_items(&items).unwrap();
        let states = ["held".to_owned(), "refused".to_owned()];
        let houhe = ["houhe".to_owned()];
        let all = ItemQuery {
            states: &states,
            refused_since: at(2_001),
            device_id: None,
            station_ids: None,
            before: i64::MAX,
            limit: 2,
        };
        let listed = |query: &ItemQuery<'_>| {
            let found = accounts.list_items(query).unwrap();
            let last = found.last().map_or(0, |(at, _)| *at);
            let items: Vec<FieldItem> = found.into_iter().map(|(_, item)| item).collect();
            assert!(items.iter().all(|i| i.item_bytes.is_none()));
            (numbers(&items), last)
        };
        let (first, last) = listed(&all);
        assert_eq!(first, [4, 3]);
        let rest = ItemQuery {
            before: last,
            ..all.clone()
        };
        assert_eq!(listed(&rest).0, [1], "the refusal is older");
        let own = ItemQuery {
            refused_since: at(0),
            station_ids: Some(&houhe),
            ..all
        };
        assert_eq!(listed(&own).0, [2, 1]);
        let counted = accounts.count_listed(&own).unwrap();
        assert_eq!(counted, [("held".to_owned(), 1), ("refused".to_owned(), 1)]);
    }

    #[test]
    fn a_file_is_of_whoever_brought_it() {
        let (_home, mut accounts) = accounts();
        let file = |second| FieldFile {
            sha256: "ab",
            person_id: "p-1",
            size_bytes: 7,
            arrived_at: at(second),
        };
        accounts.note_file(&file(1_000)).unwrap();
        accounts.note_file(&file(2_000)).unwrap();
        assert!(accounts.has_brought("ab", "p-1").unwrap());
        assert!(!accounts.has_brought("ab", "p-2").unwrap());
        assert_eq!(accounts.brought_since("p-1", at(1_000)).unwrap(), 7);
        assert_eq!(accounts.brought_since("p-1", at(1_001)).unwrap(), 0);
    }

    #[test]
    fn erased_bytes_come_back_with_the_item() {
        let (_home, mut accounts) = accounts();
        accounts.keep_items(&[sent(1, "recorded", None)]).unwrap();
        assert_eq!(accounts.forget_item_bytes(at(2_001)).unwrap(), 1);
        let erased = accounts.find_item("entry-1").unwrap().unwrap();
        assert_eq!(erased.item_bytes, None);
        let again = FieldItem {
            item_bytes: Some(b"{\"id\":1}".to_vec()),
            ..sent(1, "received", None)
        };
        accounts.put_back_item(&again).unwrap();
        let back = accounts.find_item("entry-1").unwrap().unwrap();
        assert_eq!(back, again);
    }
}
