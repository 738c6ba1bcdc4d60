//! 语句 — the heads of statements that both databases are asked alike.

/// Entries with the columns that the stores' `stored_entry` reads.
macro_rules! entries {
    ($rest:literal) => {
        concat!(
            "SELECT seq, kind, canonical, entry_id, leaf_hash, stream, version FROM entries ",
            $rest
        )
    };
}

/// Clues with the entries they speak of.
macro_rules! clues {
    ($rest:literal) => {
        concat!(
            "SELECT e.seq, e.kind, e.canonical, c.site_id, c.site_code, s.seq, s.kind, s.canonical
             FROM clues c JOIN entries e ON e.seq = c.fid - 1 LEFT JOIN entries s ON s.seq = c.screened_seq ",
            $rest
        )
    };
}

pub(crate) use {clues, entries};
