//! 登记簿地址 — where a register lives: a folder, and for some registers a database that the folder names.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use postgres::Config;
use postgres::config::Host;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::home::{Home, write_secret};

/// 登记簿地址 — the register's folder, and its database if that is not a file in the folder.
///
/// A plain path is the address of what lies in that folder: the database that its `register.toml` names, else the
/// GeoPackage.
#[derive(Debug, Clone)]
pub struct Address {
    folder: PathBuf,
    database: Option<DatabaseAddress>,
}

impl Address {
    /// What lies in a folder.
    pub fn of(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            database: None,
        }
    }

    /// The register of a named database, whatever the folder says; blobs, log and key lie in the folder all the same.
    #[must_use]
    pub fn in_database(mut self, database: DatabaseAddress) -> Self {
        self.database = Some(database);
        self
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes the database into the folder's `register.toml`, so that the folder alone leads to it from now on.
    pub fn remember(&self) -> Result<(), Error> {
        let Some(database) = &self.database else {
            return Ok(());
        };
        let home = Home::new(&self.folder);
        match configured(&home)? {
            Some(known) if known.0 == database.0 => return Ok(()),
            Some(_) => return Err(Error::AlreadyOpened(self.folder.clone())),
            None if home.database().exists() => {
                return Err(Error::AlreadyOpened(self.folder.clone()));
            }
            None => {}
        }
        home.lay_out()?;
        let path = home.configuration();
        let content = Configuration {
            database: Some(database.0.clone()),
        };
        let text = toml::to_string(&content).map_err(|e| Error::Configuration {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        write_secret(&path, &text)
    }

    /// The database meant: the one given, else the one the folder names; `None` means the GeoPackage in the folder.
    pub(crate) fn database(&self) -> Result<Option<DatabaseAddress>, Error> {
        match &self.database {
            Some(database) => Ok(Some(database.clone())),
            None => configured(&Home::new(&self.folder)),
        }
    }
}

impl From<&Path> for Address {
    fn from(folder: &Path) -> Self {
        Self::of(folder)
    }
}

impl From<&PathBuf> for Address {
    fn from(folder: &PathBuf) -> Self {
        Self::of(folder)
    }
}

impl From<&Self> for Address {
    fn from(address: &Self) -> Self {
        address.clone()
    }
}

/// The file `register.toml`.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
}

fn configured(home: &Home) -> Result<Option<DatabaseAddress>, Error> {
    let path = home.configuration();
    let text = match fs::read_to_string(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(Error::file("read the configuration", &path))?,
    };
    // Only the message: the full error quotes the line, and the line may hold a password.
    let read: Configuration = toml::from_str(&text).map_err(|e| Error::Configuration {
        path,
        reason: e.message().to_owned(),
    })?;
    read.database.map(|text| text.parse()).transpose()
}

/// 数据库地址 — a `postgres://` address. It may hold a password, so neither `Debug` nor `Display` shows one.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseAddress(String);

impl DatabaseAddress {
    pub(crate) fn config(&self) -> Result<Config, Error> {
        self.0
            .parse()
            .map_err(|e: postgres::Error| Error::DatabaseAddress {
                reason: cause_of(&e),
            })
    }
}

/// What is wrong with an address: the driver names the option, never its value.
fn cause_of(error: &postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

impl FromStr for DatabaseAddress {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |reason: &str| {
            Err(Error::DatabaseAddress {
                reason: reason.to_owned(),
            })
        };
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return refuse("it does not begin with postgres://");
        }
        let address = Self(text.to_owned());
        if address.config()?.get_dbname().is_none_or(str::is_empty) {
            return refuse("it names no database");
        }
        Ok(address)
    }
}

impl std::fmt::Display for DatabaseAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Ok(config) = self.config() else {
            return f.write_str("postgres://");
        };
        let hosts: Vec<String> = config.get_hosts().iter().map(host_of).collect();
        let (user, hosts) = (config.get_user().unwrap_or_default(), hosts.join(","));
        let database = config.get_dbname().unwrap_or_default();
        write!(f, "postgres://{user}@{hosts}/{database}")
    }
}

fn host_of(host: &Host) -> String {
    match host {
        // What stands before an '@' that was not escaped is the rest of a password.
        Host::Tcp(name) => name.rsplit('@').next().unwrap_or_default().to_owned(),
        #[cfg(unix)]
        Host::Unix(folder) => folder.display().to_string(),
    }
}

impl std::fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let addresses = [
            "postgres://guard:geheim@db.example:5433/houhe",
            "postgresql://guard@db.example/houhe?password=geheim",
            "postgres://guard:ge@geheim@db.example/houhe",
            "postgresql:///houhe?user=guard&host=/run/postgresql&password=geheim",
        ];
        for text in addresses {
            let Ok(address) = text.parse::<DatabaseAddress>() else {
                continue;
            };
            let shown = format!(
                "{address} {address:?} {:?}",
                Address::of("x").in_database(address.clone())
            );
            assert!(!shown.contains("geheim"), "{shown}");
            assert!(
                shown.contains("guard@") && shown.contains("/houhe"),
                "{shown}"
            );
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_told_without_the_address() {
        for text in [
            "",
            "houhe.gpkg",
            "mysql://guard:geheim@db.example/houhe",
            "postgres://guard:geheim@db.example",
            "postgres://guard:geheim@db.example:port/houhe",
            "postgres://guard:geheim@db.example/houhe?colour=geheim",
        ] {
            let error = text.parse::<DatabaseAddress>().unwrap_err();
            assert_eq!(error.code(), "register.database_address", "{text}");
            let told = format!("{error} {error:?}");
            assert!(!told.contains("geheim"), "{told}");
        }
    }

    #[test]
    fn a_folder_remembers_its_database_and_no_second_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |text: &str| Address::of(folder.path()).in_database(text.parse().unwrap());
        let first = at("postgres://guard:geheim@db.example/houhe");
        first.remember().unwrap();
        first.remember().unwrap();
        assert!(matches!(
            at("postgres://guard@db.example/other").remember(),
            Err(Error::AlreadyOpened(_))
        ));
        let found = Address::from(folder.path()).database().unwrap();
        assert_eq!(found, first.database().unwrap());
        fs::write(folder.path().join("register.toml"), "databse = 'geheim'").unwrap();
        let error = Address::from(folder.path()).database().unwrap_err();
        assert_eq!(error.code(), "register.configuration");
        assert!(
            !format!("{error} {error:?}").contains("geheim"),
            "{error:?}"
        );
    }
}
