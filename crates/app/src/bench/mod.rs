//! The workloads of the side-by-side benchmark, on the engines the product uses.
//!
//! Each reads GeoPackage files and writes the tables of the benchmark's contract; the register itself is not touched.

pub mod export;
pub mod import;
pub mod issues;
pub mod judging;
pub mod log;
pub mod matching;
pub mod overlay;
pub mod sites;
pub mod suspicions;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use anyhow::{Context, Result};
use register::scan::Layer;

/// Features a thread takes at once.
const FEATURES_AT_ONCE: u64 = 32_768;
/// Pieces of work at least, so that the threads end together.
const LEAST_PIECES: u32 = 8;

/// The pieces of a layer the threads take in turn.
fn pieces(layer: &Layer) -> Result<Vec<RangeInclusive<i64>>> {
    Ok(layer.ranges_of(FEATURES_AT_ONCE, LEAST_PIECES)?)
}

/// Two threads at most: the workloads are bound by memory beyond that.
fn threads() -> usize {
    std::thread::available_parallelism()
        .map_or(1, NonZeroUsize::get)
        .min(2)
}

/// Works on all jobs with a few threads and hands the results to `sink` in the order of the jobs.
///
/// Every thread keeps one `state`. The first error ends the work.
fn in_order<J: Sync, S, R: Send>(
    jobs: &[J],
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &J) -> Result<R> + Sync,
    mut sink: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let (results, finished) = sync_channel(2 * threads());
    std::thread::scope(|scope| {
        for _ in 0..threads().min(jobs.len()) {
            let results = results.clone();
            scope.spawn(|| {
                let (results, mut state) = (results, state());
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { break };
                    if results.send((at, work(&mut state, job))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(results);
        let finished = finished;
        let mut waiting = BTreeMap::new();
        let mut expected = 0;
        for (at, result) in &finished {
            waiting.insert(at, result?);
            while let Some(result) = waiting.remove(&expected) {
                sink(result)?;
                expected += 1;
            }
        }
        Ok(())
    })
}

fn create(path: &Path, heading: &str) -> Result<BufWriter<File>> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut writer = BufWriter::with_capacity(1 << 16, file);
    writer.write_all(heading.as_bytes())?;
    Ok(writer)
}

/// Appends a whole number.
fn push_integer(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    push_digits(out, value.unsigned_abs(), 1);
}

/// Appends a number that is not negative with `decimals` digits behind the point, rounded.
fn push_fixed(out: &mut Vec<u8>, value: f64, decimals: u32) {
    let scale = 10_u64.pow(decimals);
    let scaled = (value * scale as f64).round() as u64;
    push_digits(out, scaled / scale, 1);
    out.push(b'.');
    push_digits(out, scaled % scale, decimals as usize);
}

fn push_digits(out: &mut Vec<u8>, value: u64, least: usize) {
    let mut digits = [b'0'; 20];
    let (mut rest, mut at) = (value, digits.len());
    while rest > 0 {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&digits[at.min(digits.len() - least)..]);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_formatter_writes_them() {
        for value in [0.0, 0.004, 0.006, 1.0, 9.996, 62.5, 1234.567, 99_999_999.99] {
            let mut out = Vec::new();
            push_fixed(&mut out, value, 2);
            assert_eq!(String::from_utf8(out).unwrap(), format!("{value:.2}"));
        }
        for value in [0, 7, -1, 10, i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            push_integer(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }

    #[test]
    fn results_arrive_in_the_order_of_the_jobs() {
        let jobs: Vec<u64> = (0..200).collect();
        let mut seen = Vec::new();
        let work = |_: &mut (), job: &u64| {
            std::thread::sleep(std::time::Duration::from_micros(job * 7919 % 300));
            Ok(*job)
        };
        let sink = |job| {
            seen.push(job);
            Ok(())
        };
        in_order(&jobs, || (), work, sink).unwrap();
        assert_eq!(seen, jobs);
    }

    #[test]
    fn an_error_in_one_job_ends_the_work() {
        let jobs: Vec<u64> = (0..1000).collect();
        let work = |_: &mut (), job: &u64| {
            if *job == 5 {
                anyhow::bail!("job five")
            } else {
                Ok(*job)
            }
        };
        let error = in_order(&jobs, || (), work, |_| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "job five");
    }
}
