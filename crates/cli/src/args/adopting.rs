//! Arguments of `adopt`.

#[derive(Debug, clap::Args)]
pub(crate) struct Adopt {
    /// The run: its id, the beginning of it, or `last`
    pub(crate) run: String,
    /// The result of this step counts, although it is another step now
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    pub(crate) keep: Vec<String>,
    /// This step is walked again, as it is now
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    pub(crate) again: Vec<String>,
    /// Why; kept in the journal
    #[arg(long, required_unless_present = "preview")]
    pub(crate) reason: Option<String>,
    /// Say what the edit changes, and change nothing
    #[arg(long)]
    pub(crate) preview: bool,
    /// Trust the plan's content as it is now first
    #[arg(long, conflicts_with = "preview")]
    pub(crate) trust: bool,
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}
