//! `registry`: which profile answers for which registry, and our helper in the operator's own Docker.

use crate::args::{
    Registry, RegistryHosts, RegistryInstall, RegistryList, RegistryMap, RegistryOf, RegistryUninstall,
    RegistryUnmap, RegistryVerb,
};
use crate::exit::Exit;
use crate::{asking, console, output};
use holdpoint_api::Problem;
use holdpoint_identity::registries::{
    By, DockerConfig, EcrRegistry, HELPER_PROGRAM, HelperDraft, Login, Owner, Registries, RegistryAccess,
    RegistryDesk, docker_auth_config, host_of, link_helper, live_sessions, reads_auth_config, registry_of,
};
use holdpoint_identity::{Env, Prefs, Profiles, Session, Source};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Carries one of them out.
pub(crate) async fn registry(args: Registry, env: &Env) -> Result<Exit, Problem> {
    match args.verb {
        RegistryVerb::List(args) => list(&args, env).await,
        RegistryVerb::Map(args) => map(&args, env).await,
        RegistryVerb::Unmap(args) => unmap(&args, env),
        RegistryVerb::Check(args) => check(&args, env).await,
        RegistryVerb::AuthConfig(args) => auth_config(&args, env).await,
        RegistryVerb::Install(args) => install(&args, env),
        RegistryVerb::Uninstall(args) => uninstall(&args, env),
    }
}

/// The one who answers for the operator, outside of every run.
pub(crate) async fn desk(env: &Env) -> Result<RegistryDesk, Problem> {
    let (registries, _) = known(env).await?;
    Ok(RegistryDesk::new(registries, live_sessions(env)))
}

/// What a program under one identity is given: that identity answers for every registry of ECR, and a profile where
/// the operator mapped one.
pub(crate) async fn of_program(
    session: &Session,
    env: &Env,
    folder: &Path,
) -> Result<RegistryAccess, Problem> {
    let registries = Registries::new(prefs(env)?.registries, None, env);
    let desk = RegistryDesk::of_child(registries, live_sessions(env), session.clone());
    // In the account of a profile that says it, its own registry is named for clients that know no default helper.
    let profiles = holdpoint_identity::profiles(env).await?.profiles;
    let account = match session.source() {
        Source::Profile(name) => profiles.into_iter().find(|profile| profile.name == *name),
        Source::Environment | Source::Container | Source::WebIdentity | Source::Practice => None,
    };
    let account = account.and_then(|profile| profile.account);
    let target = account.as_deref().map(|account| (account, session.region()));
    let program = std::env::current_exe().map_err(told)?;
    let (folder, operators) = (folder.join("docker"), DockerConfig::operators(env));
    let access = RegistryAccess::open(Arc::new(desk), &folder, operators.as_deref(), target, &program).await;
    let access = access.map_err(told)?;
    access.config().remarks().iter().for_each(output::note);
    Ok(access)
}

async fn known(env: &Env) -> Result<(Registries, Profiles), Problem> {
    let prefs = prefs(env)?;
    let profiles = holdpoint_identity::profiles(env).await?;
    Ok((Registries::new(prefs.registries, Some(&profiles), env), profiles))
}

async fn list(args: &RegistryList, env: &Env) -> Result<Exit, Problem> {
    let (registries, profiles) = known(env).await?;
    let mut rows: Vec<(String, String, &str)> =
        registries.mapped().iter().map(|(host, profile)| (host.clone(), profile.clone(), "mapped")).collect();
    for profile in &profiles.profiles {
        let (Some(account), Some(region)) = (&profile.account, &profile.region) else { continue };
        let Some(host) = EcrRegistry::hosts(account, region).into_iter().next() else { continue };
        if let Ok(Owner { profile, by: By::Account | By::Choice, .. }) = registries.owner(&host)
            && !rows.iter().any(|(known, ..)| *known == host)
        {
            rows.push((host, profile, "by its account"));
        }
    }
    if args.json {
        let rows = rows.iter().map(|(host, profile, by)| json!({"host": host, "profile": profile, "by": by}));
        output::json(&rows.collect::<Vec<_>>());
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        output::note(
            "no registry is mapped, and no profile names its account and region: `holdpoint registry map HOST PROFILE`",
        );
    }
    rows.iter().for_each(|(host, profile, by)| output::line(format!("{host}  {profile}  {by}")));
    Ok(Exit::Done)
}

