//! `hivesum locate`: where a file is damaged, and what to copy from another copy of it.
//!
//! What the file should be is known from the collection that it lies in, or given with `--expect`. Both copies are read
//! from their devices, piece by piece. Nothing is written: what is printed is a plan.

use std::ffi::{OsStr, OsString};
use std::ops::{ControlFlow, Range};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use hivesum_actors::store::collections::Collections;
use hivesum_core::file::{DEFAULT_READ_TIMEOUT, ReadBuffers};
use hivesum_core::fixity::{Good, Located, NamedCopy, Plan, Verdict};
use hivesum_core::hash::{CopyFailure, CopyRead, read_copy};
use hivesum_core::result::{NameList, Progress};
use tokio::sync::watch;

use super::error::{UsageError, path_error, reason};
use super::from_device::SourceTally;
use super::output::write_stdout;
use super::quote::quoted;
use super::state::StateArgs;
use super::terminal::{ScreenArgs, Terminal, counted};

/// The block size of the `dd` commands: every range begins at a multiple of it.
const BLOCK_BYTES: u64 = 1 << 20;

#[derive(Debug, Args)]
#[command(after_help = "\
What FILE should be is known if it lies in a collection (see hivesum scrub) whose digests include BLAKE3, or from --expect. \
Of files from 4 MiB on a collection knows each MiB (each 8 MiB of files over 128 GiB), so that it tells where FILE is \
damaged without any other copy, and takes from REPLICA what is good there even if other parts of it are not. Nothing is \
written: the dd commands are for you to run.

Examples:
  hivesum locate ~/photos/film.mkv
  hivesum locate ~/photos/film.mkv /mnt/backup/film.mkv
  hivesum locate disk.img copy/disk.img --expect blake3:HEX

Exit status: 0 FILE is what it should be, or both are the same; 1 it is not, or could not be read; 2 wrong command line.")]
pub(super) struct LocateArgs {
    /// The file.
    file: OsString,

    /// Another copy of it.
    replica: Option<OsString>,

    /// The BLAKE3 digest that FILE should have: 64 hexadecimal digits, with blake3: before them or not.
    #[arg(long, value_name = "DIGEST", value_parser = blake3_digest)]
    expect: Option<[u8; 32]>,

    /// Print one JSON document.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    screen: ScreenArgs,

    #[command(flatten)]
    state: StateArgs,
}

fn blake3_digest(word: &str) -> Result<[u8; 32], String> {
    let digits = word.strip_prefix("blake3:").unwrap_or(word);
    let mut digest = [0; 32];
    match hex::decode_to_slice(digits, &mut digest) {
        Ok(()) => Ok(digest),
        Err(_) => Err("must be a BLAKE3 digest: 64 hexadecimal digits, with blake3: before them or not".to_owned()),
    }
}

/// Runs the command.
pub(super) fn run(args: &LocateArgs) -> anyhow::Result<ExitCode> {
    let known = known(args)?;
    if known.is_none() && args.replica.is_none() {
        let file = quoted(&args.file);
        let message = format!(
            "{file}: no collection knows this file with a BLAKE3 digest: give another copy of it, or --expect DIGEST and \
             another copy"
        );
        return Err(UsageError::of("locate", message).into());
    }
    let terminal = Terminal::of(args.screen);
    let mut buffers = ReadBuffers::new(DEFAULT_READ_TIMEOUT);
    let file = read(&terminal, &mut buffers, &args.file)?;
    let replica = args.replica.as_ref().map(|replica| read(&terminal, &mut buffers, replica)).transpose()?;
    terminal.finish_progress();
    let plan = Plan::of(known.as_ref(), &file, replica.as_ref());
    let found = Found { args, known: known.as_ref(), file: &file, replica: replica.as_ref(), plan: &plan };
    match args.json {
        true => write_stdout(format!("{}\n", serde_json::to_string_pretty(&found.told())?).as_bytes())?,
        false => {
            write_stdout(found.text().as_bytes())?;
            found.summary().iter().for_each(|line| terminal.message(line));
        }
    }
    Ok(match plan.verdict {
        Verdict::Good | Verdict::Same => ExitCode::SUCCESS,
        Verdict::Damaged | Verdict::Different => ExitCode::FAILURE,
    })
}

fn read(terminal: &Terminal, buffers: &mut ReadBuffers, name: &OsStr) -> anyhow::Result<CopyRead> {
    let (told, progress) = watch::channel(Progress::default());
    terminal.follow(progress);
    let copy = read_copy(buffers, name.as_bytes(), |bytes| {
        told.send_modify(|progress| progress.bytes_done += bytes);
        ControlFlow::Continue(())
    });
    copy.map_err(|failure| match failure {
        CopyFailure::Failed(status) => anyhow::anyhow!("{}: {}", quoted(name), reason(status).unwrap_or_default()),
        CopyFailure::Stopped => anyhow::anyhow!("{}: the read was stopped", quoted(name)),
    })
}

/// What the file should be, if that is given or a collection knows it.
fn known(args: &LocateArgs) -> anyhow::Result<Option<Good>> {
    let of_collection = of_collection(args)?;
    let Some(digest) = args.expect else { return Ok(of_collection) };
    let same = of_collection.filter(|good| good.digest == digest);
    Ok(Some(same.unwrap_or(Good { digest, size: None, pieces: None })))
}

