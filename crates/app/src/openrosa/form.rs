//! The verification sheet as an XForm, from the campaign's own lists, guards and shots and from the decision tables.

use std::collections::BTreeMap;

use domain::flow::Guard;
use domain::ledger::Labels as _;
use domain::policy::Action;
use foreign::xform::{Choice, Choices, ExternalList, Form, Group, Item, Kind, Question, items_of};

use super::md5_hex;
use super::sites::{SITES, SITES_FILE};
use crate::error::Error;
use crate::judging_book::JudgingBook;
use crate::messages::{Language, Messages};
use crate::session::Session;

/// Id of the form.
pub const FORM_ID: &str = "qingshan-verification";

/// Questions for facts of the decision tables begin so.
pub(super) const FACT: &str = "fact_";
/// Questions for required shots begin so.
pub(super) const SHOT: &str = "shot_";
/// People of a field verification.
const FEWEST_TEAM: u64 = 2;

/// 表单 — as it is served: the version follows from what it is made of.
#[derive(Debug, Clone)]
pub struct OdkForm {
    pub name: String,
    pub version: String,
    pub xml: String,
    /// For the list of forms.
    pub md5: String,
}

impl Session {
    /// The verification sheet as an XForm, for whoever verifies anywhere. Its words are Chinese whatever the phone speaks.
    pub fn odk_form(&self) -> Result<OdkForm, Error> {
        self.may_somewhere(Action::Verify)?;
        let messages = Messages::load(Language::Chinese);
        let making = Making {
            session: self,
            messages: &messages,
        };
        let unnumbered = making.form("0")?.write().map_err(Error::internal)?;
        let version = crate::sha256_hex(unnumbered.as_bytes())[..8].to_owned();
        let form = making.form(&version)?;
        let xml = form.write().map_err(Error::internal)?;
        Ok(OdkForm {
            name: form.title,
            version,
            md5: md5_hex(xml.as_bytes()),
            xml,
        })
    }
}

struct Making<'a> {
    session: &'a Session,
    messages: &'a Messages,
}

/// Asked only where the site could be checked.
const CHECKED: &str = "${could_check} = 'yes'";
/// Asked only where it could not.
const UNCHECKED: &str = "${could_check} = 'no'";
/// Asked only of places the register does not know.
const NEW: &str = "${place_kind} = 'new'";
/// Asked only of sites it knows.
const KNOWN: &str = "${place_kind} = 'known'";

