//! Reading entries, dossiers and clues back, as of any day.

use domain::as_of::AsOf;
use domain::dossier::{Dossier, Kept, fold};
use domain::entries::ClueReceived;
use domain::entry::{EntryBody, RecordedEntry};
use domain::ids::{ClueId, EntryId, SiteId, StreamId};

use crate::canonical;
use crate::clue::{Clue, ClueFold, ClueState};
use crate::error::Error;
use crate::store::{SiteOrder, Store, StoredClue, Which, end_of, which};
use crate::{EntryFilter, StoredEntry};

/// The entry of a stored one; `None` for kinds this program does not know.
fn decode(entry: &StoredEntry<'_>) -> Result<Option<RecordedEntry>, Error> {
    if entry.kind.is_empty() {
        let source = serde::de::Error::custom("its kind is no text");
        return Err(Error::Unreadable {
            seq: entry.seq,
            source,
        });
    }
    canonical::decode(entry.seq, entry.kind, entry.canonical)
}

/// Entries of a stream that this program knows, in order, and the stream's version.
pub(crate) fn load_stream(
    store: &impl Store,
    stream: &StreamId,
) -> Result<(Vec<RecordedEntry>, u64), Error> {
    let (mut version, mut entries) = (0, Vec::new());
    store.scan(&Which::Stream { stream, after: 0 }, |entry| {
        version = entry.version;
        entries.extend(decode(&entry)?);
        Ok::<(), Error>(())
    })?;
    Ok((entries, version))
}

/// Entries of a stream after one version and up to another.
pub(crate) fn stream_between(
    store: &impl Store,
    stream: &StreamId,
    after: u64,
    up_to: u64,
) -> Result<Vec<RecordedEntry>, Error> {
    let mut entries = Vec::new();
    store.scan(&Which::Stream { stream, after }, |entry| {
        if entry.version <= up_to {
            entries.extend(decode(&entry)?);
        }
        Ok::<(), Error>(())
    })?;
    Ok(entries)
}

pub(crate) fn find_entry(store: &impl Store, id: EntryId) -> Result<Option<RecordedEntry>, Error> {
    let mut found = None;
    store.scan(&Which::Id(id), |entry| {
        found = decode(&entry)?;
        Ok::<(), Error>(())
    })?;
    Ok(found)
}

/// Calls `each` for every entry the filter lets through, in the order of the log.
pub(crate) fn entries<E: From<Error>>(
    store: &impl Store,
    filter: &EntryFilter<'_>,
    mut each: impl FnMut(RecordedEntry) -> Result<(), E>,
) -> Result<(), E> {
    which(filter, |which| {
        store.scan(&which, |entry| {
            if !filter.admits(entry.kind) {
                return Ok(());
            }
            match decode(&entry)?.filter(|entry| filter.as_of.sees(entry)) {
                Some(entry) => each(entry),
                None => Ok(()),
            }
        })
    })
}

/// Calls `each` for every site's dossier, in the order of the sites' ids.
pub(crate) fn dossiers<E: From<Error>>(
    store: &impl Store,
    as_of: AsOf,
    mut each: impl FnMut(Dossier) -> Result<(), E>,
) -> Result<(), E> {
    match as_of {
        AsOf::Now => store.stored_dossiers(SiteOrder::ById, |text| each(dossier_of(text)?)),
        _ => folded_dossiers(store, as_of, each),
    }
}

/// Calls `each` for every site's dossier as of now, in the order the sites were registered.
pub(crate) fn dossiers_as_registered<E: From<Error>>(
    store: &impl Store,
    mut each: impl FnMut(Dossier) -> Result<(), E>,
) -> Result<(), E> {
    store.stored_dossiers(SiteOrder::AsRegistered, |text| each(dossier_of(text)?))
}

fn dossier_of(text: &str) -> Result<Dossier, Error> {
    serde_json::from_str(text).map_err(|source| Error::UnreadableProjection {
        what: "dossier",
        source,
    })
}

