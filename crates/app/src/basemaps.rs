//! 在线底图 — tile sources of others that the map may be drawn over, as the bureau configures them; none unless it does.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use spatial::diagnostic::{Diagnostic, Place};
use utoipa::ToSchema;

use crate::error::Error;

/// File beside the register that names the sources.
const FILE: &str = "basemaps.toml";
/// Larger than any list of sources.
const LARGEST: u64 = 256 << 10;
/// What `{s}` stands for: the hosts that sources spread their tiles over.
pub const HOSTS: [&str; 4] = ["0", "1", "2", "3"];

/// 在线底图 — one source of picture tiles in the web Mercator grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Basemap {
    /// Lower-case letters, digits and hyphens; stands in addresses.
    pub id: String,
    pub name: String,
    /// XYZ or WMTS address with `{z}`, `{x}`, `{y}`, and `{s}` for 0 to 3.
    pub url: String,
    #[serde(default)]
    pub attribution: String,
    /// 审图号
    #[serde(default)]
    pub review_number: Option<String>,
    /// Whether its pictures are shifted as GCJ-02 is; the map shifts them back.
    #[serde(default)]
    pub is_gcj02: bool,
    #[serde(default = "max_zoom")]
    pub max_zoom: u8,
}

fn max_zoom() -> u8 {
    18
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sources {
    #[serde(default)]
    basemaps: Vec<Basemap>,
}

impl Basemap {
    /// The origins its tiles come from, for the browser's policy.
    pub fn origins(&self) -> Vec<String> {
        let end = self.host_end();
        let origin = &self.url[..end];
        match origin.contains("{s}") {
            true => HOSTS.iter().map(|s| origin.replace("{s}", s)).collect(),
            false => vec![origin.to_owned()],
        }
    }

    /// Where scheme and host end.
    fn host_end(&self) -> usize {
        let start = self.url.find("://").map_or(0, |at| at + 3);
        self.url[start..]
            .find('/')
            .map_or(self.url.len(), |at| start + at)
    }

    /// What is wrong with it, as a member and its value.
    fn fault(&self) -> Option<(&'static str, String)> {
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || !self.id.chars().all(is_id) {
            return Some(("id", self.id.clone()));
        }
        if self.name.trim().is_empty() {
            return Some(("name", self.name.clone()));
        }
        let is_web = ["https://", "http://"]
            .iter()
            .any(|scheme| self.url.starts_with(scheme));
        // The host stands in the browser's policy: nothing in it may begin another rule there.
        let host = self.url[..self.host_end()].replacen("{s}", "0", 1);
        let host = host.split("://").nth(1).unwrap_or_default();
        let is_host = !host.is_empty()
            && host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-:".contains(c));
        let is_template = ["{z}", "{x}", "{y}"].iter().all(|p| self.url.contains(p));
        let is_plain = self
            .url
            .chars()
            .all(|c| !c.is_whitespace() && !c.is_control());
        if !(is_web && is_host && is_template && is_plain) {
            return Some(("url", self.url.clone()));
        }
        (self.max_zoom > 24).then(|| ("max_zoom", self.max_zoom.to_string()))
    }
}

/// The sources of a folder's `basemaps.toml`; none where there is no such file.
///
/// # Errors
/// `basemaps.unreadable` where the file is no TOML of this shape, `basemaps.value` where a member cannot be used.
pub fn load_basemaps(home: &Path) -> Result<Vec<Basemap>, Error> {
    let path = home.join(FILE);
    let read = |source| Error::Read {
        path: path.display().to_string(),
        source,
    };
    let place = || Place {
        file: Some(path.display().to_string()),
        ..Place::default()
    };
    match std::fs::metadata(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(read(e)),
        Ok(meta) if meta.len() > LARGEST => {
            let fault = Diagnostic::error("basemaps.unreadable").at(place());
            return Err(Error::rejected(fault.arg("cause", meta.len())));
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(&path).map_err(read)?;
    let sources: Sources = toml::from_str(&text).map_err(|e| {
        let fault = Diagnostic::error("basemaps.unreadable").at(place());
        Error::rejected(fault.arg("cause", e.message()))
    })?;
    let mut ids = BTreeSet::new();
    for source in &sources.basemaps {
        let twice = (!ids.insert(&source.id)).then(|| ("id", source.id.clone()));
        if let Some((member, value)) = source.fault().or(twice) {
            let fault = Diagnostic::error("basemaps.value").at(place());
            return Err(Error::rejected(
                fault.arg("member", member).arg("text", value),
            ));
        }
    }
    Ok(sources.basemaps)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Basemap>, Error> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        load_basemaps(folder.path())
    }

    #[test]
    fn no_file_is_no_source() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load_basemaps(folder.path()).unwrap(), []);
    }

    #[test]
    fn a_source_names_the_origins_its_tiles_come_from() {
        let text = "[[basemaps]]\nid = \"vec\"\nname = \"矢量\"\nurl = \"https://t{s}.example.org/vec_w/wmts?TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=k\"\n";
        let sources = read(text).unwrap();
        assert_eq!(sources[0].max_zoom, 18);
        let origins = sources[0].origins();
        assert_eq!(origins.len(), 4);
        assert_eq!(origins[3], "https://t3.example.org");
    }

    #[test]
    fn what_could_widen_the_browsers_policy_is_refused() {
        for url in [
            "https://a.example.org; script-src *//{z}/{x}/{y}",
            "ftp://a.example.org/{z}/{x}/{y}",
            "https://a.example.org/{z}/{x}",
            "https://*.example.org/{z}/{x}/{y}",
        ] {
            let text = format!("[[basemaps]]\nid = \"a\"\nname = \"甲\"\nurl = \"{url}\"\n");
            assert!(read(&text).is_err(), "{url}");
        }
        let twice = "[[basemaps]]\nid = \"a\"\nname = \"甲\"\nurl = \"https://a.example.org/{z}/{x}/{y}\"\n";
        assert!(read(&format!("{twice}{twice}")).is_err());
        assert!(read("basemaps = 3").is_err());
    }
}
