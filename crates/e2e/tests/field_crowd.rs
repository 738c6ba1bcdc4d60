//! Many phones back from the mountains on one evening: nothing is lost, memory stays bounded, the time is printed.
//! `QINGSHAN_CROWD=1000x20` makes it as many phones with as many photos each; 60 × 4 otherwise.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failing test may panic; the figures are printed"
)]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use e2e::phone::{Item, Phone, picture, sha256};
use e2e::{Demonstration, Person, Server};
use serde_json::{Value, json};

const PHOTO_BYTES: usize = 60_000;
const PIECE_BYTES: usize = 32_768;
/// Phones that talk at the same time.
const AT_ONCE: usize = 32;
const PEOPLE: usize = 8;
/// What the program may hold, whatever the crowd.
const MOST_MEMORY_KIB: u64 = 512 * 1024;

fn crowd() -> (usize, usize) {
    let text = std::env::var("QINGSHAN_CROWD").unwrap_or_else(|_| "60x4".to_owned());
    let (phones, photos) = text.split_once('x').expect("PHONESxPHOTOS");
    (phones.parse().unwrap(), photos.parse().unwrap())
}

/// The most memory a process has held, KiB.
fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn photo_of(phone: &mut Phone, site: &Value, file: &[u8]) -> Item {
    let (at, hash) = (phone.enrolled_at.clone(), sha256(file));
    let body = json!({
        "sha256": hash, "size_bytes": file.len(), "file_name": "p.jpg", "media_type": "image/jpeg", "view": "far",
        "capture": { "at": at, "lon": 106.53, "lat": 35.55, "accuracy_m": 6, "provider": "browser" },
    });
    let stream = format!("site/{}", site["site_id"].as_str().unwrap());
    phone.record(&stream, "evidence.recorded", &at, body, &[&hash])
}

/// One phone's evening: entries first, then files in pieces, then it asks until all is recorded; the places in the log.
fn evening(
    server: &Server,
    phone: &mut Phone,
    seed: &str,
    photos: usize,
    sites: &[Value],
) -> Vec<u64> {
    let files: Vec<Vec<u8>> = (0..photos)
        .map(|n| picture(&format!("{seed} {n}"), PHOTO_BYTES))
        .collect();
    let items: Vec<Item> = files
        .iter()
        .enumerate()
        .map(|(n, file)| photo_of(phone, &sites[n % sites.len()], file))
        .collect();
    let all: Vec<&Item> = items.iter().collect();
    let _ = phone.contact(server, &[]).status(200);
    let _ = phone.submit(server, &all);
    for file in &files {
        phone.upload(server, file, PIECE_BYTES);
    }
    for _ in 0..600 {
        let told = phone.ask(server, &all);
        if told.iter().all(|s| s["state"] == "recorded") {
            let seq = |s: &Value| s["receipt"]["seq"].as_u64().unwrap();
            return told.iter().map(seq).collect();
        }
        // What waits for a turn is tried again by the register itself.
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    panic!("a phone waited in vain: {:#?}", phone.ask(server, &all));
}

#[test]
fn a_crowd_of_phones_is_served_whole_within_bounded_memory() {
    let (phones, photos) = crowd();
    let register = Demonstration::shared().register();
    let server = Server::start(&register);
    let rangers: Vec<Person> = (0..PEOPLE)
        .map(|n| Person::new(&register, &server, &format!("hulin{n}"), "ranger@houhe"))
        .collect();
    let sites = rangers[0]
        .get(&server, "/api/v1/sites?limit=20&station=houhe")
        .status(200)
        .json();
    let sites = sites["items"].as_array().unwrap().clone();
    let enrolled: Vec<(String, Phone)> = (0..phones)
        .map(|n| {
            let seed = format!("crowd {n}");
            let phone = Phone::enrol(&server, &rangers[n % PEOPLE], &seed);
            (seed, phone)
        })
        .collect();
    let began = Instant::now();
    let next = AtomicUsize::new(0);
    let seqs: Vec<u64> = std::thread::scope(|scope| {
        let work = || {
            let mut own = Vec::new();
            while let Some((seed, phone)) = enrolled.get(next.fetch_add(1, Ordering::Relaxed)) {
                own.extend(evening(&server, &mut phone.clone(), seed, photos, &sites));
            }
            own
        };
        let hands: Vec<_> = (0..AT_ONCE.min(phones))
            .map(|_| scope.spawn(work))
            .collect();
        hands.into_iter().flat_map(|h| h.join().unwrap()).collect()
    });
    let seconds = began.elapsed().as_secs_f64();
    let peak = peak_kib(server.pid());
    let total = phones * photos;
    println!(
        "{phones} phones, {photos} photos each: {total} entries and {} MB in {seconds:.1} s, {:.0} entries/s, peak {} MiB",
        total * PHOTO_BYTES / 1_000_000,
        total as f64 / seconds,
        peak / 1024
    );
    assert_eq!(seqs.len(), total);
    assert_eq!(
        seqs.iter().collect::<BTreeSet<_>>().len(),
        total,
        "each is in the log once"
    );
    assert!(peak < MOST_MEMORY_KIB, "{peak} KiB");
    server.stop();
    let _ = register.run(&["log", "verify"]).success();
}
