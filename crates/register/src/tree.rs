//! 日志树 — the RFC 6962 tree over the leaves, kept as tiles of 256 hashes (C2SP tlog-tiles).
//!
//! A tile of level 0 holds leaf hashes, one of level L the roots of full tiles of level L − 1. An append touches the
//! last tile of each level only.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use tlog_tiles::{Hash, HashReader, Tile};

use crate::error::Error;

/// Tiles hold 2⁸ hashes.
pub(crate) const TILE_HEIGHT: u8 = 8;
const TILE_BYTES: usize = 256 * 32;

/// Where tiles come from and go to.
pub(crate) trait Tiles {
    fn load_tile(&self, level: u8, index: u64) -> Result<Vec<u8>, Error>;
    fn store_tile(&self, level: u8, index: u64, hashes: &[u8]) -> Result<(), Error>;
}

#[derive(Default)]
struct Edge {
    index: u64,
    hashes: Vec<u8>,
    is_changed: bool,
}

/// The right edge of a growing tree: the unfinished tile of each level.
pub(crate) struct Growth {
    size: u64,
    edges: Vec<Edge>,
}

impl Growth {
    /// The edge of a tree with `size` leaves.
    pub(crate) fn load(size: u64, tiles: &impl Tiles) -> Result<Self, Error> {
        let mut edges = Vec::new();
        let mut count = size;
        while count > 0 {
            let (index, width) = (count >> TILE_HEIGHT, count & 255);
            let hashes = if width > 0 {
                tiles.load_tile(edges.len() as u8, index)?
            } else {
                Vec::new()
            };
            if hashes.len() != width as usize * 32 {
                return Err(Error::Tree {
                    reason: format!("level {}, tile {index} has a wrong length", edges.len()),
                });
            }
            edges.push(Edge {
                index,
                hashes,
                is_changed: false,
            });
            count >>= TILE_HEIGHT;
        }
        Ok(Self { size, edges })
    }

    /// Appends a leaf hash; tiles that become full are stored.
    pub(crate) fn push(&mut self, leaf: Hash, tiles: &impl Tiles) -> Result<(), Error> {
        self.size += 1;
        let mut hash = leaf;
        for level in 0.. {
            if self.edges.len() == level {
                self.edges.push(Edge::default());
            }
            let edge = &mut self.edges[level];
            edge.hashes.extend_from_slice(&hash.0);
            edge.is_changed = true;
            if edge.hashes.len() < TILE_BYTES {
                break;
            }
            tiles.store_tile(level as u8, edge.index, &edge.hashes)?;
            hash = Tile::subtree_hash(&edge.hashes);
            *edge = Edge {
                index: edge.index + 1,
                ..Edge::default()
            };
        }
        Ok(())
    }

    /// Stores the unfinished tiles that changed.
    pub(crate) fn finish(self, tiles: &impl Tiles) -> Result<u64, Error> {
        for (level, edge) in self
            .edges
            .iter()
            .enumerate()
            .filter(|(_, edge)| edge.is_changed)
        {
            tiles.store_tile(level as u8, edge.index, &edge.hashes)?;
        }
        Ok(self.size)
    }
}

/// Tiles by level and index.
type LoadedTiles = HashMap<(u8, u64), Rc<Vec<u8>>>;

/// Reads any hash of the tree from tiles, each tile once.
pub(crate) struct TileHashes<'a, T> {
    tiles: &'a T,
    loaded: RefCell<LoadedTiles>,
}

impl<'a, T: Tiles> TileHashes<'a, T> {
    pub(crate) fn new(tiles: &'a T) -> Self {
        Self {
            tiles,
            loaded: RefCell::default(),
        }
    }

    fn load(&self, level: u8, index: u64) -> Result<Rc<Vec<u8>>, Error> {
        if let Some(tile) = self.loaded.borrow().get(&(level, index)) {
            return Ok(Rc::clone(tile));
        }
        let tile = Rc::new(self.tiles.load_tile(level, index)?);
        self.loaded
            .borrow_mut()
            .insert((level, index), Rc::clone(&tile));
        Ok(tile)
    }

