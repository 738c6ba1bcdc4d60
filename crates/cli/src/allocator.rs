//! The allocator, and how it gives back what large work took.

use std::hint::black_box;
use std::time::Duration;

/// Requests of all threads take and free small pieces: this allocator gives them back sooner and takes less time.
/// Without huge pages (`no_thp`): each thread's pages would be 2 MB, and a crowd of threads four times as large.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// It looks so often for memory to give back.
const EVERY: Duration = Duration::from_secs(1);
/// A piece of its own, which stands among no others.
const LARGE: usize = 1 << 20;

/// What large work has freed, the allocator gives back to the system only when a large piece is freed a second or more
/// later: while nobody asks anything, that would be never. A thread of its own frees one from time to time.
pub(crate) fn give_back_from_time_to_time() {
    std::thread::spawn(|| {
        loop {
            std::thread::sleep(EVERY);
            drop(black_box(Vec::<u8>::with_capacity(LARGE)));
        }
    });
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn resident_mb() -> usize {
        let told = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = told.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
        let kb: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kb / 1024
    }

    #[test]
    fn what_large_work_took_is_given_back_while_nobody_asks() {
        const WORK_MB: usize = 256;
        let before = resident_mb();
        give_back_from_time_to_time();
        drop(black_box(vec![1_u8; WORK_MB << 20]));
        let is_back = (0..60).any(|_| {
            std::thread::sleep(EVERY);
            resident_mb() < before + WORK_MB / 2
        });
        assert!(is_back, "{} MB, {before} before", resident_mb());
    }
}
