//! `hivesum service`: the service as a unit of the user's own systemd, and whether it answers.
//!
//! Files are written and removed here, and `systemctl --user` does the rest. A unit with another first line was not
//! written here and is neither replaced nor removed. The state of the service is never touched. What the unit says is
//! decided in `unit`, how a service is asked in `readiness`.

mod readiness;
mod unit;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::{Args, Subcommand};

use super::atomic_file::AtomicFile;
use super::error::{NOT_RUNNING, StatusError, path_error, system_text};
use super::lock_holder::process_with_lock;
use super::output::write_stdout;
use super::quote::quoted;
use super::serve::ServeArgs;
use super::state::state_directory;
use readiness::{Readiness, Url};
use unit::Unit;

/// The name of the unit.
const UNIT: &str = "hivesum.service";

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum ServiceCommand {
    /// Write a unit that serves these directories, for your own systemd.
    Install(InstallArgs),
    /// Stop the service and remove its unit. Its state is kept.
    Uninstall,
    /// Print whether the service is enabled, active and ready.
    Status(StatusArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
The unit is ~/.config/systemd/user/hivesum.service, or in $XDG_CONFIG_HOME. A unit that an earlier install wrote is \
replaced; one that somebody else wrote is not. The service keeps running after you log out only with \
`loginctl enable-linger`.

Examples:
  hivesum service install --now ~/archive
  hivesum service install --listen 127.0.0.1:9000 photos=/srv/p music=/srv/m
  hivesum service install --config ~/hivesum.toml --behind-proxy --base-path /hivesum/

The unit runs hivesum serve with the settings that are given here, on the command line or in the environment; what \
hivesum serve would refuse is refused.

Exit status: 0 success; 1 the unit could not be written; 2 wrong command line; 69 systemd could not be reached.")]
pub(super) struct InstallArgs {
    #[command(flatten)]
    serve: Box<ServeArgs>,

    /// Start the service now, and with every login. One that runs is restarted.
    #[arg(long)]
    now: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
With --url nothing but the service there is asked, as for the health check of a container.

Exit status: 0 the service is ready; 1 the unit could not be read; 2 wrong command line; 69 the service is not ready.")]
pub(super) struct StatusArgs {
    /// Ask only the service at this URL: http://HOST:PORT, and the path below which it is published.
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
}

pub(super) fn run(command: ServiceCommand) -> anyhow::Result<ExitCode> {
    match command {
        ServiceCommand::Install(args) => install(args),
        ServiceCommand::Uninstall => uninstall(),
        ServiceCommand::Status(args) => status(&args),
    }
}

fn install(args: InstallArgs) -> anyhow::Result<ExitCode> {
    let path = unit_path()?;
    if let Some(text) = read(&path)? {
        require_ours(&path, &text)?;
    }
    let unit = Unit::new(&std::env::current_exe()?, *args.serve)?;
    write(&path, &unit.text()).map_err(|error| path_error(path.as_os_str(), &error))?;
    let state = quoted(unit.state().as_ref());
    say(&format!("wrote {}\nstate: {state}\n", quoted(path.as_os_str())))?;
    let start = "systemctl --user daemon-reload && systemctl --user enable --now hivesum.service";
    if !args.now {
        say(&format!("start it, now and with every login: {start}\n"))?;
    } else {
        for words in [&["daemon-reload"][..], &["enable", UNIT], &["restart", UNIT]] {
            systemctl(words, &format!("the unit is written, but the service is not started; later: {start}"))?;
        }
        say(&format!("started: it listens on {}\n", unit.listens_on()))?;
    }
    say(&format!(
        "sign in: hivesum token link --state {state}\nkeep it running after you log out: loginctl enable-linger\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn uninstall() -> anyhow::Result<ExitCode> {
    let path = unit_path()?;
    let Some(text) = read(&path)? else {
        anyhow::bail!("{}: there is no such unit, and nothing was removed", quoted(path.as_os_str()));
    };
    require_ours(&path, &text)?;
    let by_hand = format!("nothing was removed; without systemd, remove {} by hand", quoted(path.as_os_str()));
    let has_systemctl = has_systemctl();
    match has_systemctl {
        true => systemctl(&["disable", "--now", UNIT], &by_hand)?,
        // Without systemd nothing has started it.
        false => say("there is no systemctl here: nothing was stopped\n")?,
    }
    std::fs::remove_file(&path).map_err(|error| path_error(path.as_os_str(), &error))?;
    say(&format!("removed {}\n", quoted(path.as_os_str())))?;
    if let Some(state) = Unit::state_in(&text) {
        say(&format!("kept the state: {}\n", quoted(state.as_ref())))?;
    }
    if has_systemctl {
        systemctl(&["daemon-reload"], "the unit is removed, but systemd does not know yet")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn status(args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => {
            let path = unit_path()?;
            let text = read(&path)?;
            let ours = text.as_deref().filter(|text| Unit::is_ours(text));
            let url = ours.and_then(Unit::listen_in).map(|address| Url::of(&address));
            let listens = ours.and_then(Unit::listens_in).map(str::to_owned);
            let state = match ours.and_then(Unit::state_in) {
                Some(state) => PathBuf::from(state),
                None => state_directory(None)?,
            };
            say(&match text {
                Some(text) if Unit::is_ours(&text) => format!("unit: {}\n", quoted(path.as_os_str())),
                Some(_) => format!("unit: {}, not written by hivesum service install\n", quoted(path.as_os_str())),
                None => format!("unit: none at {}\n", quoted(path.as_os_str())),
            })?;
            let used = match process_with_lock(&state) {
                Some(process) => format!("in use by process {process}"),
                None => "no process is known to use it".to_owned(),
            };
            say(&format!("state: {}, {used}\n", quoted(state.as_os_str())))?;
            say(&format!("enabled: {}\nactive: {}\n", asked("is-enabled"), asked("is-active")))?;
            match (url, listens) {
                (Some(url), _) => url,
                (None, listens) => {
                    let why = match listens {
                        Some(address) => format!("it listens on {address}, and plain HTTP alone is asked here"),
                        None => "there is no unit that tells the address; --url asks a service at one".to_owned(),
                    };
                    say(&format!("ready: not known: {why}\n"))?;
                    return Ok(ExitCode::from(NOT_RUNNING));
                }
            }
        }
    };
    let readiness = url.ask();
    say(&format!("ready: {readiness}, {url}\n"))?;
    Ok(if readiness == Readiness::Ready { ExitCode::SUCCESS } else { ExitCode::from(NOT_RUNNING) })
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(write_stdout(text.as_bytes())?)
}

/// Where systemd looks for the user's units first.
fn unit_path() -> anyhow::Result<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")));
    let config = config.ok_or_else(|| anyhow::anyhow!("neither XDG_CONFIG_HOME nor HOME is an absolute path"))?;
    Ok(config.join("systemd/user").join(UNIT))
}

fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(path_error(path.as_os_str(), &error)),
    }
}

fn require_ours(path: &Path, text: &str) -> anyhow::Result<()> {
    let ours = Unit::is_ours(text);
    anyhow::ensure!(ours, "{} was not written by hivesum service install: it is left alone", quoted(path.as_os_str()));
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let mut file = AtomicFile::create(path)?;
    file.write_all(text.as_bytes())?;
    file.commit()
}

/// Asks systemd for something. If that fails, `otherwise` says what is and what can be done.
fn systemctl(words: &[&str], otherwise: &str) -> anyhow::Result<()> {
    let asked = Command::new("systemctl").arg("--user").args(words).stdin(Stdio::null()).output();
    let why = match asked {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => system_text(&error),
    };
    let message = format!("systemctl --user {} failed: {why}\n{otherwise}", words.join(" "));
    Err(StatusError { status: NOT_RUNNING, message }.into())
}

/// Whether there is a program of this name to ask.
fn has_systemctl() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join("systemctl").exists())
}

/// The word with which systemd answers a question about the unit; what it says if it cannot be reached.
fn asked(question: &str) -> String {
    let asked = Command::new("systemctl").args(["--user", question, UNIT]).stdin(Stdio::null()).output();
    let (said, failed) = match asked {
        Ok(output) => (output.stdout, output.stderr),
        Err(error) => return format!("not known: systemctl: {}", system_text(&error)),
    };
    match (String::from_utf8_lossy(&said).trim(), String::from_utf8_lossy(&failed).trim()) {
        ("", why) => format!("not known: systemctl: {why}"),
        (word, _) => word.to_owned(),
    }
}