async fn map(args: &RegistryMap, env: &Env) -> Result<Exit, Problem> {
    let host = host(&args.host)?;
    if host == "public.ecr.aws" {
        return Err(usage(
            "public.ecr.aws is not mapped: its images are pulled without a login, which Holdpoint leaves as it is",
        ));
    }
    let profiles = holdpoint_identity::profiles(env).await?;
    let Some(profile) = profiles.profiles.iter().find(|profile| profile.name == args.profile) else {
        return Err(usage(&format!("there is no profile `{}`", args.profile))
            .hint("`holdpoint profiles` lists those that there are"));
    };
    if let (Some(registry), Some(account)) = (registry_of(&host), &profile.account)
        && registry.account != *account
    {
        output::note(format!(
            "note: {host} belongs to the account {}, and the profile `{}` to {account}: a pull needs the registry's own permission for it",
            registry.account, profile.name
        ));
    }
    let home = console::config(env)?.home;
    private(&home)?;
    let before = prefs(env)?.registries.get(&host).cloned();
    Prefs::change(&home, |prefs| {
        prefs.registries.insert(host.clone(), args.profile.clone());
    })
    .map_err(told)?;
    match before {
        Some(before) if before != args.profile => {
            output::line(format!("{host} → {} (was {before})", args.profile));
        }
        Some(_) | None => output::line(format!("{host} → {}", args.profile)),
    }
    Ok(Exit::Done)
}

fn unmap(args: &RegistryUnmap, env: &Env) -> Result<Exit, Problem> {
    let host = host(&args.host)?;
    if !prefs(env)?.registries.contains_key(&host) {
        return Err(usage(&format!("{host} is not mapped")).hint("`holdpoint registry list` lists what is"));
    }
    let changed = Prefs::change(&console::config(env)?.home, |prefs| drop(prefs.registries.remove(&host)));
    changed.map_err(told)?;
    output::line(format!("{host} is not mapped any more"));
    Ok(Exit::Done)
}

async fn check(args: &RegistryOf, env: &Env) -> Result<Exit, Problem> {
    let host = host(&args.host)?;
    let (registries, _) = known(env).await?;
    let owner = registries.owner(&host).map_err(|error| {
        let problem = told(&error);
        match registry_of(&host) {
            Some(_) => problem,
            None => problem.hint(format!(
                "clients pull from it without a login; `holdpoint registry map {host} PROFILE` changes that"
            )),
        }
    })?;
    let desk = RegistryDesk::new(registries, live_sessions(env));
    let login = desk.login(&host).await.map_err(told)?;
    let ends = login.ends_at.and_then(|end| jiff::Timestamp::try_from(end).ok()).map(|end| end.to_string());
    let by = match owner.by {
        By::Mapping => "mapped",
        By::Account => "the only profile of its account",
        By::Choice => "AWS_PROFILE, of its account",
    };
    if args.json {
        output::json(
            &json!({"host": host, "profile": owner.profile, "by": by, "user": login.username, "ends_at": ends}),
        );
    } else {
        output::line(format!("host     {host}"));
        output::line(format!("profile  {} ({by})", owner.profile));
        output::line(format!(
            "login    {}, until {}",
            login.username,
            ends.as_deref().unwrap_or("an unknown time")
        ));
    }
    Ok(Exit::Done)
}

/// The value of `DOCKER_AUTH_CONFIG`: a secret, so it is printed only into a pipe, or when told to.
async fn auth_config(args: &RegistryHosts, env: &Env) -> Result<Exit, Problem> {
    if output::has_person() && !args.print {
        return Err(usage("what is printed is a secret, and this is a terminal").hint(
            "use it as DOCKER_AUTH_CONFIG=\"$(holdpoint registry auth-config HOST)\", or say --print",
        ));
    }
    match docker_version(env) {
        Some(version) if !reads_auth_config(&version) => {
            return Err(Problem::new(format!(
                "this Docker client does not read DOCKER_AUTH_CONFIG: {version}"
            ))
            .hint("it is read from 28.3 on; use `holdpoint exec`, or `holdpoint registry install`"));
        }
        Some(_) => {}
        None => output::note("note: no docker client was found; DOCKER_AUTH_CONFIG is read from 28.3 on"),
    }
    let desk = desk(env).await?;
    let mut logins: Vec<(String, Login)> = Vec::new();
    for asked in &args.hosts {
        let host = host(asked)?;
        logins.push((host.clone(), desk.login(&host).await.map_err(told)?));
    }
    let value = docker_auth_config(logins.iter().map(|(host, login)| (host.as_str(), login)));
    output::line(value.expose());
    Ok(Exit::Done)
}

fn install(args: &RegistryInstall, env: &Env) -> Result<Exit, Problem> {
    let mut hosts = args.hosts.iter().map(|asked| host(asked)).collect::<Result<Vec<_>, _>>()?;
    if hosts.is_empty() {
        hosts = prefs(env)?.registries.into_keys().collect();
    }
    if hosts.is_empty() {
        return Err(usage("no registry is named and none is mapped")
            .hint("`holdpoint registry map HOST PROFILE` first"));
    }
    let file = operators_file(env)?;
    let draft = HelperDraft::add(&file, &hosts).map_err(told)?;
    if !changed(&draft, args.yes, &console::config(env)?.home)? {
        return Ok(Exit::Failed);
    }
    let program = std::env::current_exe().map_err(told)?;
    if args.link.is_none() && found_in_path(env, HELPER_PROGRAM).is_some() {
        return Ok(Exit::Done);
    }
    let (made, folder) = linked(&program, args.link.as_deref(), env)?;
    output::line(format!("made {}", made.display()));
    if found_in_path(env, HELPER_PROGRAM).is_none() {
        output::note(format!(
            "note: {} is not in PATH, where Docker looks for its helpers: add it",
            folder.display()
        ));
    }
    Ok(Exit::Done)
}

