//! What a client asked for and what was acknowledged, while the service is killed and restarted, and the outcomes that
//! every acknowledged job must have.

use std::collections::{BTreeMap, HashMap};
use std::process::Command;

use hivesum_actors::job::JobId;
use hivesum_test_support::cycle;
use serde_json::{Value, json};

use crate::restartable_server::{RestartableServer, ServerProcess};

/// Files that the manifest lists and the tree lacks.
const GONE: [&str; 3] = ["d1/gone", "e", "z/z"];

/// The outcome of each path: a digest or an error code, and the verdict or an empty text.
pub type Outcomes = BTreeMap<String, (String, String)>;

/// Writes small files. Returns the digests that sha256sum prints for all files of the tree.
pub fn tree(server: &RestartableServer, files: usize) -> BTreeMap<String, String> {
    for number in 0..files {
        server.write(&format!("d{}/{number:04}", number % 9), cycle(number * 37));
    }
    let list = "find . -type f -print0 | xargs -0 sha256sum";
    let output = Command::new("sh").args(["-c", list]).current_dir(server.tree()).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let split = |line: &str| line.split_once("  ./").map(|(digest, name)| (name.to_owned(), digest.to_owned()));
    lines.lines().map(|line| split(line).unwrap()).collect()
}

/// The kinds of job, requested in turn.
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

/// The acknowledged requests, and the one that still waits for its acknowledgement.
pub struct Acknowledgements {
    files: BTreeMap<String, String>,
    manifest: String,
    /// Job ids by request number.
    pub acknowledged: HashMap<usize, String>,
    pub open: Option<usize>,
    asked: usize,
}

impl Acknowledgements {
    /// For a tree with these digests. Hash jobs and audits are requested in turn, a hash job first.
    pub fn new(files: BTreeMap<String, String>) -> Self {
        let gone = GONE.map(|name| (name, "0".repeat(64)));
        let lines = files.iter().map(|(name, digest)| (name.as_str(), digest.clone())).chain(gone);
        let manifest = lines.map(|(name, digest)| format!("{digest}  {name}\n")).collect();
        Self { files, manifest, acknowledged: HashMap::new(), open: None, asked: 0 }
    }

    /// The same, with this kind first.
    pub fn beginning_with(kind: Kind, files: BTreeMap<String, String>) -> Self {
        Self { asked: usize::from(kind == Kind::Audit), ..Self::new(files) }
    }

    /// Sends requests until the service dies. A request without acknowledgement is repeated by the next call.
    pub fn ask(&mut self, server: &RestartableServer, process: &ServerProcess, at_most: usize) {
        for _ in 0..at_most {
            let request = self.open.unwrap_or_else(|| {
                self.asked += 1;
                self.asked
            });
            self.open = Some(request);
            let key = format!("request {request}");
            let id = match Kind::of(request) {
                Kind::Hash => server.submit(process, &key, &json!({ "algorithms": ["sha256"] })),
                Kind::Audit => server.audit(process, &key, &self.manifest),
            };
            let Some(id) = id else { return };
            self.open = None;
            assert_eq!(self.acknowledged.insert(request, id), None);
        }
    }

    /// The outcomes of a job of this kind.
    pub fn expected(&self, kind: Kind) -> Outcomes {
        let of_file = |verdict: &str| {
            let files = self.files.iter();
            files.map(|(name, digest)| (name.clone(), (digest.clone(), verdict.to_owned()))).collect::<Outcomes>()
        };
        match kind {
            Kind::Hash => of_file(""),
            Kind::Audit => {
                let gone = GONE.map(|name| (name.to_owned(), ("not_found".to_owned(), "missing".to_owned())));
                of_file("matched").into_iter().chain(gone).collect()
            }
        }
    }

    /// Waits for every acknowledged job and checks its outcomes. A file may have the code `crash_loop` only where
    /// `may_be_given_up` allows it for the job and the path.
    #[track_caller]
    pub fn check(
        &self,
        server: &RestartableServer,
        process: &ServerProcess,
        may_be_given_up: impl Fn(JobId, &str) -> bool,
    ) {
        for (&request, id) in &self.acknowledged {
            let job = server.wait_for(process, id);
            assert_eq!(job["state"], "completed", "{job}");
            let mut expected = self.expected(Kind::of(request));
            let (found, rows) = outcomes(server, process, id);
            for (path, (outcome, verdict)) in &found {
                if outcome == "crash_loop" {
                    assert!(may_be_given_up(id.parse().unwrap(), path), "{path} was given up too soon in {id}");
                    expected.insert(path.clone(), (outcome.clone(), verdict.clone()));
                }
            }
            assert_eq!(found, expected, "{id}");
            assert_eq!(rows, expected.len(), "a file is counted twice in {id}");
            assert_eq!(job["summary"]["files"], rows, "{job}");
        }
    }
}

/// The outcome of each path of a job, and the number of its results.
pub fn outcomes(server: &RestartableServer, process: &ServerProcess, id: &str) -> (Outcomes, usize) {
    let results = server.results(process, id);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let outcome =
        |item: &Value| text(if item["status"] == "hashed" { &item["digests"]["sha256"] } else { &item["code"] });
    let outcomes = results.iter().map(|item| (text(&item["path"]), (outcome(item), text(&item["verdict"])))).collect();
    (outcomes, results.len())
}

/// The number of jobs that the service lists.
pub fn count_jobs(server: &RestartableServer, process: &ServerProcess) -> usize {
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let page = server.get(process, &format!("/api/v1/jobs?limit=1000{cursor}"));
        count += page["items"].as_array().unwrap().len();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return count,
        }
    }
}
