//! 公开日志 — the folder `log/` in C2SP tlog-tiles form, written from the database after each commit.
//!
//! Whoever has the verifier key and this folder can check the log with any program that knows the format. The folder
//! holds nothing that the database does not; it can be thrown away and written anew.

use std::fs;
use std::path::{Path, PathBuf};

use tlog_tiles::{Hash, Tile};

use crate::error::Error;
use crate::key::open_checkpoint;
use crate::tree::TILE_HEIGHT;

/// Entries of a bundle, and hashes of a tile, when full.
const FULL: u64 = 1 << TILE_HEIGHT;

/// Where the contents come from.
pub(crate) trait LogSource {
    /// Hashes of a tile, at least `width` of them.
    fn tile(&self, level: u8, index: u64) -> Result<Vec<u8>, Error>;
    /// Calls `each` with the leaves from `from` to before `to`.
    fn leaves(&self, from: u64, to: u64, each: &mut dyn FnMut(&[u8])) -> Result<(), Error>;
}

/// Size and root of the checkpoint in the folder, if it is one of ours.
pub(crate) fn published(folder: &Path, verifier_key: &str) -> Option<(u64, Hash)> {
    let note = fs::read(folder.join("checkpoint")).ok()?;
    open_checkpoint(&note, verifier_key).ok()
}

/// Writes what is new since a tree of `old_size`, the checkpoint last.
pub(crate) fn publish(
    folder: &Path,
    source: &impl LogSource,
    old_size: u64,
    new_size: u64,
    checkpoint: &str,
) -> Result<(), Error> {
    for tile in Tile::new_tiles(TILE_HEIGHT, old_size, new_size) {
        for (name, content) in files_of(source, &tile) {
            write(folder, &name, &content?)?;
        }
    }
    write(folder, "checkpoint", checkpoint.as_bytes())?;
    forget_partial_tiles(folder, old_size, new_size);
    Ok(())
}

/// Names and contents of the files that publish a tile: its hashes, and for a tile of leaves the leaves.
pub(crate) fn files_of(
    source: &impl LogSource,
    tile: &Tile,
) -> Vec<(String, Result<Vec<u8>, Error>)> {
    let hashes = source
        .tile(tile.level(), tile.level_index())
        .map(|mut hashes| {
            hashes.truncate(tile.width() as usize * 32);
            hashes
        });
    let mut files = vec![(path_of(tile), hashes)];
    if tile.level() == 0 {
        let from = tile.level_index() * FULL;
        files.push((
            entries_path_of(tile),
            bundle(source, from, from + u64::from(tile.width())),
        ));
    }
    files
}

/// Path of a tile as C2SP writes it; the crate writes the height as well, as the Go checksum database does.
fn path_of(tile: &Tile) -> String {
    tile.path().replacen("tile/8/", "tile/", 1)
}

fn entries_path_of(tile: &Tile) -> String {
    path_of(tile).replacen("tile/0/", "tile/entries/", 1)
}

/// Leaves, each after its length in 16 bits.
fn bundle(source: &impl LogSource, from: u64, to: u64) -> Result<Vec<u8>, Error> {
    let mut bundle = Vec::new();
    source.leaves(from, to, &mut |leaf| {
        // canonical::leaf() never gives more than 65,535 bytes.
        let length = u16::try_from(leaf.len()).unwrap_or(u16::MAX);
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(&leaf[..usize::from(length)]);
    })?;
    Ok(bundle)
}

/// Writes beside and renames, so that a reader sees the old file or the new one. Not made durable: it can be rebuilt.
fn write(folder: &Path, name: &str, content: &[u8]) -> Result<(), Error> {
    let path = folder.join(name);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(Error::file("create the folder", parent))?;
    let beside = PathBuf::from(format!("{}.writing-{}", path.display(), std::process::id()));
    fs::write(&beside, content).map_err(Error::file("write the log file", &beside))?;
    fs::rename(&beside, &path).map_err(Error::file("name the log file", &path))
}

/// Removes the unfinished tiles of the old size; what they held is in the new ones.
fn forget_partial_tiles(folder: &Path, old_size: u64, new_size: u64) {
    let mut level = 0;
    while old_size >> (TILE_HEIGHT * level) > 0 {
        let (old, new) = (
            old_size >> (TILE_HEIGHT * level),
            new_size >> (TILE_HEIGHT * level),
        );
        let width = u32::try_from(old % FULL).unwrap_or(0);
        if width > 0 && old != new {
            let tile = Tile::new(TILE_HEIGHT, level, old / FULL, width, false);
            forget(folder, &path_of(&tile));
            if level == 0 {
                forget(folder, &entries_path_of(&tile));
            }
        }
        level += 1;
    }
}

fn forget(folder: &Path, name: &str) {
    let path = folder.join(name);
    // Clutter at worst; the folder of partial tiles goes when it is empty.
    let _ = fs::remove_file(&path);
    let _ = path.parent().map(fs::remove_dir);
}
