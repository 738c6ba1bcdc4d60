//! 候登处 — phones, and the items they sent: kept here until the log has them, and for a while after.

use std::collections::BTreeSet;

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
    /// As signed; gone a while after it was recorded.
    pub item_bytes: Option<Vec<u8>>,
    pub claimed_at: Timestamp,
    pub arrived_at: Timestamp,
    pub changed_at: Timestamp,
}

/// 送登件查询 — which items are wanted; what is not said does not narrow.
#[derive(Debug, Clone, Copy, Default)]
pub struct ItemQuery<'a> {
    pub states: &'a [&'a str],
    pub device_id: Option<&'a str>,
    /// Items after this position.
    pub after: i64,
    pub limit: u32,
}

/// 未了送登件 — which of the items that the register has still to try.
#[derive(Debug, Clone)]
pub enum OpenItems<'a> {
    /// Those that wait for a turn.
    Received,
    Ids(&'a [String]),
    OfDevice(&'a str),
    OfStreams(&'a [String]),
    AwaitingFile(&'a str),
}

/// `,a,b,`: what a list in SQL is looked for in.
fn listed(values: &[String]) -> String {
    format!(",{},", values.join(","))
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
                    based_on, after_id, is_open, item_bytes, claimed_at, arrived_at, changed_at";

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
        self.change_device(sql, values)
    }

    /// The token that a phone comes with from now on, and the post it stands for.
    pub fn set_device_token(&mut self, device: &Device) -> Result<(), Error> {
        let sql = "UPDATE devices SET token_id = ?2, post_id = ?3 WHERE device_id = ?1";
        self.change_device(
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
        self.change_device(sql, params![device_id, reason, since.to_string()])
    }

    fn change_device(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), Error> {
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

    /// The phone that comes with a token.
    pub fn find_device_of_token(&self, token_id: &str) -> Result<Option<Device>, Error> {
        Ok(self.select_devices("token_id = ?1", Some(token_id))?.pop())
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
                "UPDATE field_items SET state = ?2, code = ?3, detail = ?4, is_open = ?5, station_id = ?6, changed_at = ?7
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
                    item.changed_at.to_string()
                ])
            })
            .map_err(failed(WRITE))?;
        }
        tx.commit().map_err(failed("commit"))
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

    /// Items that the register has still to try, of those asked for, in the order they came.
    pub fn open_items(&self, which: &OpenItems<'_>, most: u32) -> Result<Vec<FieldItem>, Error> {
        let (condition, value) = match which {
            OpenItems::Received => ("state = 'received' AND ?1 = ''", String::new()),
            OpenItems::Ids(ids) => ("instr(?1, ',' || entry_id || ',') > 0", listed(ids)),
            OpenItems::OfDevice(id) => ("device_id = ?1", (*id).to_owned()),
            OpenItems::OfStreams(names) => ("instr(?1, ',' || stream || ',') > 0", listed(names)),
            OpenItems::AwaitingFile(sha256) => ("instr(detail, ?1) > 0", (*sha256).to_owned()),
        };
        let sql = format!(
            "SELECT {ITEM} FROM field_items WHERE is_open = 1 AND {condition} ORDER BY item_no LIMIT ?2"
        );
        let mut select = self.db.prepare_cached(&sql).map_err(failed(READ))?;
        let rows = select
            .query_map(params![value, most], |row| item(row, 0))
            .map_err(failed(READ))?;
        rows.collect::<Result<_, _>>().map_err(failed(READ))
    }

    /// Items of a device whose state changed at an instant or after it.
    pub fn items_changed_since(
        &self,
        device_id: &str,
        since: Timestamp,
    ) -> Result<Vec<FieldItem>, Error> {
        let sql = format!(
            "SELECT {ITEM} FROM field_items WHERE device_id = ?1 AND changed_at >= ?2 ORDER BY item_no"
        );
        let mut select = self.db.prepare_cached(&sql).map_err(failed(READ))?;
        let rows = select
            .query_map(params![device_id, since.to_string()], |row| item(row, 0))
            .map_err(failed(READ))?;
        rows.collect::<Result<_, _>>().map_err(failed(READ))
    }

    /// Items with their positions, in the order they came.
    pub fn list_items(&self, query: &ItemQuery<'_>) -> Result<Vec<(i64, FieldItem)>, Error> {
        let states = query.states.join(",");
        let sql = format!(
            "SELECT item_no, {ITEM} FROM field_items
             WHERE item_no > ?1 AND (?2 = '' OR instr(',' || ?2 || ',', ',' || state || ',') > 0)
               AND (?3 IS NULL OR device_id = ?3) ORDER BY item_no LIMIT ?4"
        );
        let mut select = self.db.prepare_cached(&sql).map_err(failed(READ))?;
        let values = params![query.after, states, query.device_id, query.limit];
        let rows = select
            .query_map(values, |row| Ok((row.get(0)?, item(row, 1)?)))
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

    /// How many items of a device are in each state.
    pub fn count_items_of(&self, device_id: &str) -> Result<Vec<(String, u64)>, Error> {
        let sql = "SELECT state, count(*) FROM field_items WHERE device_id = ?1 GROUP BY state";
        let mut select = self.db.prepare_cached(sql).map_err(failed(READ))?;
        let rows = select
            .query_map([device_id], |row| {
                Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
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
        item_bytes: row.get(first + 14)?,
        claimed_at: parsed(row, first + 15)?,
        arrived_at: parsed(row, first + 16)?,
        changed_at: parsed(row, first + 17)?,
    })
}
