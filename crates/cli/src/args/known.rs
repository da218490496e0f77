//! Arguments of `known`.

use clap::{Subcommand, ValueEnum};

#[derive(Debug, clap::Args)]
pub(crate) struct Known {
    #[command(subcommand)]
    pub(crate) verb: KnownVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KnownVerb {
    /// List known problems: your own, those beside a plan, and Holdpoint's
    List(KnownList),
    /// Say all that is known of a problem
    Show(KnownShow),
    /// Read files of known problems, and try each on its own examples
    Check(KnownCheck),
    /// Save a failure of a run as a known problem; a file that is there is never replaced
    Add(KnownAdd),
}

#[derive(Debug, clap::Args)]
pub(crate) struct KnownList {
    /// Those beside this plan, too
    #[arg(long, value_name = "PLAN")]
    pub(crate) plan: Option<String>,
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct KnownShow {
    /// Its id, as `list` and a failure name it
    pub(crate) id: String,
    /// Look beside this plan, too
    #[arg(long, value_name = "PLAN")]
    pub(crate) plan: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct KnownCheck {
    /// The files
    #[arg(required = true)]
    pub(crate) files: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KnownTo {
    /// The folder `known-problems` of HOLDPOINT_HOME
    User,
    /// The folder `known-problems` beside the plan
    Plan,
}

#[derive(Debug, clap::Args)]
pub(crate) struct KnownAdd {
    /// The run, and its step where several have failed; a run is its id, the beginning of it, or `last`
    #[arg(long, value_name = "RUN[:STEP]")]
    pub(crate) from: String,
    /// Where the file goes
    #[arg(long, value_enum, default_value = "user")]
    pub(crate) to: KnownTo,
    /// A few words, as a heading; the file's name is made of them
    #[arg(long)]
    pub(crate) title: String,
    /// What is true when it matches
    #[arg(long, default_value = "")]
    pub(crate) meaning: String,
    /// Where it comes from
    #[arg(long, default_value = "")]
    pub(crate) cause: String,
    /// What mends it; several are in order
    #[arg(long)]
    pub(crate) repair: Vec<String>,
    /// Name of the file, without its ending
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Which line of the failure it is recognised by; --preview lists them
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    pub(crate) message: usize,
    /// The expression that it is recognised by, instead of the proposed one
    #[arg(long = "match", value_name = "REGEX")]
    pub(crate) regex: Option<String>,
    /// Show the lines of the failure and the file, and write nothing
    #[arg(long)]
    pub(crate) preview: bool,
}
