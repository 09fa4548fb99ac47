//! Damage at random places of the state: every answer is the right one or an error. Never a short answer, another
//! algorithm, an unknown job, or an empty store.
//!
//! `HIVESUM_FLIPS=2000 HIVESUM_LOG_FLIPS=500 HIVESUM_PAGES=400 cargo test --release --test api flips` is the long run;
//! `HIVESUM_SEED` repeats one.

use std::fs;
use std::path::{Path, PathBuf};

use hivesum_test_support::{Dice, cycle, number_from_env};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::restartable_server::{RestartableServer, ServerProcess};

/// Bytes of a page of the database.
pub const PAGE: usize = 8192;

/// What was asked, and the answer's status and body; no body if it broke off.
type Answers = Vec<(String, Answer)>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Whole(u16, String),
    BrokenOff,
}

/// A state directory, and what a service answers from it while it is intact.
pub struct Intact {
    pub server: RestartableServer,
    copy: TempDir,
    questions: Vec<String>,
    answers: Answers,
    tokens: String,
}

/// How the state is left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The log has been moved into the database.
    Stopped,
    /// What was written last is in the log.
    Killed,
}

impl Intact {
    pub fn new(left: Left) -> Self {
        let server = RestartableServer::new();
        for number in 0..230 {
            server.write(&format!("d{}/{number:04}", number % 7), cycle(number * 11));
        }
        server.write("ä/\"quoted\"", "abc");
        let process = server.start();
        let ids = ended_jobs(&server, &process);
        for name in ["one", "two", "three"] {
            assert!(command(&server, &["token", "create", "--name", name]).0, "a token is created");
        }
        let questions = questions(&ids);
        // The sort indexes are written in the background.
        let sorted = |path: &&String| path.contains("sort=");
        for path in questions.iter().filter(sorted) {
            let status = || server.client.get(format!("{}{path}", process.url)).send().unwrap().status().as_u16();
            while status() == 409 {}
        }
        let answers = ask(&server, &process, &questions);
        let failed = answers.iter().find(|(_, answer)| !matches!(answer, Answer::Whole(200, _)));
        assert_eq!(failed, None, "the intact state answers everything");
        let tokens = command(&server, &["token", "list"]).1;
        assert_eq!(tokens.lines().count(), 3);
        match left {
            Left::Stopped => {
                process.signal(Signal::TERM);
                assert_eq!(process.wait(), Some(0));
            }
            Left::Killed => process.kill(),
        }
        let copy = tempfile::tempdir().unwrap();
        copy_files(&server.state(), copy.path());
        Self { server, copy, questions, answers, tokens }
    }

    pub fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.copy.path().join(name)).unwrap()
    }

    /// Puts the intact state back, with this file replaced or, without bytes, removed.
    pub fn with(&self, name: &str, bytes: Option<&[u8]>) {
        let state = self.server.state();
        fs::remove_dir_all(&state).unwrap();
        fs::create_dir(&state).unwrap();
        copy_files(self.copy.path(), &state);
        match bytes {
            Some(bytes) => fs::write(state.join(name), bytes).unwrap(),
            None => fs::remove_file(state.join(name)).unwrap(),
        }
    }

    /// Starts a service on the state as it is. Returns whether it started; refusing is right too, if it says why.
    pub fn check(&self, damage: &str) -> bool {
        let listed = command(&self.server, &["token", "list"]);
        assert!(!listed.0 || listed.1 == self.tokens, "{damage}: token list printed {:?}", listed.1);
        let process = match self.server.start_or_refusal(&[]) {
            Ok(process) => process,
            Err((code, words)) => {
                assert!(matches!(code, Some(1..=100)) && words.contains("hivesum"), "{damage}: {code:?} {words}");
                return false;
            }
        };
        let answers = ask(&self.server, &process, &self.questions);
        for ((path, answer), (_, right)) in answers.iter().zip(&self.answers) {
            let is_told = match answer {
                Answer::BrokenOff => true,
                Answer::Whole(status, _) => *status >= 500,
            };
            assert!(is_told || answer == right, "{damage}: {path} answered {}", difference(answer, right));
        }
        self.check_repeated_request(&process, damage);
        true
    }

    /// A request that has been acknowledged creates no second job.
    fn check_repeated_request(&self, process: &ServerProcess, damage: &str) {
        let request = self.server.client.post(format!("{}/api/v1/jobs", process.url)).json(&spec(0));
        let answer = request.header("idempotency-key", "request 0").send().unwrap();
        let (status, body) = (answer.status(), answer.text().unwrap());
        let is_known = self.questions[1].contains(&id_in(&body));
        assert!(status.as_u16() >= 500 || is_known, "{damage}: a repeated request got {status} {body}");
    }
}

