//! Manifests as other tools publish them, dropped on the page together with the tree that they list: right verdicts on an
//! intact tree and on a damaged one, the right name for every algorithm, and no line skipped in silence.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use hivesum_test_support::published::{Lists, Made, Place, Published, rows};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::checksum_files::{STATUS, clear};
use crate::checksum_verdicts::of_module;
use crate::server::Server;

/// How many rows the table has. A row that is lost fails.
const ROWS: usize = 112;

/// Rows whose manifest has a name that tells nothing: the page reads only files that look like one by their name, and
/// hashes these as any other. Each with another name, under which it is read.
const RENAMED: [(&str, &str); 1] = [("certutil -hashfile a SHA256", "a.sha256")];

/// The longest wait until the rows of one drop say what they should. What they say then is reported.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(25);

/// The damage of [`Made::damage`], as the statuses say it.
const DAMAGED: [(&str, &str); 2] = [("a", "Differs from"), ("new", "Done")];

/// One drop of a row.
struct Drop<'a> {
    row: &'a Published,
    made: &'a Made,
    /// The algorithms of the row, as the page writes them.
    titles: BTreeSet<String>,
    damage: &'a [(&'a str, &'a str)],
}

impl Drop<'_> {
    /// What is dropped: the tree, which may hold the manifest, and a manifest beside it.
    fn paths(&self) -> Vec<&Path> {
        let beside = (self.row.place == Place::Beside).then_some(self.made.manifest.as_path());
        let is_outside = beside.filter(|manifest| !manifest.starts_with(&self.made.tree));
        [Some(self.made.tree.as_path()), is_outside].into_iter().flatten().collect()
    }

    /// The name of the manifest on the page.
    fn manifest(&self) -> String {
        let directory = self.made.tree.parent().unwrap();
        self.made.manifest.strip_prefix(directory).unwrap().to_str().unwrap().to_owned()
    }

    /// The files that are hashed, with the status that each should begin with. Other files of the manifest's own tool,
    /// such as a chain of generations, are hashed and not judged.
    fn wanted(&self) -> BTreeMap<String, &str> {
        let mut wanted = BTreeMap::new();
        for path in files_beneath(&self.made.tree) {
            let name = path.strip_prefix(&self.made.tree).unwrap().to_str().unwrap();
            let is_own = path == self.made.manifest || name.starts_with("ascmhl/");
            let unlisted = self.row.lists == Lists::OnlyA && name != "a";
            let damage = self.damage.iter().find(|(one, _)| *one == name);
            let status = if unlisted { "Done" } else { damage.map_or("Matches", |(_, status)| status) };
            if !is_own {
                wanted.insert(name.to_owned(), status);
            }
        }
        wanted
    }

    /// What is wrong with the statuses and the row of the manifest; empty if nothing is.
    fn faults(&self, said: &Said) -> Vec<String> {
        let mut left = self.wanted();
        let mut faults = Vec::new();
        for (name, status) in said.files.iter().filter(|(name, _)| !name.starts_with("ascmhl/")) {
            let right = left.remove(name).is_some_and(|wanted| self.is_said(status, wanted));
            if !right {
                faults.push(format!("{name}: {status}"));
            }
        }
        faults.extend(left.keys().map(|name| format!("{name}: not hashed")));
        faults.extend(self.faults_of_manifest(&said.manifests));
        faults
    }

    /// Whether a status says this, of this manifest, with the algorithms of the row.
    fn is_said(&self, status: &str, wanted: &str) -> bool {
        let named = format!(" {} (", self.manifest());
        let algorithms = status.split_once(&named).and_then(|(_, rest)| rest.split_once(')')).map(|(names, _)| names);
        match algorithms {
            None => status == wanted,
            Some(names) => {
                let names: BTreeSet<String> = names.split(", ").map(str::to_owned).collect();
                status.starts_with(wanted) && wanted != "Done" && names == self.titles
            }
        }
    }

    /// The manifest's row counts its entries, those that are missing and the lines that are not read.
    fn faults_of_manifest(&self, rows: &[String]) -> Vec<String> {
        let manifest = self.manifest();
        let base = manifest.rsplit('/').next().unwrap();
        let Some(text) = rows.iter().find(|text| text.contains(base)) else {
            return vec![format!("no row of {manifest}: {rows:?}")];
        };
        let listed = self.wanted().into_values().filter(|status| *status != "Done").count();
        let missing = usize::from(!self.damage.is_empty() && self.row.lists == Lists::Tree);
        let entries = match listed + missing {
            1 => "1 entry".to_owned(),
            count => format!("{count} entries"),
        };
        let not_read = match self.row.not_read {
            0 => None,
            1 => Some("not read: 1 line".to_owned()),
            count => Some(format!("not read: {count} lines")),
        };
        let is_signed = text.contains("the signature is not verified");
        let expectations = [
            (text.contains(&entries), entries.as_str()),
            (text.contains("1 missing") == (missing == 1), "missing files"),
            // A signature has as many lines as its key needs.
            (is_signed || text.contains("not read") == not_read.is_some(), "whether lines were not read"),
            (is_signed || not_read.is_none_or(|said| text.contains(&said)), "how many lines were not read"),
        ];
        expectations.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| format!("{what}: {text}")).collect()
    }
}

