//! The sealed tables of collections. Three of them grow with the files that are kept watch over, and are not verified at
//! each start of a large database, but by those who rely on them.

use super::SealedTable;

pub(crate) const COLLECTIONS: SealedTable = SealedTable {
    name: "collections",
    columns: &[
        "number",
        "id",
        "directory",
        "settings",
        "created_at",
        "device",
        "inode",
        "filesystem",
        "passes",
        "pass_began",
        "last_run",
        "is_deleted",
    ],
};

pub(crate) const COLLECTION_FILES: SealedTable = SealedTable {
    name: "collection_files",
    columns: &[
        "collection",
        "path",
        "condition",
        "size",
        "mtime_ns",
        "ctime_ns",
        "far_times",
        "inode",
        "stability",
        "digests",
        "found",
        "first_seen",
        "since",
        "verified_at",
    ],
};

pub(crate) const COLLECTION_EVENTS: SealedTable =
    SealedTable { name: "collection_events", columns: &["collection", "n", "at", "path", "kind", "body", "job"] };

/// Whoever finds no row here knows less, and nothing that is wrong: absence is believed.
pub(crate) const COLLECTION_PIECES: SealedTable =
    SealedTable { name: "collection_pieces", columns: &["collection", "path", "size", "pieces"] };

/// Whoever finds no row here knows less of what was, and nothing that is wrong: absence is believed.
pub(crate) const COLLECTION_RUNS: SealedTable =
    SealedTable { name: "collection_runs", columns: &["collection", "id", "has_ended", "body"] };

pub(crate) const OUTBOX: SealedTable = SealedTable {
    name: "outbox",
    columns: &[
        "sink",
        "collection",
        "is_claimed",
        "id",
        "first_event",
        "last_event",
        "alerts",
        "files",
        "queued_at",
        "tried_at",
        "next_at",
        "attempts",
    ],
};

pub(crate) const DELIVERIES: SealedTable = SealedTable {
    name: "deliveries",
    columns: &["sink", "collection", "sent_at", "failures", "failing_since", "error"],
};

/// Those with a row for each file and each event of a collection.
pub(crate) const GROWING: [&str; 3] = [COLLECTION_FILES.name, COLLECTION_EVENTS.name, COLLECTION_PIECES.name];
