//! `hivesum check -a sha256` against the system's `sha256sum --check`: same stdout, stderr and exit status.

use std::collections::BTreeMap;

use hivesum_test_support::has_tool;

use super::work_dir::{HIVESUM, Ran, WorkDir, arg};

/// In a manifest `{NAME}` stands for the digest of that file, `{^NAME}` for it in upper case, `{0}` for a wrong one.
const FILES: [&str; 10] = ["f", "g", "a b", "n\nl", "b\\s", "c\rr", "x)y", " f", "*f", "caf\u{e9}"];

const MANIFESTS: [&str; 75] = [
    // Spellings of a good line.
    "{f}  f\n",
    "{f} *f\n",
    "{f}  f",
    "{f}  f\r\n",
    "{^f}  f\n",
    "  \t{f}  f\n",
    "{f}\t f\n",
    "{f}\t*f\n",
    "{a b}  a b\n",
    "{caf\u{e9}}  caf\u{e9}\n",
    "{ f}   f\n",
    "{*f} **f\n",
    "\\{f}  f\n",
    "  \\{f}  f\n",
    "{f}  ./f\n{g}  ../nowhere/../g\n",
    // Escapes.
    "\\{n\nl}  n\\nl\n",
    "\\{b\\s}  b\\\\s\n",
    "\\{c\rr}  c\\rr\n",
    "{b\\s}  b\\s\n",
    "{c\rr}  c\rr\n",
    "{f}  f\\n\n",
    "\\{f}  f\\t\n",
    "\\{f}  f\\\n",
    "\\{f}  \\\\\\\n",
    "\\ {f}  f\n",
    "\\\\{f}  f\n",
    "\\{0}  not\\nthere\\\\\\r\n",
    // Tags.
    "SHA256 (f) = {f}\n",
    "SHA256(f)= {f}\n",
    "SHA256 (f)={f}\n",
    "SHA256 (f) =\t {^f}\r\n",
    "SHA256 (x)y) = {x)y}\n",
    "\\SHA256 (n\\nl) = {n\nl}\n",
    " \t\\SHA256 (b\\\\s) = {b\\s}\n",
    "SHA256 f = {f}\n",
    "SHA256 (f) {f}\n",
    "SHA256 (f = {f}\n",
    "SHA256 (f) = {f} \n",
    "SHA256 (f) = {f}0\n",
    "SHA256 () = {f}\n",
    "SHA256 (\n",
    "SHA256",
    "MD5 (f) = {f}\n",
    "SHA512 (f) = {f}\n",
    "SHA256 (g) = {f}\n{f}  f\nSHA256 (f) = {f}\n",
    // Reversed.
    "{f} f\n",
    "{f}\tf\n{g} g\n",
    "{f} f\n{g}  g\n",
    "{f}  f\n{g} g\n",
    "{f} f\n{*f} *f\n",
    "{f}  \n",
    "{f} \n",
    // Not lines at all.
    "",
    "\n",
    "\r\n",
    "\n\n\r\n# comment\n{f}  f\n",
    "# {f}  f\n",
    " # comment\n{f}  f\n",
    "junk\n",
    "{f}\n",
    "{f}x  f\n",
    "x{f}  f\n",
    "0{f}  f\n",
    "d41d8cd98f00b204e9800998ecf8427e  f\n",
    "{f}  f\r\r\n",
    // Verdicts.
    "{0}  f\n",
    "{0}  f\n{f}  f\n{0}  g\n",
    "{f}  missing\n",
    "{f}  missing\n{f}  gone too\n{f}  f\n",
    "{0}  f\njunk\n{f}  missing\n{g}  g\n",
    "{0}  f\n{0}  g\njunk\njunk\n{f}  missing\n{f}  gone:too\n",
    "{f}  dir\n{f}  f/x\n{f}  loop\n{f}  dangling\n{f}  link\n",
    "{f}  it's not there\n{f}  it's $5\n{f}  caf\u{e9} bar\n{f}  a\tb\n{f}  ~\n{f}  {\n{f}  a?\n",
    "{f}  -\n",
    "{f}  f\n{f}  f\n{f}  f\n",
];

const OPTIONS: [&[&str]; 12] = [
    &[],
    &["--strict"],
    &["--warn"],
    &["--quiet"],
    &["--status"],
    &["--ignore-missing"],
    &["--ignore-missing", "--quiet", "--strict"],
    &["--warn", "--strict"],
    &["--status", "--warn"],
    &["--warn", "--status"],
    &["--quiet", "--status", "--warn", "--quiet"],
    &["--status", "--ignore-missing"],
];

struct Bench {
    dir: WorkDir,
    digests: BTreeMap<&'static str, String>,
}

impl Bench {
    fn new() -> Self {
        let dir = WorkDir::new();
        let mut digests = BTreeMap::new();
        for (number, name) in FILES.into_iter().enumerate() {
            dir.write(name, "x".repeat(number));
            digests.insert(name, dir.digest("sha256sum", name));
        }
        std::fs::create_dir(dir.path("dir")).unwrap();
        dir.link("loop", "loop");
        dir.link("dangling", "nowhere");
        dir.link("link", "f");
        Self { dir, digests }
    }

