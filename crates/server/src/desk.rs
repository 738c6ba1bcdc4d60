//! 服务台 — what all requests share: one connection that writes, several that read, the accounts, the atlas, the words.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::time::{Duration, Instant};

use app::atlas::{Atlas, AtlasRead, Atlases};
use app::field::{OpenItems, Packs, Uploads};
use app::messages::{Language, Messages};
use app::notices::{self, Digest, DigestPreview, NoticeSettings};
use app::people::{self, Access, Accounts, Person, Visitor};
use app::{Error, Post, Register, Session, Setting, Viewer};
use axum::body::Bytes;
use domain::policy::{Actor, Role};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinError;

use crate::Options;
use crate::caller::{Caller, Context};
use crate::lanes::{Lanes, Throttle};
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::routes::TileCabinet;
use crate::runs::RunView;
use crate::told::{FigureShelf, Told};

/// 服务台 — shared by all requests.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

/// Visitors by the digest of their token, with the time they were recognized.
type Visitors = HashMap<[u8; 32], (Arc<Visitor>, Timestamp)>;

struct Inner {
    home: PathBuf,
    register: app::Address,
    clock: fn() -> Timestamp,
    web: Option<PathBuf>,
    /// Online sources for the map, as configured.
    basemaps: Arc<Vec<app::Basemap>>,
    /// Who is told what by mail and group robots; nobody unless it is configured.
    notices: Option<Arc<NoticeSettings>>,
    /// Rung when something waits in the outbox.
    outbox_bell: Notify,
    public_url: Option<String>,
    is_behind_proxy: bool,
    readers: Mutex<Vec<Register>>,
    /// Whether the size of the log is but a look at a file.
    is_file: bool,
    /// As many reads at once as there are processors to do them.
    reading: Arc<Semaphore>,
    /// Idle readers kept; as many as may read at once.
    most_readers: usize,
    writer: Mutex<Option<Register>>,
    /// One write at a time, in the order they came.
    writing: Arc<Semaphore>,
    accounts: Mutex<Accounts>,
    /// Who was recognized by which token lately; forgotten with every change of accounts.
    visitors: Mutex<Visitors>,
    setting: RwLock<Known>,
    chinese: Arc<Messages>,
    english: Arc<Messages>,
    atlases: Atlases,
    metrics: Metrics,
    tiles: TileCabinet,
    figures: FigureShelf,
    /// Size of the log as last seen; looked at again and again for writers other than this program.
    known_size: AtomicU64,
    /// The same by the last look of a quick answer, and when that was.
    looked: Mutex<Option<(Instant, u64)>>,
    /// Loads of the whole atlas that the kept tiles follow from.
    tiles_of_load: AtomicU64,
    accesses: Mutex<Vec<Access>>,
    /// Rung when so many accesses wait that they are written before their time.
    accesses_bell: Notify,
    /// The search for suspicions under way, or the last one.
    run_told: Mutex<RunView>,
    run: String,
    requests: AtomicU64,
    /// Packs of phones made lately, and files of theirs under way.
    packs: Packs,
    uploads: Uploads,
    /// Pieces of files taken at once; each is in memory while it is.
    chunks: Arc<Semaphore>,
    /// What each phone has under way.
    lanes: Arc<Lanes>,
    /// Rescue files that come in at once, and those that are opened: one after the other.
    spooling: Arc<Semaphore>,
    opening: Arc<Semaphore>,
    /// Questions of people without a session.
    throttle: Throttle,
}

/// The setting, and the log size at which it was looked at.
struct Known {
    setting: Setting,
    log_size: u64,
}

/// 待落账 — which items are to be tried.
#[derive(Debug, Clone)]
pub(crate) enum Waiting {
    Received,
    Ids(Vec<String>),
    OfDevice(String),
    File(String),
    OfStream(Vec<String>),
}

impl Waiting {
    fn borrowed(&self) -> OpenItems<'_> {
        match self {
            Self::Received => OpenItems::Received,
            Self::Ids(ids) => OpenItems::Ids(ids),
            Self::OfDevice(id) => OpenItems::OfDevice(id),
            Self::File(sha256) => OpenItems::AwaitingFile(sha256),
            Self::OfStream(names) => OpenItems::OfStreams(names),
        }
    }
}

