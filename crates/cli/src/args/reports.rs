//! Arguments of what reads and writes reports.

use clap::ValueEnum;

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// The run (its id, the beginning of it, or `last`), or a report's file: HTML or JSON
    pub(crate) what: String,
    /// The device that must have signed all of a report's events: its public key, as reports print it
    #[arg(long, value_name = "HEX")]
    pub(crate) key: Option<String>,
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Markdown
    Md,
    /// One self-contained file
    Html,
    /// For programs
    Json,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Report {
    /// The run: its id, the beginning of it, or `last`
    pub(crate) run: String,
    /// Its form
    #[arg(long, value_enum, default_value = "md")]
    pub(crate) format: Format,
    /// Write it to a file instead of standard output
    #[arg(long, short)]
    pub(crate) output: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Compare {
    /// The one run: its id, the beginning of it, or `last`
    pub(crate) one: String,
    /// The other
    pub(crate) other: String,
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Lesson {
    /// The run that failed (its id, the beginning of it, or `last`), or RUN:STEP
    pub(crate) run: String,
    /// The step that failed; not needed where only one has
    pub(crate) step: Option<String>,
    /// How to keep it: `check`, `same` or `item`; without it, the first that can be made
    #[arg(long = "as", value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Write the plan with it to another file
    #[arg(short, long, value_name = "FILE", conflicts_with = "apply")]
    pub(crate) out: Option<String>,
    /// Replace the file that is there
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
    /// Write it to the plan's own file
    #[arg(long)]
    pub(crate) apply: bool,
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}