fn folded_dossiers<E: From<Error>>(
    store: &impl Store,
    as_of: AsOf,
    mut each: impl FnMut(Dossier) -> Result<(), E>,
) -> Result<(), E> {
    let mut of_site: Vec<RecordedEntry> = Vec::new();
    store.scan(&Which::Sites { to: end_of(as_of) }, |entry| {
        let Some(entry) = decode(&entry)? else {
            return Ok(());
        };
        if of_site
            .last()
            .is_some_and(|last| last.entry.stream != entry.entry.stream)
        {
            fold(&of_site).map_or(Ok(()), &mut each)?;
            of_site.clear();
        }
        if as_of.sees(&entry) {
            of_site.push(entry);
        }
        Ok::<(), E>(())
    })?;
    fold(&of_site).map_or(Ok(()), each)
}

pub(crate) fn find_dossier(
    store: &impl Store,
    site: SiteId,
    as_of: AsOf,
) -> Result<Option<Dossier>, Error> {
    if as_of == AsOf::Now {
        let text = store.find_stored_dossier(site)?;
        return text.map(|text| dossier_of(&text)).transpose();
    }
    let (entries, _) = load_stream(store, &StreamId::site(site))?;
    Ok(fold(entries.iter().filter(|entry| as_of.sees(entry))))
}

/// Calls `each` for the dossiers of the sites given, in their order; sites not registered by then are left out.
pub(crate) fn dossiers_of<E: From<Error>>(
    store: &impl Store,
    sites: &[SiteId],
    as_of: AsOf,
    mut each: impl FnMut(Dossier) -> Result<(), E>,
) -> Result<(), E> {
    if as_of == AsOf::Now {
        return store.stored_dossiers_of(sites, |text| each(dossier_of(text)?));
    }
    for site in sites {
        find_dossier(store, *site, as_of)?.map_or(Ok(()), &mut each)?;
    }
    Ok(())
}

/// Calls `each` for every clue, in the order they were received.
pub(crate) fn clues<E: From<Error>>(
    store: &impl Store,
    as_of: AsOf,
    mut each: impl FnMut(Clue) -> Result<(), E>,
) -> Result<(), E> {
    if as_of == AsOf::Now {
        return store.stored_clues(None, |stored| clue_of(&stored)?.map_or(Ok(()), &mut each));
    }
    let mut fold = ClueFold::default();
    let filter = EntryFilter {
        kinds: ClueFold::KINDS,
        as_of,
        ..EntryFilter::default()
    };
    entries(store, &filter, |entry| {
        fold.apply(entry);
        Ok::<(), E>(())
    })?;
    fold.finish().into_iter().try_for_each(&mut each)
}

pub(crate) fn find_clue(store: &impl Store, clue: ClueId) -> Result<Option<Clue>, Error> {
    let mut found = None;
    store.stored_clues(Some(clue), |stored| {
        found = clue_of(&stored)?;
        Ok::<(), Error>(())
    })?;
    Ok(found)
}

fn clue_of(stored: &StoredClue<'_>) -> Result<Option<Clue>, Error> {
    let Some(received) = decode(&stored.received)?.and_then(kept_clue) else {
        return Ok(None);
    };
    let mut clue = Clue::open(received);
    clue.site_id = stored.site_id.and_then(|text| text.parse().ok());
    clue.site_code = stored.site_code.map(str::to_owned);
    if let Some(screened) = &stored.screened {
        clue.screened = decode(screened)?.and_then(|entry| match &entry.entry.body {
            EntryBody::ClueScreened(body) => Some(crate::clue::kept(&entry, (**body).clone())),
            _ => None,
        });
    }
    clue.state = ClueState::of(&clue);
    Ok(Some(clue))
}

fn kept_clue(entry: RecordedEntry) -> Option<Kept<ClueReceived>> {
    match &entry.entry.body {
        EntryBody::ClueReceived(body) => Some(crate::clue::kept(&entry, (**body).clone())),
        _ => None,
    }
}
