//! The command line. Help texts are not here: they stand in `messages/<language>/cli.toml` by the name of command and argument.

use std::path::PathBuf;

use app::{Address, DatabaseAddress};
use clap::{Args, Parser, Subcommand, ValueEnum};

#[derive(Debug, Parser)]
#[command(name = "qingshan", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[arg(
        long,
        global = true,
        env = "QINGSHAN_HOME",
        default_value = "qingshan-home",
        value_name = "DIR"
    )]
    pub(crate) home: PathBuf,
    /// The database's address; it may hold a password, so help must not show what is set.
    #[arg(
        long,
        global = true,
        env = "QINGSHAN_REGISTER",
        hide_env_values = true,
        value_name = "postgres://…"
    )]
    pub(crate) register: Option<Secret>,
    #[arg(
        long,
        global = true,
        env = "QINGSHAN_LANG",
        default_value = "zh",
        value_name = "zh|en"
    )]
    pub(crate) lang: String,
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// `role` or `role@station`.
    #[arg(
        long = "as",
        global = true,
        env = "QINGSHAN_AS",
        default_value = "office",
        value_name = "POST"
    )]
    pub(crate) post: String,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// Where the register is: the folder, and the database if one was named.
    pub(crate) fn address(&self) -> Result<Address, app::Error> {
        let at = Address::of(&self.home);
        Ok(match self.database()? {
            Some(database) => at.in_database(database),
            None => at,
        })
    }

    /// The database that was named.
    pub(crate) fn database(&self) -> Result<Option<DatabaseAddress>, app::Error> {
        let named = match &self.command {
            Command::Init(init) => init.database.as_ref().or(self.register.as_ref()),
            _ => self.register.as_ref(),
        };
        Ok(named.map(|database| database.0.parse()).transpose()?)
    }
}

