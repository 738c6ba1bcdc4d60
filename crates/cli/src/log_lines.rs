//! The program's log while it serves: lines that come together are written together, since a system call a line would be
//! a tenth of what a kept tile costs. What was logged last is written before the program ends.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Lines wait so long for others.
const WAIT: Duration = Duration::from_millis(20);
/// Bytes that wait; whoever logs beyond them waits until they are written, so that a reader that stands still fills no memory.
const MOST_WAITING: usize = 1 << 20;

/// 日志行 — lines on their way to standard error.
#[derive(Clone, Default)]
pub(crate) struct LogLines(Arc<Waiting>);

#[derive(Default)]
struct Waiting {
    lines: Mutex<Vec<u8>>,
    /// Room of the lines written last, for the next ones: fresh room would be asked of the system fifty times a second.
    room: Mutex<Vec<u8>>,
    arrived: Condvar,
}

impl LogLines {
    /// Begins a thread that writes them.
    pub(crate) fn begin() -> Self {
        let lines = Self::default();
        let writer = lines.clone();
        std::thread::spawn(move || {
            loop {
                writer.wait();
                std::thread::sleep(WAIT);
                writer.write_out();
            }
        });
        lines
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lines.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn wait(&self) {
        let waited = self
            .0
            .arrived
            .wait_while(self.lock(), |lines| lines.is_empty());
        drop(waited);
    }

    /// Writes what waits.
    pub(crate) fn write_out(&self) {
        // First the place to write, then what to write: nobody's later lines come before.
        let mut out = io::stderr().lock();
        let mut lines = self.0.room.lock().unwrap_or_else(|e| e.into_inner());
        std::mem::swap(&mut *lines, &mut *self.lock());
        // Where standard error is closed there is nobody to be told.
        let _ = out.write_all(&lines);
        lines.clear();
    }
}

impl Write for LogLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lines = self.lock();
        if lines.is_empty() {
            self.0.arrived.notify_one();
        }
        lines.extend_from_slice(line);
        let is_full = lines.len() > MOST_WAITING;
        drop(lines);
        if is_full {
            self.write_out();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogLines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
