//! 判别页 — a judged site as a screen shows it: every code with its name, every fact with its entries.

use domain::as_of::AsOf;
use domain::entry::{EntryBody, RecordedEntry};
use domain::ids::{EntryId, StreamId};
use domain::ledger::Labels;
use domain::policy::{Action, Role};
use jiff::civil::Date;
use rules::Explain;
use serde::{Deserialize, Serialize};
use spatial::diagnostic::Diagnostic;
use utoipa::ToSchema;

use crate::atlas::{Atlases, SiteQuery};
use crate::characterizing::{CharacterizeRequest, Characterized, SecondReading};
use crate::config_page::CodeView;
use crate::error::Error;
use crate::judgement_page::Page;
use crate::judging_book::JudgingBook;
use crate::lists::Paging;
use crate::proposals::{DecisionShown, Proposal, SiteJudgement};
use crate::questions::Asked;
use crate::session::Session;

/// A fact of the sheet, why it is so, and the positions of the entries that say it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JudgedFactView {
    pub name: String,
    pub label: String,
    pub value: String,
    pub value_label: String,
    pub why: String,
    pub seqs: Vec<u64>,
}

/// 判别建议.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProposalView {
    pub verdict: CodeView,
    pub severity: Option<CodeView>,
    pub deadline: Option<CodeView>,
    pub disposal: Vec<CodeView>,
    pub bodies: Vec<CodeView>,
    /// Clauses by id, with how they are cited.
    pub basis: Vec<CodeView>,
    pub row: String,
    pub warnings: Vec<String>,
}

/// 待查事实 — a question, and which verdicts its answers lead to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuestionView {
    pub fact: String,
    pub label: String,
    pub why: String,
    /// `station` sees it on the spot, `office` finds it in files.
    pub asked_of: String,
    /// Whether a day answers it; otherwise one of the answers does.
    pub is_day: bool,
    pub answers: Vec<CodeView>,
}

/// A row of a table that was looked at.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TraceView {
    pub table: String,
    pub table_label: String,
    pub row: String,
    /// `true`, `false`, `unknown`.
    pub value: String,
    /// The condition that failed, in words.
    pub failed: Option<String>,
}

/// 已作判别.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DecisionView {
    pub entry_id: String,
    pub seq: u64,
    /// The post that decided, in words.
    pub decided_by: String,
    pub verdict: CodeView,
    pub character_label: String,
    pub row: Option<String>,
    #[schema(value_type = String, format = Date)]
    pub judged_as_of: Date,
    pub tables_version: String,
    pub is_override: bool,
    pub reason: Option<String>,
    /// The post of the second reader, in words.
    pub second_reader: Option<String>,
}

/// A member of the result that today's tables would give otherwise.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JudgedDifferenceView {
    pub member: String,
    pub before: String,
    pub after: String,
}

/// 判别页.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JudgementView {
    pub site_code: String,
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
    pub tables_version: String,
    pub boundary_version: Option<String>,
    /// None where no table is known to judge it; the questions say what is missing.
    pub proposal: Option<ProposalView>,
    pub facts: Vec<JudgedFactView>,
    pub questions: Vec<QuestionView>,
    pub trace: Vec<TraceView>,
    pub decision: Option<DecisionView>,
    /// An override that waits for a second reader.
    pub awaiting: Option<DecisionView>,
    /// Why the proposal cannot be accepted as it stands; none if it can.
    pub obstacle: Option<String>,
    pub differences: Vec<JudgedDifferenceView>,
    /// Verdicts an override may choose from.
    pub verdicts: Vec<CodeView>,
    /// Ways to put it right that an override may choose from.
    pub disposals: Vec<CodeView>,
}

/// 判别行 — a site with what the tables propose and what is missing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JudgementLine {
    pub site_code: String,
    pub facility_name: Option<String>,
    pub station_id: Option<String>,
    pub state: String,
    /// None where no table is known to judge it.
    pub verdict: Option<CodeView>,
    pub severity: Option<String>,
    /// Row of the tables that decides.
    pub row: Option<String>,
    /// Names of the facts that are missing.
    pub missing: Vec<String>,
    /// The decision that stands.
    pub decided: Option<CodeView>,
    /// Whether today's tables would decide otherwise.
    pub differs: bool,
}

/// 判别清单 — one page of sites with what the tables propose.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JudgementList {
    pub total: u64,
    pub items: Vec<JudgementLine>,
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
    pub tables_version: String,
}

