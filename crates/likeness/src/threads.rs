//! 并行查找 — the keys of an index dealt out to threads.

/// What `search` finds for every key, dealt out to so many threads in turn; in no order.
pub(crate) fn by_turns<T: Send>(
    keys: &[u64],
    threads: usize,
    search: impl Fn(u64) -> Vec<T> + Sync,
) -> Vec<T> {
    let threads = threads.clamp(1, 64);
    let search = &search;
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|from| {
                let own = keys.iter().skip(from).step_by(threads);
                scope.spawn(move || own.flat_map(|key| search(*key)).collect::<Vec<T>>())
            })
            .collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, Vec<T>>| {
            // Results of a worker that broke off are not simply missing: its panic goes on here.
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().flat_map(join).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_searched_once_whatever_the_threads() {
        let keys: Vec<u64> = (0..1_000).collect();
        for threads in [0, 1, 3, 64, 1_000] {
            let mut found = by_turns(&keys, threads, |key| vec![key]);
            found.sort_unstable();
            assert_eq!(found, keys, "{threads}");
        }
    }

    #[test]
    #[should_panic(expected = "key 7")]
    fn a_worker_that_breaks_off_is_heard() {
        let keys: Vec<u64> = (0..10).collect();
        by_turns(&keys, 2, |key| {
            assert_ne!(key, 7, "key {key}");
            vec![key]
        });
    }
}