/// Where an answer first differs from the right one: both have thousands of bytes.
fn difference(answer: &Answer, right: &Answer) -> String {
    let [(status, body), (right_status, right_body)] = [answer, right].map(|answer| match answer {
        Answer::BrokenOff => (0, ""),
        Answer::Whole(status, body) => (*status, body.as_str()),
    });
    let same = body.bytes().zip(right_body.bytes()).take_while(|(one, other)| one == other).count();
    let [found, wanted] = [body, right_body].map(|body| {
        let around = &body.as_bytes()[same.saturating_sub(80).min(body.len())..(same + 80).min(body.len())];
        String::from_utf8_lossy(around).into_owned()
    });
    format!("{status} {found:?} and not {right_status} {wanted:?}, at byte {same} of {}", right_body.len())
}

fn id_in(body: &str) -> String {
    let job: Value = serde_json::from_str(body).unwrap();
    job["id"].as_str().unwrap_or("no id").to_owned()
}

fn spec(number: usize) -> Value {
    let algorithms = [json!(["sha256"]), json!(["blake3", "md5"]), json!(["crc32", "sha512"])];
    json!({ "root": "files", "algorithms": algorithms[number % 3] })
}

/// Jobs of two kinds, one of them with errors and missing files, and one that is deleted.
fn ended_jobs(server: &RestartableServer, process: &ServerProcess) -> Vec<String> {
    let manifest = format!("{}  d1/0001\n{}  gone\n", "0".repeat(64), "1".repeat(64));
    let mut ids = Vec::new();
    for number in 0..8 {
        let id = match number % 4 {
            3 => server.audit(process, &format!("request {number}"), &manifest),
            _ => server.submit(process, &format!("request {number}"), &spec(number)),
        };
        let id = id.unwrap();
        assert_eq!(server.wait_for(process, &id)["state"], "completed");
        ids.push(id);
    }
    let deleted = ids.remove(4);
    let answer = server.client.delete(format!("{}/api/v1/jobs/{deleted}", process.url)).send().unwrap();
    assert_eq!(answer.status(), 204);
    ids
}

/// The list of jobs, then what can be asked of each job. The first job's path comes second.
fn questions(ids: &[String]) -> Vec<String> {
    let mut questions = vec!["/api/v1/jobs".to_owned()];
    for id in ids {
        let job = format!("/api/v1/jobs/{id}");
        let of_job = ["", "/results", "/results?sort=-size", "/results?sort=modified_at&position=100", "/results?q=00"];
        questions.extend(of_job.iter().map(|rest| format!("{job}{rest}")));
        let filters = ["status=error", "status=hashed", "verdict=missing", "path_prefix=d3/"];
        questions.extend(filters.iter().map(|filter| format!("{job}/results?{filter}")));
        questions.push(format!("{job}/results#stream"));
        questions.extend(["json", "csv"].iter().map(|format| format!("{job}/manifest?format={format}")));
    }
    questions
}