impl Making<'_> {
    fn form(&self, version: &str) -> Result<Form, Error> {
        let mut items: Vec<Item> = Vec::new();
        items.extend(self.place_questions());
        items.extend(self.finding_questions());
        items.push(Item::Group(self.facts()?));
        items.extend(self.shots());
        items.push(self.question("voice", Kind::Audio).into());
        Ok(Form {
            id: FORM_ID.to_owned(),
            title: self.text("odk.title"),
            version: version.to_owned(),
            instance_name: Some(
                "concat(if(${place_kind} = 'new', ${new_name}, ${site}), ' ', ${verified_on})"
                    .to_owned(),
            ),
            lists: vec![ExternalList {
                id: SITES.to_owned(),
                file: SITES_FILE.to_owned(),
            }],
            items,
        })
    }

    fn place_questions(&self) -> Vec<Item> {
        let of_site = |column: &str| {
            let items = items_of(SITES);
            Kind::Calculate(format!("{items}[name = ${{site}}]/{column}"))
        };
        let site = Kind::SelectOne(Choices::From {
            list: SITES.to_owned(),
            value: "name".to_owned(),
            label: "label".to_owned(),
            filter: None,
        });
        let kinds = self.worded(&[("known", "odk.place_known"), ("new", "odk.place_new")]);
        let yes_no = self.worded(&[("yes", "odk.could_check"), ("no", "odk.could_not_check")]);
        let place = self
            .question("place", Kind::GeoPoint)
            .hint(self.text("odk.place_hint"));
        vec![
            self.must(self.question("place_kind", Kind::SelectOne(kinds)))
                .into(),
            self.must(self.question("site", site))
                .relevant(KNOWN)
                .appearance("autocomplete")
                .into(),
            Question::new("site_tables", "", of_site("tables")).into(),
            Question::new("site_shots", "", of_site("shots")).into(),
            self.must(self.question("new_name", Kind::Text))
                .relevant(NEW)
                .into(),
            self.question("new_activity", self.select("activity"))
                .relevant(NEW)
                .into(),
            self.must(self.question("verified_on", Kind::Date))
                .constraint(". <= today()", self.text("odk.not_in_future"))
                .into(),
            self.question("round", self.select("round"))
                .relevant(KNOWN)
                .into(),
            self.must(self.question("could_check", Kind::SelectOne(yes_no)))
                .into(),
            self.must(self.question("unverified_reason", self.select("unverified")))
                .relevant(UNCHECKED)
                .into(),
            self.guarded("position", place).into(),
            self.question("outline", Kind::GeoShape)
                .hint(self.text("odk.outline_hint"))
                .into(),
            Item::Repeat(Group {
                name: "team".to_owned(),
                label: self.text("odk.team"),
                items: vec![
                    self.must(self.question("post", Kind::Text))
                        .hint(self.text("odk.post_hint"))
                        .into(),
                ],
                ..Group::default()
            }),
            Question::new(
                "team_size",
                "",
                Kind::Calculate("count(${team})".to_owned()),
            )
            .into(),
        ]
    }

    /// The members of the sheet in their order; the team is counted where the conclusion is drawn.
    fn finding_questions(&self) -> Vec<Item> {
        let least = self.guard("team").and_then(|g| g.at_least);
        let least = least.map_or(FEWEST_TEAM, |n| n.max(FEWEST_TEAM));
        let too_few = self
            .messages
            .text("odk.team_too_small", &[("least", &least.to_string())]);
        let checked = |q: Question| Item::from(q.relevant(CHECKED));
        let reached = self.guarded(
            "conclusion",
            self.question("conclusion", self.select("verdict")),
        );
        vec![
            checked(self.question("clue_truth", self.select("clue_truth"))),
            self.question("condition_text", Kind::Text)
                .appearance("multiline")
                .into(),
            checked(self.question("ecological_effect", self.select("ecological_effect"))),
            checked(reached.constraint(format!("${{team_size}} >= {least}"), too_few)),
            checked(self.question("suggested_disposal", self.select("disposal"))),
            checked(self.question("suggestion_text", Kind::Text)),
        ]
    }

    /// Facts of the tables that the station sees on the spot, each asked where a table of the site's class takes it.
    fn facts(&self) -> Result<Group, Error> {
        let book = JudgingBook::built_in()?;
        let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for table in book.ruleset.table_ids() {
            for field in book.ruleset.inputs(table) {
                tables.entry(field.name.as_str()).or_default().push(table);
            }
        }
        let mut words: Vec<(&str, &str, Vec<Choice>)> = Vec::new();
        for field in crate::judged_facts::stated()? {
            if book.filling.asked_of(&field.name) != "station" {
                continue;
            }
            let at = words.iter().position(|(name, ..)| *name == field.name);
            let at = at.unwrap_or_else(|| {
                words.push((field.name.as_str(), field.label.as_str(), Vec::new()));
                words.len() - 1
            });
            let choices = &mut words[at].2;
            for word in &field.words.0 {
                if !choices.iter().any(|c| c.value == word.code) {
                    choices.push(Choice {
                        value: word.code.clone(),
                        label: word.label.clone(),
                    });
                }
            }
        }
        let question = |(name, label, choices): (&str, &str, Vec<Choice>)| {
            let asked = tables.get(name).into_iter().flatten();
            let asked: Vec<String> = asked
                .map(|table| format!("selected(${{site_tables}}, '{table}')"))
                .collect();
            let kind = Kind::SelectOne(Choices::Listed(choices));
            Item::from(
                Question::new(format!("{FACT}{name}"), label, kind).relevant(asked.join(" or ")),
            )
        };
        let asked = words
            .into_iter()
            .filter(|(.., choices)| !choices.is_empty());
        Ok(Group {
            name: "facts".to_owned(),
            label: self.text("odk.facts"),
            relevant: Some(format!("{KNOWN} and {CHECKED}")),
            items: asked.map(question).collect(),
            ..Group::default()
        })
    }

    /// The usual views of every site, those that its class asks for besides, and as many more as there is to show.
    fn shots(&self) -> Vec<Item> {
        let campaign = &self.session.campaign;
        let usual = campaign.required_shots(None);
        let mut special: Vec<&str> = Vec::new();
        for view in campaign.shots.iter().flat_map(|s| &s.required) {
            if !usual.contains(&view.as_str()) && !special.contains(&view.as_str()) {
                special.push(view);
            }
        }
        let shot = |view: &str| {
            let label = self.session.label("shot", view);
            Question::new(format!("{SHOT}{view}"), label, Kind::Image).appearance("new")
        };
        let usual = usual.into_iter().map(|view| {
            let must_be = self.guarded("photos", shot(view));
            Item::from(must_be.relevant(CHECKED))
        });
        let special = special.into_iter().map(|view| {
            let asked = format!("{CHECKED} and selected(${{site_shots}}, '{view}')");
            Item::from(self.must(shot(view)).relevant(asked))
        });
        let more = Group {
            name: "more".to_owned(),
            label: self.text("odk.more_photos"),
            items: vec![
                self.question("view", self.select("shot")).into(),
                self.question("photo", Kind::Image).into(),
                self.question("photo_note", Kind::Text).into(),
            ],
            ..Group::default()
        };
        usual.chain(special).chain([Item::Repeat(more)]).collect()
    }

    fn question(&self, name: &str, kind: Kind) -> Question {
        Question::new(name, self.text(&format!("odk.{name}")), kind)
    }

    /// A code list of the campaign.
    fn select(&self, purpose: &str) -> Kind {
        let campaign = &self.session.campaign;
        let list = campaign.find_list(&self.session.codes, purpose);
        let codes = list.into_iter().flat_map(|l| &l.codes);
        let choices = codes.map(|c| Choice {
            value: c.code.clone(),
            label: c.label.clone(),
        });
        Kind::SelectOne(Choices::Listed(choices.collect()))
    }

    fn worded(&self, choices: &[(&str, &str)]) -> Choices {
        let choice = |(value, code): &(&str, &str)| Choice {
            value: (*value).to_owned(),
            label: self.text(code),
        };
        Choices::Listed(choices.iter().map(choice).collect())
    }

    fn must(&self, question: Question) -> Question {
        let message = self
            .messages
            .text("odk.required", &[("label", &question.label)]);
        question.required(message)
    }

    /// A question whose answer the flow demands.
    fn guarded(&self, fact: &str, question: Question) -> Question {
        match self.guard(fact) {
            Some(guard) => {
                let message = self
                    .messages
                    .text("odk.required", &[("label", &guard.label)]);
                question.required(message)
            }
            None => question,
        }
    }

    fn guard(&self, fact: &str) -> Option<&Guard> {
        let steps = self.session.campaign.flow.iter().flat_map(|f| &f.steps);
        let verify = steps.filter(|s| s.code == crate::flow::VERIFY);
        verify.flat_map(|s| &s.guards).find(|g| g.fact == fact)
    }

    fn text(&self, code: &str) -> String {
        self.messages.text(code, &[])
    }
}
