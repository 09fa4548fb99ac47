//! `hivesum service`: the service as a unit of the user's own systemd, and whether it answers.
//!
//! Files are written and removed here, and `systemctl --user` does the rest. A unit with another first line was not
//! written here and is neither replaced nor removed. The state of the service is never touched. What the unit says is
//! decided in `unit`, how a service is asked in `readiness`.

mod readiness;
mod unit;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::{Args, Subcommand};
use hivesum::config::DEFAULT_LISTEN;

use super::atomic_file::AtomicFile;
use super::error::{NOT_RUNNING, StatusError, path_error, system_text};
use super::output::write_stdout;
use super::quote::quoted;
use super::state::state_directory;
use readiness::{Readiness, Url};
use unit::Unit;

/// The name of the unit.
const UNIT: &str = "hivesum.service";

#[derive(Debug, Subcommand)]
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

Exit status: 0 success; 1 the unit could not be written; 2 wrong command line; 69 systemd could not be reached.")]
pub(super) struct InstallArgs {
    /// Directories that jobs may read, with an optional name.
    #[arg(value_name = "[NAME=]DIR")]
    roots: Vec<OsString>,

    /// Address and port to listen on. Port 0 is not allowed: nobody would know where the service is.
    #[arg(long, value_name = "ADDR:PORT", default_value_t = DEFAULT_LISTEN)]
    listen: std::net::SocketAddr,

    /// Directory for jobs, results and tokens [default: $XDG_STATE_HOME/hivesum, else ~/.local/state/hivesum].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

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
    let state = std::path::absolute(state_directory(args.state)?)?;
    let unit = Unit::new(&std::env::current_exe()?, args.listen, &state, args.roots)?;
    write(&path, &unit.text()).map_err(|error| path_error(path.as_os_str(), &error))?;
    say(&format!("wrote {}\nstate: {}\n", quoted(path.as_os_str()), quoted(state.as_os_str())))?;
    let start = "systemctl --user daemon-reload && systemctl --user enable --now hivesum.service";
    if !args.now {
        say(&format!("start it, now and with every login: {start}\n"))?;
    } else {
        for words in [&["daemon-reload"][..], &["enable", UNIT], &["restart", UNIT]] {
            systemctl(words, &format!("the unit is written, but the service is not started; later: {start}"))?;
        }
        say(&format!("started: http://{}/\n", args.listen))?;
    }
    say(&format!(
        "sign in: hivesum token link --state {}\nkeep it running after you log out: loginctl enable-linger\n",
        quoted(state.as_os_str())
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
    systemctl(&["disable", "--now", UNIT], &by_hand)?;
    std::fs::remove_file(&path).map_err(|error| path_error(path.as_os_str(), &error))?;
    say(&format!("removed {}\n", quoted(path.as_os_str())))?;
    if let Some(state) = Unit::state_in(&text) {
        say(&format!("kept the state: {}\n", quoted(state.as_ref())))?;
    }
    systemctl(&["daemon-reload"], "the unit is removed, but systemd does not know yet")?;
    Ok(ExitCode::SUCCESS)
}

fn status(args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let url = match &args.url {
        Some(url) => Some(url.clone()),
        None => {
            let path = unit_path()?;
            let text = read(&path)?;
            let url = text.as_deref().and_then(Unit::listen_in).map(|address| Url::of(&address));
            say(&match text {
                Some(text) if Unit::is_ours(&text) => format!("unit: {}\n", quoted(path.as_os_str())),
                Some(_) => format!("unit: {}, not written by hivesum service install\n", quoted(path.as_os_str())),
                None => format!("unit: none at {}\n", quoted(path.as_os_str())),
            })?;
            say(&format!("enabled: {}\nactive: {}\n", asked("is-enabled"), asked("is-active")))?;
            url
        }
    };
    let Some(url) = url else {
        say("ready: not known, as no address is\n")?;
        return Ok(ExitCode::from(NOT_RUNNING));
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
