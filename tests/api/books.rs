//! A client's books over many lives of the service: what it asked for, what was acknowledged, and what must come of it.

use std::collections::{BTreeMap, HashMap};
use std::process::Command;

use hivesum_actors::job::JobId;
use hivesum_test_support::cycle;
use serde_json::{Value, json};

use crate::mortal::{Life, Place};

/// Files that a manifest lists and the tree lacks.
const GONE: [&str; 3] = ["d1/gone", "e", "z/z"];

/// What must be told of each path: a digest or a code, and a verdict or nothing.
pub type Told = BTreeMap<String, (String, String)>;

/// A tree of small files, and what sha256sum says of all files in it.
pub fn tree(place: &Place, files: usize) -> BTreeMap<String, String> {
    for number in 0..files {
        place.write(&format!("d{}/{number:04}", number % 9), cycle(number * 37));
    }
    let list = "find . -type f -print0 | xargs -0 sha256sum";
    let output = Command::new("sh").args(["-c", list]).current_dir(place.tree()).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let split = |line: &str| line.split_once("  ./").map(|(digest, name)| (name.to_owned(), digest.to_owned()));
    lines.lines().map(|line| split(line).unwrap()).collect()
}

/// What is asked for, in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Hash,
    Audit,
}

impl Kind {
    fn of(request: usize) -> Self {
        if request.is_multiple_of(2) { Self::Audit } else { Self::Hash }
    }
}

/// What the client was told, and what it has asked for and not yet heard of.
pub struct Books {
    files: BTreeMap<String, String>,
    manifest: String,
    /// Ids by the number of the request.
    pub acknowledged: HashMap<usize, String>,
    pub open: Option<usize>,
    asked: usize,
}

impl Books {
    /// For a tree with these digests. The first request is for a hash job, the next for an audit, and so on.
    pub fn new(files: BTreeMap<String, String>) -> Self {
        let gone = GONE.map(|name| (name, "0".repeat(64)));
        let lines = files.iter().map(|(name, digest)| (name.as_str(), digest.clone())).chain(gone);
        let manifest = lines.map(|(name, digest)| format!("{digest}  {name}\n")).collect();
        Self { files, manifest, acknowledged: HashMap::new(), open: None, asked: 0 }
    }

    /// With this kind first.
    pub fn beginning_with(kind: Kind, files: BTreeMap<String, String>) -> Self {
        Self { asked: usize::from(kind == Kind::Audit), ..Self::new(files) }
    }

    /// Asks until the service dies; what is not acknowledged is asked again in the next life.
    pub fn ask(&mut self, place: &Place, life: &Life, at_most: usize) {
        for _ in 0..at_most {
            let request = self.open.unwrap_or_else(|| {
                self.asked += 1;
                self.asked
            });
            self.open = Some(request);
            let key = format!("request {request}");
            let id = match Kind::of(request) {
                Kind::Hash => place.submit(life, &key, &json!({ "algorithms": ["sha256"] })),
                Kind::Audit => place.audit(life, &key, &self.manifest),
            };
            let Some(id) = id else { return };
            self.open = None;
            assert_eq!(self.acknowledged.insert(request, id), None);
        }
    }

    /// What must come of a job of this kind.
    pub fn expected(&self, kind: Kind) -> Told {
        let of_file = |verdict: &str| {
            let files = self.files.iter();
            files.map(|(name, digest)| (name.clone(), (digest.clone(), verdict.to_owned()))).collect::<Told>()
        };
        match kind {
            Kind::Hash => of_file(""),
            Kind::Audit => {
                let gone = GONE.map(|name| (name.to_owned(), ("not_found".to_owned(), "missing".to_owned())));
                of_file("matched").into_iter().chain(gone).collect()
            }
        }
    }

    /// Waits for every job that was acknowledged and checks what came of it. A file may be given up as one that
    /// kills the process where `may_be_given_up` says so of the job and the path.
    #[track_caller]
    pub fn check(&self, place: &Place, life: &Life, may_be_given_up: impl Fn(JobId, &str) -> bool) {
        for (&request, id) in &self.acknowledged {
            let job = place.wait_for(life, id);
            assert_eq!(job["state"], "completed", "{job}");
            let mut expected = self.expected(Kind::of(request));
            let (told, rows) = told(place, life, id);
            for (path, (outcome, verdict)) in &told {
                if outcome == "crash_loop" {
                    assert!(may_be_given_up(id.parse().unwrap(), path), "{path} was given up too soon in {id}");
                    expected.insert(path.clone(), (outcome.clone(), verdict.clone()));
                }
            }
            assert_eq!(told, expected, "{id}");
            assert_eq!(rows, expected.len(), "a file is counted twice in {id}");
            assert_eq!(job["summary"]["files"], rows, "{job}");
        }
    }
}

/// What is told of each path, and how many results there are.
pub fn told(place: &Place, life: &Life, id: &str) -> (Told, usize) {
    let results = place.results(life, id);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let outcome =
        |item: &Value| text(if item["status"] == "hashed" { &item["digests"]["sha256"] } else { &item["code"] });
    let told = results.iter().map(|item| (text(&item["path"]), (outcome(item), text(&item["verdict"])))).collect();
    (told, results.len())
}

/// Jobs that the service knows.
pub fn count_jobs(place: &Place, life: &Life) -> usize {
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
