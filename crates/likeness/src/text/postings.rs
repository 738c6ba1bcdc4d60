//! Which texts contain a piece. Most pieces stand in one text only, so those cost eight bytes and no list.

use std::collections::HashMap;

/// The highest bit of a stored number says that it names a list.
const LIST: u32 = 1 << 31;

#[derive(Debug, Default)]
pub(super) struct Postings {
    by_piece: HashMap<u32, u32>,
    lists: Vec<Vec<u32>>,
    free: Vec<u32>,
}

impl Postings {
    /// Texts that contain the piece.
    pub(super) fn of(&self, piece: u32) -> Texts<'_> {
        match self.by_piece.get(&piece) {
            None => Texts::None,
            Some(one) if one & LIST == 0 => Texts::One(*one),
            Some(list) => Texts::Many(&self.lists[(list & !LIST) as usize]),
        }
    }

    /// `slot` is below 2^31.
    pub(super) fn add(&mut self, piece: u32, slot: u32) {
        let Some(stored) = self.by_piece.get_mut(&piece) else {
            self.by_piece.insert(piece, slot);
            return;
        };
        if *stored & LIST != 0 {
            self.lists[(*stored & !LIST) as usize].push(slot);
            return;
        }
        let list = vec![*stored, slot];
        let at = match self.free.pop() {
            Some(at) => {
                self.lists[at as usize] = list;
                at
            }
            None => {
                self.lists.push(list);
                (self.lists.len() - 1) as u32
            }
        };
        *stored = LIST | at;
    }

    pub(super) fn remove(&mut self, piece: u32, slot: u32) {
        let Some(stored) = self.by_piece.get(&piece).copied() else {
            return;
        };
        if stored & LIST == 0 {
            if stored == slot {
                self.by_piece.remove(&piece);
            }
            return;
        }
        let list = &mut self.lists[(stored & !LIST) as usize];
        list.retain(|s| *s != slot);
        if list.is_empty() {
            *list = Vec::new();
            self.free.push(stored & !LIST);
            self.by_piece.remove(&piece);
        }
    }
}

/// What [`Postings::of`] found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Texts<'a> {
    None,
    One(u32),
    Many(&'a [u32]),
}

impl Texts<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Many(list) => list.len(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        let (one, many): (Option<u32>, &[u32]) = match self {
            Self::None => (None, &[]),
            Self::One(slot) => (Some(*slot), &[]),
            Self::Many(list) => (None, list),
        };
        one.into_iter().chain(many.iter().copied())
    }
}
