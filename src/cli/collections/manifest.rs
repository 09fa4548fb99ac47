//! `hivesum collections manifest`: what the files of a collection should be, or should have been at a time, for other tools.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use hivesum_actors::report::{LATEST, PastManifest};
use hivesum_actors::store::collections::{Collections, MAX_ROWS, StoredCollection};
use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::Format;
use jiff::Timestamp;

use super::named::{find, open};
use super::report::{Take, put};
use crate::cli::state::StateArgs;

#[derive(Debug, Args)]
#[command(after_help = "\
Each file with the content that it should have: also one that is missing or damaged. With --at it is what the files should \
have been at that time, since the collection was made.

Examples:
  hivesum collections manifest ~/photos -o SHA256SUMS
  hivesum collections manifest ~/photos --format json --at 2026-03-01T00:00:00Z")]
pub(in crate::cli) struct ManifestArgs {
    /// The directory of the collection, or its id.
    collection: OsString,

    /// Output format: gnu, bsd, b3sum, hashdeep, sfv, bagit, csv, json, ndjson, mtree, wheel_record or ocfl_sidecar
    /// [default: gnu, or bsd for several algorithms and for one that the length of a digest does not tell].
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// The algorithm to write, if the collection has several.
    #[arg(short, long, value_name = "ALGORITHM")]
    algorithm: Option<Algorithm>,

    /// A time in the past, as RFC 3339. The default is now.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,

    /// Write to this file instead of stdout. It is replaced when the manifest is complete.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    state: StateArgs,
}

pub(super) fn run(args: &ManifestArgs) -> anyhow::Result<ExitCode> {
    let mut collections = open(&args.state)?;
    let one = find(&mut collections, &args.collection)?;
    let now = Timestamp::now();
    let manifest = || PastManifest::new(&one, (args.format, args.algorithm), (args.at, now));
    let (tried, manifest) = (manifest()?, manifest()?);
    let last = collections.last_event_until(&one, args.at.unwrap_or(LATEST))?;
    // A name that the format cannot carry is found before anything is written.
    write(&mut collections, &one, (tried, last), &mut |_| Ok(()))?;
    put(args.output.as_deref(), |take| write(&mut collections, &one, (manifest, last), take))
}

/// Passes the manifest to `take`, piece by piece. `taken` is the number of the last event that is not taken back.
fn write(
    collections: &mut Collections,
    one: &StoredCollection,
    (mut manifest, mut taken): (PastManifest, u64),
    take: Take<'_>,
) -> anyhow::Result<()> {
    let mut out = Vec::new();
    manifest.begin(&mut out);
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = collections.files(one, after.as_deref(), MAX_ROWS)?;
        // What a scrub has added until this page was read.
        loop {
            let events = collections.events(one, taken, MAX_ROWS)?;
            let Some(last) = events.last() else { break };
            taken = last.n;
            events.iter().try_for_each(|stored| manifest.take_back(&stored.event))?;
        }
        let is_last = page.len() < MAX_ROWS;
        after = page.last().map(|last| last.path.clone()).or(after);
        manifest.page(&mut out, page, is_last)?;
        if is_last {
            manifest.end(&mut out);
        }
        take(&std::mem::take(&mut out))?;
        if is_last {
            return Ok(());
        }
    }
}
