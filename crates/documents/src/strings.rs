//! The table of shared strings: a bounded vocabulary; what does not fit stands in its cell.

use std::io::{Seek, Write};

use foldhash::fast::FixedState;
use indexmap::IndexSet;

use crate::package::Package;
use crate::{Error, xml};

/// Bounds of the table: coded columns repeat a few thousand words; anything longer or rarer is not worth the memory.
const MAX_STRINGS: usize = 1 << 16;
const MAX_STRING_BYTES: usize = 256;

#[derive(Default)]
pub(crate) struct SharedStrings {
    /// A fixed seed: this room draws no random numbers, and the bound on the table bounds what crafted texts can cost.
    table: IndexSet<Box<str>, FixedState>,
    uses: u64,
}

/// Where the text of a cell stands.
pub(crate) enum Interned {
    /// Seen before.
    Known(usize),
    /// Entered now.
    New(usize),
    /// Not in the table.
    Refused,
}

impl SharedStrings {
    pub(crate) fn intern(&mut self, text: &str) -> Interned {
        let place = self.place(text);
        if !matches!(place, Interned::Refused) {
            self.uses += 1;
        }
        place
    }

    fn place(&mut self, text: &str) -> Interned {
        if text.len() > MAX_STRING_BYTES {
            return Interned::Refused;
        }
        if let Some(index) = self.table.get_index_of(text) {
            return Interned::Known(index);
        }
        if self.table.len() >= MAX_STRINGS {
            return Interned::Refused;
        }
        Interned::New(self.table.insert_full(text.into()).0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    pub(crate) fn write<W: Write + Seek>(&self, package: &mut Package<W>) -> Result<(), Error> {
        package.begin("xl/sharedStrings.xml")?;
        package.buffer.extend_from_slice(self.opening().as_bytes());
        for text in &self.table {
            package.buffer.extend_from_slice(b"<si>");
            push_t(&mut package.buffer, text);
            package.buffer.extend_from_slice(b"</si>");
            package.spill()?;
        }
        package.buffer.extend_from_slice(b"</sst>");
        Ok(())
    }

    fn opening(&self) -> String {
        format!(
            "{}<sst xmlns=\"{}\" count=\"{}\" uniqueCount=\"{}\">",
            xml::DECLARATION,
            xml::MAIN,
            self.uses,
            self.table.len()
        )
    }
}

/// A `<t>` element that keeps its blanks.
pub(crate) fn push_t(out: &mut Vec<u8>, text: &str) {
    let opening: &[u8] = if xml::needs_space(text) {
        b"<t xml:space=\"preserve\">"
    } else {
        b"<t>"
    };
    out.extend_from_slice(opening);
    xml::push_text(out, text);
    out.extend_from_slice(b"</t>");
}

/// 共享判断 — whether a column repeats itself enough to be worth looking up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Repetition {
    known: u32,
    new: u32,
}

impl Repetition {
    /// New texts a column may bring before it must show repetition.
    const TRIAL: u32 = 1024;

    pub(crate) fn is_worthwhile(self) -> bool {
        self.new < Self::TRIAL || self.known > self.new
    }

    pub(crate) fn note(&mut self, interned: &Interned) {
        match interned {
            Interned::Known(_) => self.known = self.known.saturating_add(1),
            Interned::New(_) | Interned::Refused => self.new = self.new.saturating_add(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_bounded() {
        let mut strings = SharedStrings::default();
        for n in 0..MAX_STRINGS {
            assert!(matches!(strings.intern(&n.to_string()), Interned::New(_)));
        }
        assert!(matches!(strings.intern("one more"), Interned::Refused));
        assert!(matches!(strings.intern("17"), Interned::Known(17)));
        assert!(matches!(
            SharedStrings::default().intern(&"长".repeat(100)),
            Interned::Refused
        ));
    }

    #[test]
    fn a_column_of_unique_texts_stops_looking_them_up() {
        let mut column = Repetition::default();
        (0..Repetition::TRIAL).for_each(|n| column.note(&Interned::New(n as usize)));
        assert!(!column.is_worthwhile());
        let mut coded = Repetition::default();
        (0..5000).for_each(|n| {
            coded.note(&if n < 20 {
                Interned::New(n)
            } else {
                Interned::Known(n % 20)
            })
        });
        assert!(coded.is_worthwhile());
    }
}
