//! The kinds of findings. Each has a line in `docs/doctor.md`, which a test holds current.

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($name:ident $code:literal $title:literal $meaning:literal;)+) => {
        /// A kind of finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)+
        }

        impl Code {
            /// All of them, as they are documented.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name on the command line and in JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// What it is about, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }

            /// What it means and what its repair does.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning),+ }
            }
        }
    };
}

codes! {
    ConfigUnreadable "config-unreadable" "File of profiles cannot be read" "It is a folder, too large, or its permissions forbid it. Every AWS tool goes on as if it were empty, or stops.";
    ConfigEncoding "config-encoding" "Not plain UTF-8 text" "A byte order mark, UTF-16, or line ends of carriage returns alone: the AWS CLI, the SDKs or both refuse the file. The repair saves it as UTF-8; nothing else changes.";
    ConfigBroken "config-broken" "A line that a tool refuses" "One such line, and the tool refuses every profile of the file. Sections and keys that stand twice are repaired: sections are merged, and of repeated keys all but the last become comments.";
    ConfigDiffers "config-differs" "Read in two ways" "The AWS CLI and the SDKs read different values from the same line. Comments behind values are repaired: they move to a line of their own.";
    ConfigIgnored "config-ignored" "Silently ignored" "A section or key that a tool drops without a word.";
    ConfigDefault "config-default" "[DEFAULT] leaks" "To the AWS CLI the keys of `[DEFAULT]` in capitals belong to every profile; the SDKs ignore them.";
    ConfigLineEnds "config-line-ends" "Mixed line ends" "Some lines end as on Windows and some do not. All tools cope; editors and diffs do not.";
    ConfigBlock "config-block" "Generated block without its end" "Profiles cannot be generated again until the block's last line is back.";
    ProfileBroken "profile-broken" "Profile that cannot work" "It names a profile or session that is nowhere, lacks a setting, or goes round in a circle.";
    SsoBeside "sso-beside" "sso_start_url beside sso_session" "The Rust SDK refuses the profile, and the AWS CLI too when the two differ. The repair removes what the session says as well.";
    TwoSources "two-sources" "Access keys beside a profile" "Some tools take the keys of the environment, others the profile: they reach different accounts.";
    TwoProfiles "two-profiles" "Two names of a profile" "`AWS_PROFILE` and `AWS_DEFAULT_PROFILE` differ, and the AWS CLI prefers the latter.";
    TwoRegions "two-regions" "Two regions" "`AWS_REGION` and `AWS_DEFAULT_REGION` differ: boto3 knows only the latter, other tools prefer the former.";
    KeysIncomplete "keys-incomplete" "Incomplete keys in the environment" "An access key without its secret, or a temporary one without its session token.";
    ProfileMissing "profile-missing" "Profile of the environment is nowhere" "`AWS_PROFILE` or `AWS_DEFAULT_PROFILE` names a profile that neither file has.";
    ClientsDiffer "clients-differ" "Tools would use different identities" "By their documented orders the AWS CLI and the SDKs choose different sources or regions in this environment.";
    EndpointOverride "endpoint-override" "Calls go to another endpoint" "`AWS_ENDPOINT_URL` sends calls elsewhere than to AWS.";
    CacheTorn "cache-torn" "Torn cache file" "Half a file, left by a tool that was interrupted while it wrote in place. The repair removes it; its tool makes it anew.";
    CacheStale "cache-stale" "Credentials long expired" "Cached sign-ins and role credentials that ended more than 30 days ago. The repair removes them.";
    OpenToOthers "open-to-others" "Others can read secrets" "A file or folder with secrets that other users of this machine may read or write. The repair takes their permissions away.";
    RegistrationEnds "registration-ends" "SSO registration ends soon" "Without it a sign-in is not renewed any more. The next sign-in registers anew.";
    DockerBroken "docker-broken" "Docker's configuration cannot be read" "Docker stops, or goes on without logins.";
    DockerPlain "docker-plain" "Registry passwords in plain text" "Docker's configuration holds logins that are merely encoded. They are never shown here.";
    DockerHelper "docker-helper" "Credential helper is missing" "Docker's configuration names a helper program that is not on the PATH: logins to its registries fail.";
    DockerKeychain "docker-keychain" "ECR logins go to the keychain" "A login to ECR is written to the system's keychain every twelve hours, where it collides (-25299) or asks for a password. A credential helper for the registry avoids it.";
    DockerPicks "docker-picks" "Docker picks a keychain by itself" "Without logins and helpers in its configuration, Docker uses the first keychain helper that it finds on the PATH.";
    HomeMissing "home-missing" "No home folder" "Without a home folder no tool finds its files.";
    VaultClosed "vault-closed" "The vault does not open" "Holdpoint cannot reach the secrets that it keeps.";
    ToolMissing "tool-missing" "Tool is not installed" "A program that plans often use is not on the PATH.";
    ProxyBad "proxy-bad" "Proxy address cannot be used" "A proxy variable is no address.";
    ProxyLoopback "proxy-loopback" "This machine is reached by the proxy" "`NO_PROXY` does not except `127.0.0.1` and `localhost`: steps would ask the proxy for their credentials.";
    CaBundle "ca-bundle" "Certificate bundle cannot be used" "A variable names a file of certificates that is not there or has none in it: no HTTPS connection is made.";
    ClockSkew "clock-skew" "This machine's clock is off" "AWS refuses signatures that are more than five minutes off.";
    ClockUnknown "clock-unknown" "The clock could not be compared" "No endpoint told the time: offline, or a proxy is in the way.";
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}
