//! Where results are written: stdout, or the file of `-o`.
//!
//! Long results are written on a separate thread, so that the engine does not wait for small writes. At most
//! [`BUFFERS`] buffers wait to be written. Then the sender waits, and the engine with it, because the channels between
//! them are bounded.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::str::FromStr;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::{Format, bagit};
use hivesum_core::result::system_text;
use hivesum_core::sys::std_streams::StdStream;

use super::atomic_file::AtomicFile;
use super::terminal::Terminal;

/// Buffers that may wait to be written. One holds a batch of results, about 20 KiB.
const BUFFERS: usize = 8;

/// What is written to.
#[derive(Debug)]
pub(super) enum Sink {
    /// Standard output.
    Stdout,
    /// A file that appears when it is complete.
    File(AtomicFile),
}

/// What to say before a manifest of this format is written to a file of this name: readers know the manifest of a bag by
/// its name alone. `None` if the name is right, or does not matter.
pub(super) fn told_of_name(format: Format, algorithm: Algorithm, file: &Path) -> Option<String> {
    let file = file.as_os_str().as_bytes();
    let why = match (bagit::word_of_name(file), bagit::algorithm_of_name(file)) {
        _ if format != Format::Bagit => return None,
        (Some(_), Some(named)) if named == algorithm => return None,
        (Some(word), _) => format!("by its name, its digests would be read as {word}"),
        (None, _) => "under another name, %0D, %0A and %25 in the names of files are not decoded".to_owned(),
    };
    Some(format!("this manifest of a bag must be called {}: {why}", bagit::manifest_name(algorithm)))
}

/// The sending side of the writing thread.
#[derive(Debug)]
pub(super) struct Output {
    filled: SyncSender<Vec<u8>>,
    emptied: Receiver<Vec<u8>>,
    thread: JoinHandle<Result<Sink, WriteError>>,
    buffer: Vec<u8>,
}

/// Results could not be written.
#[derive(Debug, thiserror::Error)]
#[error("write error: {}", system_text(.0))]
pub(super) struct WriteError(io::Error);

impl WriteError {
    /// Whether the reader of stdout has closed it, as `head` does.
    pub(super) fn is_broken_pipe(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self(error)
    }
}

/// The writing thread has ended. [`Output::finish`] gives the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutputClosed;

impl Output {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub(super) fn open(sink: Sink, terminal: Terminal) -> io::Result<Self> {
        let (filled, filled_out) = sync_channel::<Vec<u8>>(BUFFERS);
        let (emptied_in, emptied) = sync_channel(BUFFERS);
        let write_all = move || {
            let mut writer = Writer::new(sink, terminal);
            for mut buffer in filled_out {
                writer.write(&buffer)?;
                buffer.clear();
                // If the sender does not take it back, it makes new buffers.
                let _ = emptied_in.try_send(buffer);
            }
            Ok(writer.sink)
        };
        let thread = std::thread::Builder::new().name("hivesum-output".to_owned()).spawn(write_all)?;
        Ok(Self { filled, emptied, thread, buffer: Vec::new() })
    }

    /// The buffer to append to. [`flush`](Self::flush) sends it to the thread.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Sends the buffer to the writing thread.
    pub(super) fn flush(&mut self) -> Result<(), OutputClosed> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let empty = self.emptied.try_recv().unwrap_or_default();
        self.filled.send(std::mem::replace(&mut self.buffer, empty)).map_err(|_| OutputClosed)
    }

    /// Waits until everything is written and returns the sink.
    ///
    /// # Errors
    /// The write that failed.
    pub(super) fn finish(mut self) -> Result<Sink, WriteError> {
        // If the thread has ended already, its own error says why.
        let _ = self.flush();
        drop(self.filled);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread panicked").into()))
    }
}

struct Writer {
    sink: Sink,
    terminal: Terminal,
    /// Stdout is a terminal, perhaps the one with the progress bar.
    shares_terminal: bool,
}

impl Writer {
    fn new(sink: Sink, terminal: Terminal) -> Self {
        let shares_terminal = matches!(sink, Sink::Stdout) && io::stdout().is_terminal();
        Self { sink, terminal, shares_terminal }
    }

    fn write(&mut self, buffer: &[u8]) -> Result<(), WriteError> {
        match &mut self.sink {
            Sink::File(file) => Ok(file.write_all(buffer)?),
            Sink::Stdout if self.shares_terminal => self.terminal.suspend_progress(|| write_stdout(buffer)),
            Sink::Stdout => write_stdout(buffer),
        }
    }
}

/// Writes to stdout and flushes it.
///
/// # Errors
/// If it cannot be written, or was closed when the program started.
pub(super) fn write_stdout(buffer: &[u8]) -> Result<(), WriteError> {
    if !buffer.is_empty() && StdStream::Output.was_closed() {
        return Err(io::Error::from_raw_os_error(libc::EBADF).into());
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(buffer)?;
    Ok(stdout.flush()?)
}

/// Prints the help or the version to stdout, in colours if it is a terminal.
pub(super) fn print_help(help: &clap::Error) -> Result<(), WriteError> {
    if StdStream::Output.was_closed() {
        return Err(io::Error::from_raw_os_error(libc::EBADF).into());
    }
    help.print()?;
    Ok(io::stdout().flush()?)
}

/// Appends a value as JSON. The keys of its maps must be strings.
pub(super) fn push_json(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    serde_json::to_writer(out, value).expect("writing to a vector cannot fail, and the keys of maps are strings");
}

/// The format of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ReportFormat {
    /// Lines of text, for people.
    #[default]
    Human,
    /// One JSON document, for programs.
    Json,
}

impl fmt::Display for ReportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Human => "human",
            Self::Json => "json",
        })
    }
}

impl FromStr for ReportFormat {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err("must be human or json"),
        }
    }
}
