//! Where results go: a thread of its own writes, so that the engine never waits for small writes.
//!
//! At most [`BUFFERS`] buffers are on their way; after that the sender waits, and with it, through the
//! bounded channels behind, the whole engine.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::atomic_file::AtomicFile;
use super::terminal::Terminal;

/// Buffers on their way to the writer; one holds a batch of results, some 20 KiB.
const BUFFERS: usize = 8;

/// What is written to.
#[derive(Debug)]
pub(super) enum Sink {
    /// Standard output.
    Stdout,
    /// A file that appears when it is complete.
    File(AtomicFile),
}

/// The sender's side of the writing thread.
#[derive(Debug)]
pub(super) struct Output {
    filled: SyncSender<Vec<u8>>,
    emptied: Receiver<Vec<u8>>,
    thread: JoinHandle<io::Result<Sink>>,
    buffer: Vec<u8>,
}

/// The writing thread has ended; [`Output::finish`] tells why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutputClosed;

impl Output {
    /// Starts the thread.
    ///
    /// # Errors
    /// When no thread can be had.
    pub(super) fn open(sink: Sink, terminal: Terminal) -> io::Result<Self> {
        let (filled, filled_out) = sync_channel::<Vec<u8>>(BUFFERS);
        let (emptied_in, emptied) = sync_channel(BUFFERS);
        let write_all = move || {
            let mut writer = Writer::new(sink, terminal);
            for mut buffer in filled_out {
                writer.write(&buffer)?;
                buffer.clear();
                // Nobody takes it back any more, or enough are on their way back.
                let _ = emptied_in.try_send(buffer);
            }
            Ok(writer.sink)
        };
        let thread = std::thread::Builder::new().name("hivesum-output".to_owned()).spawn(write_all)?;
        Ok(Self { filled, emptied, thread, buffer: Vec::new() })
    }

    /// The buffer to append to; [`flush`](Self::flush) sends it off.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Sends the buffer off.
    pub(super) fn flush(&mut self) -> Result<(), OutputClosed> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let empty = self.emptied.try_recv().unwrap_or_default();
        self.filled.send(std::mem::replace(&mut self.buffer, empty)).map_err(|_| OutputClosed)
    }

    /// Waits until everything is written and gives the sink back.
    ///
    /// # Errors
    /// The write that failed.
    pub(super) fn finish(mut self) -> io::Result<Sink> {
        // Where the thread is gone already, its own answer says more.
        let _ = self.flush();
        drop(self.filled);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread panicked")))
    }
}

struct Writer {
    sink: Sink,
    terminal: Terminal,
    /// Stdout is a terminal that the progress bar may be on, too.
    shares_terminal: bool,
}

impl Writer {
    fn new(sink: Sink, terminal: Terminal) -> Self {
        let shares_terminal = matches!(sink, Sink::Stdout) && io::stdout().is_terminal();
        Self { sink, terminal, shares_terminal }
    }

    fn write(&mut self, buffer: &[u8]) -> io::Result<()> {
        match &mut self.sink {
            Sink::File(file) => file.write_all(buffer),
            Sink::Stdout if self.shares_terminal => self.terminal.suspend_progress(|| write_stdout(buffer)),
            Sink::Stdout => write_stdout(buffer),
        }
    }
}

/// Writes and flushes: what is on its way is not held back by the buffer of stdout.
pub(super) fn write_stdout(buffer: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(buffer)?;
    stdout.flush()
}
