//! The words of the commands about identities.

use clap::ValueEnum;
use std::ffi::OsString;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
One sign-in serves every profile of the session, the AWS CLI and the SDKs. It is renewed without you until the
session's own end. On a machine without a browser use --device: it shows a code that you type on any other machine.

Examples:
  holdpoint login                    the only session, or that of AWS_PROFILE
  holdpoint login corp               the [sso-session corp]
  holdpoint login --profile deploy   the session that this profile starts from
  holdpoint login corp --device      by a code, over SSH")]
pub(crate) struct Login {
    /// The SSO session: its name in the configuration, or a start URL
    pub(crate) session: Option<String>,
    /// The session that this profile starts from
    #[arg(long, conflicts_with = "session")]
    pub(crate) profile: Option<String>,
    /// By a code that is shown here and typed in any browser
    #[arg(long)]
    pub(crate) device: bool,
    /// Show the address and open no browser
    #[arg(long)]
    pub(crate) no_browser: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The session ends at AWS, too; role credentials that programs already have are good until they end by themselves.")]
pub(crate) struct Logout {
    /// The SSO session: its name in the configuration, or a start URL
    pub(crate) session: Option<String>,
    /// The session that this profile starts from
    #[arg(long, conflicts_with = "session")]
    pub(crate) profile: Option<String>,
    /// Of every session
    #[arg(long, conflicts_with_all = ["session", "profile"])]
    pub(crate) all: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
What is known from the last time is shown at once when AWS cannot be reached; accounts appear as they are found.")]
pub(crate) struct Accounts {
    /// The SSO session: its name in the configuration, or a start URL
    pub(crate) session: Option<String>,
    /// The session that this profile starts from
    #[arg(long, conflicts_with = "session")]
    pub(crate) profile: Option<String>,
    /// For programs: one array when all is known
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The program gets credentials from an endpoint on this machine that ends with it: none are in its environment, on its
command line or on disk, and they are renewed while it runs. Every profile that your files name leads to this one
identity in it, so an AWS_PROFILE=… or --profile inside of a script cannot reach another account.

Examples:
  holdpoint exec --profile deploy -- aws sts get-caller-identity
  holdpoint exec --profile deploy --region eu-central-1 -- terraform plan")]
pub(crate) struct Exec {
    /// The profile; else that of the environment
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// The region; else the profile's
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// The program and its arguments, after --
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    pub(crate) program: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
For a profile of another name in ~/.aws/config, for tools that read no SSO sessions:

  [profile deploy-for-tools]
  region = eu-central-1
  credential_process = holdpoint credential-process --profile deploy

It asks nothing and opens nothing: when the sign-in is over it says so on standard error and ends with 1.")]
pub(crate) struct CredentialProcess {
    /// The profile whose credentials are printed
    #[arg(long)]
    pub(crate) profile: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// bash, zsh, sh
    Bash,
    /// fish
    Fish,
    /// PowerShell
    Powershell,
    /// For programs: {"set": {…}, "unset": […]}
    Json,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without --credentials it prints no secret: it chooses the profile and its region, and clears variables that would come
before it. With --credentials it prints temporary keys, which every program that this shell starts can read and which
nothing renews: `holdpoint exec` does without.

Examples:
  eval \"$(holdpoint env --profile deploy)\"
  holdpoint env --profile deploy --shell fish | source")]
pub(crate) struct Variables {
    /// The profile
    #[arg(long)]
    pub(crate) profile: String,
    /// The region; else the profile's
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Whose words
    #[arg(long, value_enum, default_value = "bash")]
    pub(crate) shell: Shell,
    /// Print temporary credentials, which are secrets
    #[arg(long)]
    pub(crate) credentials: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The link signs in whoever has it for 15 minutes. It is handed to your browser and printed only with --print.

Examples:
  holdpoint console --profile deploy
  holdpoint console --profile deploy --service ecs")]
pub(crate) struct AwsConsole {
    /// The profile; else that of the environment
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// The region; else the profile's
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// The page of a service: ecs, cloudwatch, iam, …
    #[arg(long)]
    pub(crate) service: Option<String>,
    /// Print the link, which is a secret, and open no browser
    #[arg(long)]
    pub(crate) print: bool,
}
