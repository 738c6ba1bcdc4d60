//! A register with people and phones about it, as the tests of the field desk and of patrols begin.

use serde_json::Value;

use crate::demonstration::Demonstration;
use crate::phone::{Phone, sha256};
use crate::program::Register;
use crate::server::{Person, Server};

/// 场景 — the demonstration register, served, with somebody of its office.
#[derive(Debug)]
pub struct Scene {
    pub register: Register,
    pub server: Server,
    pub office: Person,
}

impl Scene {
    /// The demonstration register as it was made, for one test alone.
    #[must_use]
    pub fn new() -> Self {
        let register = Demonstration::shared().register();
        let server = Server::start(&register);
        let office = Person::new(&register, &server, "bangongshi", "office");
        Self {
            register,
            server,
            office,
        }
    }

    /// Somebody in a post.
    #[must_use]
    pub fn person(&self, login: &str, post: &str) -> Person {
        Person::new(&self.register, &self.server, login, post)
    }

    /// A phone in the hand of somebody in a post.
    #[must_use]
    pub fn phone(&self, login: &str, post: &str) -> Phone {
        Phone::enrol(&self.server, &self.person(login, post), login)
    }

    /// What the office reads at an address.
    #[must_use]
    pub fn read(&self, path: &str) -> Value {
        self.office.get(&self.server, path).status(200).json()
    }

    /// The dossier of a site.
    #[must_use]
    pub fn dossier(&self, code: &str) -> Value {
        self.read(&format!("/api/v1/sites/{code}"))
    }

    /// A placed site of a station.
    #[must_use]
    pub fn site(&self, station: &str) -> Value {
        let found = self.read(&format!("/api/v1/sites?limit=200&station={station}"));
        let mut sites = found["items"].as_array().expect("items").iter();
        let placed = sites.find(|s| s["lon"].is_number());
        placed.expect("a placed site").clone()
    }

    /// A part of a phone's pack, whole and as the manifest names it.
    #[must_use]
    pub fn part(&self, phone: &Phone, name: &str) -> Value {
        let manifest = phone.get(&self.server, "/api/v1/field/pack");
        let manifest = manifest.status(200).json();
        let parts = manifest["parts"].as_array().expect("parts");
        let note = parts.iter().find(|p| p["name"] == name).expect("the part");
        let hash = note["sha256"].as_str().expect("a hash");
        let path = format!("/api/v1/field/pack/parts/{name}?v={hash}");
        let part = phone.get(&self.server, &path).status(200);
        assert_eq!(sha256(&part.body), hash);
        assert_eq!(Some(part.body.len() as u64), note["size_bytes"].as_u64());
        part.json()
    }

    /// A site of the phone's territory that can be verified.
    #[must_use]
    pub fn a_task(&self, phone: &Phone) -> Value {
        let sites = self.part(phone, "sites");
        let sites = sites["items"].as_array().expect("items").iter();
        let verifiable = [
            "awaiting_verification",
            "in_verification",
            "no_issue",
            "verified_with_issue",
        ];
        let mut open = sites.filter(|s| {
            s["lon"].is_number() && verifiable.iter().any(|state| s["state"] == *state)
        });
        open.next().expect("a site to be verified").clone()
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}