/// What the file should be as a collection knows it: of several the one that has its pieces, or else the deepest.
fn of_collection(args: &LocateArgs) -> anyhow::Result<Option<Good>> {
    let Some(mut collections) = Collections::open(&args.state.directory()?)? else { return Ok(None) };
    let path = Path::new(&args.file);
    let name = path.file_name().ok_or_else(|| UsageError::of("locate", format!("{}: no file", quoted(&args.file))))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let parent = parent.canonicalize().map_err(|error| path_error(&args.file, &error))?;
    let path = parent.join(name);
    let mut found: Option<Good> = None;
    let mut all = collections.list()?;
    all.sort_by_key(|collection| std::cmp::Reverse(collection.directory.as_os_str().len()));
    for collection in &all {
        let Ok(relative) = path.strip_prefix(&collection.directory) else { continue };
        let names: NameList = std::iter::once(relative.as_os_str().as_bytes()).collect();
        let Some(state) = collections.states(collection, &names)?.into_iter().flatten().next() else { continue };
        let Some(good) = collections.good(collection, &state)? else { continue };
        if found.is_none() || good.pieces.is_some() {
            let is_located = good.pieces.is_some();
            found = Some(good);
            if is_located {
                break;
            }
        }
    }
    Ok(found)
}

/// What is printed.
struct Found<'a> {
    args: &'a LocateArgs,
    known: Option<&'a Good>,
    file: &'a CopyRead,
    replica: Option<&'a CopyRead>,
    plan: &'a Plan,
}

impl Found<'_> {
    /// A line for each range, and the commands.
    fn text(&self) -> String {
        let mut text = String::new();
        let name = self.plan.verdict.name();
        let lines = |word: &str, ranges: &[Range<u64>]| -> String {
            let line = |range: &Range<u64>| format!("{word}: {} bytes at {}\n", range.end - range.start, range.start);
            ranges.iter().map(line).collect()
        };
        text += &lines(name, self.plan.ranges.as_deref().unwrap_or_default());
        text += &lines("unreadable", &self.file.unreadable);
        text += &lines("not good in the replica either", &self.plan.lacking);
        let Some(replica) = &self.args.replica else { return text };
        for range in &self.plan.copy {
            let (block, count) = (range.start / BLOCK_BYTES, (range.end - range.start).div_ceil(BLOCK_BYTES));
            text += &format!(
                "dd if={} of={} bs={BLOCK_BYTES} skip={block} seek={block} count={count} conv=notrunc\n",
                quoted(replica),
                quoted(&self.args.file)
            );
        }
        if let Some(size) = self.wrong_size().filter(|size| *size < self.file.meta.size) {
            text += &format!("truncate --size={size} {}\n", quoted(&self.args.file));
        }
        text
    }

    /// The size that the file should have, if it has another one.
    fn wrong_size(&self) -> Option<u64> {
        let of_replica =
            self.replica.filter(|_| self.plan.replica_is_good == Some(true)).map(|replica| replica.meta.size);
        let size = self.known.and_then(|known| known.size).or(of_replica);
        size.filter(|size| *size != self.file.meta.size)
    }

    /// What it means, for people.
    fn summary(&self) -> Vec<String> {
        let Self { args, plan, file, .. } = self;
        let shown = quoted(&args.file);
        let mut lines = match plan.verdict {
            Verdict::Good => vec![format!("{shown}: is what it should be")],
            Verdict::Same => vec![format!("{shown}: both copies are the same; what they should be is not known")],
            Verdict::Different => {
                vec![format!("{shown}: the copies differ, and which of them is right is not known: see --expect")]
            }
            Verdict::Damaged => vec![match &plan.ranges {
                Some(ranges) => {
                    let bytes: u64 = ranges.iter().map(|range| range.end - range.start).sum();
                    let (ranges, of) = (counted(ranges.len() as u64, "range"), counted(file.meta.size, "byte"));
                    format!("{shown}: is damaged in {ranges}, {bytes} of {of}")
                }
                None => format!("{shown}: is not what it should be; where is not known: a good copy of it would tell"),
            }],
        };
        if let Some(size) = self.wrong_size() {
            let size = counted(size, "byte");
            lines.push(format!("{shown}: has {}, and should have {size}", counted(file.meta.size, "byte")));
        }
        if let (Some(replica), Some(is_good)) = (&args.replica, plan.replica_is_good) {
            let replica = quoted(replica);
            lines.push(match (is_good, plan.lacking.is_empty() && !plan.copy.is_empty()) {
                (true, _) => format!("{replica}: is what it should be"),
                (false, true) => format!("{replica}: is damaged, too, but not where {shown} is"),
                (false, false) => format!("{replica}: is not what it should be either"),
            });
        }
        let mut tally = SourceTally::default();
        for copy in std::iter::once(*file).chain(self.replica) {
            tally.count(copy.read_from, copy.meta.device);
        }
        lines.extend(tally.warnings());
        lines
    }

    fn told(&self) -> Located<'_> {
        let replica = self.args.replica.as_ref().zip(self.replica);
        Located {
            good: self.known,
            file: NamedCopy { root: None, path: self.args.file.as_bytes(), read: self.file },
            replica: replica.map(|(name, read)| NamedCopy { root: None, path: name.as_bytes(), read }),
            plan: self.plan,
        }
    }
}
