//! One suite for every store. It speaks only to the public face; a second database runs it with another `Store`.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "behaviour/suite.rs"]
mod suite;

/// How a store is made and found again.
pub trait Store {
    fn create(opening: &register::Opening) -> (Self, register::Register)
    where
        Self: Sized;
    fn reopen(&self) -> register::Register;
    fn reopen_read_only(&self) -> register::Register;
}

struct GeoPackage(testkit::TempHome);

impl Store for GeoPackage {
    fn create(opening: &register::Opening) -> (Self, register::Register) {
        let home = testkit::TempHome::new();
        let register = register::Register::create(home.path(), opening).unwrap();
        (Self(home), register)
    }

    fn reopen(&self) -> register::Register {
        register::Register::open(self.0.path()).unwrap()
    }

    fn reopen_read_only(&self) -> register::Register {
        register::Register::open_read_only(self.0.path()).unwrap()
    }
}

suite::instantiate!(GeoPackage);
