//! The command line.

mod adopting;
mod identities;
mod images;
mod known;
mod obligations;
mod reports;

pub(crate) use adopting::Adopt;
use clap::{Parser, Subcommand, ValueEnum};
pub(crate) use identities::{Accounts, AwsConsole, CredentialProcess, Exec, Login, Logout, Shell, Variables};
pub(crate) use images::{Image, ImageInspect, ImageMirror, ImageVerb};
pub(crate) use known::{Known, KnownAdd, KnownCheck, KnownList, KnownShow, KnownTo, KnownVerb};
pub(crate) use obligations::{ObligationVerb, Obligations};
pub(crate) use reports::{Compare, Format, Lesson, Report, Verify};
use std::path::PathBuf;

/// Staged deployments on AWS: plans checked, holds signed, true outcomes, evidence.
///
/// Exit codes: 0 done; 1 failed, refused or rolled back; 2 usage; 3 waits for a person.
/// HOLDPOINT_HOME moves everything that Holdpoint keeps.
#[derive(Debug, Parser)]
#[command(name = "holdpoint", version, propagate_version = true)]
pub(crate) struct Args {
    /// More of the log on standard error; twice for all of it.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say everything that is wrong with a plan, with line and column
    Check(Check),
    /// Make a checked plan of any Markdown; its text stays, fences are added
    Import(Import),
    /// Say what the code of a finding means, why it matters and what to do
    Explain(Explain),
    /// Print the JSON Schema of plans, or of a known problem's file
    Schema(SchemaOf),
    /// Trust a plan's content at its path, so that it may be run
    Trust(Trust),
    /// Walk a plan
    Run(Run),
    /// List runs, the newest first
    Runs(Runs),
    /// Show a run
    Show(OfRun),
    /// Go on with an open run
    Resume(Resume),
    /// Go on with a plan that was edited while its run is open
    Adopt(Adopt),
    /// Put back everything that a run changed, as a set
    Rollback(Rollback),
    /// List what runs left for later; close it, put it off, hand it on
    Obligations(Obligations),
    /// Check a run's journal, or a report's file on any machine: chain, anchors, and every statement
    Verify(Verify),
    /// Write a run's report
    Report(Report),
    /// Put two runs beside each other, step by step: practice and live, this time and last time
    Compare(Compare),
    /// Keep a failure as a check in the plan's first stage for preflight; the change is shown first
    Lesson(Lesson),
    /// List the profiles of the AWS configuration files
    Profiles(Profiles),
    /// Ask STS who you are
    Whoami(Whoami),
    /// Known problems: what failures are recognised by, Holdpoint's and your own
    Known(Known),
    /// Read the logs of services, several as one, and follow them
    Logs(Logs),
    /// Say which profile answers for which registry of images
    Registry(Registry),
    /// Look at images in registries, and copy them, without Docker
    Image(Image),
    /// Sign in to an SSO session, once for all of its profiles
    Login(Login),
    /// Sign out of an SSO session, here and at AWS
    Logout(Logout),
    /// List the accounts and roles that an SSO session reaches
    Accounts(Accounts),
    /// Start a program under a profile's identity, and no other
    Exec(Exec),
    /// Print credentials for a `credential_process` line of the AWS configuration
    CredentialProcess(CredentialProcess),
    /// Print variables that choose a profile, for a shell
    Env(Variables),
    /// Open the AWS console in the browser, signed in as a profile's role
    Console(AwsConsole),
    /// Examine this machine's AWS set-up, and repair what is asked for
    Doctor(Doctor),
    /// Run the simulated AWS
    Sim(Sim),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The plan file
    pub(crate) plan: String,
    /// Fail on warnings, too
    #[arg(long)]
    pub(crate) strict: bool,
    /// Look at the account, too, with this profile; nothing is changed
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
    /// Carry out the repairs that findings offer, after showing them
    #[arg(long, conflicts_with = "json")]
    pub(crate) fix: bool,
    /// Carry them out without asking
    #[arg(long, requires = "fix")]
    pub(crate) yes: bool,
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The code, as in `warning[old-revision]`; without one, all of them
    pub(crate) code: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaName {
    /// What stands in the YAML of a plan
    Plan,
    /// A file of known-problems
    KnownProblem,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaOf {
    /// Of what
    #[arg(value_enum, default_value = "plan")]
    pub(crate) name: SchemaName,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The Markdown file; it stays as it is
    pub(crate) plan: String,
    /// Where the checked plan goes; without it, to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<String>,
    /// Replace the file that is there
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
    /// Say what became of every command and why, as Markdown
    #[arg(long, conflicts_with = "json")]
    pub(crate) report: bool,
    /// Repair damaged letters, marks and line ends first
    #[arg(long)]
    pub(crate) repair: bool,
    /// Keep the command of this proposal as a script; the report has the ids
    #[arg(long, value_name = "ID")]
    pub(crate) refuse: Vec<String>,
    /// Make a step of this command that stands outside of code fences; the report has the ids
    #[arg(long, value_name = "ID")]
    pub(crate) accept: Vec<String>,
    /// The target's account, instead of the one that the text names
    #[arg(long, requires = "region")]
    pub(crate) account: Option<String>,
    /// The target's region, instead of the one that the text names
    #[arg(long, requires = "account")]
    pub(crate) region: Option<String>,
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Trust {
    /// The plan file
    pub(crate) plan: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// The plan file
    pub(crate) plan: String,
    /// Against a simulated AWS
    #[arg(long)]
    pub(crate) practice: bool,
    /// What the simulator plays: a built-in scenario (`holdpoint sim --scenarios` lists them), several with + between,
    /// or a scenario file
    #[arg(long, requires = "practice")]
    pub(crate) scenario: Option<String>,
    /// Divides durations
    #[arg(long, requires = "practice", value_parser = speed)]
    pub(crate) speed: Option<f64>,
    /// The profile whose credentials are used; in practice, the person
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// Trust the plan's content first
    #[arg(long)]
    pub(crate) trust: bool,
    /// Sign holds as the practice people, tick and answer what is asked; marked so for ever
    #[arg(long, requires = "practice")]
    pub(crate) auto_sign: bool,
    /// A variable of the plan: NAME=VALUE; secret ones are asked for, or read from HOLDPOINT_SECRET_<NAME>
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) vars: Vec<String>,
    /// Account for a plan that names none
    #[arg(long, requires = "region")]
    pub(crate) account: Option<String>,
    /// Region for a plan that names none
    #[arg(long, requires = "account")]
    pub(crate) region: Option<String>,
    /// Say how it ended for programs: {"run", "status", "said"}
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Runs {
    /// For programs: newest first, each with `id`
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct OfRun {
    /// The run: its id, the beginning of it, or `last`
    pub(crate) run: String,
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Resume {
    /// The run: its id, the beginning of it, or `last`
    pub(crate) run: String,
    /// Sign holds as the practice people; practice only
    #[arg(long)]
    pub(crate) auto_sign: bool,
    /// Ask who drives it to let go, and go on here
    #[arg(long)]
    pub(crate) take_over: bool,
    /// Shut out a driver that does not answer: its next write and its next call are refused
    #[arg(long, requires = "take_over")]
    pub(crate) force: bool,
    /// Walk the step that failed once more, first
    #[arg(long)]
    pub(crate) retry: bool,
    /// Walk again from this step on, whose result the failed one used; what was signed for it does not count
    #[arg(long, value_name = "STEP", conflicts_with = "retry")]
    pub(crate) from: Option<String>,
    /// Pass this hold alone, in an emergency; it stays in sight for ever. As in `stage:<id>` or `step:<id>`
    #[arg(long, value_name = "HOLD", requires = "reason")]
    pub(crate) break_glass: Option<String>,
    /// Why the glass is broken
    #[arg(long, requires = "break_glass")]
    pub(crate) reason: Option<String>,
    /// Who breaks it: a profile, or a person in practice; the run's own when absent
    #[arg(long = "as", value_name = "WHO", requires = "break_glass")]
    pub(crate) signer: Option<String>,
    /// Say how it ended for programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rollback {
    /// The run: its id, the beginning of it, or `last`
    pub(crate) run: String,
    /// Why; kept in the journal
    #[arg(long, default_value = "asked for on the command line")]
    pub(crate) reason: String,
    /// Say what would be put back, and change nothing
    #[arg(long)]
    pub(crate) preview: bool,
    /// Only these steps; refused where others could not stand without them
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Accept what speaks against it, and why; `--preview` has the ids
    #[arg(long, value_name = "ID=WHY")]
    pub(crate) accept: Vec<String>,
    /// Say how it ended for programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Profiles {
    /// For programs: each with `name`
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Whoami {
    /// The profile
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// The region
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Logs {
    /// A log group by name
    #[arg(long)]
    pub(crate) group: Vec<String>,
    /// An ECS service, as CLUSTER/SERVICE: what its running task definition logs to
    #[arg(long)]
    pub(crate) service: Vec<String>,
    /// An App Runner service: its application's log and its own
    #[arg(long)]
    pub(crate) apprunner: Vec<String>,
    /// From when on, back from now
    #[arg(long, default_value = "10m")]
    pub(crate) since: String,
    /// Go on reading until interrupted
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only lines that match this regular expression
    #[arg(long)]
    pub(crate) grep: Option<String>,
    /// The profile
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// The region
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// For programs: a JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Registry {
    #[command(subcommand)]
    pub(crate) verb: RegistryVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RegistryVerb {
    /// List registries with their profiles
    List(RegistryList),
    /// Let a profile answer for a registry
    Map(RegistryMap),
    /// Take a mapping back
    Unmap(RegistryUnmap),
    /// Get a login for a registry, and say whose it is and when it ends
    Check(RegistryOf),
    /// Print a value of DOCKER_AUTH_CONFIG, which is a secret, for Docker 28.3 and newer
    AuthConfig(RegistryHosts),
    /// Put Holdpoint's credential helper into your own Docker configuration
    Install(RegistryInstall),
    /// Take it out again
    Uninstall(RegistryUninstall),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RegistryList {
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RegistryMap {
    /// The registry's host as in an image's name, with its port when it has one
    pub(crate) host: String,
    /// The profile whose login is given
    pub(crate) profile: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RegistryUnmap {
    /// The registry's host
    pub(crate) host: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RegistryOf {
    /// The registry's host
    pub(crate) host: String,
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RegistryHosts {
    /// The registries' hosts
    #[arg(required = true)]
    pub(crate) hosts: Vec<String>,
    /// Print it at a terminal, too
    #[arg(long)]
    pub(crate) print: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RegistryInstall {
    /// The registries' hosts; all that are mapped when none is named
    pub(crate) hosts: Vec<String>,
    /// Where the helper's link is made; a folder of PATH when it is not given
    #[arg(long, value_name = "FOLDER")]
    pub(crate) link: Option<PathBuf>,
    /// Write without asking; the difference is shown all the same
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RegistryUninstall {
    /// The registries' hosts; all that are ours when none is named
    pub(crate) hosts: Vec<String>,
    /// Write without asking; the difference is shown all the same
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// For programs: {"findings": [...], "repairs": [...]}
    #[arg(long)]
    pub(crate) json: bool,
    /// Say what is fine, too
    #[arg(long)]
    pub(crate) all: bool,
    /// Repair findings of this kind, or `all`; each change is shown first
    #[arg(long, value_name = "CODE")]
    pub(crate) repair: Vec<String>,
    /// Repair without asking
    #[arg(long, requires = "repair")]
    pub(crate) yes: bool,
    /// Do not ask an endpoint for the time
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Sim {
    /// Where its state is; made when it is not there
    #[arg(long, required_unless_present = "scenarios")]
    pub(crate) state: Option<PathBuf>,
    /// List the built-in scenarios, and end
    #[arg(long)]
    pub(crate) scenarios: bool,
    /// Port on loopback; one that is free when it is not given
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// A built-in scenario, several with + between, or a scenario file
    #[arg(long)]
    pub(crate) scenario: Option<String>,
    /// Divides durations
    #[arg(long, default_value = "1", value_parser = speed)]
    pub(crate) speed: f64,
    /// Decides ids, digests and jitter
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// End after so many seconds without a call
    #[arg(long, value_name = "SECONDS")]
    pub(crate) idle_exit: Option<u64>,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    match speed.is_finite() && (0.01..=10_000.0).contains(&speed) {
        true => Ok(speed),
        false => Err("a speed is between 0.01 and 10000".into()),
    }
}
