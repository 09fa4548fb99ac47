//! Results of files: status, digests, verdict with its evidence, counts, and what they come to.
//!
//! Plain data that all other modules use. File names are bytes. Results are in walk order, see [`walk_order`]:
//! depth first, the names of a directory sorted by bytes.

mod batch;
mod code;
mod evidence;
mod item;
mod job_verdict;
mod name_list;
mod path;
mod read_from;
mod status;
mod summary;
mod time;
mod verdict;

pub use batch::{Row, RowRef, Rows, split_digests};
pub use code::{ErrorCode, SkipReason, system_text};
pub use evidence::{EntryDigests, Evidence, Fixity, Judged, Known, Trace, fixity_of};
pub use item::{DigestMap, Item, ItemRef, serialize_name, status_name};
pub use job_verdict::{Inspection, JobVerdict};
pub use name_list::NameList;
pub(crate) use path::is_below;
pub use path::{append_path, directories_above, is_hidden, joint, walk_key, walk_order};
pub use read_from::ReadFrom;
pub use status::{FileIdentity, FileMeta, Origin, Stability, Status, UNKNOWN_SIZE, UNKNOWN_TIME};
pub use summary::{CHECKPOINT_INTERVAL, Checkpoint, MAX_WAITING_CHECKPOINTS, Progress, RootWarning, Summary};
pub use time::{FileTime, nanoseconds, serialize_time};
pub use verdict::{AuditCounts, Verdict};