fn uninstall(args: &RegistryUninstall, env: &Env) -> Result<Exit, Problem> {
    let hosts = args.hosts.iter().map(|asked| host(asked)).collect::<Result<Vec<_>, _>>()?;
    let only = (!hosts.is_empty()).then_some(hosts.as_slice());
    let draft = HelperDraft::remove(&operators_file(env)?, only).map_err(told)?;
    let done = changed(&draft, args.yes, &console::config(env)?.home)?;
    Ok(if done { Exit::Done } else { Exit::Failed })
}

/// Shows the difference, asks, and writes. Whether the file is now as it should be.
fn changed(draft: &HelperDraft, yes: bool, home: &Path) -> Result<bool, Problem> {
    if !draft.changes() {
        output::line(format!("{} is as it should be", draft.path.display()));
        return Ok(true);
    }
    output::raw(&draft.diff);
    if !yes {
        if !output::has_person() {
            return Err(usage("nobody is here to agree; look at the difference and say --yes"));
        }
        if !asking::yes("Write it?")? {
            return Ok(false);
        }
    }
    private(home)?;
    let backups = home.join("backups");
    private(&backups)?;
    let done = draft.apply(&backups).map_err(told)?;
    match done.backup {
        Some(backup) => {
            output::line(format!(
                "wrote {}; what it was is kept in {}",
                done.path.display(),
                backup.display()
            ));
        }
        None => output::line(format!("made {}", done.path.display())),
    }
    Ok(true)
}

fn prefs(env: &Env) -> Result<Prefs, Problem> {
    Prefs::open(&console::config(env)?.home).map_err(told)
}

fn operators_file(env: &Env) -> Result<PathBuf, Problem> {
    let folder = DockerConfig::operators(env)
        .ok_or_else(|| Problem::new("no folder of Docker: neither DOCKER_CONFIG nor HOME is set"))?;
    Ok(folder.join("config.json"))
}

/// The helper: in the folder that is named; else beside this program when that is in PATH and can be written; else in
/// `~/.local/bin`.
fn linked(program: &Path, named: Option<&Path>, env: &Env) -> Result<(PathBuf, PathBuf), Problem> {
    let failed = |folder: &Path, error: std::io::Error| {
        told(format!("{HELPER_PROGRAM} could not be made in {}: {error}", folder.display()))
            .hint("name a folder of PATH that you can write with --link FOLDER")
    };
    let make = |folder: &Path| -> Result<(PathBuf, PathBuf), std::io::Error> {
        std::fs::create_dir_all(folder)?;
        Ok((link_helper(program, folder)?, folder.to_owned()))
    };
    if let Some(folder) = named {
        return make(folder).map_err(|error| failed(folder, error));
    }
    let in_path = |folder: &&Path| {
        env.os("PATH").is_some_and(|path| std::env::split_paths(path).any(|each| each == **folder))
    };
    if let Some(made) = program.parent().filter(in_path).and_then(|folder| make(folder).ok()) {
        return Ok(made);
    }
    let home = env.home().ok_or_else(|| {
        Problem::new("no folder for the helper: HOME is not set").hint("name one with --link FOLDER")
    })?;
    let folder = home.join(".local/bin");
    make(&folder).map_err(|error| failed(&folder, error))
}

fn found_in_path(env: &Env, program: &str) -> Option<PathBuf> {
    std::env::split_paths(env.os("PATH")?).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// What the client says of its version.
fn docker_version(env: &Env) -> Option<String> {
    let program = found_in_path(env, if cfg!(windows) { "docker.exe" } else { "docker" })?;
    #[expect(clippy::disallowed_methods, reason = "it is asked for its version, and gets no environment")]
    let said = std::process::Command::new(program).arg("--version").env_clear().output().ok()?;
    String::from_utf8(said.stdout).ok().map(|text| text.trim().to_owned())
}

fn private(folder: &Path) -> Result<(), Problem> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder).map_err(|error| told(format!("{} could not be made: {error}", folder.display())))
}

fn host(asked: &str) -> Result<String, Problem> {
    host_of(asked).map_err(|error| usage(&error.to_string()))
}

fn usage(said: &str) -> Problem {
    Problem::new(said).code("usage")
}

fn told(error: impl std::fmt::Display) -> Problem {
    Problem::new(error.to_string())
}