    fn manifest(&self, template: &str) -> String {
        let mut text = template.replace("{0}", &"0123456789abcdef".repeat(4));
        for (name, digest) in &self.digests {
            text =
                text.replace(&format!("{{{name}}}"), digest).replace(&format!("{{^{name}}}"), &digest.to_uppercase());
        }
        text
    }

    fn compare(&self, options: &[&str], manifest: &str) {
        self.dir.write("sums", manifest);
        let ours = self.dir.hivesum(["check", "-a", "sha256", "sums"].iter().chain(options));
        let theirs = self.dir.run("sha256sum", ["--check", "sums"].iter().chain(options));
        assert_same(&ours, theirs, &format!("{options:?} on {manifest:?}"));
    }
}

fn assert_same(ours: &Ran, theirs: Ran, case: &str) {
    let stderr = theirs.stderr().replace("sha256sum: ", "hivesum: ");
    assert_eq!((ours.stdout(), ours.stderr(), ours.code), (theirs.stdout(), stderr, theirs.code), "{case}");
}

#[test]
fn every_manifest_gets_the_same_output() {
    if !has_tool("sha256sum") {
        return;
    }
    let bench = Bench::new();
    for template in MANIFESTS {
        let manifest = bench.manifest(template);
        bench.compare(&[], &manifest);
        bench.compare(&["--warn", "--strict"], &manifest);
    }
}

#[test]
fn every_set_of_options_gives_the_same_output() {
    if !has_tool("sha256sum") {
        return;
    }
    let bench = Bench::new();
    for template in [
        "{f}  f\n",
        "junk\n{0}  f\n{f}  missing\n{g}  g\njunk\n",
        "{f}  missing\n{f}  dir\n",
        "{f}  missing\n",
        "junk\n",
        "junk\n{f}  f\n",
    ] {
        for options in OPTIONS {
            bench.compare(options, &bench.manifest(template));
        }
    }
}

#[test]
fn a_manifest_on_standard_input_gets_the_same_output() {
    if !has_tool("sha256sum") {
        return;
    }
    let bench = Bench::new();
    for template in ["{f}  f\n", "{0}  f\njunk\n", "{f}  -\n", "junk\n", "", "{f}  -\n{f}  f\n"] {
        let manifest = bench.manifest(template);
        for name in [&[][..], &["-"]] {
            let ours = ["check", "-a", "sha256", "--warn"].iter().chain(name);
            let ours = bench.dir.feed(HIVESUM, manifest.as_bytes(), ours);
            let theirs = bench.dir.feed("sha256sum", manifest.as_bytes(), ["--check", "--warn"].iter().chain(name));
            assert_same(&ours, theirs, &manifest);
        }
    }
}

#[test]
fn a_manifest_may_list_standard_input() {
    if !has_tool("sha256sum") {
        return;
    }
    let bench = Bench::new();
    bench.dir.write("sums", bench.manifest("{g}  -\n{f}  f\n"));
    for input in [&b"x"[..], b"other"] {
        let ours = bench.dir.feed(HIVESUM, input, ["check", "-a", "sha256", "sums"]);
        let theirs = bench.dir.feed("sha256sum", input, ["--check", "sums"]);
        assert_same(&ours, theirs, "-");
    }
}

#[test]
fn unreadable_manifests_and_odd_manifest_names_get_the_same_messages() {
    if !has_tool("sha256sum") {
        return;
    }
    let bench = Bench::new();
    let names: [&[u8]; 7] = [b"sums here", b"sums:1", b"it's", b"new\nline", b"latin\xe9", b"missing sums", b"dir"];
    for name in &names[..5] {
        bench.dir.write(name, "junk\n");
    }
    for name in names {
        for locale in ["C", "C.UTF-8"] {
            let args = |first: &'static str| [arg(first), arg("--warn"), arg(name)];
            let run = |program: &str, first| {
                Ran::of(bench.dir.command(program).env("LC_ALL", locale).args(args(first)).output().unwrap())
            };
            let ours = Ran::of(
                bench
                    .dir
                    .command(HIVESUM)
                    .env("LC_ALL", locale)
                    .args([arg("check"), arg("-asha256"), arg("--warn"), arg(name)])
                    .output()
                    .unwrap(),
            );
            assert_same(&ours, run("sha256sum", "--check"), &format!("{name:?} in {locale}"));
        }
    }
}

#[test]
fn lines_that_sha256sum_calls_malformed_and_other_tools_write_are_read() {
    let bench = Bench::new();
    for template in ["\u{feff}{f}  f\n", "SHA256   (f) = {f}\n", "sha256 (f) = {f}\n", "SHA2-256(f)= {f}\n"] {
        bench.dir.write("sums", bench.manifest(template));
        assert_eq!(
            bench.dir.hivesum(["check", "--strict", "-a", "sha256", "sums"]).expect_success(),
            "f: OK\n",
            "{template}"
        );
    }
}
