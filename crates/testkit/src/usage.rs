//! What a process uses: on a busy machine CPU time tells more than the clock. Zero where Linux is not.

/// Seconds that all processors spent on this process so far.
pub fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in brackets may hold blanks; after it `utime` and `stime` are the twelfth and thirteenth, in hundredths.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Megabytes of memory that this process holds now.
pub fn resident_mb() -> f64 {
    status_mb("VmRSS:")
}

/// Megabytes of memory that this process held at most.
pub fn peak_mb() -> f64 {
    status_mb("VmHWM:")
}

fn status_mb(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let kib = lines.find_map(|line| {
        line.strip_prefix(name)?
            .split_whitespace()
            .next()?
            .parse::<f64>()
            .ok()
    });
    kib.unwrap_or_default() / 1024.0
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_works_uses_something() {
        let before = cpu_seconds();
        let mut sum = 0_u64;
        while cpu_seconds() < before + 0.02 {
            sum = (0..100_000_u64).fold(sum, |a, b| a ^ a.wrapping_mul(31).wrapping_add(b));
        }
        std::hint::black_box(sum);
        assert!(cpu_seconds() > before);
        assert!(peak_mb() > 1.0 && resident_mb() > 1.0);
    }
}
