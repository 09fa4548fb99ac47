//! All files of a collection that are read at once: none is lost unnoticed, whatever others write meanwhile.

use super::*;

/// The paths that come, in their order. `meanwhile` happens after the first one.
fn came(
    collections: &mut Collections,
    of: &StoredCollection,
    mut meanwhile: impl FnMut(),
) -> Result<Vec<String>, StoreError> {
    let mut came = Vec::new();
    collections.each_verified(of, |file| {
        came.push(String::from_utf8(file.path.clone()).unwrap());
        if came.len() == 1 {
            meanwhile();
        }
    })?;
    Ok(came)
}

#[test]
fn every_file_comes_once_in_walk_order_over_several_pages() {
    let mut bench = Bench::new();
    let paths: Vec<_> = (0..2500).map(|file| format!("{:02}/{file:04}", file / 100)).collect();
    let of = made_with(&mut bench.connection, &paths.iter().map(String::as_str).collect::<Vec<_>>());
    let other = insert(&mut bench.connection, "/other").unwrap();
    files::record(&mut bench.connection, other.number, &baseline(&["a"])).unwrap();
    let mut collections = Collections::open(bench.dir.path()).unwrap().unwrap();
    assert_eq!(came(&mut collections, &of, || {}).unwrap(), paths);
    assert_eq!(came(&mut collections, &other, || {}).unwrap(), ["a"]);
    let empty = insert(&mut bench.connection, "/empty").unwrap();
    assert_eq!((collections.has_files(&other).unwrap(), collections.has_files(&empty).unwrap()), (true, false));
    assert_eq!(came(&mut collections, &empty, || {}).unwrap(), Vec::<String>::new());
}

#[test]
fn a_row_that_is_lost_or_damaged_is_noticed_also_in_another_collection_and_while_others_write() {
    let mut bench = Bench::new();
    let of = made_with(&mut bench.connection, &["a", "b", "c"]);
    let other = insert(&mut bench.connection, "/other").unwrap();
    files::record(&mut bench.connection, other.number, &baseline(&["a"])).unwrap();
    // A small table would be verified as a whole when the store is opened.
    let mut collections = Collections::open(bench.dir.path()).unwrap().unwrap();
    let (dir, mut n) = (bench.dir.path().to_owned(), 0);
    // What others write properly is no damage.
    let mut write = || {
        n += 1;
        let steps = baseline(&[&format!("later {n}")]);
        assert!(files::record(&mut bench.connection, other.number, &steps).unwrap().is_empty());
    };
    assert_eq!(came(&mut collections, &of, &mut write).unwrap(), ["a", "b", "c"]);
    let damage = connect_to_damage(&dir);
    let number = of.number;
    for (sql, undo) in [
        ("DELETE FROM collection_files WHERE path = x'62'", None),
        ("UPDATE collection_files SET path = x'64' WHERE path = x'63'", Some("path = x'63' WHERE path = x'64'")),
        ("UPDATE collection_files SET verified_at = 7 WHERE path = x'61'", None),
    ] {
        let copy = format!(
            "CREATE TEMP TABLE was AS SELECT * FROM collection_files WHERE {}",
            sql.split("WHERE ").last().unwrap()
        );
        damage.execute_batch(&copy).unwrap();
        assert!(damage.execute(sql, []).unwrap() > 0, "{sql}");
        let found = came(&mut collections, &of, || {});
        assert!(matches!(found, Err(StoreError::Corrupt)), "{sql}: {found:?}");
        if let Some(undo) = undo {
            damage.execute(&format!("UPDATE collection_files SET {undo}"), []).unwrap();
        }
        damage.execute_batch("REPLACE INTO collection_files SELECT * FROM was; DROP TABLE was").unwrap();
        assert_eq!(came(&mut collections, &of, || {}).unwrap(), ["a", "b", "c"], "{sql} is undone");
    }
    damage.execute("DELETE FROM collection_files WHERE collection = ? AND path = x'62'", [number]).unwrap();
    let found = came(&mut collections, &of, &mut write);
    assert!(matches!(found, Err(StoreError::Corrupt)), "others have written: {found:?}");
}