    fn hash_at(&self, index: u64) -> Result<Hash, tlog_tiles::tlog::Error> {
        let tile = Tile::from_index(TILE_HEIGHT, index);
        let bytes = self
            .load(tile.level(), tile.level_index())
            .map_err(|e| tlog_tiles::tlog::Error::InvalidInput(e.to_string()))?;
        tile.hash_at_index(&bytes, index)
    }
}

impl<T: Tiles> HashReader for TileHashes<'_, T> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::tlog::Error> {
        indexes.iter().map(|index| self.hash_at(*index)).collect()
    }
}

/// Root hash of the first `size` leaves.
pub(crate) fn root(size: u64, tiles: &impl Tiles) -> Result<Hash, Error> {
    tlog_tiles::tlog::tree_hash(size, &TileHashes::new(tiles)).map_err(Error::tree)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use tlog_tiles::tlog::{check_record, check_tree, prove_record, prove_tree, record_hash};

    /// A tree in memory.
    #[derive(Default)]
    struct MemoryTiles(RefCell<HashMap<(u8, u64), Vec<u8>>>);

    impl Tiles for MemoryTiles {
        fn load_tile(&self, level: u8, index: u64) -> Result<Vec<u8>, Error> {
            let missing = || Error::Tree {
                reason: format!("level {level}, tile {index} is missing"),
            };
            self.0
                .borrow()
                .get(&(level, index))
                .cloned()
                .ok_or_else(missing)
        }

        fn store_tile(&self, level: u8, index: u64, hashes: &[u8]) -> Result<(), Error> {
            self.0.borrow_mut().insert((level, index), hashes.to_vec());
            Ok(())
        }
    }

    /// RFC 6962 section 2.1, read literally.
    fn by_the_book(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => tlog_tiles::EMPTY_HASH,
            [one] => *one,
            many => {
                let k = 1 << (many.len() - 1).ilog2();
                tlog_tiles::tlog::node_hash(by_the_book(&many[..k]), by_the_book(&many[k..]))
            }
        }
    }

    fn leaf(n: u64) -> Hash {
        record_hash(&n.to_be_bytes())
    }

    fn grown(sizes: &[u64]) -> MemoryTiles {
        let tiles = MemoryTiles::default();
        let mut size = 0;
        for &next in sizes {
            let mut growth = Growth::load(size, &tiles).unwrap();
            for n in size..next {
                growth.push(leaf(n), &tiles).unwrap();
            }
            size = growth.finish(&tiles).unwrap();
        }
        tiles
    }

    #[test]
    fn the_root_is_that_of_the_rfc_however_the_leaves_came() {
        let leaves: Vec<Hash> = (0..700).map(leaf).collect();
        let tiles = grown(&[1, 2, 255, 256, 257, 300, 512, 700]);
        for size in [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 700] {
            assert_eq!(
                root(size, &tiles).unwrap(),
                by_the_book(&leaves[..size as usize]),
                "size {size}"
            );
        }
    }

    #[test]
    fn two_full_levels_of_tiles_still_give_the_root() {
        let tiles = grown(&[65_535, 65_536, 66_000]);
        let leaves: Vec<Hash> = (0..66_000).map(leaf).collect();
        assert_eq!(root(66_000, &tiles).unwrap(), by_the_book(&leaves));
        assert!(tiles.0.borrow().contains_key(&(2, 0)));
    }

    #[test]
    fn proofs_from_tiles_are_accepted_by_the_checker() {
        let tiles = grown(&[700]);
        let hashes = TileHashes::new(&tiles);
        let (old, new) = (root(300, &tiles).unwrap(), root(700, &tiles).unwrap());
        for n in [0, 255, 256, 299, 699] {
            let proof = prove_record(700, n, &hashes).unwrap();
            check_record(&proof, 700, new, n, leaf(n)).unwrap();
            assert!(check_record(&proof, 700, new, n, leaf(n + 1)).is_err());
        }
        let proof = prove_tree(700, 300, &hashes).unwrap();
        check_tree(&proof, 700, new, 300, old).unwrap();
        assert!(check_tree(&proof, 700, new, 300, new).is_err());
    }

    #[test]
    fn a_tile_of_wrong_length_is_damage() {
        let tiles = grown(&[10]);
        tiles.0.borrow_mut().get_mut(&(0, 0)).unwrap().pop();
        assert!(matches!(Growth::load(10, &tiles), Err(Error::Tree { .. })));
    }
}
