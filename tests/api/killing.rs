//! kill -9 at any instant: nothing acknowledged is lost, nothing is counted twice, and the service is back at once.
//!
//! `HIVESUM_KILLS=300 cargo test --test api killed_at_random` is the long run; `HIVESUM_SEED` repeats one.
//! `HIVESUM_EVERY_WRITE=1` kills at each single write to the database instead of at every seventh.

use std::collections::{BTreeMap, HashMap};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::mortal::{Life, Place};
use crate::tools::{cycle, has};

/// The contract's 2 s, five-fold in debug builds.
const READY_WITHIN: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 2 });

/// xorshift64: the same instants for the same seed, as far as the machine lets them be.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().expect("a number"))
}

/// A tree of small files, and what sha256sum says of them.
fn tree(place: &Place, files: usize) -> BTreeMap<String, String> {
    for number in 0..files {
        place.write(&format!("d{}/{number:04}", number % 9), cycle(number * 37));
    }
    let list = "find . -type f -print0 | xargs -0 sha256sum";
    let output = Command::new("sh").args(["-c", list]).current_dir(place.tree()).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let split = |line: &str| line.split_once("  ./").map(|(digest, name)| (name.to_owned(), digest.to_owned()));
    lines.lines().map(|line| split(line).unwrap()).collect()
}

/// Every result once, each with the digest that sha256sum has of it.
#[track_caller]
fn check_results(place: &Place, life: &Life, id: &str, expected: &BTreeMap<String, String>) {
    let results = place.results(life, id);
    let told: BTreeMap<String, String> = results
        .iter()
        .map(|item| (item["path"].as_str().unwrap().to_owned(), item["digests"]["sha256"].to_string().replace('"', "")))
        .collect();
    assert_eq!(results.len(), expected.len(), "a file is missing or counted twice in {id}");
    assert_eq!(&told, expected, "{id}");
}

/// What the client was told, and what it has asked for and not yet heard of.
#[derive(Default)]
struct Books {
    acknowledged: HashMap<String, String>,
    open: Vec<String>,
    asked: usize,
}

impl Books {
    /// Asks until the service dies; whatever is not acknowledged is asked again in the next life.
    fn ask(&mut self, place: &Place, life: &Life, at_most: usize) {
        let spec = json!({ "algorithms": ["sha256"] });
        for _ in 0..at_most {
            if self.open.is_empty() {
                self.asked += 1;
                self.open.push(format!("request {}", self.asked));
            }
            let key = self.open[0].clone();
            let Some(id) = place.submit(life, &key, &spec) else { return };
            self.open.remove(0);
            let before = self.acknowledged.insert(key, id);
            assert_eq!(before, None);
        }
    }
}

/// Lets this much time go by, unless the sender goes first.
fn let_pass(micros: u64) {
    let (_held, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(Duration::from_micros(micros));
}

/// One life: killed under load, in its first moments, or while it shuts down.
fn live_and_die(place: &Place, books: &mut Books, dice: &mut Dice) {
    if dice.roll(5) == 0 {
        let mut child = place.spawn(&[]);
        let_pass(dice.roll(60_000));
        child.kill().unwrap();
        child.wait().unwrap();
        return;
    }
    let life = place.start();
    assert!(life.ready_after < READY_WITHIN, "ready again only after {:?}", life.ready_after);
    let (when, asks, politely) = (dice.roll(250_000), dice.roll(4) as usize, dice.roll(5) == 0);
    std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            let_pass(when);
            if politely {
                life.signal(Signal::TERM);
                let_pass(when / 10);
            }
            life.signal(Signal::KILL);
        });
        books.ask(place, &life, asks);
        killer.join().unwrap();
    });
    life.wait();
}

#[test]
fn killed_at_random_instants_nothing_acknowledged_is_lost_and_nothing_counted_twice() {
    let kills = number_of("HIVESUM_KILLS").unwrap_or(40);
    let seed = number_of("HIVESUM_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 16 | 0x9E37);
    eprintln!("{kills} kills, HIVESUM_SEED={seed}");
    let (place, mut books, mut dice) = (Place::new(), Books::default(), Dice(seed));
    let expected = tree(&place, 300);
    for _ in 0..kills {
        live_and_die(&place, &mut books, &mut dice);
    }
    let life = place.start();
    books.ask(&place, &life, 1);
    for id in books.acknowledged.values() {
        let job = place.wait_for(&life, id);
        assert_eq!((&job["state"], &job["summary"]["hashed"]), (&json!("completed"), &json!(expected.len())), "{job}");
        check_results(&place, &life, id, &expected);
    }
    let listed = jobs_of(&place, &life);
    assert_eq!(listed, books.acknowledged.len() + books.open.len().min(listed - books.acknowledged.len()));
    assert!(books.acknowledged.len() >= kills as usize / 4, "too little was asked for: {}", books.acknowledged.len());
}

fn jobs_of(place: &Place, life: &Life) -> usize {
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let page = place.get(life, &format!("/api/v1/jobs?limit=1000{cursor}"));
        count += page["items"].as_array().unwrap().len();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return count,
        }
    }
}

