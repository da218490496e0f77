//! Arguments of `obligations`.

use clap::Subcommand;

#[derive(Debug, clap::Args)]
pub(crate) struct Obligations {
    #[command(subcommand)]
    pub(crate) verb: Option<ObligationVerb>,
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ObligationVerb {
    /// It is done, or need not be
    Close(ObligationClose),
    /// Put it off, or hand it on
    Move(ObligationMove),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ObligationClose {
    /// The run that left it: its id, the beginning of it, or `last`
    pub(crate) run: String,
    /// Its id in the run, as the list names it
    pub(crate) id: String,
    /// What was done
    #[arg(long)]
    pub(crate) reason: String,
    /// A note that shows it
    #[arg(long)]
    pub(crate) evidence: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ObligationMove {
    /// The run that left it: its id, the beginning of it, or `last`
    pub(crate) run: String,
    /// Its id in the run, as the list names it
    pub(crate) id: String,
    /// How long from now, e.g. `7d`
    #[arg(long = "in", value_name = "TIME", required_unless_present = "owner")]
    pub(crate) within: Option<String>,
    /// Who sees to it
    #[arg(long)]
    pub(crate) owner: Option<String>,
    /// Why
    #[arg(long)]
    pub(crate) reason: String,
}