/// What is answered depends on the program too.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Addresses that tell words, laws and numbers of notations, nothing of any site.
const WORDS: [&str; 5] = [
    "/api/v1/config",
    "/api/v1/convert",
    "/api/v1/law/",
    "/api/v1/map/",
    "/api/v1/rules/tables",
];

/// Accesses are written together, so often.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// So many accesses are written without waiting for their time: a second's worth of a busy server would hold up who logs in
/// meanwhile, and take as much memory.
const MANY_ACCESSES: usize = 2_000;

/// A token's owner is looked up again after so long; changes by this program are seen at once.
const RECOGNIZED_FOR: SignedDuration = SignedDuration::from_secs(5);
/// Tokens remembered.
const MOST_RECOGNIZED: usize = 10_000;
/// Pieces of files of phones taken at once.
const MOST_CHUNKS: usize = 256;
/// Rescue files that come in at once; each may be as large as a phone is full.
const MOST_SPOOLS: usize = 4;
/// A phone is answered after so long, whether or not its items had their turn.
const SETTLE_PATIENCE: Duration = Duration::from_secs(8);
/// How often items that wait for a turn are tried again.
const SETTLE_EVERY: Duration = Duration::from_secs(2);
/// How often what was left behind is swept.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// How long pieces are kept with which nobody goes on.
const PIECES_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// How often the log is looked at for entries of other programs.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a look at the log's size lasts for quick answers: less than another program takes to end and somebody to ask.
const LOOK_LASTS: Duration = Duration::from_millis(5);
/// How long nothing is looked for after it could not be read.
const AFTER_FAULT: Duration = Duration::from_secs(30);

/// What an answer is known by: the program, the log it follows from, the day, and who asked for what.
fn etag_of(log_size: u64, today: Date, mark: &str) -> String {
    format!("W/\"{VERSION}-{log_size}-{today}-{mark}\"")
}

/// Whether a post is what it was when its holder was recognized. If it covers something else by now, they are to ask again:
/// what is kept by their rights must have been made with them.
fn is_still(visitor: &Visitor, actor: &Actor, setting: &Setting) -> bool {
    visitor.actor(setting).is_ok_and(|now| now == *actor)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking request left is whole: every change under these locks is one assignment.
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Work away from the threads that serve, one of as many as the gate lets in. The permit lasts as long as the work,
/// also where nobody waits for it any more: a caller who hangs up makes no room for further work.
async fn admitted<T: Send + 'static>(
    gate: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    let permit = Arc::clone(gate).acquire_owned().await;
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    })
    .await
}

impl Desk {
    /// Opens register and accounts; the code lets the first administrator in, while there is nobody.
    pub fn open(options: &Options) -> Result<(Self, Option<String>), Error> {
        let writer = Register::open(&options.register)?;
        let setting = Setting::load(&writer)?;
        let log_size = writer.log_size()?;
        let mut accounts = Accounts::open(&options.home)?;
        let setup_code = people::setup_code(&mut accounts)?;
        app::import::sweep_waiting(&options.home, (options.clock)());
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let most_readers = (threads * 2).max(4);
        let run = people::new_secret()?[..8].to_owned();
        let desk = Self(Arc::new(Inner {
            home: options.home.clone(),
            register: options.register.clone(),
            clock: options.clock,
            web: options.web.clone(),
            basemaps: Arc::new(app::load_basemaps(&options.home)?),
            notices: notices::load_settings(&options.home)?.map(Arc::new),
            outbox_bell: Notify::new(),
            public_url: options.public_url.clone(),
            is_behind_proxy: options.is_behind_proxy,
            readers: Mutex::new(Vec::new()),
            is_file: writer.is_file(),
            reading: Arc::new(Semaphore::new(most_readers)),
            most_readers,
            writer: Mutex::new(Some(writer)),
            writing: Arc::new(Semaphore::new(1)),
            accounts: Mutex::new(accounts),
            visitors: Mutex::new(HashMap::new()),
            setting: RwLock::new(Known { setting, log_size }),
            chinese: Arc::new(Messages::load(Language::Chinese)),
            english: Arc::new(Messages::load(Language::English)),
            atlases: Atlases::default(),
            metrics: Metrics::default(),
            tiles: TileCabinet::default(),
            figures: FigureShelf::default(),
            known_size: AtomicU64::new(log_size),
            looked: Mutex::new(None),
            tiles_of_load: AtomicU64::new(0),
            accesses: Mutex::new(Vec::new()),
            accesses_bell: Notify::new(),
            run_told: Mutex::new(RunView::default()),
            run,
            requests: AtomicU64::new(0),
            packs: Packs::default(),
            uploads: Uploads::new(&options.home),
            chunks: Arc::new(Semaphore::new(MOST_CHUNKS)),
            lanes: Arc::default(),
            spooling: Arc::new(Semaphore::new(MOST_SPOOLS)),
            opening: Arc::new(Semaphore::new(1)),
            throttle: Throttle::default(),
        }));
        Ok((desk, setup_code))
    }

