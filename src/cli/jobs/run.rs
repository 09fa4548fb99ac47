//! `hivesum jobs run`: has the running service hash a root, a part of one, or a directory that lies in one.
//!
//! The job belongs to the service: it goes on if this command ends. The id goes to stdout as soon as the job is stored,
//! everything else to stderr. Which root a directory lies in is decided by the service.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use hivesum::control::job_messages::{DirectoryPlace, JobOrder, JobReport, NamedPlace};
use hivesum::control::protocol::{Answer, Command};
use hivesum_actors::job::JobId;
use hivesum_core::digest::Algorithms;

use super::follow::Following;
use crate::cli::control::{Asked, StateAccess, unexpected};
use crate::cli::error::path_error;
use crate::cli::filter_args::FilterArgs;
use crate::cli::lock_holder::sees_another;
use crate::cli::output::write_stdout;
use crate::cli::quote::quoted;
use crate::cli::state::ServiceArgs;
use crate::cli::terminal::{ScreenArgs, Terminal};

#[derive(Debug, Args)]
#[command(after_help = "\
The id of the job goes to stdout as soon as the service has stored the job, and a line with its state and verdict to \
stderr at its end. Ctrl-C stops the waiting, not the job. Globs are relative to the directory of the job.

The word before the first colon is a root if the service has one of this name, and otherwise the word is a path; \
./NAME is always a path. Jobs that are started here belong to no token: tokens with the scope admin or read:all see them.

Examples:
  hivesum jobs run photos                         the whole root
  hivesum jobs run photos:2026/summer -a sha256   a part of it
  hivesum jobs run /srv/photos/2026               the same machine's path of a part of it
  hivesum jobs export $(hivesum jobs run photos) > B3SUMS

Exit status: 0 completed without errors, and with the verdict ok if there is one; 1 failed, cancelled or completed with \
errors, or on a root that is empty or another than before; 69 no service is running; 130 the waiting was interrupted.")]
pub(in crate::cli) struct RunArgs {
    /// A root of the service, a path beneath one, or a directory of this machine that lies in one.
    #[arg(value_name = "ROOT[:PATH]|DIR")]
    place: OsString,

    /// Algorithms to use, separated by commas, as in hivesum hash.
    #[arg(short, long, value_name = "LIST", default_value_t = Algorithms::default())]
    algorithms: Algorithms,

    #[command(flatten)]
    filters: FilterArgs,

    /// Read the files from their devices and not from the page cache, where damage on a device stays unseen; read_from of
    /// each result says whether that was so.
    #[arg(long, help_heading = "Reading")]
    from_device: bool,

    /// Do not wait for the end of the job.
    #[arg(long)]
    no_wait: bool,

    #[command(flatten)]
    screen: ScreenArgs,

    #[command(flatten)]
    service: ServiceArgs,
}

/// Starts the job and waits for its end.
pub(super) fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    args.filters.filters("jobs")?;
    let state_dir = args.service.directory()?;
    let order = JobOrder {
        key: JobId::now_v7(),
        named: named(&args.place),
        directory: directory(&args.place, &state_dir)?,
        algorithms: args.algorithms,
        include: args.filters.include.clone(),
        exclude: args.filters.exclude.clone(),
        from_device: args.from_device,
    };
    let access = StateAccess::of(&state_dir);
    let job = start(&access, order)?;
    write_stdout(format!("{}\n", job.id).as_bytes())?;
    let terminal = Terminal::of(args.screen);
    terminal.message(&format!("job {}: {}", job.id, tree_of(&job)?));
    match args.no_wait {
        true => Ok(ExitCode::SUCCESS),
        false => {
            let of_nothing = args.filters.told_of_nothing();
            let flag = args.service.repeated(&state_dir);
            Following { access, terminal, id: job.id, flag, of_nothing }.wait_for_end(job)
        }
    }
}

/// The service has at most one job of an order, so it is sent again if the answer was lost.
fn start(access: &StateAccess, order: JobOrder) -> anyhow::Result<JobReport> {
    let command = Command::JobRun { order: Box::new(order) };
    let answer = match access.ask(&command)? {
        Asked::Answered(answer) => answer,
        Asked::NobodyListens | Asked::Lost => access.ask_running(&command)?,
    };
    match answer {
        Answer::Job { job } => Ok(*job),
        other => Err(unexpected(&other)),
    }
}

/// The word as `ROOT[:PATH]`; none if it can only be a path.
fn named(word: &OsStr) -> Option<NamedPlace> {
    let mut parts = word.as_bytes().splitn(2, |&byte| byte == b':');
    let root = std::str::from_utf8(parts.next()?).ok().filter(|root| !root.contains('/'))?;
    let is_path = ["", ".", ".."].contains(&root);
    let path_b64 = STANDARD.encode(parts.next().unwrap_or_default());
    (!is_path).then(|| NamedPlace { root: root.to_owned(), path_b64 })
}

/// The word as a path; none if it can be a root, and nothing that the service sees, too, is there.
fn directory(word: &OsStr, state_dir: &Path) -> anyhow::Result<Option<DirectoryPlace>> {
    match fs::canonicalize(word) {
        Ok(path) if sees_another(state_dir, &path) && named(word).is_some() => Ok(None),
        Ok(path) if sees_another(state_dir, &path) => anyhow::bail!(
            "{}: the service sees another file system there, as in a container: name it as ROOT[:PATH]",
            quoted(path.as_os_str())
        ),
        Ok(path) => Ok(Some(DirectoryPlace { path_b64: STANDARD.encode(path.as_os_str().as_bytes()) })),
        Err(error) if error.kind() == io::ErrorKind::NotFound && named(word).is_some() => Ok(None),
        Err(error) => Err(path_error(word, &error)),
    }
}

/// `ROOT` or `ROOT:PATH`.
fn tree_of(job: &JobReport) -> anyhow::Result<String> {
    let path = STANDARD.decode(&job.path_b64)?;
    let mut tree = job.root.clone().into_bytes();
    if !path.is_empty() {
        tree.push(b':');
        tree.extend(path);
    }
    Ok(quoted(OsStr::from_bytes(&tree)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_a_root_unless_it_can_only_be_a_path() {
        let named = |word: &str| {
            let named = named(OsStr::new(word))?;
            Some((named.root, String::from_utf8(STANDARD.decode(named.path_b64).unwrap()).unwrap()))
        };
        let at = |root: &str, path: &str| Some((root.to_owned(), path.to_owned()));
        assert_eq!(named("photos"), at("photos", ""));
        assert_eq!(named("photos:a/b:c"), at("photos", "a/b:c"));
        assert_eq!(named(".hidden"), at(".hidden", ""));
        for path in ["/srv/a", "./a", ".", "..", "", "a/b", "a/b:c", ":a"] {
            assert_eq!(named(path), None, "{path}");
        }
        let state_dir = Path::new("/no such state");
        assert!(directory(OsStr::new("no such root"), state_dir).unwrap().is_none());
        assert!(directory(OsStr::new("./no such directory"), state_dir).is_err());
    }
}