/// 判别请求 — the proposal accepted, or another verdict with a reason.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideRequest {
    /// Another verdict than the proposed one; none accepts the proposal.
    pub verdict: Option<String>,
    /// Why the proposal is not followed, or why it is judged anew.
    pub reason: Option<String>,
    /// Posts that sign besides the one who records it.
    #[serde(default)]
    pub signed: Vec<String>,
    /// Ecological effect where no verification states it.
    pub effect: Option<String>,
    /// Code of the list of characters where it does not follow from the verdict.
    pub character: Option<String>,
    /// Day of the decision; today where it is not said.
    #[schema(value_type = Option<String>, format = Date)]
    pub on: Option<Date>,
    /// Other severity than the proposed one: `A` to `D`.
    pub severity: Option<String>,
    /// Other ways to put it right than the proposed ones.
    #[serde(default)]
    pub disposal: Vec<String>,
    /// Number of the opinion's document.
    pub document: Option<String>,
    /// Version of the site's stream that the decider saw.
    pub based_on: Option<u64>,
}

/// 复核请求 — what a second reader says of an override.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadAgainRequest {
    /// The override that was read, `awaiting.entry_id` of the judgement; refused if it is not said, or another waits.
    #[schema(value_type = Option<String>, format = Uuid)]
    pub of: Option<EntryId>,
    /// False sends it back, which needs a reason.
    pub confirm: bool,
    pub reason: Option<String>,
}

/// What was put on record.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DecidedView {
    pub entry_id: String,
    pub verdict: CodeView,
    pub is_override: bool,
    /// Whether it holds, or waits for a second reader.
    pub is_effective: bool,
    pub state: String,
}

impl Session {
    /// The day whose law and whose facts are asked for; a size of the log is no day.
    fn judging_day(&self, as_of: AsOf) -> Result<Date, Error> {
        match as_of {
            AsOf::Now => Ok(self.today()),
            AsOf::Day(day) => Ok(day),
            AsOf::LogSize(_) => Err(Error::rejected(Diagnostic::error("judge.by_day"))),
        }
    }

    /// A site judged for a view: as of its day, or of today.
    pub fn judgement_view(&self, code: &str, as_of: AsOf) -> Result<JudgementView, Error> {
        let day = self.judging_day(as_of)?;
        let judged = self.judge_site(code, day)?;
        let dossier = self.load_dossier_by_code(code, AsOf::Day(day))?;
        let obstacle = self.obstacle(&dossier, &judged, day)?;
        let page = Page::of(self, &judged)?;
        let entries = self.register.load_stream(&StreamId::site(judged.site_id))?;
        let decision =
            |shown: &Option<DecisionShown>| shown.as_ref().map(|d| self.decision_view(d, &entries));
        Ok(JudgementView {
            facts: facts(&page, &judged),
            questions: self.question_views(&judged),
            trace: trace(&page, &judged)?,
            proposal: judged.proposal.as_ref().map(|p| self.proposal_view(p)),
            decision: decision(&judged.decision),
            awaiting: decision(&judged.awaiting),
            obstacle: obstacle.map(|why| self.messages.diagnostic(&why).0),
            differences: self.difference_views(&judged),
            verdicts: words_of("verdict")?,
            disposals: words_of("disposal")?,
            boundary_version: judged.sheet.boundary_version,
            site_code: judged.site_code,
            as_of: judged.as_of,
            tables_version: judged.tables_version,
        })
    }

    /// Records a decision of a screen.
    pub fn decide_site(&mut self, code: &str, said: DecideRequest) -> Result<DecidedView, Error> {
        let decided = self.characterize(&CharacterizeRequest {
            site_code: code.to_owned(),
            verdict: said.verdict,
            reason: said.reason,
            signed: said.signed,
            effect: said.effect,
            character: said.character,
            on: said.on,
            severity: said.severity,
            disposal: said.disposal,
            document: said.document,
            based_on: said.based_on,
        })?;
        Ok(self.decided_view(decided))
    }

    /// Takes back the decision that stands, with a reason.
    pub fn withdraw_decision(&mut self, code: &str, reason: String) -> Result<DecidedView, Error> {
        let withdrawn = SecondReading::Withdraw { reason };
        let done = self.read_decision_again(code, None, &withdrawn, None)?;
        Ok(self.decided_view(done))
    }

