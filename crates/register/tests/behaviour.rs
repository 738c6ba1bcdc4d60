//! One suite for every store. It speaks only to the public face, and runs once on each.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "behaviour/suite.rs"]
mod suite;

use register::{Address, Opening, Register};
use testkit::{TempDatabase, TempHome};

/// How a store is made and found again.
pub(crate) trait Store {
    fn create(opening: &Opening) -> (Self, Register)
    where
        Self: Sized;
    fn reopen(&self) -> Register;
    fn reopen_read_only(&self) -> Register;
}

struct GeoPackage(TempHome);

impl Store for GeoPackage {
    fn create(opening: &Opening) -> (Self, Register) {
        testkit::ran_on("GeoPackage");
        let home = TempHome::new();
        let register = Register::create(home.path(), opening).unwrap();
        assert!(matches!(register, Register::GeoPackage(_)));
        (Self(home), register)
    }

    fn reopen(&self) -> Register {
        Register::open(self.0.path()).unwrap()
    }

    fn reopen_read_only(&self) -> Register {
        Register::open_read_only(self.0.path()).unwrap()
    }
}

/// The folder remembers its database, as after `init --database`.
struct Postgres(
    TempHome,
    #[allow(dead_code, reason = "dropped last")] TempDatabase,
);

impl Store for Postgres {
    fn create(opening: &Opening) -> (Self, Register) {
        testkit::ran_on("PostgreSQL");
        let (home, database) = (TempHome::new(), TempDatabase::new());
        let address = Address::of(home.path()).in_database(database.url().parse().unwrap());
        let register = Register::create(&address, opening).unwrap();
        address.remember().unwrap();
        assert!(matches!(register, Register::Postgres(_)));
        (Self(home, database), register)
    }

    fn reopen(&self) -> Register {
        Register::open(self.0.path()).unwrap()
    }

    fn reopen_read_only(&self) -> Register {
        Register::open_read_only(self.0.path()).unwrap()
    }
}

mod geopackage {
    use super::GeoPackage;
    super::suite::instantiate!(GeoPackage);
}

mod postgres {
    use super::Postgres;
    super::suite::instantiate!(Postgres);
}