fn ask(server: &RestartableServer, process: &ServerProcess, questions: &[String]) -> Answers {
    let ask_one = |question: &String| {
        let (path, accept) = match question.strip_suffix("#stream") {
            Some(path) => (path, "application/x-ndjson"),
            None => (question.as_str(), "*/*"),
        };
        let answer = server.client.get(format!("{}{path}", process.url)).header("accept", accept).send();
        let whole = answer.and_then(|answer| Ok((answer.status().as_u16(), answer.text()?)));
        whole.map_or(Answer::BrokenOff, |(status, body)| Answer::Whole(status, body))
    };
    questions.iter().map(|question| (question.clone(), ask_one(question))).collect()
}

/// Runs a command on the state. Whether it succeeded, and what it printed.
fn command(server: &RestartableServer, args: &[&str]) -> (bool, String) {
    let output = server.command(args);
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.metadata().is_ok_and(|meta| meta.is_file()) {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

fn flip(bytes: &mut [u8], dice: &mut Dice) -> String {
    let (at, bit) = (dice.roll(bytes.len() as u64) as usize, dice.roll(8));
    bytes[at] ^= 1 << bit;
    format!("bit {bit} of byte {at} flipped")
}

#[test]
fn flips_in_the_database_are_never_taken_for_the_truth() {
    let (intact, mut dice) = (Intact::new(Left::Stopped), Dice::from_env());
    assert!(intact.check("no damage"), "an intact state starts after a stop");
    let flips = number_from_env("HIVESUM_FLIPS").unwrap_or(150);
    let started = (0..flips).filter(|_| {
        let mut bytes = intact.file("hivesum.db");
        let damage = flip(&mut bytes, &mut dice);
        intact.with("hivesum.db", Some(&bytes));
        intact.check(&damage)
    });
    eprintln!("{} of {flips} started", started.count());
}

#[test]
fn pages_that_are_swapped_repeated_zeroed_or_cut_off_are_never_taken_for_the_truth() {
    let (intact, mut dice) = (Intact::new(Left::Stopped), Dice::from_env());
    assert!(intact.check("no damage"), "an intact state starts after a stop");
    for turn in 0..number_from_env("HIVESUM_PAGES").unwrap_or(40) {
        let mut bytes = intact.file("hivesum.db");
        let pages = (bytes.len() / PAGE) as u64;
        let [one, other] = [(); 2].map(|()| dice.roll(pages) as usize * PAGE);
        let page = bytes[one..][..PAGE].to_vec();
        let damage = match turn % 4 {
            0 => {
                bytes.copy_within(other..other + PAGE, one);
                bytes[other..][..PAGE].copy_from_slice(&page);
                "swapped"
            }
            1 => {
                bytes[other..][..PAGE].copy_from_slice(&page);
                "repeated"
            }
            2 => {
                bytes[one..][..PAGE].fill(0);
                "zeroed"
            }
            _ => {
                bytes.truncate(one);
                "cut off"
            }
        };
        intact.with("hivesum.db", Some(&bytes));
        intact.check(&format!("pages at {one} and {other} {damage}"));
    }
}

#[test]
fn a_damaged_log_after_a_kill_loses_nothing_in_silence() {
    let (intact, mut dice) = (Intact::new(Left::Killed), Dice::from_env());
    let log = intact.file("hivesum.db-wal");
    assert!(log.len() > 10 * PAGE, "the log holds the jobs");
    intact.with("hivesum.db-wal", Some(&log));
    assert!(intact.check("no damage"), "an intact state starts after a kill");
    intact.with("hivesum.db-wal", None);
    assert!(!intact.check("the log removed"));
    intact.with("hivesum.db-wal", Some(&[]));
    assert!(!intact.check("the log emptied"));
    for turn in 0..number_from_env("HIVESUM_LOG_FLIPS").unwrap_or(50) {
        let mut bytes = log.clone();
        let damage = match turn % 5 {
            0 => flip(&mut bytes[..32], &mut dice) + " in the log's header",
            1 => {
                bytes.truncate(dice.roll(log.len() as u64) as usize);
                format!("the log cut off after {} bytes", bytes.len())
            }
            _ => flip(&mut bytes, &mut dice) + " in the log",
        };
        intact.with("hivesum.db-wal", Some(&bytes));
        intact.check(&damage);
    }
}
