//! 车道 — how much each caller may have under way at once, and how often somebody without a session may ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;

/// 车道 — what everybody has under way, by name.
#[derive(Debug, Default)]
pub(crate) struct Lanes(Mutex<HashMap<String, usize>>);

/// A place in them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lane {
    lanes: Arc<Lanes>,
    whose: String,
}

impl Lanes {
    /// A place for somebody who has fewer than so many; whoever sends slowly waits for themselves alone.
    pub(crate) fn enter(self: &Arc<Self>, whose: &str, most: usize) -> Option<Lane> {
        let mut taken = lock(&self.0);
        let own = taken.entry(whose.to_owned()).or_default();
        (*own < most).then(|| {
            *own += 1;
            Lane {
                lanes: Arc::clone(self),
                whose: whose.to_owned(),
            }
        })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let mut taken = lock(&self.lanes.0);
        if let Some(own) = taken.get_mut(&self.whose) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.whose);
            }
        }
    }
}

/// 限次 — how often each address asked in the minute that runs.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<(i64, HashMap<String, u32>)>);

const MINUTE_S: i64 = 60;

impl Throttle {
    /// Counts a question; where there were too many, the seconds until the next minute.
    pub(crate) fn count(&self, whose: &str, most: u32, now: Timestamp) -> Result<(), u64> {
        let second = now.as_second();
        let (minute, left) = (
            second.div_euclid(MINUTE_S),
            MINUTE_S - second.rem_euclid(MINUTE_S),
        );
        let mut counted = lock(&self.0);
        if counted.0 != minute {
            *counted = (minute, HashMap::new());
        }
        let own = counted.1.entry(whose.to_owned()).or_default();
        *own = own.saturating_add(1);
        match *own > most {
            true => Err(left.unsigned_abs()),
            false => Ok(()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn whoever_fills_their_lanes_holds_up_nobody_else() {
        let lanes = Arc::new(Lanes::default());
        let first = lanes.enter("a", 2);
        let second = lanes.enter("a", 2);
        assert!(first.is_some() && second.is_some());
        assert!(lanes.enter("a", 2).is_none());
        assert!(lanes.enter("b", 2).is_some());
        drop(first);
        assert!(lanes.enter("a", 2).is_some());
        drop(second);
        assert!(lock(&lanes.0).is_empty());
    }

    #[test]
    fn a_new_minute_begins_anew() {
        let throttle = Throttle::default();
        let at = |s| Timestamp::from_second(s).unwrap();
        assert_eq!(throttle.count("a", 1, at(600)), Ok(()));
        assert_eq!(throttle.count("a", 1, at(615)), Err(45));
        assert_eq!(throttle.count("b", 1, at(615)), Ok(()));
        assert_eq!(throttle.count("a", 1, at(660)), Ok(()));
    }
}
