//! Counts of what the server did, in the text form that monitoring programs read.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// Upper ends of the duration classes, milliseconds.
const CLASSES_MS: [u64; 8] = [1, 5, 20, 50, 100, 500, 2000, 10_000];

#[derive(Default)]
pub(crate) struct Metrics {
    by_status: [AtomicU64; 6],
    durations: [AtomicU64; CLASSES_MS.len() + 1],
    duration_us: AtomicU64,
    pub(crate) tile_hits: AtomicU64,
    pub(crate) tile_misses: AtomicU64,
    pub(crate) failed_logins: AtomicU64,
    in_flight: AtomicU64,
}

impl Metrics {
    pub(crate) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self, status: u16, took: std::time::Duration) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let class = usize::from(status / 100).min(5);
        self.by_status[class].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.duration_us.fetch_add(micros, Ordering::Relaxed);
        let at = CLASSES_MS
            .iter()
            .position(|ms| micros <= ms * 1000)
            .unwrap_or(CLASSES_MS.len());
        self.durations[at].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn text(&self, log_size: u64) -> String {
        let mut out = String::new();
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# TYPE qingshan_requests_total counter");
        for (class, count) in self.by_status.iter().enumerate().skip(1) {
            let _ = writeln!(
                out,
                "qingshan_requests_total{{status=\"{class}xx\"}} {}",
                get(count)
            );
        }
        let _ = writeln!(out, "# TYPE qingshan_request_seconds histogram");
        let mut sum = 0;
        for (at, count) in self.durations.iter().enumerate() {
            sum += get(count);
            let end = CLASSES_MS
                .get(at)
                .map_or("+Inf".to_owned(), |ms| (*ms as f64 / 1000.0).to_string());
            let _ = writeln!(out, "qingshan_request_seconds_bucket{{le=\"{end}\"}} {sum}");
        }
        let seconds = get(&self.duration_us) as f64 / 1e6;
        let _ = writeln!(out, "qingshan_request_seconds_sum {seconds}");
        let _ = writeln!(out, "qingshan_request_seconds_count {sum}");
        let gauges = [
            ("qingshan_requests_in_flight", get(&self.in_flight)),
            ("qingshan_log_entries", log_size),
        ];
        for (name, value) in gauges {
            let _ = writeln!(out, "# TYPE {name} gauge\n{name} {value}");
        }
        let counters = [
            ("qingshan_tile_cache_hits_total", get(&self.tile_hits)),
            ("qingshan_tile_cache_misses_total", get(&self.tile_misses)),
            ("qingshan_failed_logins_total", get(&self.failed_logins)),
        ];
        for (name, value) in counters {
            let _ = writeln!(out, "# TYPE {name} counter\n{name} {value}");
        }
        out
    }
}