    pub(crate) fn home(&self) -> &Path {
        &self.0.home
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    pub(crate) fn web(&self) -> Option<&Path> {
        self.0.web.as_deref()
    }

    /// Online sources for the map; none unless the bureau configured them.
    pub(crate) fn basemaps(&self) -> &Arc<Vec<app::Basemap>> {
        &self.0.basemaps
    }

    /// Who is told what by mail and group robots; nobody unless it is configured.
    pub(crate) fn notices(&self) -> Option<&Arc<NoticeSettings>> {
        self.0.notices.as_ref()
    }

    pub(crate) fn outbox_bell(&self) -> &Notify {
        &self.0.outbox_bell
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn atlases(&self) -> &Atlases {
        &self.0.atlases
    }

    pub(crate) fn tiles(&self) -> &TileCabinet {
        &self.0.tiles
    }

    /// Size of the log as last seen.
    pub(crate) fn known_size(&self) -> u64 {
        self.0.known_size.load(Ordering::Acquire)
    }

    /// Drops kept tiles in which something changed. Cheap while nothing did.
    pub(crate) fn drop_touched_tiles(&self) {
        let loads = self.0.atlases.loads();
        if self.0.tiles_of_load.swap(loads, Ordering::AcqRel) != loads {
            self.0.tiles.clear();
        }
        if self.0.atlases.is_touched() {
            let boxes = self.0.atlases.take_touched();
            self.0.tiles.drop_touched(&boxes);
        }
    }

    /// Brings atlas and kept tiles up to the log, for writers other than this program too.
    pub(crate) async fn keep_current(self) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        loop {
            tick.tick().await;
            let desk = self.clone();
            let looked = tokio::task::spawn_blocking(move || desk.catch_up()).await;
            if let Ok(Ok(())) = looked {
                continue;
            }
            // A panic is reported by its own hook.
            if let Ok(Err(error)) = looked {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the atlas could not be brought up to date"
                );
            }
            // Loading reads the whole register; what cannot be read now will hardly be in half a second.
            tokio::time::sleep(AFTER_FAULT).await;
        }
    }

    fn catch_up(&self) -> Result<(), Error> {
        let register = self.take_reader()?;
        let size = register.log_size()?;
        let result = if size > self.known_size() || self.0.atlases.loads() == 0 {
            self.0.atlases.read(&register, app::AsOf::Now).map(drop)
        } else {
            Ok(())
        };
        self.0.known_size.fetch_max(size, Ordering::AcqRel);
        self.keep_reader(register);
        result
    }

    pub(crate) fn is_behind_proxy(&self) -> bool {
        self.0.is_behind_proxy
    }

    /// Whether people come by `https`, so that cookies may be of the kind that only goes that way.
    pub(crate) fn is_secure(&self) -> bool {
        self.0
            .public_url
            .as_deref()
            .is_some_and(|u| u.starts_with("https://"))
    }

    pub(crate) fn public_url(&self) -> Option<&str> {
        self.0.public_url.as_deref()
    }

    pub(crate) fn messages(&self, language: Language) -> &Arc<Messages> {
        match language {
            Language::Chinese => &self.0.chinese,
            Language::English => &self.0.english,
        }
    }

    /// Ids of requests: which run of the program, and the how manieth.
    pub(crate) fn next_request_id(&self) -> Arc<str> {
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{}-{number}", self.0.run).into()
    }

