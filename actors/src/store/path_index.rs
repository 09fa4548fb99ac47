//! The path index of an ended job: the paths of its results in sealed pieces, which a search reads instead of every row.
//!
//! It is built with the sort index, as one more order in its table. A piece has the rows of 1,024 consecutive positions,
//! grouped by directory, so a search reads little more than the names. A group is, with all numbers in 4 bytes, little
//! endian: the length of the directory's path, the number of rows, the length of all names, the directory's path, a byte
//! for each row, the place where each name ends in the names, and the names. The byte of a row is its status, and four
//! times the number of its verdict, which is 0 for none.

use std::ops::Range;

use memchr::memmem::Finder;
use rusqlite::{Connection, params};

use super::error::DbError;
use super::job_row::StoredJob;
use super::row::{Contiguous, RowReader, STATUS, VERDICT};
use super::sort_index::{PATHS, seal_of};
use hivesum_core::result::{Verdict, joint};

/// Rows in a piece.
const ROWS: u64 = 1024;

/// What the paths and the states of the sought rows have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought<'q> {
    /// The value of the column `status`, if one is sought.
    pub(super) status: Option<i64>,
    /// One of these. Empty: any, also none.
    pub(super) verdicts: &'q [Verdict],
    /// What a path begins with.
    pub(super) prefix: &'q [u8],
    /// What a path contains.
    pub(super) part: &'q [u8],
}

/// Passes the positions of all sought rows in a range to `take`, in ascending order. The job has its sort index.
pub(super) fn search(
    view: &Connection,
    stored: &StoredJob,
    range: Range<u64>,
    sought: &Sought<'_>,
    mut take: impl FnMut(u64),
) -> Result<(), DbError> {
    let range = range.start..range.end.min(stored.rows);
    if range.is_empty() {
        return Ok(());
    }
    let finder = Finder::new(sought.part);
    let pieces = range.start / ROWS..range.end.div_ceil(ROWS);
    let mut statement = view.prepare_cached(
        "SELECT piece, entries, seal FROM order_pieces
          WHERE run = ?1 AND by = ?2 AND piece >= ?3 AND piece < ?4 ORDER BY piece",
    )?;
    let mut rows = statement.query(params![stored.run, PATHS, pieces.start as i64, pieces.end as i64])?;
    let mut numbers = Contiguous::from(pieces.start);
    while let Some(row) = rows.next()? {
        let number = row.get::<_, i64>(0)?;
        numbers.take(number as u64)?;
        let bytes = row.get_ref(1)?.as_blob().map_err(|_| DAMAGED)?;
        if row.get::<_, i64>(2)? != seal_of(stored.run, PATHS, number, bytes) {
            return Err(DAMAGED);
        }
        let (mut rest, mut first) = (bytes, number as u64 * ROWS);
        while !rest.is_empty() {
            let group = Group::take(&mut rest).ok_or(DAMAGED)?;
            group.each_match(&finder, sought, |row| {
                let position = first + row as u64;
                if range.contains(&position) {
                    take(position);
                }
            });
            first += group.codes.len() as u64;
        }
        if first != stored.rows.min((number as u64 + 1) * ROWS) {
            return Err(DAMAGED);
        }
    }
    match numbers.end_at(pieces.end) {
        Ok(()) => Ok(()),
        Err(_) => Err(DbError::Inconsistent("a path index that lacks a piece")),
    }
}

const DAMAGED: DbError = DbError::Inconsistent("a damaged piece of a path index");

/// Rows of one directory that follow one another.
struct Group<'a> {
    directory: &'a [u8],
    codes: &'a [u8],
    ends: &'a [[u8; 4]],
    names: &'a [u8],
}

impl<'a> Group<'a> {
    /// Takes a group off the front of what is left of a piece.
    fn take(rest: &mut &'a [u8]) -> Option<Self> {
        let mut bytes = |count: usize| rest.split_off(..count);
        let [directory, rows, names] =
            [bytes(4)?, bytes(4)?, bytes(4)?].map(|number| number.try_into().map_or(0, u32::from_le_bytes) as usize);
        let (directory, codes) = (bytes(directory)?, bytes(rows)?);
        let (ends, _) = bytes(rows.checked_mul(4)?)?.as_chunks();
        let ends_at = |end: &[u8; 4]| u32::from_le_bytes(*end) as usize;
        let is_whole = ends.last().is_some_and(|last| ends_at(last) == names) && ends.is_sorted_by_key(ends_at);
        is_whole.then_some(())?;
        Some(Self { directory, codes, ends, names: bytes(names)? })
    }

    fn end(&self, row: usize) -> usize {
        self.ends.get(row).map_or(self.names.len(), |end| u32::from_le_bytes(*end) as usize)
    }

