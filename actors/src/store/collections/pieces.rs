//! The table of pieces: what tells where a file is damaged.
//!
//! Kept for the content that a file should have. What is stored is believed only if it merges to the digest of that
//! content, so a row that was left behind by another one says nothing.

use hivesum_core::digest::Algorithms;
use hivesum_core::digest::pieces::Pieces;
use hivesum_core::fixity::{Content, FileState, Good};
use hivesum_core::result::walk_key;
use rusqlite::{Connection, Transaction, params};

use super::super::error::DbError;
use super::super::sealed::COLLECTION_PIECES;
use super::Collections;
use super::stored::StoredCollection;
use crate::error::StoreError;

/// Keeps the pieces of the content that a file should have from now on. Without any, those of another content go.
pub(super) fn keep(
    change: &Transaction<'_>,
    collection: i64,
    (before, after): (Option<&FileState>, &FileState),
    pieces: Option<&Pieces>,
) -> Result<(), DbError> {
    fn digests(state: &FileState) -> Option<&[u8]> {
        state.expected.as_ref().map(|content| &*content.digests)
    }
    match pieces {
        Some(pieces) => put(change, collection, &after.path, pieces),
        None if before.is_some_and(|before| digests(before) != digests(after)) => {
            remove(change, collection, &after.path)
        }
        None => Ok(()),
    }
}

fn put(change: &Transaction<'_>, collection: i64, path: &[u8], pieces: &Pieces) -> Result<(), DbError> {
    let upsert = "INSERT INTO collection_pieces (collection, path, size, pieces) VALUES (?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET size = excluded.size, pieces = excluded.pieces
             WHERE size <> excluded.size OR pieces <> excluded.pieces";
    let values = params![collection, walk_key(path), pieces.file_bytes() as i64, pieces.as_bytes()];
    change.prepare_cached(upsert)?.execute(values)?;
    Ok(())
}

pub(super) fn remove(change: &Transaction<'_>, collection: i64, path: &[u8]) -> Result<(), DbError> {
    let delete = "DELETE FROM collection_pieces WHERE collection = ? AND path = ?";
    change.prepare_cached(delete)?.execute(params![collection, walk_key(path)])?;
    Ok(())
}

/// The pieces of the content that a file should have, if they are known.
fn of(
    view: &Connection,
    collection: i64,
    path: &[u8],
    (expected, algorithms): (&Content, &Algorithms),
) -> Result<Option<Pieces>, DbError> {
    let Some(digest) = expected.blake3(algorithms) else { return Ok(None) };
    let mut found = None;
    COLLECTION_PIECES.each(view, "WHERE collection = ? AND path = ?", (collection, walk_key(path)), |row| {
        let bytes: Vec<u8> = row.get(3)?;
        let pieces = Pieces::from_bytes(row.get::<_, i64>(2)? as u64, &bytes);
        found = pieces.filter(|pieces| pieces.digest() == *digest && pieces.file_bytes() == expected.meta.size);
        Ok(())
    })?;
    Ok(found)
}

/// What a file should be, as far as a BLAKE3 digest of it is known.
pub(super) fn good(
    view: &Connection,
    collection: &StoredCollection,
    state: &FileState,
) -> Result<Option<Good>, DbError> {
    let algorithms = &collection.settings.algorithms;
    let Some(expected) = &state.expected else { return Ok(None) };
    let Some(digest) = expected.blake3(algorithms) else { return Ok(None) };
    let pieces = of(view, collection.number, &state.path, (expected, algorithms))?;
    Ok(Some(Good { digest: *digest, size: expected.meta.known_size(), pieces }))
}