    /// The accounts, for work that is over quickly.
    pub(crate) fn accounts(&self) -> MutexGuard<'_, Accounts> {
        lock(&self.0.accounts)
    }

    /// Who a token belongs to, by an answer of the last seconds or by the accounts.
    pub(crate) async fn visitor(
        &self,
        context: &Context,
        token: String,
        is_secret: bool,
    ) -> Result<Option<Arc<Visitor>>, Problem> {
        let now = self.now();
        let key = people::digest_of(&token);
        if let Some((visitor, at)) = lock(&self.0.visitors).get(&key)
            && now.duration_since(*at) < RECOGNIZED_FOR
        {
            return Ok(Some(Arc::clone(visitor)));
        }
        let desk = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut accounts = desk.accounts();
            let found = match is_secret {
                true => people::visit_by_token(&accounts, &token, now),
                false => people::visit(&mut accounts, &token, now),
            };
            let found = found?.map(Arc::new);
            if let Some(visitor) = &found {
                // While the accounts are in hand: whoever changes them next forgets this again.
                let mut visitors = lock(&desk.0.visitors);
                if visitors.len() > MOST_RECOGNIZED {
                    visitors.clear();
                }
                visitors.insert(key, (Arc::clone(visitor), now));
            }
            Ok::<_, Error>(found)
        });
        self.finish(context, done.await)
    }

    /// Work with the accounts, away from the threads that serve.
    pub(crate) async fn with_accounts<T: Send + 'static>(
        &self,
        context: &Context,
        work: impl FnOnce(&mut Accounts, &Setting, Timestamp) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let desk = self.clone();
        let now = self.now();
        let done = tokio::task::spawn_blocking(move || {
            let setting = desk.setting()?;
            let result = work(&mut desk.accounts(), &setting, now);
            // Whatever changed is seen by the next request.
            lock(&desk.0.visitors).clear();
            result
        });
        self.finish(context, done.await)
    }

    /// A question to the accounts, away from the threads that serve.
    pub(crate) async fn look_up<T: Send + 'static>(
        &self,
        context: &Context,
        work: impl FnOnce(&Accounts) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let desk = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&desk.accounts()));
        self.finish(context, done.await)
    }

    pub(crate) fn packs(&self) -> &Packs {
        &self.0.packs
    }

    pub(crate) fn uploads(&self) -> &Uploads {
        &self.0.uploads
    }

    pub(crate) fn chunks(&self) -> &Arc<Semaphore> {
        &self.0.chunks
    }

    pub(crate) fn lanes(&self) -> &Arc<Lanes> {
        &self.0.lanes
    }

    pub(crate) fn spooling(&self) -> &Arc<Semaphore> {
        &self.0.spooling
    }

    pub(crate) fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    /// Long work with a rescue file: one at a time, and in nobody's way who reads.
    pub(crate) async fn open_rescue<T: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&Session) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let desk = self.clone();
        let actor = caller.actor.clone();
        let messages = Arc::clone(self.messages(caller.context.language));
        let done = admitted(&self.0.opening, move || {
            let register = desk.take_reader()?;
            let setting = desk.current_setting(&register)?;
            let session = setting.session(register, actor, desk.now(), messages);
            let result = work(&session);
            desk.keep_reader(session.register);
            result
        });
        self.finish(&caller.context, done.await)
    }

    /// The accounts, for work that holds them for moments only while it does something longer.
    pub(crate) fn accounts_of(&self) -> &Mutex<Accounts> {
        &self.0.accounts
    }

    /// Forgets who was recognized: a phone was enrolled or locked.
    pub(crate) fn forget_visitors(&self) {
        lock(&self.0.visitors).clear();
    }

    /// Appends what phones sent and waits for nothing any more. Whoever asks waits for a while only: the work goes on.
    pub(crate) async fn settle_items(&self, which: Waiting) {
        let desk = self.clone();
        let work = async move {
            let inner = desk.clone();
            let done = admitted(&inner.0.writing, move || desk.settle_now(&which)).await;
            if let Ok(Err(error)) = done {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "items of phones could not be settled; they are tried again"
                );
            }
        };
        // Out of patience is no fault.
        let _ = tokio::time::timeout(SETTLE_PATIENCE, tokio::spawn(work)).await;
    }

    fn settle_now(&self, which: &Waiting) -> Result<(), Error> {
        let nobody = Post {
            role: Role::Public,
            station: None,
        };
        // Who acts is said by each item.
        let actor = self.setting()?.actor(&nobody, None)?;
        let messages = Arc::clone(self.messages(Language::Chinese));
        self.write_as(actor, messages, |session| {
            app::field::settle(session, self.accounts_of(), &which.borrowed())
        })
        .map(drop)
    }

    /// Tries again what waits for a turn, and sweeps what was left behind.
    pub(crate) async fn settle_from_time_to_time(self) {
        let mut swept_at = None;
        let mut tick = tokio::time::interval(SETTLE_EVERY);
        loop {
            tick.tick().await;
            let now = self.now();
            if swept_at.is_none_or(|at| now.duration_since(at) >= SWEEP_EVERY) {
                swept_at = Some(now);
                let desk = self.clone();
                // A panic in it is reported by its own hook; tomorrow it is tried again.
                let _ = tokio::task::spawn_blocking(move || desk.sweep()).await;
            }
            let desk = self.clone();
            let looked = tokio::task::spawn_blocking(move || {
                desk.accounts().open_items(&OpenItems::Received, now, 1)
            });
            if looked
                .await
                .is_ok_and(|found| found.is_ok_and(|i| !i.is_empty()))
            {
                self.settle_items(Waiting::Received).await;
            }
        }
    }

    /// Throws away what was left behind of files, and tidies up what phones sent.
    fn sweep(&self) {
        let now = std::time::SystemTime::from(self.now());
        if let Some(before) = now.checked_sub(PIECES_KEPT) {
            self.uploads().sweep(before, now);
        }
        if let Err(error) = self.tidy(now) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "items of phones could not be tidied up; it is tried again tomorrow"
            );
        }
    }

    fn tidy(&self, now: std::time::SystemTime) -> Result<(), Error> {
        let register = self.take_reader()?;
        if let Some(before) = now.checked_sub(PIECES_KEPT) {
            register.sweep_blobs(before);
        }
        let setting = self.current_setting(&register)?;
        let nobody = Post {
            role: Role::Public,
            station: None,
        };
        let actor = setting.actor(&nobody, None)?;
        let messages = Arc::clone(self.messages(Language::Chinese));
        let session = setting.session(register, actor, self.now(), messages);
        let result = app::field::tidy(&session, self.accounts_of());
        self.keep_reader(session.register);
        result
    }

    fn finish<T>(
        &self,
        context: &Context,
        done: Result<Result<T, Error>, JoinError>,
    ) -> Result<T, Problem> {
        match done {
            Ok(result) => result.map_err(|e| self.problem(context, &e)),
            Err(join) => match join.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is being shut down; nobody waits for the answer.
                Err(cancelled) => Err(self.problem(context, &Error::internal(cancelled))),
            },
        }
    }

    pub(crate) fn problem(&self, context: &Context, error: &Error) -> Problem {
        Problem::of(error, self.messages(context.language), &context.request_id)
    }

    /// The setting in force; read anew when the log says that it changed.
    pub(crate) fn setting(&self) -> Result<Setting, Error> {
        let known = self.0.setting.read().unwrap_or_else(|e| e.into_inner());
        Ok(known.setting.clone())
    }

    pub(crate) fn current_setting(&self, register: &Register) -> Result<Setting, Error> {
        self.setting_at(register, register.log_size()?)
    }

    /// The setting that a log of this size gives, or a later one.
    fn setting_at(&self, register: &Register, size: u64) -> Result<Setting, Error> {
        {
            let known = self.0.setting.read().unwrap_or_else(|e| e.into_inner());
            if known.log_size >= size {
                return Ok(known.setting.clone());
            }
        }
        let mut known = self.0.setting.write().unwrap_or_else(|e| e.into_inner());
        let mut is_changed = false;
        register.stored_entries::<Error>(known.log_size, size, |entry| {
            is_changed |= matches!(entry.kind, "campaign.opened" | "reserve.registered");
            Ok(())
        })?;
        if is_changed {
            known.setting = Setting::load(register)?;
        }
        known.log_size = known.log_size.max(size);
        Ok(known.setting.clone())
    }

    pub(crate) fn take_reader(&self) -> Result<Register, Error> {
        let free = lock(&self.0.readers).pop();
        match free {
            Some(register) => Ok(register),
            None => Ok(Register::open_read_only(&self.0.register)?),
        }
    }

    pub(crate) fn keep_reader(&self, register: Register) {
        let mut readers = lock(&self.0.readers);
        if readers.len() < self.0.most_readers {
            readers.push(register);
        }
    }

    /// Work that only reads, in a session of the caller's post.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&Session, &Atlases) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        self.look_from(caller, move |session, atlases, _| work(session, atlases))
            .await
    }

    /// The same, told the log size from which on everything was looked at: setting, rights and atlas are of that log or a
    /// later one.
    async fn look_from<T: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&Session, &Atlases, u64) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let desk = self.clone();
        let (visitor, actor) = (Arc::clone(&caller.visitor), caller.actor.clone());
        let messages = Arc::clone(self.messages(caller.context.language));
        let done = admitted(&self.0.reading, move || {
            let register = desk.take_reader()?;
            let size = register.log_size()?;
            let setting = desk.setting_at(&register, size)?;
            if !is_still(&visitor, &actor, &setting) {
                desk.keep_reader(register);
                return Err(Error::Loading);
            }
            let session = setting.session(register, actor, desk.now(), messages);
            let result = work(&session, desk.atlases(), size);
            desk.keep_reader(session.register);
            result
        });
        self.finish(&caller.context, done.await)
    }

    /// Work upon the atlas of now alone: if it is short and the atlas is at hand, on the thread that serves; else away
    /// from it, like other work that reads.
    pub(crate) async fn glance<T: Send + 'static>(
        &self,
        caller: &Caller,
        is_short: bool,
        work: impl FnOnce(&Viewer, &Atlas) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        if is_short && let Some((viewer, atlas)) = self.at_hand(caller) {
            return work(&viewer, &atlas).map_err(|e| self.problem(&caller.context, &e));
        }
        let looked = self.look(caller, move |session, atlases| {
            let atlas = session.atlas(atlases, app::AsOf::Now)?;
            work(&session.viewer, &atlas)
        });
        // By itself: what is short is moved a few times and need not have room for it.
        Box::pin(looked).await
    }

    /// The caller under the setting in force and the atlas of now, where neither waiting nor a database is needed for them.
    fn at_hand(&self, caller: &Caller) -> Option<(Viewer, AtlasRead<'_>)> {
        let size = self.quick_log_size()?;
        let setting = {
            let known = self.0.setting.read().unwrap_or_else(|e| e.into_inner());
            (known.log_size >= size).then(|| known.setting.clone())?
        };
        if !is_still(&caller.visitor, &caller.actor, &setting) {
            return None;
        }
        let messages = Arc::clone(self.messages(caller.context.language));
        let viewer = setting.viewer(caller.actor.clone(), messages);
        Some((viewer, self.atlases().at_hand(size)?))
    }

    /// Size of the log where asking for it is but a look at a file. What this program wrote is seen at once; for what others
    /// write, quick answers share one look for a moment.
    fn quick_log_size(&self) -> Option<u64> {
        let looked = *lock(&self.0.looked);
        if let Some((at, size)) = looked
            && at.elapsed() < LOOK_LASTS
        {
            return Some(size.max(self.known_size()));
        }
        let register = lock(&self.0.readers).pop().filter(|_| self.0.is_file)?;
        let began = Instant::now();
        let size = register.log_size().ok();
        self.keep_reader(register);
        *lock(&self.0.looked) = size.map(|size| (began, size));
        size
    }

    /// The same with an entity tag: if the caller has what would be answered, nothing is worked out. That somebody looked
    /// is noted, but for the words that every screen needs.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&Session, &Atlases) -> Result<T, Error> + Send + 'static,
    ) -> Result<Told<T>, Problem> {
        self.note_view(caller);
        let mark = caller.mark();
        let has = caller.if_none_match.clone();
        let answer = self
            .look_from(caller, move |session, atlases, size| {
                let etag = etag_of(size, session.today(), &mark);
                if has.as_deref().is_some_and(|h| h.contains(&etag)) {
                    return Ok(None);
                }
                Ok(Some(Told {
                    value: work(session, atlases)?,
                    etag,
                }))
            })
            .await?;
        answer.ok_or_else(Problem::not_modified)
    }

    /// The same for figures and lists that take a look at everything and are asked for again and again: the answer is kept
    /// as it is sent, until something changes.
    pub(crate) async fn read_figures<T: Serialize + Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&Session, &Atlases) -> Result<T, Error> + Send + 'static,
    ) -> Result<Told<Bytes>, Problem> {
        if let Some(size) = self.quick_log_size() {
            let etag = etag_of(size, app::civil_day(self.now()), &caller.mark());
            if let Some(value) = self.0.figures.find(&etag) {
                self.note_view(caller);
                let has = caller.if_none_match.as_deref();
                return match has.is_some_and(|h| h.contains(&etag)) {
                    true => Err(Problem::not_modified()),
                    false => Ok(Told { value, etag }),
                };
            }
        }
        let work = move |session: &Session, atlases: &Atlases| {
            let value = work(session, atlases)?;
            let text = serde_json::to_vec(&value).map_err(Error::internal)?;
            Ok(Bytes::from(text))
        };
        let told = Box::pin(self.read(caller, work)).await?;
        // Only where the size of the log is at hand is a kept answer ever looked for.
        if self.0.is_file {
            self.0.figures.keep(&told.etag, &told.value);
        }
        Ok(told)
    }

    fn note_view(&self, caller: &Caller) {
        if WORDS.iter().any(|path| caller.path().starts_with(path)) {
            return;
        }
        let filters = caller.filters();
        let asked = match filters.is_empty() {
            true => caller.path().to_owned(),
            false => format!("{}?{filters}", caller.path()),
        };
        self.note(caller, "view", &asked);
    }

    /// Work that writes, one at a time.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&mut Session, &Atlases) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let desk = self.clone();
        let (actor, messages) = (
            caller.actor.clone(),
            Arc::clone(self.messages(caller.context.language)),
        );
        let done = admitted(&self.0.writing, move || {
            desk.write_as(actor, messages, |session| work(session, desk.atlases()))
        });
        self.finish(&caller.context, done.await)
    }

    /// The write itself, on the thread that asks.
    pub(crate) fn write_as<T>(
        &self,
        actor: Actor,
        messages: Arc<Messages>,
        work: impl FnOnce(&mut Session) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut slot = lock(&self.0.writer);
        // A request that panicked took the connection with it.
        let register = match slot.take() {
            Some(register) => register,
            None => Register::open(&self.0.register)?,
        };
        let setting = self.current_setting(&register)?;
        let mut session = setting.session(register, actor, self.now(), messages);
        let result = work(&mut session);
        // What this write added is seen by whoever asks next.
        let seen = session
            .atlas(self.atlases(), app::AsOf::Now)
            .map(|atlas| atlas.log_size);
        if let Ok(size) = seen {
            self.0.known_size.fetch_max(size, Ordering::AcqRel);
        }
        *slot = Some(session.register);
        result
    }

    /// Looks at the search for suspicions, or changes what is told of it.
    pub(crate) fn change_run<T>(&self, change: impl FnOnce(&mut RunView) -> T) -> T {
        change(&mut lock(&self.0.run_told))
    }

    /// What a person has to do today, over all posts they hold. It reads the register: not for the threads that serve.
    pub(crate) fn digest_of(&self, person: &Person, language: Language) -> Result<Digest, Error> {
        let register = self.take_reader()?;
        let setting = self.current_setting(&register)?;
        // Until a post of the person's is taken, nobody in particular.
        let nobody = Post {
            role: Role::Public,
            station: None,
        };
        let actor = setting.actor(&nobody, None)?;
        let messages = Arc::clone(self.messages(language));
        let mut session = setting.session(register, actor, self.now(), messages);
        let digest = notices::digest(&mut session, self.atlases(), person, self.public_url());
        self.keep_reader(session.register);
        digest
    }

    /// What the caller's own digest would say now; an API token speaks for its one post.
    pub(crate) async fn preview_digest(&self, caller: &Caller) -> Result<DigestPreview, Problem> {
        let desk = self.clone();
        let language = caller.context.language;
        let mut person = caller.visitor.person.clone();
        if caller.visitor.token.is_some() {
            person.posts = caller.visitor.post.iter().cloned().collect();
        }
        let done = admitted(&self.0.reading, move || {
            let digest = desk.digest_of(&person, language)?;
            Ok(notices::preview(digest, &person, desk.messages(language)))
        });
        self.finish(&caller.context, done.await)
    }

    /// Notes that somebody looked at, exported or downloaded something.
    pub(crate) fn note(&self, caller: &Caller, action: &str, object: &str) {
        let access = Access {
            at: self.now(),
            person_id: Some(caller.visitor.person.person_id.clone()),
            post: caller.visitor.post_text(),
            action: action.to_owned(),
            object: object.to_owned(),
            address: caller.context.address(),
            request_id: caller.context.request_id.to_string(),
        };
        self.keep_access(access);
    }

    /// Notes what happened to somebody who is not in yet.
    pub(crate) fn note_login(&self, context: &Context, person_id: Option<&str>, action: &str) {
        let access = Access {
            at: self.now(),
            person_id: person_id.map(str::to_owned),
            post: String::new(),
            action: action.to_owned(),
            object: "session".to_owned(),
            address: context.address(),
            request_id: context.request_id.to_string(),
        };
        self.keep_access(access);
    }

    fn keep_access(&self, access: Access) {
        let mut waiting = lock(&self.0.accesses);
        waiting.push(access);
        if waiting.len() == MANY_ACCESSES {
            self.0.accesses_bell.notify_one();
        }
    }

    /// Writes what was noted.
    pub(crate) fn flush_accesses(&self) {
        self.flush_accesses_into(&mut self.accounts());
    }

    /// Writes what was noted, by somebody who has the accounts in hand.
    pub(crate) fn flush_accesses_into(&self, accounts: &mut Accounts) {
        let noted = std::mem::take(&mut *lock(&self.0.accesses));
        if noted.is_empty() {
            return;
        }
        if let Err(error) = people::log_access(accounts, &noted) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                count = noted.len(),
                "the access log could not be written"
            );
        }
    }

    pub(crate) async fn flush_accesses_from_time_to_time(self) {
        let mut tick = tokio::time::interval(FLUSH_EVERY);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.0.accesses_bell.notified() => {}
            }
            let desk = self.clone();
            // A panic in it is reported by its own hook; the next round goes on.
            let _ = tokio::task::spawn_blocking(move || desk.flush_accesses()).await;
        }
    }

    /// Smallest box around the reserve, once it has a boundary.
    pub(crate) async fn reserve_box(&self, context: &Context) -> Result<Option<[f64; 4]>, Problem> {
        let desk = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let register = desk.take_reader()?;
            let setting = desk.current_setting(&register)?;
            let found = app::reserve_box(&register, &setting);
            desk.keep_reader(register);
            found
        });
        self.finish(context, done.await)
    }

    /// Size of the log now.
    pub(crate) async fn log_size(&self, context: &Context) -> Result<u64, Problem> {
        self.consult(context, |register| Ok(register.log_size()?))
            .await
    }

    /// What anybody may ask of the log, without a session.
    pub(crate) async fn consult<T: Send + 'static>(
        &self,
        context: &Context,
        work: impl FnOnce(&Register) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let desk = self.clone();
        let done = admitted(&self.0.reading, move || {
            let register = desk.take_reader()?;
            let result = work(&register);
            desk.keep_reader(register);
            result
        });
        self.finish(context, done.await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_keeps_its_place_when_the_caller_hangs_up() {
        let gate = Arc::new(Semaphore::new(1));
        let (began, has_begun) = tokio::sync::oneshot::channel();
        let (finish, told_to_finish) = std::sync::mpsc::channel::<()>();
        let caller = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move {
                admitted(&gate, move || {
                    // Whoever waits for either end is this test.
                    let _ = began.send(());
                    let _ = told_to_finish.recv();
                })
                .await
            }
        });
        assert!(has_begun.await.is_ok());
        caller.abort();
        assert!(caller.await.is_err_and(|e| e.is_cancelled()));
        assert_eq!(gate.available_permits(), 0, "the thread works on");
        drop(finish);
        assert!(gate.acquire().await.is_ok(), "and then makes room");
    }
}
