//! A conformance set for BagIt: every bag is built by code, names the paragraph of RFC 8493 that it tests, and has a
//! verdict. Each verdict is held beside that of `bagit.py` 1.9.0; where that differs, the bag says why.
//!
//! One file for each part of the standard, one table in each. Digests come from the system's tools.

mod encodings;
mod fetch;
mod hostile;
mod info;
mod manifests;
mod names;
mod structure;
mod tag_manifests;
mod versions;

use hivesum_test_support::has_tool;

use super::work_dir::{HIVESUM, Ran, WorkDir};

/// No check of these small bags takes that long, unless it waits for what never comes.
const DEADLINE_SECONDS: &str = "120";

/// What is said of a bag that has none.
const NO_TAG_MANIFEST: &str = "has no tag manifest: nothing protects bag-info.txt and the manifests";

/// A bag and what is to be said of it.
struct Case {
    name: &'static str,
    /// The paragraph of RFC 8493 that decides.
    paragraph: &'static str,
    build: fn(&Bag),
    verdict: Verdict,
    bagit: Bagit,
}

/// The right verdict, with everything that is said.
enum Verdict {
    Valid,
    /// Valid, with exactly one warning that contains this.
    Warning(&'static str),
    /// Exactly these faults, in any order.
    Invalid(&'static [&'static str]),
    /// No fault, but this cannot be checked.
    Unsupported(&'static str),
}

/// What `bagit.py` 1.9.0 says.
enum Bagit {
    /// The same; what hivesum does not support is invalid to it.
    Agrees,
    /// The opposite, and why it is wrong or free to.
    Differs(&'static str),
    /// It is not run, because it would hang or open what it must not.
    NotRun(&'static str),
}

/// The bag under construction: the directory `bag`.
struct Bag {
    dir: WorkDir,
}

impl Bag {
    /// One payload file, one manifest, version 1.0.
    fn good() -> Self {
        let bag = Self { dir: WorkDir::new() };
        bag.declare("1.0", "UTF-8");
        bag.write("data/a", "hello\n");
        bag.list("sha256", &["data/a"]);
        bag
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        self.dir.write(format!("bag/{name}"), content);
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.dir.path(format!("bag/{name}"))).unwrap();
    }

    fn declare(&self, version: &str, encoding: &str) {
        self.write("bagit.txt", format!("BagIt-Version: {version}\nTag-File-Character-Encoding: {encoding}\n"));
    }

    /// The digest of a file, by `md5sum` and its like.
    fn digest(&self, algorithm: &str, name: &str) -> String {
        self.dir.digest(&format!("{algorithm}sum"), format!("bag/{name}"))
    }

    /// Lines of a manifest for these files, with their names as they are.
    fn lines(&self, algorithm: &str, names: &[&str]) -> String {
        names.iter().map(|name| format!("{}  {name}\n", self.digest(algorithm, name))).collect()
    }

    /// Writes the payload manifest.
    fn list(&self, algorithm: &str, names: &[&str]) {
        self.write(&format!("manifest-{algorithm}.txt"), self.lines(algorithm, names));
    }

    /// Writes the payload manifest for one file, under another name than it has on disk.
    fn list_as(&self, written: &str, name: &str) {
        self.write("manifest-sha256.txt", format!("{}  {written}\n", self.digest("sha256", name)));
    }

    /// Writes the tag manifest.
    fn list_tags(&self, algorithm: &str, names: &[&str]) {
        self.write(&format!("tagmanifest-{algorithm}.txt"), self.lines(algorithm, names));
    }
}

/// Builds every bag of a table and holds both verdicts against it.
fn judge(cases: &[Case]) {
    let has_bagit = has_tool("bagit.py");
    let wrong: Vec<_> = cases.iter().filter_map(|case| fault_of(case, has_bagit)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What of a case is not so.
fn fault_of(case: &Case, has_bagit: bool) -> Option<String> {
    let bag = Bag::good();
    (case.build)(&bag);
    let ran = bag.dir.run("timeout", [DEADLINE_SECONDS, HIVESUM, "bag", "check", "bag"]);
    let of_hivesum = (!is_as_said(&case.verdict, &ran))
        .then(|| format!("hivesum: exit {:?}\nstdout: {}stderr: {}", ran.code, ran.stdout(), ran.stderr()));
    let of_bagit = || if has_bagit { fault_of_bagit(case, &bag) } else { None };
    let fault = of_hivesum.or_else(of_bagit)?;
    Some(format!("== {} (RFC 8493, {})\n{fault}", case.name, case.paragraph))
}

fn is_as_said(verdict: &Verdict, ran: &Ran) -> bool {
    // Most bags of the set do without a tag manifest, which is said.
    let is_note = |line: &&str| line.ends_with(NO_TAG_MANIFEST);
    let stdout = ran.stdout();
    let stderr: String = ran.stderr().lines().filter(|line| !is_note(line)).map(|line| format!("{line}\n")).collect();
    let (code, last) = (ran.code, stdout.lines().last().unwrap_or_default());
    match verdict {
        Verdict::Valid => code == Some(0) && last.starts_with("valid: ") && stderr.is_empty(),
        Verdict::Warning(text) => {
            code == Some(0) && last.starts_with("valid: ") && stderr.contains(text) && stderr.lines().count() == 1
        }
        Verdict::Invalid(faults) => {
            let mut said: Vec<_> = stdout.lines().filter(|line| *line != last).collect();
            let mut wanted = faults.to_vec();
            said.sort_unstable();
            wanted.sort_unstable();
            code == Some(1) && last.starts_with("not valid: ") && said == wanted
        }
        Verdict::Unsupported(text) => {
            code == Some(1) && last.starts_with("cannot be checked: ") && stdout.contains(text)
        }
    }
}

fn fault_of_bagit(case: &Case, bag: &Bag) -> Option<String> {
    let is_valid = matches!(case.verdict, Verdict::Valid | Verdict::Warning(_));
    let wanted = match case.bagit {
        Bagit::Agrees => is_valid,
        Bagit::Differs(_) => !is_valid,
        Bagit::NotRun(_) => return None,
    };
    let ran = bag.dir.run("timeout", [DEADLINE_SECONDS, "bagit.py", "--validate", "bag"]);
    ((ran.code == Some(0)) != wanted).then(|| format!("bagit.py: exit {:?}: {}", ran.code, ran.stderr()))
}

#[test]
fn the_set_has_sixty_bags_and_more_and_no_name_twice() {
    let tables = [
        encodings::CASES,
        fetch::CASES,
        hostile::CASES,
        info::CASES,
        manifests::CASES,
        names::CASES,
        structure::CASES,
        tag_manifests::CASES,
        versions::CASES,
    ];
    let names: std::collections::BTreeSet<_> =
        tables.iter().flat_map(|cases| cases.iter()).map(|case| case.name).collect();
    let count: usize = tables.iter().map(|cases| cases.len()).sum();
    assert!(count >= 60 && names.len() == count, "{count} bags, {} names", names.len());
    for case in tables.iter().flat_map(|cases| cases.iter()) {
        let reason = match case.bagit {
            Bagit::Agrees => "agrees",
            Bagit::Differs(why) | Bagit::NotRun(why) => why,
        };
        assert!(!case.paragraph.is_empty() && !reason.is_empty(), "{}", case.name);
    }
}