impl Collections {
    /// The pieces of the content that a file should have. `None` if they are not known: it is short, it has no BLAKE3
    /// digest, or it was not read since they are kept.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn pieces(&mut self, collection: &StoredCollection, state: &FileState) -> Result<Option<Pieces>, StoreError> {
        let Some(expected) = state.expected.clone() else { return Ok(None) };
        let (number, path, algorithms) = (collection.number, state.path.clone(), collection.settings.algorithms);
        self.access.read(move |connection| of(connection, number, &path, (&expected, &algorithms)))
    }

    /// What a file should be. `None` if no BLAKE3 digest of that is known.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn good(&mut self, collection: &StoredCollection, state: &FileState) -> Result<Option<Good>, StoreError> {
        let (collection, state) = (collection.clone(), state.clone());
        self.access.read(move |connection| good(connection, &collection, &state))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{baseline, content, insert, second, settings, step};
    use super::super::{Step, files, rows};
    use super::*;
    use crate::store::testing::Bench;
    use hivesum_core::fixity::PassKind;

    /// A file of five pieces, and what a pass has read of it.
    fn read(path: &str, first: u8, before: Option<&FileState>, at: i64) -> Step {
        let values = (first..first + 5).map(|value| [value; 32]).collect();
        let pieces = Pieces::new(5 << 20, values).unwrap();
        let mut content = content(0, at.into());
        (content.meta.size, content.digests) = (5 << 20, pieces.digest().to_vec());
        let pass = if before.is_none() { PassKind::Baseline } else { PassKind::Comparison };
        Step { pieces: Some(pieces), ..step(before, path, content, (pass, at)) }
    }

    fn known(bench: &mut Bench, collection: i64, path: &str) -> Option<Pieces> {
        let state = files::find(&bench.connection, collection, path.as_bytes()).unwrap()?;
        let expected = state.expected.unwrap();
        of(&bench.connection, collection, path.as_bytes(), (&expected, &Algorithms::default())).unwrap()
    }

    fn rows_of_pieces(bench: &Bench) -> i64 {
        bench.connection.query_row("SELECT count(*) FROM collection_pieces", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn they_follow_the_content_that_a_file_should_have() {
        let mut bench = Bench::new();
        let collection = insert(&mut bench.connection, "/photos").unwrap().number;
        let record = |bench: &mut Bench, step: &Step| {
            assert!(files::record(&mut bench.connection, collection, std::slice::from_ref(step)).unwrap().is_empty());
        };
        let first = read("song", 1, None, 0);
        record(&mut bench, &first);
        assert_eq!(known(&mut bench, collection, "song"), first.pieces);
        // It was written to, and should be what it was.
        let mut written = read("song", 9, first.after.as_ref(), 1);
        written.pieces = None;
        record(&mut bench, &written);
        assert_eq!(known(&mut bench, collection, "song"), first.pieces);
        // What belongs to another content is not believed.
        let other = Step { pieces: read("song", 7, None, 0).pieces, ..written.clone() };
        let other = Step { before: written.after.clone(), after: written.after.clone(), event: None, ..other };
        record(&mut bench, &other);
        assert_eq!((known(&mut bench, collection, "song"), rows_of_pieces(&bench)), (None, 1));
        let gone = Step { before: written.after, after: None, event: None, pieces: None, ..other };
        record(&mut bench, &gone);
        assert_eq!(rows_of_pieces(&bench), 0);
    }

    #[test]
    fn those_of_an_earlier_content_go_with_it_and_all_go_with_the_collection() {
        let mut bench = Bench::new();
        let living = settings(hivesum_core::fixity::CollectionKind::Living);
        let made =
            rows::insert(&mut bench.connection, std::path::Path::new("/w"), &living, second(0)).unwrap().unwrap();
        let (a, b) = (read("a", 1, None, 0), read("b", 2, None, 0));
        files::record(&mut bench.connection, made.number, &[a.clone(), b]).unwrap();
        assert_eq!(rows_of_pieces(&bench), 2);
        let short = baseline(&["a"]).remove(0).after;
        let replaced = Step { before: a.after, after: short, event: None, pieces: None, ..a };
        files::record(&mut bench.connection, made.number, &[replaced]).unwrap();
        assert_eq!(rows_of_pieces(&bench), 1);
        assert!(rows::delete(&mut bench.connection, &made.id).unwrap());
        while rows::sweep(&mut bench.connection, 1).unwrap() {}
        assert_eq!(rows_of_pieces(&bench), 0);
        COLLECTION_PIECES.verify(&bench.connection).unwrap();
    }
}
