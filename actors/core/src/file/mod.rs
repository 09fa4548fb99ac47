//! Files: named roots, paths beneath them, how files are opened and read, and whether they stayed the same.
//!
//! Every file of a tree is opened with `openat2`, relative to the descriptor of its directory and beneath its root, so
//! no symlink and no swapped directory leads outside; where a filter forbids that call, component by component, with the
//! same result. `fstat` must then report a regular file, or a block device where
//! the command line asks for one. A digest is valid only
//! if a second `fstat` after the read returns the same as the first one. Where it is asked for, the bytes are read from
//! the device, and it is said whether they were.

mod arena;
mod blocking;
mod deadline;
mod device;
mod extents;
mod filesystem;
mod io_mode;
mod open;
mod path;
mod read;
mod resolve;
mod root;
mod root_place;
mod sized;
mod stability;

pub(crate) use arena::{Arena, KEPT_FILE_BYTES, STREAM_PIECE_BYTES};
pub(crate) use blocking::{ProgressCounter, call_with_timeout};
pub use deadline::DEFAULT_READ_TIMEOUT;
pub(crate) use deadline::{ReadDeadline, ReadFailure};
pub(crate) use filesystem::FilesystemCache;
pub use filesystem::FilesystemKind;
pub use io_mode::IoMode;
pub use open::{Devices, Dir, OpenFailure, Reach, open_directory};
pub(crate) use open::{is_device, meta_of, meta_of_open, open_content, retry_open, stat_entry};
pub use path::{PathInvalid, RelPath};
pub use read::{PIECE_BYTES, Piece, ReadBuffers, UnsizedRead};
pub use resolve::has_openat2;
pub use root::{Root, RootError};
pub use root_place::{EnterFailure, Opened, RootIdentity, RootPlace};
pub(crate) use sized::Patience;
pub(crate) use stability::Now;
pub use stability::OpenFile;