#[test]
fn killed_at_a_write_to_the_database_the_next_start_has_all_that_was_acknowledged() {
    if !has("strace", "apt-get install strace") {
        return;
    }
    let stride = if number_of("HIVESUM_EVERY_WRITE").is_some() { 1 } else { 7 };
    let mut deaths = 0;
    for when in (1..).step_by(stride) {
        let (place, mut books) = (Place::new(), Books::default());
        let expected = tree(&place, 20);
        let database = place.state().join("hivesum.db").display().to_string();
        let log = format!("{database}-wal");
        let fresh = format!("{database}.new");
        let inject = format!("inject=write,pwrite64,ftruncate,fsync,fdatasync:signal=KILL:when={when}");
        let runner =
            ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", &database, "-P", &log, "-P", &fresh, "-e", &inject];
        let unharmed = match place.try_start(&runner) {
            None => false,
            Some(life) => {
                books.ask(&place, &life, 1);
                let unharmed =
                    books.acknowledged.values().all(|id| ends_here(&place, &life, id)) && books.open.is_empty();
                life.signal(Signal::TERM);
                life.wait() == Some(0) && unharmed
            }
        };
        let life = place.start();
        books.ask(&place, &life, 1);
        for id in books.acknowledged.values() {
            assert_eq!(place.wait_for(&life, id)["state"], "completed", "killed at write {when}");
            check_results(&place, &life, id, &expected);
        }
        if unharmed {
            break;
        }
        deaths += 1;
    }
    eprintln!("killed at {deaths} of the writes, every {stride}th");
    assert!(deaths * stride >= 14, "killed at {deaths} writes only");
}

/// Whether the job ends before the service does.
fn ends_here(place: &Place, life: &Life, id: &str) -> bool {
    let Ok(answer) = place.client.get(format!("{}/api/v1/jobs/{id}/events", life.url)).send() else { return false };
    answer.text().is_ok_and(|text| text.contains("event: end"))
}

#[test]
fn a_file_that_kills_the_process_each_time_is_given_up_and_its_job_goes_on() {
    if !has("strace", "apt-get install strace") {
        return;
    }
    let place = Place::new();
    for number in 0..20 {
        place.write(&format!("{number:02}"), cycle(100));
    }
    let evil = place.tree().join("10").canonicalize().unwrap().display().to_string();
    let runner = [
        "strace",
        "-D",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-P",
        &evil,
        "-e",
        "trace=read,pread64,readv,preadv",
        "-e",
        "inject=read,pread64,readv,preadv:signal=KILL",
    ];
    let mut id = None;
    let mut starts = 0;
    let job: Value = loop {
        starts += 1;
        assert!(starts <= 4, "the file is given up after three deaths");
        let Some(life) = place.try_start(&runner) else { continue };
        let asked = place.submit(&life, "once", &json!({}));
        id = id.or(asked);
        let id = id.clone().expect("the job is acknowledged before it begins");
        if ends_here(&place, &life, &id) {
            break place.get(&life, &format!("/api/v1/jobs/{id}"));
        }
        life.wait();
    };
    assert_eq!((starts, &job["state"]), (4, &json!("completed")));
    assert_eq!((&job["summary"]["hashed"], &job["summary"]["errors"]), (&json!(19), &json!(1)));
    let life = place.start();
    let results = place.results(&life, job["id"].as_str().unwrap());
    assert_eq!((&results[10]["path"], &results[10]["code"]), (&json!("10"), &json!("crash_loop")));
}

#[test]
fn a_large_file_killed_half_way_goes_on_from_there_with_the_right_digest() {
    let bytes = number_of("HIVESUM_LARGE_BYTES").unwrap_or(2 << 30);
    let place = Place::new();
    std::fs::File::create(place.tree().join("large")).unwrap().set_len(bytes).unwrap();
    let life = place.start();
    // Slow enough to be killed half way, on a machine of any speed.
    let spec = json!({ "algorithms": ["blake3", "sha256"], "max_bytes_per_second": bytes / 2 });
    let id = place.submit(&life, "large", &spec).unwrap();
    let events = place.client.get(format!("{}/api/v1/jobs/{id}/events", life.url)).send().unwrap();
    let at = |event: &crate::app::Event| event.data["bytes_done"].as_u64().unwrap_or(0);
    let mut progress = crate::app::Events::of(events).filter(|event| event.name == "progress");
    let before = progress.find(|event| at(event) > bytes / 10 * 6).map(|event| at(&event)).unwrap();
    drop(progress);
    life.kill();
    let life = place.start();
    assert_eq!(place.wait_for(&life, &id)["state"], "completed");
    let hashed = place.get(&life, "/api/v1/stats")["bytes_hashed"].as_u64().unwrap();
    // Two digests; what was not committed in the last moments is digested again.
    assert!(hashed < 2 * (bytes - before) + bytes / 4, "{hashed} bytes after {before} of {bytes}");
    let digests = place.results(&life, &id)[0]["digests"].clone();
    for (tool, algorithm) in [("sha256sum", "sha256"), ("b3sum", "blake3")] {
        if has(tool, "apt-get install coreutils b3sum") {
            let output = Command::new(tool).arg(place.tree().join("large")).output().unwrap();
            let line = String::from_utf8(output.stdout).unwrap();
            assert_eq!(digests[algorithm], line.split_whitespace().next().unwrap());
        }
    }
}