/// What the page shows of a drop.
#[derive(Default)]
struct Said {
    /// The status of each file, by its name in the tree.
    files: BTreeMap<String, String>,
    /// The text of the rows of checksum files.
    manifests: Vec<String>,
}

impl Said {
    async fn by(browser: &Browser) -> Self {
        let rows = "[...document.querySelectorAll('[data-testid=manifest-row]')].map((row) => row.textContent)";
        let shown = browser.value(&format!("[{STATUS}, {rows}]")).await;
        let strings = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
        let statuses = shown[0].as_str().unwrap().split('|').filter_map(|line| line.split_once(": "));
        let files = statuses.map(|(path, status)| (path.trim_start_matches("tree/").to_owned(), status.to_owned()));
        Self { files: files.collect(), manifests: strings(&shown[1]) }
    }
}

fn files_beneath(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_beneath(&path) } else { vec![path] }).collect()
}

/// Drops a row on the empty list, and what is wrong with what is said of it.
async fn drop_on(browser: &Browser, drop: &Drop<'_>) -> Vec<String> {
    browser.drop_paths("drop-zone", &drop.paths()).await;
    let mut faults = vec!["nothing".to_owned()];
    let right = async {
        let mut beat = tokio::time::interval(POLL);
        while !faults.is_empty() {
            beat.tick().await;
            faults = drop.faults(&Said::by(browser).await);
        }
    };
    let _ = tokio::time::timeout(PATIENCE, right).await;
    faults
}

/// Names of algorithms as the page writes them.
async fn titles(browser: &Browser) -> BTreeMap<String, String> {
    let names: BTreeSet<&str> = rows().flat_map(|row| row.algorithms).copied().collect();
    let body = format!(
        "({{ algorithmTitle }}) => Object.fromEntries({}.map((name) => [name, algorithmTitle(name)]))",
        json!(names)
    );
    serde_json::from_value(of_module(browser, "/kernel/format.js", &body).await).unwrap()
}

/// A row as the page can read it: a manifest whose name tells nothing is first seen to be hashed as any other file, and
/// then has another name.
async fn renamed(browser: &Browser, row: &Published, made: Made) -> Made {
    let Some((_, name)) = RENAMED.iter().find(|(what, _)| *what == row.what) else { return made };
    browser.drop_paths("drop-zone", &[&made.manifest]).await;
    browser.until(&format!("{STATUS} === {}", json!(format!("{}: Done", row.manifest)))).await;
    clear(browser).await;
    let manifest = made.manifest.with_file_name(name);
    std::fs::rename(&made.manifest, &manifest).unwrap();
    Made { manifest, ..made }
}

#[tokio::test]
async fn published_manifests_give_the_right_verdicts_on_the_page() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    // What a manifest lists is computed for its sake, whatever is chosen.
    crate::jobs::select_only(&browser, "blake3").await;
    let titles = titles(&browser).await;
    let (mut failures, mut seen) = (Vec::new(), 0);
    for row in rows() {
        seen += 1;
        if !row.can_be_made() {
            continue;
        }
        let directory = tempfile::tempdir().unwrap();
        let made = renamed(&browser, row, row.make(directory.path())).await;
        for damage in [&[][..], &DAMAGED] {
            if !damage.is_empty() {
                made.damage();
            }
            let titles = row.algorithms.iter().map(|&name| titles[name].clone()).collect();
            let faults = drop_on(&browser, &Drop { row, made: &made, titles, damage }).await;
            if !faults.is_empty() {
                failures.push(format!("{}: {}", row.what, faults.join("; ")));
            }
            clear(&browser).await;
        }
    }
    assert_eq!(seen, ROWS);
    assert!(RENAMED.iter().all(|(what, _)| rows().any(|row| row.what == *what)));
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
    browser.close().await;
}
