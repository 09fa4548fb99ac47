//! kill -9 at a write to the store: in the first start, under a job, at the end of one, while a killed service
//! recovers, and while the store of an older release is brought up to date.
//!
//! `HIVESUM_EVERY_WRITE=1` kills at each single write instead of at every seventh.

use std::fs;
use std::path::Path;
use std::process::Command;

use hivesum_test_support::{cycle, has_tool, number_from_env};
use rustix::process::Signal;
use serde_json::json;

use crate::app::Events;
use crate::books::{Books, Kind, Told, told, tree};
use crate::mortal::{Life, Place};

/// Calls that change the files of the store, or their names.
const WRITES: &str = "write,pwrite64,ftruncate,fsync,fdatasync,rename,unlink";

/// A state directory's database as the release before schema 2 left it when it was killed: a job over all of
/// `slow_tree`, and one that was killed half way (both in SHA-256).
const FIRST_SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/schema-1.db");

/// Its jobs.
const FIRST_SCHEMA_JOBS: [&str; 2] = ["01a214a4-0d57-75d3-874b-918a84504b96", "01a214a4-1e23-74d6-9d0c-252c353140e1"];

/// Bytes of a file whose job takes some seconds.
const SLOW_BYTES: u64 = 160 << 20;

/// Starts the program so that it dies at the `when`th write to its store; nothing where it dies before it listens.
fn start_doomed(place: &Place, when: usize) -> Option<Life> {
    let inject = format!("inject={WRITES}:signal=KILL:when={when}");
    let mut runner = vec!["strace".to_owned()];
    runner.extend(["-D", "-f", "-qq", "-o", "/dev/null"].map(str::to_owned));
    for suffix in ["", "-wal", ".new", ".v1", ".v1.new"] {
        runner.extend(["-P".to_owned(), format!("{}{suffix}", place.state().join("hivesum.db").display())]);
    }
    runner.extend(["-e".to_owned(), inject]);
    place.try_start(&runner.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Whether the service gets to its end as it is told to.
fn ends_well(life: Life) -> bool {
    life.signal(Signal::TERM);
    life.wait() == Some(0)
}

/// Plays a scene, which tells whether it survived, with a death at ever later writes until it does. Gives the number of deaths.
fn die_at_writes(scene: impl Fn(usize) -> bool) -> usize {
    let stride = if number_from_env("HIVESUM_EVERY_WRITE").is_some() { 1 } else { 7 };
    let deaths = (1..).step_by(stride).take_while(|&when| !scene(when)).count();
    eprintln!("died at {deaths} of the writes, every {stride}th");
    deaths * stride
}

#[test]
fn killed_at_a_write_to_the_store_the_next_start_has_all_that_was_acknowledged() {
    if !has_tool("strace") {
        return;
    }
    for kind in [Kind::Hash, Kind::Audit] {
        let deaths = die_at_writes(|when| {
            let place = Place::new();
            let mut books = Books::beginning_with(kind, tree(&place, 20));
            let survived = start_doomed(&place, when).is_some_and(|life| {
                books.ask(&place, &life, 1);
                let all_end = books.acknowledged.values().all(|id| place.ends_here(&life, id)) && books.open.is_none();
                ends_well(life) && all_end
            });
            let life = place.start();
            books.ask(&place, &life, 1);
            books.check(&place, &life, |_, _| false);
            survived
        });
        assert!(deaths >= 14, "{kind:?}: killed at {deaths} writes only");
    }
}

/// Small files of a slow tree whose results are kept before its slow file is done: as many directories as walk and
/// hashers hand on together.
const SOON_DONE: usize = 32;

/// A tree whose job is slow where it has a budget, and what must be told of it.
fn slow_tree(place: &Place) -> Told {
    for number in 0..40 {
        place.write(&format!("d{number:02}/file"), cycle(number * 37));
    }
    fs::File::create(place.tree().join("slow")).unwrap().set_len(SLOW_BYTES).unwrap();
    Books::new(tree(place, 0)).expected(Kind::Hash)
}

/// Begins a job on it that ends some seconds later.
fn begin_slowly(place: &Place, life: &Life) -> String {
    let spec = json!({ "algorithms": ["sha256"], "max_bytes_per_second": 64 << 20 });
    place.submit(life, "slow", &spec).unwrap()
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[track_caller]
fn check_jobs(place: &Place, life: &Life, ids: &[&str], expected: &Told) {
    for id in ids {
        let job = place.wait_for(life, id);
        assert_eq!((&job["state"], &job["summary"]["files"]), (&json!("completed"), &json!(expected.len())), "{job}");
        assert_eq!(told(place, life, id), (expected.clone(), expected.len()));
    }
}

#[test]
fn killed_at_a_write_while_it_recovers_the_next_start_goes_on_all_the_same() {
    if !has_tool("strace") {
        return;
    }
    let place = Place::new();
    let expected = slow_tree(&place);
    let life = place.start();
    let id = begin_slowly(&place, &life);
    let events = place.client.get(format!("{}/api/v1/jobs/{id}/events", life.url)).send().unwrap();
    Events::of(events).find(|event| event.data["files_done"] == SOON_DONE).expect("it is under way");
    life.kill();
    let left = place.state().with_extension("left");
    fs::rename(place.state(), &left).unwrap();
    let deaths = die_at_writes(|when| {
        copy_all(&left, &place.state());
        let survived = start_doomed(&place, when).is_some_and(|life| {
            let ends = place.ends_here(&life, &id);
            ends_well(life) && ends
        });
        check_jobs(&place, &place.start(), &[&id], &expected);
        fs::remove_dir_all(place.state()).unwrap();
        survived
    });
    assert!(deaths >= 7, "killed at {deaths} writes only");
}

#[test]
fn killed_at_a_write_while_an_old_store_is_brought_up_to_date_nothing_of_it_is_lost() {
    if !has_tool("strace") || !has_tool("sqlite3") {
        return;
    }
    let place = Place::new();
    let expected = slow_tree(&place);
    let deaths = die_at_writes(|when| {
        fs::create_dir(place.state()).unwrap();
        fs::copy(FIRST_SCHEMA, place.state().join("hivesum.db")).unwrap();
        let survived = start_doomed(&place, when).is_some_and(|life| {
            let end = FIRST_SCHEMA_JOBS.iter().all(|id| place.ends_here(&life, id));
            ends_well(life) && end
        });
        let life = place.start();
        check_jobs(&place, &life, &FIRST_SCHEMA_JOBS, &expected);
        let sorted = place.client.get(format!("{}/api/v1/jobs/{}/results?sort=size", life.url, FIRST_SCHEMA_JOBS[0]));
        assert_eq!(sorted.send().unwrap().status(), 200, "killed at write {when}");
        check_copy(&place);
        drop(life);
        fs::remove_dir_all(place.state()).unwrap();
        survived
    });
    assert!(deaths >= 7, "killed at {deaths} writes only");
}

/// The copy that is kept is whole, and of the old schema; no half of one is left.
#[track_caller]
fn check_copy(place: &Place) {
    let copy = place.state().join("hivesum.db.v1");
    let ask = "PRAGMA integrity_check; PRAGMA user_version; SELECT count(*) FROM results; SELECT count(*) FROM jobs;";
    let output = Command::new("sqlite3").arg(copy).arg(ask).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ok\n1\n73\n2\n", "{output:?}");
    assert!(!place.state().join("hivesum.db.v1.new").exists());
}
