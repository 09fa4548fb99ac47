//! What the flags of `hivesum hash` mean: the rules of its scans, the writer, and where the output goes.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use hivesum_actors::error::StartError;
use hivesum_actors::scan::ScanSpec;
use hivesum_core::digest::Algorithms;
use hivesum_core::file::{Devices, Reach};
use hivesum_core::manifest::{Format, LineEnd, ManifestWriter};
use hivesum_core::result::FileIdentity;
use hivesum_core::walk::Target;

use crate::cli::atomic_file::AtomicFile;
use crate::cli::engine::{EngineArgs, RunningEngine};
use crate::cli::error::{UsageError, system_text};
use crate::cli::filter_args::PathFilters;
use crate::cli::from_device::FromDeviceArgs;
use crate::cli::hash_args::HashArgs;
use crate::cli::output::{Sink, told_of_name};
use crate::cli::own_output::OwnOutputs;
use crate::cli::terminal::Terminal;

/// When the files are counted to give the progress bar a total. Shorter runs do without.
const SURVEY_AFTER: Duration = Duration::from_secs(1);

/// The writer of the format that the flags ask for.
pub(super) fn writer_of(args: &HashArgs) -> Result<ManifestWriter, UsageError> {
    let usage = |message: &dyn std::fmt::Display| UsageError::of("hash", message);
    let format = args.format.unwrap_or_else(|| Format::default_for(&args.algorithms));
    if args.zero && !format.may_end_lines_with_nul() {
        return Err(usage(&format!("--zero works with the formats gnu and bsd, not with {format}")));
    }
    let end = if args.zero { LineEnd::Nul } else { LineEnd::Newline };
    ManifestWriter::new(format, args.algorithms, end).map_err(|mismatch| usage(&mismatch))
}

/// Stdout, or the file of `-o`.
pub(super) fn open_sink(args: &HashArgs) -> anyhow::Result<Sink> {
    let Some(path) = args.output.as_ref().filter(|path| !is_stdout(path)) else { return Ok(Sink::Stdout) };
    let file = AtomicFile::create(path).map_err(|error| io::Error::new(error.kind(), system_text(&error)));
    Ok(Sink::File(file.with_context(|| path.display().to_string())?))
}

/// Says so if a reader will not know by the name of `-o` what the file is. Said before anything is hashed.
pub(super) fn tell_of_output_name(args: &HashArgs, terminal: &Terminal) {
    let format = args.format.unwrap_or_else(|| Format::default_for(&args.algorithms));
    let Some(path) = args.output.as_ref().filter(|path| !is_stdout(path)) else { return };
    if let Some(told) = told_of_name(format, args.algorithms.first(), path) {
        terminal.message_about(path.as_os_str().as_bytes(), &told);
    }
}

/// A file that is named as a PATH and by `-o` would be gone before anybody has its digest.
pub(super) fn refuse_output_as_input(args: &HashArgs, sink: &Sink) -> Result<(), UsageError> {
    let Sink::File(file) = sink else { return Ok(()) };
    match args.paths.iter().find(|path| file.replaces(Path::new(path))) {
        Some(path) => Err(UsageError::of("hash", format!("{} is both a PATH and the output", path.display()))),
        None => Ok(()),
    }
}

/// Whether this is another name of stdout. The file that the shell opened must not be replaced.
fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// The files that standard streams go to, as far as they are outputs.
pub(super) fn outputs_of(sink: &Sink) -> OwnOutputs {
    match sink {
        Sink::Stdout => OwnOutputs::of_streams(),
        Sink::File(_) => OwnOutputs::of_messages(),
    }
}

/// The settings of all scans.
pub(super) struct Rules {
    pub(super) algorithms: Algorithms,
    pub(super) filters: PathFilters,
    pub(super) source: FromDeviceArgs,
    reach: Reach,
    devices: Devices,
    pub(super) engine: EngineArgs,
    require_stable: bool,
    /// Whether files are counted, for a progress bar.
    surveys: bool,
    leave_out: Vec<FileIdentity>,
}

impl Rules {
    /// The settings that the flags ask for.
    ///
    /// # Errors
    /// A glob that is not valid or can never match.
    pub(super) fn of(args: &HashArgs) -> Result<Self, UsageError> {
        Ok(Self {
            algorithms: args.algorithms,
            filters: args.filters.filters_of_each("hash", &args.paths)?,
            reach: if args.one_file_system { Reach::OneFilesystem } else { Reach::Everywhere },
            devices: if args.devices { Devices::Read } else { Devices::Skip },
            source: args.source,
            engine: args.engine,
            require_stable: args.require_stable,
            surveys: args.screen.shows_progress() && Terminal::is_seen(),
            leave_out: Vec::new(),
        })
    }

    /// The same, without the files that are written to.
    pub(super) fn leaving_out(self, sink: &Sink, outputs: &OwnOutputs) -> Self {
        let own = match sink {
            Sink::Stdout => &[][..],
            Sink::File(file) => file.own_files(),
        };
        Self { leave_out: [own, outputs.identities()].concat(), ..self }
    }

    /// The writer, with the globs for the manifest to remember.
    pub(super) fn remembered_by(&self, writer: ManifestWriter, args: &HashArgs, terminal: &Terminal) -> ManifestWriter {
        match self.filters.remembered(&args.paths) {
            Ok(filters) => writer.remembering(filters),
            Err(error) => {
                terminal.message(&format!("the globs are not remembered in the output: {error}"));
                writer
            }
        }
    }

    /// Starts what runs the scans.
    ///
    /// # Errors
    /// As [`RunningEngine::start`].
    pub(super) fn start_engine(&self) -> Result<RunningEngine, StartError> {
        RunningEngine::start(self.engine, Some(self.algorithms))
    }

    pub(super) fn spec(&self, targets: Vec<Target>) -> ScanSpec {
        ScanSpec {
            filters: self.filters.of(&targets).clone(),
            reach: self.reach,
            devices: self.devices,
            require_stable: self.require_stable,
            from_device: self.source.from_device,
            survey_after: self.surveys.then_some(SURVEY_AFTER),
            leave_out: self.leave_out.clone(),
            ..self.engine.scan(targets, self.algorithms)
        }
    }
}