    /// One page of sites, each with what the tables propose.
    pub fn judgement_list(
        &self,
        atlases: &Atlases,
        query: &SiteQuery,
        paging: &Paging,
    ) -> Result<JudgementList, Error> {
        self.may_read_lists(Action::Judge)?;
        let list = self.list_sites(atlases, query, paging)?;
        let day = self.judging_day(paging.as_of()?)?;
        let ground = self.ground(JudgingBook::built_in()?, day)?;
        let mut items = Vec::with_capacity(list.items.len());
        for row in &list.items {
            let Some(dossier) = self.register.find_dossier(row.site_id, AsOf::Day(day))? else {
                continue;
            };
            if self.sees(Action::Judge, dossier.facts.station_id.as_deref()) {
                let judged = self.judge_dossier(&ground, &dossier, Explain::Row)?;
                items.push(self.judged_line(&judged));
            }
        }
        Ok(JudgementList {
            total: list.total,
            items,
            as_of: day,
            tables_version: ground.book.version.clone(),
        })
    }

    fn judged_line(&self, judged: &SiteJudgement) -> JudgementLine {
        let proposal = judged.proposal.as_ref();
        let verdict = |code: &str| CodeView {
            code: code.to_owned(),
            label: self.judged_label("verdict", code),
        };
        JudgementLine {
            site_code: judged.site_code.clone(),
            facility_name: judged.facility_name.clone(),
            station_id: judged.station_id.clone(),
            state: judged.state.clone(),
            verdict: proposal.map(|p| verdict(&p.verdict)),
            severity: proposal.and_then(|p| p.severity.clone()),
            row: proposal.map(|p| p.row.clone()),
            missing: judged
                .questions
                .iter()
                .map(|q| self.question_label(q))
                .collect(),
            decided: judged.decision.as_ref().map(|d| verdict(&d.verdict)),
            differs: !judged.differences.is_empty(),
        }
    }

    /// Confirms the override that waits, or sends it back.
    pub fn read_site_again(
        &mut self,
        code: &str,
        said: ReadAgainRequest,
    ) -> Result<DecidedView, Error> {
        let of = said
            .of
            .ok_or_else(|| Error::rejected(Diagnostic::error("characterize.which_override")))?;
        let reading = match said.confirm {
            true => SecondReading::Confirm {
                reason: said.reason,
            },
            false => SecondReading::Reject {
                reason: said.reason.unwrap_or_default(),
            },
        };
        let decided = self.read_decision_again(code, Some(of), &reading, None)?;
        Ok(self.decided_view(decided))
    }

    fn decided_view(&self, decided: Characterized) -> DecidedView {
        DecidedView {
            verdict: self.judged("verdict", &decided.verdict),
            entry_id: decided.entry_id,
            is_override: decided.is_override,
            is_effective: decided.is_effective,
            state: decided.state,
        }
    }

    fn judged(&self, member: &str, code: &str) -> CodeView {
        CodeView {
            code: code.to_owned(),
            label: self.judged_label(member, code),
        }
    }

    fn proposal_view(&self, proposal: &Proposal) -> ProposalView {
        let many =
            |member: &str, codes: &[String]| codes.iter().map(|c| self.judged(member, c)).collect();
        let one =
            |member: &str, code: &Option<String>| code.as_deref().map(|c| self.judged(member, c));
        let cite = |clause: &String| CodeView {
            code: clause.clone(),
            label: self.citation(clause),
        };
        ProposalView {
            verdict: self.judged("verdict", &proposal.verdict),
            severity: one("severity", &proposal.severity),
            deadline: one("deadline", &proposal.deadline),
            disposal: many("disposal", &proposal.disposal),
            bodies: many("bodies", &proposal.bodies),
            basis: proposal.basis.iter().map(cite).collect(),
            row: proposal.row.clone(),
            warnings: proposal
                .warnings
                .iter()
                .map(|w| self.messages.text(w, &[]))
                .collect(),
        }
    }

    /// The words that answer a question; none where a day does.
    fn answers(&self, asked: &Asked) -> Vec<CodeView> {
        let mut answers: Vec<CodeView> = Vec::new();
        for answer in asked.answers.iter().filter(|a| !a.value.contains('…')) {
            if answers.iter().any(|known| known.code == answer.value) {
                continue;
            }
            let label = match answer.label.as_str() {
                "" => Labels::label(&self.viewer, "subtype", &answer.value),
                label => label.to_owned(),
            };
            answers.push(CodeView {
                code: answer.value.clone(),
                label,
            });
        }
        answers
    }

