//! Results as they travel from a node: one small record for each entry of a work, and the digests end to end.

use hivesum_core::result::{FileMeta, Origin, ReadFrom, RowRef, Stability, Status};
use serde::{Deserialize, Serialize};

use super::entries::{Meta, ResultStatus};
use super::wire::{Blob, Malformed};

/// Results of entries that follow each other in a work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResultRows {
    rows: Vec<ResultRow>,
    /// The digests of those that were read and hashed, end to end.
    digests: Blob,
}

/// The result of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResultRow {
    status: ResultStatus,
    meta: Meta,
    origin: RowOrigin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum RowOrigin {
    Read,
    ReadFrom(ReadFrom),
    /// The file is what the coordinator said that it knows. There are no digests.
    Unchanged,
}

impl ResultRow {
    pub(crate) fn meta(&self) -> FileMeta {
        self.meta.into()
    }

    pub(crate) fn status(&self) -> Status {
        self.status.into()
    }

    /// `None` if the file is unchanged since the result that the coordinator has.
    pub(crate) const fn origin(&self) -> Option<Origin> {
        match self.origin {
            RowOrigin::Read => Some(Origin::Read),
            RowOrigin::ReadFrom(from) => Some(Origin::ReadFrom(from)),
            RowOrigin::Unchanged => None,
        }
    }

    /// Whether the result has digests of its own.
    pub(crate) const fn has_digests(&self) -> bool {
        matches!((self.status, self.origin), (ResultStatus::Hashed(_), RowOrigin::Read | RowOrigin::ReadFrom(_)))
    }
}

impl ResultRows {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The bytes that these results take in a message, at most.
    pub(crate) fn encoded_bytes(&self) -> usize {
        // A status takes 7 bytes, the three numbers of a meta 10 each, its two times 19 each, an origin 2.
        self.digests.0.len() + 77 * self.rows.len() + 32
    }

    pub(crate) fn push(&mut self, row: RowRef<'_>) {
        let origin = match row.origin {
            Origin::Read => RowOrigin::Read,
            Origin::ReadFrom(from) => RowOrigin::ReadFrom(from),
            Origin::Kept | Origin::Reused => RowOrigin::Unchanged,
        };
        let row_sent = ResultRow { status: row.status.into(), meta: row.meta.into(), origin };
        if row_sent.has_digests() {
            self.digests.0.extend_from_slice(row.digests);
        }
        self.rows.push(row_sent);
    }

    /// The results, each with its digests, which are so long together. `None` if the digests are too many or too few.
    pub(crate) fn with_digests(
        &self,
        digest_bytes: usize,
    ) -> Option<impl ExactSizeIterator<Item = (&ResultRow, &[u8])>> {
        let expected = self.rows.iter().filter(|row| row.has_digests()).count() * digest_bytes;
        let mut at = 0;
        (self.digests.0.len() == expected).then(|| {
            self.rows.iter().map(move |row| {
                let from = at;
                at += if row.has_digests() { digest_bytes } else { 0 };
                (row, &self.digests.0[from..at])
            })
        })
    }

    pub(crate) fn check(&self, most: usize) -> Result<(), Malformed> {
        if self.rows.len() > most {
            return Err(Malformed::Rule("it has too many results"));
        }
        let is_strange = |row: &ResultRow| {
            row.origin == RowOrigin::Unchanged
                && !matches!(row.status, ResultStatus::Hashed(Stability::Stable | Stability::Unverified))
        };
        match self.rows.iter().any(is_strange) {
            true => Err(Malformed::Rule("a file without digests cannot be unchanged")),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use hivesum_core::result::ErrorCode;

    use super::*;

    fn row(status: Status, origin: Origin, digests: &[u8]) -> RowRef<'_> {
        RowRef { directory: b"", name: b"n", meta: FileMeta::default(), status, digests, origin }
    }

    #[test]
    fn each_result_gets_its_own_digests_back() {
        let hashed = Status::Hashed(Stability::Stable);
        let mut rows = ResultRows::default();
        rows.push(row(hashed, Origin::Read, &[1, 2]));
        rows.push(row(Status::error(ErrorCode::Permission), Origin::Read, &[]));
        rows.push(row(hashed, Origin::Kept, &[9, 9]));
        rows.push(row(hashed, Origin::ReadFrom(ReadFrom::Device), &[3, 4]));
        assert_eq!(rows.check(4), Ok(()));
        let back: Vec<_> = rows.with_digests(2).unwrap().map(|(row, digests)| (row.origin(), digests)).collect();
        let [read, device] = [Origin::Read, Origin::ReadFrom(ReadFrom::Device)].map(Some);
        assert_eq!(back, [(read, &[1, 2][..]), (read, &[]), (None, &[]), (device, &[3, 4])]);
        assert!(rows.with_digests(3).is_none() && rows.check(3).is_err());
    }

    #[test]
    fn only_a_file_with_digests_is_unchanged() {
        let mut rows = ResultRows::default();
        rows.push(row(Status::error(ErrorCode::NotFound), Origin::Kept, &[]));
        assert!(rows.check(1).is_err());
    }
}
