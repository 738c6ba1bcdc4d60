//! The container of a workbook: parts in a zip with fixed times, so that the same parts give the same bytes.

use std::io::{Seek, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::Error;

/// Measured on 10⁵ rows × 30 columns: level 2 costs little more time than 1 and saves a quarter of the file.
const LEVEL: i64 = 2;

/// Parts are gathered into pieces of this size before they are compressed.
const PIECE_BYTES: usize = 64 * 1024;

pub(crate) struct Package<W: Write + Seek> {
    zip: ZipWriter<W>,
    part: String,
    pub(crate) buffer: Vec<u8>,
}

impl<W: Write + Seek> Package<W> {
    pub(crate) fn new(sink: W) -> Self {
        Self {
            zip: ZipWriter::new(sink),
            part: String::new(),
            buffer: Vec::with_capacity(PIECE_BYTES + 4096),
        }
    }

    /// Begins a part; what is pushed into `buffer` from now on belongs to it.
    pub(crate) fn begin(&mut self, part: &str) -> Result<(), Error> {
        self.flush()?;
        part.clone_into(&mut self.part);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL))
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        self.zip
            .start_file(part, options)
            .map_err(|source| self.failed(source))
    }

    /// Hands the buffer on when it has grown to a piece.
    pub(crate) fn spill(&mut self) -> Result<(), Error> {
        if self.buffer.len() >= PIECE_BYTES {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// A whole part at once.
    pub(crate) fn part(&mut self, part: &str, content: &str) -> Result<(), Error> {
        self.begin(part)?;
        self.buffer.extend_from_slice(content.as_bytes());
        self.flush()
    }

    /// Ends the container and gives the sink back.
    pub(crate) fn finish(mut self) -> Result<W, Error> {
        self.flush()?;
        let part = std::mem::take(&mut self.part);
        self.zip
            .finish()
            .map_err(|source| Error::WritePart { part, source })
    }

    fn flush(&mut self) -> Result<(), Error> {
        let written = self.zip_write();
        self.buffer.clear();
        written.map_err(|source| self.failed(source.into()))
    }

    fn zip_write(&mut self) -> std::io::Result<()> {
        if self.buffer.is_empty() {
            Ok(())
        } else {
            self.zip.write_all(&self.buffer)
        }
    }

    fn failed(&self, source: zip::result::ZipError) -> Error {
        Error::WritePart {
            part: self.part.clone(),
            source,
        }
    }
}
