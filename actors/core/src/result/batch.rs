//! Batches of results: rows, with all names and all digests end to end, so that no file needs an allocation.
//!
//! Rows are in walk order: depth first, the names of a directory sorted by bytes. In other words, they are sorted by
//! path, compared component by component.

use std::sync::Arc;

use super::evidence::Judged;
use super::path::append_path;
use super::status::{FileMeta, Origin, Status};
use crate::digest::pieces::Pieces;
use crate::digest::{Algorithms, Digest};

/// One result inside [`Rows`].
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Index of its directory.
    pub directory: u32,
    /// Offset of its name.
    pub name_at: u32,
    /// Length of its name in bytes.
    pub name_len: u32,
    /// Offset of its digests; meaningless unless it was hashed.
    pub digests_at: u32,
    /// What `fstat` returned.
    pub meta: FileMeta,
    /// Whether it has digests, or why not.
    pub status: Status,
    /// Whether the file was read for it.
    pub origin: Origin,
}

/// A batch of results in walk order. A scan delivers at most 256 rows at a time.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The algorithms of the digests.
    pub algorithms: Algorithms,
    /// The directories of the rows.
    pub directories: Vec<Arc<[u8]>>,
    /// All names, end to end.
    pub names: Vec<u8>,
    /// All digests, end to end.
    pub digests: Vec<u8>,
    /// The rows, in walk order.
    pub rows: Vec<Row>,
    /// The verdict of an audit on each row; empty without an audit.
    pub judged: Vec<Judged>,
    /// The pieces of those rows whose scan tells them, by the index of the row, in order.
    pub pieces: Vec<(usize, Pieces)>,
}

/// One result, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct RowRef<'a> {
    /// The directory as results show it: relative to the job's path, or as given on a command line.
    pub directory: &'a [u8],
    /// The name in the directory; empty if the result is about the directory itself.
    pub name: &'a [u8],
    /// What `fstat` returned; zeros if the file was never opened.
    pub meta: FileMeta,
    /// Whether it has digests, or why not.
    pub status: Status,
    /// The digests end to end, in the order of the algorithms; empty unless it was hashed.
    pub digests: &'a [u8],
    /// Whether the file was read for it.
    pub origin: Origin,
}

impl Rows {
    /// An empty batch for digests of these algorithms.
    #[must_use]
    pub fn new(algorithms: Algorithms) -> Self {
        Self {
            algorithms,
            directories: Vec::new(),
            names: Vec::new(),
            digests: Vec::new(),
            rows: Vec::new(),
            judged: Vec::new(),
            pieces: Vec::new(),
        }
    }

    /// The algorithms of the digests.
    #[must_use]
    pub fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }

    /// How many results there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Appends one result. `digests` is empty, or the digests end to end.
    pub fn push(&mut self, row: RowRef<'_>) {
        if self.directories.last().is_none_or(|last| **last != *row.directory) {
            self.directories.push(row.directory.into());
        }
        let name_at = self.names.len() as u32;
        let digests_at = self.digests.len() as u32;
        self.names.extend_from_slice(row.name);
        self.digests.extend_from_slice(row.digests);
        self.rows.push(Row {
            directory: self.directories.len() as u32 - 1,
            name_at,
            name_len: row.name.len() as u32,
            digests_at,
            meta: row.meta,
            status: row.status,
            origin: row.origin,
        });
    }

    /// The results in walk order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RowRef<'_>> {
        self.rows.iter().map(|row| self.row_ref(row))
    }

    /// The pieces of a row, by its index in the batch, if they are told.
    #[must_use]
    pub fn pieces_of(&self, index: usize) -> Option<&Pieces> {
        let at = self.pieces.binary_search_by_key(&index, |(row, _)| *row).ok()?;
        Some(&self.pieces[at].1)
    }

    /// One result, by its index in the batch.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<RowRef<'_>> {
        self.rows.get(index).map(|row| self.row_ref(row))
    }

    fn row_ref(&self, row: &Row) -> RowRef<'_> {
        RowRef {
            directory: &self.directories[row.directory as usize],
            name: &self.names[row.name_at as usize..][..row.name_len as usize],
            meta: row.meta,
            status: row.status,
            digests: match row.status {
                Status::Hashed(_) => &self.digests[row.digests_at as usize..][..self.algorithms.digest_bytes()],
                Status::Error { .. } | Status::Skipped(_) => &[],
            },
            origin: row.origin,
        }
    }
}

impl RowRef<'_> {
    /// Appends the whole path, directory and name with one `/` between them.
    pub fn path_into(&self, path: &mut Vec<u8>) {
        append_path(path, self.directory, self.name);
    }

    /// The digests one by one; none unless it was hashed.
    pub fn digests<'a>(&'a self, algorithms: &'a Algorithms) -> impl Iterator<Item = Digest> + 'a {
        split_digests(self.digests, algorithms)
    }
}

/// Splits digests that are end to end into single ones. An empty slice has none.
pub fn split_digests<'a>(bytes: &'a [u8], algorithms: &'a Algorithms) -> impl Iterator<Item = Digest> + 'a {
    let mut at = 0;
    algorithms.iter().map_while(move |algorithm| {
        let end = at + algorithm.digest_bytes();
        let digest = Digest::new(algorithm, bytes.get(at..end)?).ok();
        at = end;
        digest
    })
}