    fn name(&self, row: usize) -> &'a [u8] {
        let start = if row == 0 { 0 } else { self.end(row - 1) };
        self.names.get(start..self.end(row)).unwrap_or_default()
    }

    /// Passes the rows that match to `take`, each once, in their order.
    fn each_match(&self, finder: &Finder<'_>, sought: &Sought<'_>, mut take: impl FnMut(usize)) {
        let joint = joint(self.directory);
        let mut take = |row: usize| {
            let name = self.name(row);
            let path = [self.directory, if name.is_empty() { b"" } else { joint }, name];
            if begins_with(path, sought.prefix) && sought.is_state(self.codes[row]) {
                take(row);
            }
        };
        if finder.find(self.directory).is_some() {
            return (0..self.codes.len()).for_each(take);
        }
        // The part may begin before the name and end in it.
        let is_before = |start: &[u8]| start.strip_suffix(joint).is_some_and(|start| self.directory.ends_with(start));
        let cuts = (1..=sought.part.len()).filter(|cut| is_before(&sought.part[..*cut]));
        let tails: Vec<&[u8]> = cuts.map(|cut| &sought.part[cut..]).collect();
        if tails.is_empty() {
            return self.each_name_with(finder, take);
        }
        for row in 0..self.codes.len() {
            let name = self.name(row);
            let is_across = !name.is_empty() && tails.iter().any(|tail| name.starts_with(tail));
            if is_across || finder.find(name).is_some() {
                take(row);
            }
        }
    }

    /// Passes the rows whose names contain the part, which is not empty, to `take`: looks through all names at once.
    fn each_name_with(&self, finder: &Finder<'_>, mut take: impl FnMut(usize)) {
        let (mut row, mut from, mut place) = (0, 0, None);
        while row < self.codes.len() {
            // Names in one directory are often alike.
            let has_at =
                |place: usize| self.name(row).get(place..).is_some_and(|rest| rest.starts_with(finder.needle()));
            if place.is_some_and(has_at) {
                take(row);
                (from, row) = (self.end(row), row + 1);
                continue;
            }
            let Some(at) = self.names.get(from..).and_then(|names| finder.find(names)) else { return };
            let at = from + at;
            while row + 1 < self.codes.len() && self.end(row) <= at {
                row += 1;
            }
            let end = self.end(row);
            // Otherwise it ends in the next name, where another one may begin before that.
            if at + finder.needle().len() <= end {
                take(row);
                place = Some(at + self.name(row).len() - end);
                (from, row) = (end, row + 1);
            } else {
                (from, place) = (at + 1, None);
            }
        }
    }
}

/// Whether the bytes of these parts, one after the other, begin with `prefix`.
fn begins_with(parts: [&[u8]; 3], mut prefix: &[u8]) -> bool {
    for part in parts {
        let (here, rest) = prefix.split_at(prefix.len().min(part.len()));
        if !part.starts_with(here) {
            return false;
        }
        prefix = rest;
    }
    prefix.is_empty()
}

impl Sought<'_> {
    fn is_state(&self, code: u8) -> bool {
        let is_verdict = |verdict: &Verdict| *verdict as i64 == i64::from(code >> 2);
        self.status.is_none_or(|status| status == i64::from(code & 3))
            && (self.verdicts.is_empty() || self.verdicts.iter().any(is_verdict))
    }
}

/// Makes pieces out of rows, which come in the order of their positions.
#[derive(Debug, Default)]
pub(super) struct PieceWriter {
    piece: Vec<u8>,
    rows: u64,
    directory: Option<i64>,
    path: Vec<u8>,
    codes: Vec<u8>,
    ends: Vec<u8>,
    names: Vec<u8>,
}

impl PieceWriter {
    /// Adds a row that has been checked. Returns a piece once it is full.
    pub(super) fn add(
        &mut self,
        reader: &mut RowReader<'_>,
        row: &rusqlite::Row<'_>,
    ) -> Result<Option<Vec<u8>>, DbError> {
        let directory = row.get(1)?;
        if self.directory != Some(directory) {
            self.end_group();
            self.directory = Some(directory);
            self.path = reader.checked_directory(row)?.to_vec();
        }
        let verdict = row.get::<_, Option<i64>>(VERDICT)?.unwrap_or(0);
        self.names.extend_from_slice(RowReader::name(row)?);
        self.codes.push((verdict << 2 | row.get::<_, i64>(STATUS)?) as u8);
        self.ends.extend_from_slice(&(self.names.len() as u32).to_le_bytes());
        self.rows += 1;
        Ok((self.rows == ROWS).then(|| self.end()))
    }

    /// The piece of the rows that are left; empty if there are none.
    pub(super) fn end(&mut self) -> Vec<u8> {
        self.end_group();
        (self.directory, self.rows) = (None, 0);
        std::mem::take(&mut self.piece)
    }

    fn end_group(&mut self) {
        if self.codes.is_empty() {
            return;
        }
        for number in [self.path.len(), self.codes.len(), self.names.len()] {
            self.piece.extend_from_slice(&(number as u32).to_le_bytes());
        }
        for part in [&self.path, &self.codes, &self.ends, &self.names] {
            self.piece.extend_from_slice(part);
        }
        [&mut self.codes, &mut self.ends, &mut self.names].into_iter().for_each(Vec::clear);
    }
}

#[cfg(test)]
mod tests;