    fn question_views(&self, judged: &SiteJudgement) -> Vec<QuestionView> {
        let asked = judged.questions.iter();
        asked
            .map(|q| QuestionView {
                fact: q.fact.clone(),
                label: self.question_label(q),
                why: self.question_reason(q),
                asked_of: q.asked_of.clone(),
                is_day: q.answers.iter().any(|a| a.value.contains('…')),
                answers: self.answers(q),
            })
            .collect()
    }

    fn decision_view(&self, decision: &DecisionShown, entries: &[RecordedEntry]) -> DecisionView {
        let decided = entries
            .iter()
            .find(|e| e.entry.id.to_string() == decision.entry_id);
        let by = |entry: &RecordedEntry| post_of(entry);
        DecisionView {
            entry_id: decision.entry_id.clone(),
            seq: decision.seq,
            decided_by: decided.map_or_else(|| decision.decided_by.clone(), by),
            verdict: self.judged("verdict", &decision.verdict),
            character_label: Labels::label(&self.viewer, "character", &decision.character),
            row: decision.row.clone(),
            judged_as_of: decision.judged_as_of,
            tables_version: decision.tables_version.clone(),
            is_override: decision.is_override,
            reason: decision.reason.clone(),
            second_reader: decision.second_reader.as_ref().map(|reader| {
                let read = entries.iter().find(|e| has_read(e, &decision.entry_id));
                let post = || self.campaign.find_post(reader);
                read.map(by)
                    .or_else(|| post().map(|p| p.label.clone()))
                    .unwrap_or_else(|| reader.clone())
            }),
        }
    }

    fn difference_views(&self, judged: &SiteJudgement) -> Vec<JudgedDifferenceView> {
        let differing = judged.differences.iter();
        differing
            .map(|d| JudgedDifferenceView {
                member: d.member.clone(),
                before: self.judged_label(&d.member, &d.before),
                after: self.judged_label(&d.member, &d.after),
            })
            .collect()
    }
}

/// The post that made an entry: role and unit.
fn post_of(entry: &RecordedEntry) -> String {
    let author = &entry.entry.author;
    let role = Role::from_code(&author.role).map_or(author.role.as_str(), |r| r.label());
    match author.unit.as_str() {
        "" => role.to_owned(),
        unit => format!("{role}，{unit}"),
    }
}

/// Whether an entry is a second reading of a decision.
fn has_read(entry: &RecordedEntry, decision: &str) -> bool {
    let of = match &entry.entry.body {
        EntryBody::CharacterizationConfirmed(b) => b.characterization,
        EntryBody::CharacterizationRejected(b) => b.characterization,
        EntryBody::CharacterizationWithdrawn(b) => b.characterization,
        _ => return false,
    };
    of.to_string() == decision
}

fn facts(page: &Page<'_>, judged: &SiteJudgement) -> Vec<JudgedFactView> {
    let filled = judged.sheet.facts.iter();
    filled
        .map(|fact| {
            let (label, value_label) = page.name_and_value(fact);
            JudgedFactView {
                name: fact.name.clone(),
                label,
                value: fact.value.clone(),
                value_label,
                why: page.why(fact),
                seqs: fact.sources.iter().map(|s| s.seq).collect(),
            }
        })
        .collect()
}

fn trace(page: &Page<'_>, judged: &SiteJudgement) -> Result<Vec<TraceView>, Error> {
    let ruleset = &JudgingBook::built_in()?.ruleset;
    let lines = judged.trace.iter();
    Ok(lines
        .map(|line| TraceView {
            table: line.table.clone(),
            table_label: ruleset.table_title(&line.table).to_owned(),
            row: line.row.clone(),
            value: line.value.clone(),
            failed: line
                .failed
                .as_deref()
                .map(|condition| page.in_words(&line.table, condition)),
        })
        .collect())
}

/// The words of a member of results.
fn words_of(member: &str) -> Result<Vec<CodeView>, Error> {
    let words = JudgingBook::built_in()?.ruleset.words(member);
    Ok(words.map_or_else(Vec::new, |w| {
        let all = w.0.iter();
        all.map(|word| CodeView {
            code: word.code.clone(),
            label: word.label.clone(),
        })
        .collect()
    }))
}
