use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;

fn limits() -> CaptureLimits {
    CaptureLimits {
        clock_drift_s: 120,
        clock_turned_back_s: 2,
        clock_ahead_s: 120,
        clock_before_contact_s: 120,
        gnss_differs_s: 300,
        session_jump_s: 30,
        poor_accuracy_m: 50.0,
        outside_m: 30.0,
        jump_mps: 80.0,
    }
}

/// A photo of a phone: number, seconds after the contact, what the clock is off by.
struct Photo {
    number: u64,
    after_s: i64,
    off_s: i64,
    capture: serde_json::Value,
}

fn photo(number: u64) -> Photo {
    Photo {
        number,
        after_s: 600 * i64::try_from(number).unwrap_or(0),
        off_s: 0,
        capture: json!({ "lon": 106.53, "lat": 35.55, "accuracy_m": 6 }),
    }
}

fn contact() -> Timestamp {
    "2026-11-25T23:10:02Z".parse().unwrap_or_default()
}

fn entry(photo: &Photo) -> RecordedEntry {
    let device = contact() + SignedDuration::from_secs(photo.after_s + photo.off_s);
    let mut capture = photo.capture.clone();
    capture["at"] = device.to_string().into();
    let ran = photo.after_s * 1_000;
    let text = json!({
        "seq": photo.number, "version": photo.number, "origin": "node",
        "recorded_at": contact() + SignedDuration::from_hours(72),
        "id": format!("01930000-0000-7000-8000-{:012}", photo.number),
        "stream": "site/01900000-0000-7000-8000-000000000001", "kind": "evidence.recorded",
        "actor": "p-000000000001", "role": "ranger", "unit": "后河保护站", "occurred_at": device,
        "clocks": { "device": device, "session": "9f31ac02", "session_ms": ran, "contact_at": contact(), "monotonic_ms": ran },
        "stamp": { "alg": "ES256", "device_id": "01930000-0000-7000-8000-000000000009", "number": photo.number, "signature": "" },
        "body": { "sha256": "ab", "size_bytes": 1, "file_name": "a.jpg", "media_type": "image/jpeg", "capture": capture },
    });
    serde_json::from_value(text).unwrap_or_else(|e| panic!("{e}"))
}

fn codes(photos: &[Photo]) -> Vec<Vec<&'static str>> {
    let entries: Vec<RecordedEntry> = photos.iter().map(entry).collect();
    let found = flags_of(&entries, &limits());
    let of = |e: &RecordedEntry| {
        let flags = found.get(&e.entry.id).cloned().unwrap_or_default();
        flags.iter().map(|f| f.code).collect()
    };
    entries.iter().map(of).collect()
}

#[rstest]
#[case::in_1970(-1_764_000_000, &["clock_drift", "clock_before_contact", "clock_turned_back", "session_jump"])]
#[case::two_years_ahead(63_072_000, &["clock_drift", "clock_ahead", "session_jump"])]
#[case::a_minute_off(60, &["session_jump"])]
fn a_clock_that_was_set_is_told_at_once(#[case] off_s: i64, #[case] wanted: &[&str]) {
    let set = Photo { off_s, ..photo(2) };
    let found = codes(&[photo(1), set]);
    assert_eq!(found[0], Vec::<&str>::new());
    assert_eq!(found[1], wanted);
}

#[rstest]
#[case::nowhere(json!({}), &["no_position"])]
#[case::far_off(json!({ "lon": 106.53, "lat": 35.55, "accuracy_m": 180 }), &["poor_position"])]
#[case::too_exact(json!({ "lon": 106.53, "lat": 35.55, "accuracy_m": 0 }), &["mock_suspected"])]
#[case::another_time_from_above(json!({ "lon": 106.53, "lat": 35.55, "accuracy_m": 6, "fix_at": "2026-11-26T09:00:00Z" }), &["gnss_differs"])]
fn a_position_says_what_it_is_worth(#[case] capture: serde_json::Value, #[case] wanted: &[&str]) {
    let found = codes(&[Photo {
        capture,
        ..photo(1)
    }]);
    assert_eq!(found[0], wanted);
}

#[test]
fn one_leap_may_be_a_bad_fix_and_two_are_told() {
    let at = |number: u64, lon: f64| Photo {
        after_s: 600 + i64::try_from(number).unwrap_or(0),
        capture: json!({ "lon": lon, "lat": 35.55, "accuracy_m": 6 }),
        ..photo(number)
    };
    let found = codes(&[at(1, 106.53), at(2, 106.63), at(3, 106.53), at(4, 106.53)]);
    assert_eq!(found[1], Vec::<&str>::new());
    assert_eq!(found[2], ["mock_suspected"]);
}

#[test]
fn a_cloned_phone_uses_a_number_twice() {
    let mut twin = entry(&photo(1));
    twin.entry.id = "01930000-0000-7000-8000-0000000000ff"
        .parse()
        .unwrap_or_else(|e| panic!("{e}"));
    let first = entry(&photo(1));
    let found = flags_of(&[first.clone(), twin.clone()], &limits());
    let all: Vec<&str> = found.values().flatten().map(|f| f.code).collect();
    assert_eq!(all, ["number_twice"]);
}

#[test]
fn the_campaign_ships_these_limits() {
    let text = include_str!("../../../../campaigns/lvdun-2019/capture.toml");
    let shipped: CaptureLimits = toml::from_str(text).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(shipped, limits());
}

proptest! {
    /// An honest day, with pauses of any length and a clock off by a minute all day, is never told of.
    #[test]
    fn honest_work_is_never_told_of(steps in prop::collection::vec((1i64..4_000, -40i32..40, 3u32..30), 1..60), off_s in -60i64..60) {
        let (mut after_s, mut lon, mut photos) = (0, 106.53, Vec::new());
        for (at, (step, east, accuracy_m)) in steps.into_iter().enumerate() {
            after_s += step;
            lon += f64::from(east) * 1e-5;
            photos.push(Photo {
                number: at as u64 + 1, after_s, off_s,
                capture: json!({ "lon": lon, "lat": 35.55, "accuracy_m": accuracy_m }),
            });
        }
        for found in codes(&photos) {
            prop_assert_eq!(found, Vec::<&str>::new());
        }
    }
}

#[test]
fn counters_beyond_all_bounds_are_told_and_break_nothing() {
    let mut wild = entry(&photo(1));
    if let Some(clocks) = &mut wild.entry.clocks {
        clocks.monotonic_ms = Some(u64::MAX);
        clocks.session_ms = Some(u64::MAX);
    }
    let entries = [wild, entry(&photo(2))];
    let found = flags_of(&entries, &limits());
    let told: Vec<&str> = found.values().flatten().map(|f| f.code).collect();
    assert_eq!(told, ["clock_drift", "session_jump"]);
}
