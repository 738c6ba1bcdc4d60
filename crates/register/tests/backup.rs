//! A copy made while in use is a register of its own, with the same root hash.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{dump, with_history};
use register::{Error, Register};
use testkit::{TempHome, later};

#[test]
fn a_backup_has_the_same_root_and_the_same_rows() {
    let (home, register) = with_history();
    let to = TempHome::new();
    let report = register.backup(&to.join("copy"), false).unwrap();
    assert_eq!(report.head, register.head().unwrap());
    assert_eq!(
        (report.blobs, report.sites, report.clues, report.has_key),
        (1, 6, 12, false)
    );
    assert_eq!(report.drill.faults, []);
    assert_eq!(dump(&to.join("copy")), dump(home.path()));
    assert!(!to.join("copy/keys/node.key").exists());
    let copy = Register::open(&to.join("copy")).unwrap();
    assert_eq!(copy.checkpoint().unwrap(), register.checkpoint().unwrap());
}

#[test]
fn a_backup_with_the_key_goes_on_where_the_register_stood() {
    let (_home, register) = with_history();
    let to = TempHome::new();
    assert!(register.backup(to.path(), true).unwrap().has_key);
    let mut copy = Register::open(to.path()).unwrap();
    copy.append(&[testkit::a_site(99)], later(1, 0)).unwrap();
    assert_eq!(copy.verify().unwrap().faults, []);
}

#[test]
fn a_backup_is_made_while_another_connection_appends() {
    let (home, register) = with_history();
    let to = TempHome::new();
    let path = home.path().to_owned();
    let writer = std::thread::spawn(move || {
        let mut register = Register::open(&path).unwrap();
        for n in 0..30 {
            register
                .append(&[testkit::a_site(1000 + n)], later(1, 0))
                .unwrap();
        }
        register.head().unwrap()
    });
    let report = register.backup(&to.join("copy"), false).unwrap();
    let end = writer.join().unwrap();
    assert!(report.head.size <= end.size);
    assert_eq!(
        register.root_at(report.head.size).unwrap(),
        report.head.root_hash
    );
    assert_eq!(report.drill.faults, []);
}

#[test]
fn a_folder_that_holds_something_is_not_overwritten() {
    let (home, register) = with_history();
    assert!(matches!(
        register.backup(home.path(), false),
        Err(Error::AlreadyOpened(_))
    ));
}

#[test]
fn a_damaged_blob_stops_a_backup() {
    let (home, mut register) = with_history();
    let blob = register.put_blob(&mut "照片".as_bytes(), 100).unwrap();
    let path = home.join(&format!(
        "blobs/{}/{}/{}",
        &blob.sha256[..2],
        &blob.sha256[2..4],
        blob.sha256
    ));
    std::fs::write(path, "照爿").unwrap();
    let to = TempHome::new();
    assert!(matches!(
        register.backup(to.path(), false),
        Err(Error::CopyDiffers { .. })
    ));
}