/// The address of a database as it was typed. It may hold a password: what is wrong with it is said later, by `app`,
/// because the parser of the command line would repeat it.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(Init),
    Import(Box<Import>),
    #[command(subcommand)]
    Backgrounds(BackgroundsCommand),
    Sites(Sites),
    Clues(Clues),
    Verify(Verify),
    Judge(Judge),
    #[command(subcommand)]
    Rules(RulesCommand),
    #[command(subcommand)]
    Law(LawCommand),
    Questions(Questions),
    Characterize(Characterize),
    #[command(subcommand)]
    Issues(IssuesCommand),
    Ledger(Ledger),
    Diff(Diff),
    Stats(Stats),
    Check(Check),
    Convert(Convert),
    #[command(subcommand)]
    Patrols(PatrolsCommand),
    #[command(subcommand)]
    Suspicions(SuspicionsCommand),
    #[command(subcommand)]
    Evidence(EvidenceCommand),
    #[command(subcommand)]
    Field(FieldCommand),
    #[command(subcommand)]
    Log(LogCommand),
    #[command(subcommand)]
    Register(RegisterCommand),
    Serve(Serve),
    #[command(subcommand)]
    People(PeopleCommand),
    #[command(subcommand)]
    Notices(NoticesCommand),
    Openapi,
    #[command(subcommand)]
    Bench(BenchCommand),
    Completions(Completions),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[arg(long, value_name = "N", default_value_t = 8320)]
    pub(crate) port: u16,
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(crate) bind: std::net::IpAddr,
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    #[arg(long)]
    pub(crate) behind_proxy: bool,
    #[arg(long, value_name = "DIR")]
    pub(crate) web: Option<PathBuf>,
    #[arg(long, value_name = "HOUR", value_parser = clap::value_parser!(i8).range(0..24))]
    pub(crate) suspicions_at: Option<i8>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    Verify {
        file: PathBuf,
        #[arg(long, value_name = "FILE", requires = "vkey")]
        proof: Option<PathBuf>,
        #[arg(long, value_name = "KEY", requires = "proof")]
        vkey: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum FieldCommand {
    Devices,
    Lock {
        device: String,
        #[arg(long, value_name = "CODE")]
        reason: String,
        #[arg(long, value_name = "TIME")]
        since: Option<jiff::Timestamp>,
        #[arg(long)]
        note: Option<String>,
    },
    Items {
        #[arg(long, value_name = "STATE,…")]
        state: Option<String>,
        #[arg(long, value_name = "STATION")]
        station: Option<String>,
        #[arg(long, value_name = "DEVICE")]
        device: Option<String>,
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
    },
    Decide {
        item: String,
        #[arg(long, value_name = "record|merge|refuse")]
        choice: String,
        /// `field=mine` or `field=theirs`.
        #[arg(long, value_name = "FIELD=mine|theirs", value_parser = chosen)]
        value: Vec<(String, String)>,
        #[arg(long)]
        reason: String,
    },
    Rescue {
        file: PathBuf,
    },
}

fn chosen(text: &str) -> Result<(String, String), String> {
    let (field, value) = text.split_once('=').ok_or("FIELD=mine|theirs")?;
    Ok((field.to_owned(), value.to_owned()))
}

#[derive(Debug, Subcommand)]
pub(crate) enum PatrolsCommand {
    List {
        #[arg(long, value_name = "STATION")]
        station: Option<String>,
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<String>,
        #[arg(long, value_name = "CODE")]
        kind: Option<String>,
        #[arg(long, value_name = "GRADE")]
        plausibility: Option<String>,
        #[arg(long, value_name = "yes|no")]
        reviewed: Option<String>,
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u64,
    },
    Show {
        #[arg(value_name = "PATROL")]
        patrol: String,
    },
    Coverage {
        #[arg(long, value_name = "STATION")]
        station: Option<String>,
        #[arg(long, value_name = "YYYY-MM", conflicts_with_all = ["from", "to", "days"])]
        month: Option<String>,
        #[arg(long, value_name = "DATE")]
        from: Option<jiff::civil::Date>,
        #[arg(long, value_name = "DATE")]
        to: Option<jiff::civil::Date>,
        #[arg(long, value_name = "N", conflicts_with = "from")]
        days: Option<u32>,
        #[arg(long)]
        reviewed_only: bool,
    },
    Plan {
        #[arg(value_name = "STATION")]
        station: String,
        #[arg(value_name = "YYYY-MM")]
        month: String,
        #[arg(long, conflicts_with = "adopt")]
        propose: bool,
        #[arg(long, value_name = "FILE")]
        adopt: Option<PathBuf>,
    },
    Stats {
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<String>,
    },
    File {
        #[arg(value_name = "FILE")]
        out: PathBuf,
        #[arg(long, value_name = "STATION")]
        station: Option<String>,
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SuspicionsCommand {
    Run {
        #[arg(long)]
        dry_run: bool,
    },
    List(SuspicionFilter),
    Show {
        #[arg(value_name = "ENTRY")]
        entry: String,
    },
    Statistics {
        #[arg(long, value_name = "STATION", conflicts_with = "lead")]
        station: Option<String>,
        #[arg(long, value_name = "POST")]
        lead: Option<String>,
        #[arg(long, value_name = "DATE|@N", default_value = "now")]
        as_of: String,
        #[arg(long, value_name = "FILE.xlsx")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SuspicionFilter {
    #[arg(long, value_name = "open|judged")]
    pub(crate) state: Option<String>,
    #[arg(long, value_name = "CODE[,CODE]")]
    pub(crate) suspicion: Option<String>,
    #[arg(long, value_name = "high|medium|low")]
    pub(crate) grade: Option<String>,
    #[arg(long, value_name = "CODE[,CODE]")]
    pub(crate) verdict: Option<String>,
    #[arg(long, value_name = "STATION", conflicts_with = "lead")]
    pub(crate) station: Option<String>,
    #[arg(long, value_name = "POST")]
    pub(crate) lead: Option<String>,
    #[arg(long, value_name = "CODE")]
    pub(crate) site: Option<String>,
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: u64,
    #[arg(long, value_name = "DATE|@N", default_value = "now")]
    pub(crate) as_of: String,
    #[arg(long, value_name = "FILE.xlsx")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeopleCommand {
    List,
    Add {
        login: String,
        name: String,
        #[arg(long, value_name = "POST", required = true)]
        post: Vec<String>,
    },
    Reset {
        login: String,
    },
    Posts {
        login: String,
        #[arg(long, value_name = "POST", required = true)]
        post: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum NoticesCommand {
    Preview {
        login: String,
        #[arg(long, value_name = "URL")]
        public_url: Option<String>,
    },
    List {
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        #[arg(long, value_name = "N", default_value_t = 0)]
        offset: u64,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    #[arg(long, value_name = "ID|DIR", default_value = "lvdun-2019")]
    pub(crate) campaign: String,
    #[arg(long, value_name = "FILE")]
    pub(crate) reserve: PathBuf,
    #[arg(long, value_name = "NAME")]
    pub(crate) node: Option<String>,
    #[arg(long)]
    pub(crate) demonstration: bool,
    #[arg(long, value_name = "postgres://…")]
    pub(crate) database: Option<Secret>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    #[arg(value_name = "KIND")]
    pub(crate) kind: String,
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
    #[arg(long)]
    pub(crate) leave_out_faulty: bool,
    #[arg(long, value_name = "CODE")]
    pub(crate) source: Option<String>,
    #[arg(long, value_name = "DATE")]
    pub(crate) received_on: Option<jiff::civil::Date>,
    #[arg(long, value_name = "UNIT")]
    pub(crate) sender: Option<String>,
    #[arg(long, value_name = "NUMBER")]
    pub(crate) document: Option<String>,
    #[arg(long, value_name = "CRS")]
    pub(crate) crs: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub(crate) save_mapping: Option<PathBuf>,
    #[arg(long, value_name = "NAME")]
    pub(crate) layer: Option<String>,
    #[arg(long, value_name = "VERSION")]
    pub(crate) version_name: Option<String>,
    #[arg(long, value_name = "DATE")]
    pub(crate) valid_from: Option<jiff::civil::Date>,
    #[arg(long, value_name = "NUMBER")]
    pub(crate) approval: Option<String>,
    #[arg(long, value_name = "KIND")]
    pub(crate) background_kind: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub(crate) background_name: Option<String>,
    #[arg(long, value_name = "CODE")]
    pub(crate) background_code: Option<String>,
    #[arg(long, value_name = "UNIT")]
    pub(crate) data_source: Option<String>,
    #[arg(long, value_name = "NUMBER")]
    pub(crate) review_number: Option<String>,
    #[arg(long, value_name = "DATE")]
    pub(crate) dated_on: Option<jiff::civil::Date>,
    #[arg(long, value_name = "FIELD")]
    pub(crate) label: Option<String>,
    #[arg(long, value_name = "STATION")]
    pub(crate) station: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackgroundsCommand {
    List,
    Withdraw {
        #[arg(value_name = "CODE")]
        code: String,
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Scope {
    #[arg(long, value_name = "STATION", conflicts_with_all = ["lead", "all"])]
    pub(crate) station: Option<String>,
    #[arg(long, value_name = "POST", conflicts_with = "all")]
    pub(crate) lead: Option<String>,
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Sites {
    #[command(subcommand)]
    pub(crate) action: Option<SiteAction>,
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
    #[command(flatten)]
    pub(crate) scope: Scope,
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    #[arg(long, value_name = "DATE|@N", default_value = "now")]
    pub(crate) as_of: String,
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SiteAction {
    Merge {
        site: String,
        into: String,
        #[arg(long)]
        reason: String,
    },
    Withdraw {
        site: String,
        #[arg(long)]
        reason: String,
    },
    Restore {
        site: String,
        #[arg(long)]
        reason: String,
    },
    Focal {
        site: String,
        #[arg(value_name = "CODE|none")]
        category: String,
        #[arg(long)]
        reason: String,
    },
    Remark {
        site: String,
        #[arg(value_name = "instruction|finding|note|answer")]
        kind: String,
        #[arg(long)]
        text: String,
        #[arg(long, value_name = "ENTRY")]
        of: Option<app::EntryId>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Clues {
    #[command(subcommand)]
    pub(crate) action: Option<ClueAction>,
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    #[arg(long, value_name = "CODE")]
    pub(crate) source: Option<String>,
    #[arg(long, value_name = "DATE|@N", default_value = "now")]
    pub(crate) as_of: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClueAction {
    Show {
        clue: String,
    },
    Link {
        clue: String,
        site: String,
        #[arg(long)]
        reason: String,
    },
    Unlink {
        clue: String,
        #[arg(long)]
        reason: String,
    },
    Separate {
        clue: String,
        #[arg(long)]
        reason: String,
    },
    Match {
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    pub(crate) site: String,
    #[arg(long, value_name = "CODE")]
    pub(crate) conclusion: String,
    #[arg(long, value_name = "DATE")]
    pub(crate) on: jiff::civil::Date,
    #[arg(
        long,
        value_name = "POST[,POST]",
        value_delimiter = ',',
        required = true
    )]
    pub(crate) team: Vec<String>,
    #[arg(long, value_name = "LON,LAT")]
    pub(crate) position: Option<String>,
    #[arg(long)]
    pub(crate) condition: Option<String>,
    #[arg(long, value_name = "CODE")]
    pub(crate) effect: Option<String>,
    #[arg(long, value_name = "CODE")]
    pub(crate) truth: Option<String>,
    #[arg(long, value_name = "CODE")]
    pub(crate) disposal: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub(crate) evidence: Vec<PathBuf>,
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) fact: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Judge {
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = ["site", "out", "station", "lead", "all"])]
    pub(crate) facts: Option<PathBuf>,
    #[arg(long, value_name = "CODE", conflicts_with_all = ["out", "station", "lead", "all"])]
    pub(crate) site: Option<String>,
    #[command(flatten)]
    pub(crate) scope: Scope,
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<jiff::civil::Date>,
    #[arg(long)]
    pub(crate) trace: bool,
    #[arg(long, value_name = "DIR", requires = "facts")]
    pub(crate) tables: Option<PathBuf>,
    #[arg(long, value_name = "FILE.xlsx")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Questions {
    #[command(flatten)]
    pub(crate) scope: Scope,
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<jiff::civil::Date>,
    #[arg(long, value_name = "FILE.xlsx")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    Test {
        #[arg(long, value_name = "DIR")]
        tables: Option<PathBuf>,
    },
    Check {
        #[arg(long, value_name = "DIR")]
        tables: Option<PathBuf>,
    },
    Export {
        #[arg(value_name = "DIR|FILE.xlsx")]
        out: PathBuf,
        #[arg(long, value_name = "DIR")]
        tables: Option<PathBuf>,
    },
    Print {
        out: PathBuf,
        #[arg(long, value_name = "DIR")]
        tables: Option<PathBuf>,
    },
    Load {
        #[arg(value_name = "FILE.xlsx")]
        file: PathBuf,
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        #[arg(long, value_name = "DIR")]
        tables: Option<PathBuf>,
    },
    Diff(RulesDiff),
}

#[derive(Debug, Subcommand)]
pub(crate) enum LawCommand {
    List {
        #[arg(long, value_name = "DATE")]
        as_of: Option<jiff::civil::Date>,
    },
    Show {
        id: String,
        #[arg(long, value_name = "DATE")]
        as_of: Option<jiff::civil::Date>,
    },
    Search {
        text: String,
        #[arg(long, value_name = "DATE")]
        as_of: Option<jiff::civil::Date>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RulesDiff {
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = ["zones", "crs", "station", "lead", "all", "out", "layer"])]
    pub(crate) facts: Option<PathBuf>,
    #[arg(long, value_name = "DIR")]
    pub(crate) tables: Vec<PathBuf>,
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Vec<jiff::civil::Date>,
    #[arg(long, value_name = "VERSION|FILE")]
    pub(crate) zones: Vec<String>,
    #[arg(long, value_name = "CRS")]
    pub(crate) crs: Option<String>,
    #[command(flatten)]
    pub(crate) scope: Scope,
    #[arg(long, value_name = "FILE.xlsx")]
    pub(crate) out: Option<PathBuf>,
    #[arg(long, value_name = "FILE.geojson|gpkg|kml")]
    pub(crate) layer: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("decision").required(true).args(["accept", "overriding", "confirm", "reject", "withdraw"])))]
pub(crate) struct Characterize {
    #[arg(value_name = "CODE")]
    pub(crate) site: String,
    #[arg(long)]
    pub(crate) accept: bool,
    #[arg(long = "override", value_name = "VERDICT")]
    pub(crate) overriding: Option<String>,
    #[arg(long)]
    pub(crate) confirm: bool,
    #[arg(long)]
    pub(crate) reject: bool,
    #[arg(long)]
    pub(crate) withdraw: bool,
    #[arg(long)]
    pub(crate) reason: Option<String>,
    #[arg(long, value_name = "POST[,POST]", value_delimiter = ',')]
    pub(crate) signed: Vec<String>,
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<jiff::civil::Date>,
    #[arg(long, value_name = "CODE")]
    pub(crate) effect: Option<String>,
    #[arg(long, value_name = "CODE")]
    pub(crate) character: Option<String>,
    #[arg(long, value_name = "A|B|C|D")]
    pub(crate) severity: Option<String>,
    #[arg(long, value_name = "CODE[,CODE]", value_delimiter = ',')]
    pub(crate) disposal: Vec<String>,
    #[arg(long, value_name = "NUMBER")]
    pub(crate) document: Option<String>,
    #[arg(long, value_name = "N")]
    pub(crate) based_on: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IssuesCommand {
    List(IssueListing),
    Show {
        issue: String,
        #[arg(long, value_name = "DATE|@N", default_value = "now")]
        as_of: String,
    },
    Open(Box<OpenIssue>),
    Act(Act),
    Attach {
        site: String,
        #[arg(value_name = "FILE", required = true)]
        file: Vec<PathBuf>,
        #[arg(long)]
        note: Option<String>,
    },
    Worklist {
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
    },
    Duties {
        #[command(flatten)]
        scope: Scope,
        #[arg(long, value_name = "UNIT")]
        unit: Option<String>,
        #[arg(long, value_name = "DATE|@N")]
        as_of: Option<String>,
        #[arg(long, value_name = "FILE.xlsx")]
        out: Option<PathBuf>,
    },
    Urging {
        #[command(flatten)]
        scope: Scope,
        #[arg(long)]
        not_due: bool,
        #[arg(long, value_name = "CODE")]
        rung: Option<String>,
    },
    Letter {
        issue: String,
        #[arg(value_name = "CODE")]
        rung: String,
        #[arg(long, value_name = "FILE.html|txt")]
        out: Option<PathBuf>,
    },
    Stats {
        #[command(flatten)]
        scope: Scope,
        #[arg(long, value_name = "DATE|@N", default_value = "now")]
        as_of: String,
        #[arg(long, value_name = "FILE.xlsx")]
        out: Option<PathBuf>,
    },
    Draw(Draw),
}

#[derive(Debug, Args)]
pub(crate) struct IssueListing {
    #[command(flatten)]
    pub(crate) scope: Scope,
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    #[arg(long, value_name = "green|amber|red")]
    pub(crate) light: Option<String>,
    #[arg(long)]
    pub(crate) overdue: bool,
    #[arg(long)]
    pub(crate) open: bool,
    #[arg(long, value_name = "UNIT")]
    pub(crate) unit: Option<String>,
    #[arg(long, value_name = "A|B1|B2.1|B2.2|C")]
    pub(crate) case: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: Option<String>,
    #[arg(long, value_name = "DATE|@N")]
    pub(crate) as_of: Option<String>,
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) limit: u64,
}

#[derive(Debug, Args)]
pub(crate) struct OpenIssue {
    #[arg(value_name = "CODE")]
    pub(crate) site: String,
    #[arg(long)]
    pub(crate) propose: bool,
    #[arg(long)]
    pub(crate) description: Option<String>,
    #[arg(long, value_name = "UNIT")]
    pub(crate) unit: Option<String>,
    #[arg(long, value_name = "POST")]
    pub(crate) person: Option<String>,
    #[arg(long, value_name = "UNIT")]
    pub(crate) supervising: Option<String>,
    #[arg(long, value_name = "A|B1|B2.1|B2.2|C")]
    pub(crate) case: Option<String>,
    #[arg(long, value_name = "CODE")]
    pub(crate) severity: Option<String>,
    #[arg(long, value_name = "CODE")]
    pub(crate) carried_over: Option<String>,
    #[arg(long, value_name = "ID")]
    pub(crate) reopens: Option<String>,
    #[arg(long, value_name = "DATE")]
    pub(crate) due: Option<jiff::civil::Date>,
    #[arg(long, value_name = "DATE")]
    pub(crate) plan_due: Option<jiff::civil::Date>,
    #[arg(long, value_name = "TEXT")]
    pub(crate) demand: Option<String>,
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<jiff::civil::Date>,
}

#[derive(Debug, Args)]
pub(crate) struct Act {
    pub(crate) issue: String,
    pub(crate) kind: String,
    #[arg(long, value_name = "FILE.json|-")]
    pub(crate) body: Option<PathBuf>,
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    #[arg(long, value_name = "POST[@UNIT]")]
    pub(crate) signed: Vec<String>,
    #[arg(long)]
    pub(crate) met: bool,
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Vec<PathBuf>,
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<jiff::civil::Date>,
    #[arg(long, value_name = "N")]
    pub(crate) based_on: Option<u64>,
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Draw {
    #[arg(long, value_name = "TEXT")]
    pub(crate) seed: String,
    #[arg(long, value_name = "N")]
    pub(crate) percent: Option<u32>,
    #[command(flatten)]
    pub(crate) scope: Scope,
    #[arg(long, value_name = "DATE")]
    pub(crate) plan: Option<jiff::civil::Date>,
    #[arg(
        long,
        value_name = "county|city|province|bureau",
        default_value = "bureau"
    )]
    pub(crate) level: String,
    #[arg(long)]
    pub(crate) secret: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum View {
    Sites,
    Focal,
    Verified,
}

#[derive(Debug, Args)]
pub(crate) struct Ledger {
    pub(crate) view: View,
    #[command(flatten)]
    pub(crate) scope: Scope,
    #[arg(long, value_name = "DATE|@N", default_value = "now")]
    pub(crate) as_of: String,
    #[arg(long, value_name = "FILE.xlsx|csv|geojson|gpkg")]
    pub(crate) out: Option<PathBuf>,
    #[arg(long)]
    pub(crate) full_names: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    pub(crate) view: View,
    #[arg(long, value_name = "DATE|@N")]
    pub(crate) from: String,
    #[arg(long, value_name = "DATE|@N", default_value = "now")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) scope: Scope,
}

#[derive(Debug, Args)]
pub(crate) struct Stats {
    #[arg(long, value_name = "DATE|@N", default_value = "now")]
    pub(crate) as_of: String,
    #[command(flatten)]
    pub(crate) scope: Scope,
    #[arg(long, value_name = "FILE.xlsx")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[arg(long, value_name = "DATE|@N", default_value = "now")]
    pub(crate) as_of: String,
    #[arg(long, value_name = "DATE|@N")]
    pub(crate) since: Option<String>,
    #[command(flatten)]
    pub(crate) scope: Scope,
    #[arg(long, value_name = "FILE.xlsx")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Convert {
    pub(crate) input: PathBuf,
    pub(crate) output: PathBuf,
    #[arg(long, value_name = "CRS")]
    pub(crate) crs: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub(crate) layer: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    Verify,
    Checkpoint,
    Show {
        #[arg(long, value_name = "N")]
        from: Option<u64>,
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u64,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RegisterCommand {
    Rebuild,
    Backup {
        to: PathBuf,
        #[arg(long)]
        with_keys: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    Overlay {
        patches: PathBuf,
        zones: PathBuf,
        #[arg(long)]
        out: PathBuf,
    },
    Match {
        new: PathBuf,
        old: PathBuf,
        #[arg(long)]
        by: MatchBy,
        #[arg(long)]
        out: PathBuf,
    },
    Import {
        ledger: PathBuf,
        #[arg(long)]
        out: PathBuf,
    },
    Export {
        rows: PathBuf,
        #[arg(long)]
        out: PathBuf,
    },
    Judge {
        #[arg(long, default_value_t = 1_000_000)]
        sheets: usize,
        #[arg(long, value_name = "DIR")]
        peer: Option<PathBuf>,
    },
    Log {
        #[arg(long, default_value_t = 100_000)]
        entries: u64,
        /// Not `home`: that would be the register's, which always has a value.
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    Suspicions {
        #[arg(long, default_value_t = 10_000)]
        count: usize,
    },
    Issues {
        #[arg(long, default_value_t = 200_000)]
        count: usize,
    },
    Sites {
        #[arg(long, default_value_t = 100_000)]
        count: usize,
        #[arg(long, value_name = "FILE.gpkg")]
        from: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum MatchBy {
    Distance,
    Iou,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    pub(crate) shell: clap_complete::Shell,
}
