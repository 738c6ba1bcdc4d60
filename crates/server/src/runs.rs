//! 查疑运行 — the search over all dossiers while the server serves: one at a time, started by a person or by the clock. It
//! reads beside everybody else and writes in small turns, so that nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use app::messages::Language;
use app::suspecting::{Noted, OfIssue, RunOutcome, Search, Stage};
use app::{Error, Session};
use domain::policy::{Action, Actor};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::desk::Desk;
use crate::problem::Problem;

/// What went wrong with a run.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RunFault {
    code: String,
    message: String,
}

/// 运行情况 — how far the search is, or what the last one found.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct RunView {
    /// `never`, `running`, `done`, `failed`.
    pub(crate) state: String,
    pub(crate) stage: Option<Stage>,
    pub(crate) stage_label: Option<String>,
    pub(crate) done: usize,
    pub(crate) total: usize,
    pub(crate) dry_run: bool,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    /// The account that started it; `nightly` for the clock.
    pub(crate) started_by: Option<String>,
    pub(crate) outcome: Option<RunOutcome>,
    pub(crate) error: Option<RunFault>,
}

/// Issues noted in one turn of writing.
const BATCH: usize = 20;
/// How often the clock is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Who starts it by the clock.
const NIGHTLY: &str = "nightly";

impl Desk {
    /// Starts a run for a caller who may.
    pub(crate) async fn start_run(
        &self,
        caller: &Caller,
        dry_run: bool,
    ) -> Result<RunView, Problem> {
        self.look(caller, |session, _| {
            session.may_somewhere(Action::FindSuspicion)
        })
        .await?;
        self.note(
            caller,
            "run_suspicions",
            if dry_run { "dry run" } else { "run" },
        );
        let actor = caller.actor.clone();
        let started = self.begin_run(actor, &caller.actor.id, caller.context.language, dry_run);
        started.map_err(|e| self.problem(&caller.context, &e))
    }

    /// How far the run is, for a caller who may read suspicions.
    pub(crate) async fn show_run(&self, caller: &Caller) -> Result<RunView, Problem> {
        self.look(caller, |session, _| {
            session.may_somewhere(Action::ReadSuspicions)
        })
        .await?;
        let mut view = self.run_view();
        let label = |stage: Stage| {
            let code = format!("suspecting.stage_{}", stage.code());
            self.messages(caller.context.language).text(&code, &[])
        };
        view.stage_label = view.stage.map(label);
        Ok(view)
    }

    fn begin_run(
        &self,
        actor: Actor,
        started_by: &str,
        language: Language,
        dry_run: bool,
    ) -> Result<RunView, Error> {
        let mut begun = RunView {
            state: "running".to_owned(),
            stage: Some(Stage::Reading),
            dry_run,
            started_at: Some(self.now()),
            started_by: Some(started_by.to_owned()),
            ..RunView::default()
        };
        let is_running = self.change_run(|run| {
            let is_running = run.state == "running";
            if !is_running {
                *run = begun.clone();
            }
            is_running
        });
        if is_running {
            let fault = app::diagnostic::Diagnostic::error("suspecting.running");
            return Err(Error::rejected(fault));
        }
        let desk = self.clone();
        tokio::task::spawn_blocking(move || desk.run(&actor, language, dry_run));
        let code = format!("suspecting.stage_{}", Stage::Reading.code());
        begun.stage_label = Some(self.messages(language).text(&code, &[]));
        Ok(begun)
    }

    /// The whole of a run, on a thread of its own.
    fn run(&self, actor: &Actor, language: Language, dry_run: bool) {
        // Whatever happens, the next run must be able to start.
        let over = Over(self.clone());
        let result = self.try_run(actor, language, dry_run);
        let fault = result.as_ref().err().map(|error| {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "the search for suspicions failed"
            );
            let (message, _) = self.messages(language).error(error);
            RunFault {
                code: error.code(),
                message,
            }
        });
        self.change_run(|run| {
            run.state = if fault.is_some() { "failed" } else { "done" }.to_owned();
            run.error = fault;
            run.outcome = result.ok();
            run.finished_at = Some(self.now());
        });
        drop(over);
    }

    fn try_run(
        &self,
        actor: &Actor,
        language: Language,
        dry_run: bool,
    ) -> Result<RunOutcome, Error> {
        let progress = |stage: Stage, done: usize, total: usize| {
            self.change_run(|run| {
                (run.stage, run.done, run.total) = (Some(stage), done, total);
            });
        };
        let mut search: Search = self.reading(actor, language, |session| {
            session.search_suspicions(&progress)
        })?;
        if dry_run {
            return self.reading(actor, language, |session| {
                session.tell_suspicions(&mut search);
                Ok(std::mem::take(&mut search.outcome))
            });
        }
        let found: Vec<OfIssue> = std::mem::take(&mut search.found);
        let mut noted = Noted::default();
        for (nth, batch) in found.chunks(BATCH).enumerate() {
            progress(Stage::Writing, nth * BATCH, found.len());
            noted.add(self.writing(actor, language, batch)?);
        }
        search.finish(noted)
    }

    /// Starts a run every day at an hour of UTC+8.
    pub(crate) async fn run_nightly(self, hour: i8) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        let mut last = None;
        loop {
            tick.tick().await;
            let now = app::local_time(self.now());
            if now.hour() != hour || last == Some(now.date()) {
                continue;
            }
            last = Some(now.date());
            let begun = self
                .nightly_actor()
                .and_then(|actor| self.begin_run(actor, NIGHTLY, Language::Chinese, false));
            if let Err(error) = begun {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the nightly search for suspicions could not start"
                );
            }
        }
    }

    fn nightly_actor(&self) -> Result<Actor, Error> {
        let post = app::Post::parse("office")?;
        self.setting()?.actor(&post, Some(NIGHTLY))
    }

    /// Work that only reads, for a post, on the thread that asks.
    fn reading<T>(
        &self,
        actor: &Actor,
        language: Language,
        work: impl FnOnce(&Session) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let register = self.take_reader()?;
        let setting = self.current_setting(&register)?;
        let messages = Arc::clone(self.messages(language));
        let session = setting.session(register, actor.clone(), self.now(), messages);
        let result = work(&session);
        self.keep_reader(session.register);
        result
    }

    fn writing(
        &self,
        actor: &Actor,
        language: Language,
        batch: &[OfIssue],
    ) -> Result<Noted, Error> {
        let messages = Arc::clone(self.messages(language));
        self.write_as(actor.clone(), messages, |session| {
            session.note_suspicions(batch)
        })
    }

    fn run_view(&self) -> RunView {
        let mut view = self.change_run(|run| run.clone());
        if view.state.is_empty() {
            view.state = "never".to_owned();
        }
        view
    }
}

/// Says that a run is over, also where it broke off.
struct Over(Desk);

impl Drop for Over {
    fn drop(&mut self) {
        // What came to an end told so itself; another run may have begun since.
        if !std::thread::panicking() {
            return;
        }
        let now = self.0.now();
        self.0.change_run(|run| {
            if run.state == "running" {
                run.state = "failed".to_owned();
            }
            run.finished_at = Some(now);
        });
    }
}
