//! Where bytes come from: named roots, paths beneath them, opened files and how they are read.
//!
//! Every file of a tree is opened relative to the descriptor of its directory and beneath its root by
//! `openat2`, so no symlink and no swapped directory leads outside; `fstat` must then say "regular file".
//! A digest counts only if a second `fstat` after the read says what the first one said.

mod blocking;
mod deadline;
mod extents;
mod filesystem;
mod io_mode;
mod open;
mod path;
mod read;
mod root;
mod stability;

pub(crate) use blocking::{Steps, ask};
pub use deadline::DEFAULT_READ_TIMEOUT;
pub(crate) use deadline::ReadFailure;
pub(crate) use filesystem::FilesystemCache;
pub use filesystem::FilesystemKind;
pub use io_mode::IoMode;
pub use open::{Dir, OpenFailure, Reach};
pub(crate) use open::{meta_of, open_directory, stat_entry, trying_again};
pub use path::{PathInvalid, RelPath};
pub use read::{PIECE_BYTES, Piece, ReadBuffers, UnsizedRead};
pub use root::{Opened, Root, RootError};
pub(crate) use stability::Now;
pub use stability::OpenFile;
