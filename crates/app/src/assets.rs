//! What people edit and the program carries with it: campaigns, calendars, code lists, rule sets, texts.
//!
//! The built-in copy makes one binary enough; a folder given by the user goes before it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use rust_embed::RustEmbed;

use crate::error::Error;

#[derive(RustEmbed)]
#[folder = "../../campaigns/"]
struct Campaigns;

#[derive(RustEmbed)]
#[folder = "../../calendars/"]
struct Calendars;

#[derive(RustEmbed)]
#[folder = "../../codes/"]
struct Codes;

#[derive(RustEmbed)]
#[folder = "../../messages/"]
struct MessageFiles;

#[derive(RustEmbed)]
#[folder = "../../rulesets/"]
struct RuleSets;

fn texts<E: RustEmbed>(prefix: &str) -> BTreeMap<String, String> {
    E::iter()
        .filter_map(|name| {
            let rest = name.strip_prefix(prefix)?.to_owned();
            let file = E::get(&name)?;
            Some((rest, utf8(file.data)))
        })
        .collect()
}

fn utf8(bytes: Cow<'static, [u8]>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Files of a built-in campaign's folder by name, or `None` if there is no such campaign.
pub fn find_campaign(id: &str) -> Option<BTreeMap<String, String>> {
    let files = texts::<Campaigns>(&format!("{id}/"));
    (!files.is_empty()).then_some(files)
}

/// Ids of the built-in campaigns.
pub fn list_campaigns() -> Vec<String> {
    let mut ids: Vec<String> = Campaigns::iter()
        .filter_map(|name| name.split_once('/').map(|(id, _)| id.to_owned()))
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

/// Files of a campaign's folder on disk by name.
pub fn load_campaign_folder(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for item in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = item?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            let text =
                std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            files.insert(name, text);
        }
    }
    Ok(files)
}

/// Working-day calendars by file name (`2019.toml`).
pub fn calendars() -> BTreeMap<String, String> {
    texts::<Calendars>("")
}

/// Code lists by file name.
pub fn code_lists() -> BTreeMap<String, String> {
    texts::<Codes>("")
}

/// Rule-set files by path (`tables/generic.toml`).
pub fn rule_sets() -> BTreeMap<String, String> {
    texts::<RuleSets>("")
}

/// Rule-set files of a folder on disk by path, as `rule_sets` names them.
pub fn load_rule_folder(folder: &Path) -> Result<BTreeMap<String, String>, Error> {
    let mut files = BTreeMap::new();
    for part in ["", "law/", "tables/"] {
        let path = folder.join(part);
        if part.is_empty() || path.is_dir() {
            toml_files(&path, part, &mut files)?;
        }
    }
    Ok(files)
}

fn toml_files(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, String>,
) -> Result<(), Error> {
    let unreadable = |path: &Path, source| Error::Read {
        path: path.display().to_string(),
        source,
    };
    for item in std::fs::read_dir(folder).map_err(|e| unreadable(folder, e))? {
        let path = item.map_err(|e| unreadable(folder, e))?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            let text = std::fs::read_to_string(&path).map_err(|e| unreadable(&path, e))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            files.insert(format!("{prefix}{name}"), text);
        }
    }
    Ok(())
}

/// Message files of a language by name.
pub fn messages(language: &str) -> BTreeMap<String, String> {
    texts::<MessageFiles>(&format!("{language}/"))
}
