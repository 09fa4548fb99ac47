//! Manifests of other tools are read by hivesum, and its manifests by them, with every hostile name that the tool can
//! write and read in its own manifest.

use std::ffi::OsString;
use std::process::Command;

use hivesum_test_support::{Requirement, has_tool};

use super::work_dir::{HIVESUM, Ran, WorkDir, arg};

const NAMES: [&[u8]; 26] = [
    b"plain",
    b"a b",
    b" lead",
    b"trail ",
    b"-rf",
    b"a,b",
    b"a\"b",
    b"a'b",
    b"a\\b",
    b"a\nb",
    b"a\rb",
    b"end\r",
    b"100%25",
    b"*star",
    b"#hash",
    b";semi",
    b"(x) = y",
    b"a)b",
    b"caf\xc3\xa9",
    b"caf\xe9",
    b"tab\tx",
    b"\x1b[31m",
    b"00000000",
    b"a 12345678",
    b"%%%% size",
    b"~x",
];

/// A tool that writes and checks manifests.
struct Tool {
    program: &'static str,
    /// The arguments before the name, to write a manifest of one file.
    makes: &'static [&'static str],
    /// The arguments before the manifest, to check it.
    checks: &'static [&'static str],
    /// Whether a check takes the name after the manifest.
    checks_by_name: bool,
    /// The arguments with which `hivesum hash` writes the same format.
    ours: &'static [&'static str],
}

const SHA256SUM: Tool = Tool {
    program: "sha256sum",
    makes: &["--"],
    checks: &["--check", "--strict"],
    checks_by_name: false,
    ours: &["-a", "sha256"],
};

const B3SUM: Tool = Tool {
    program: "b3sum",
    makes: &["--"],
    checks: &["--check"],
    checks_by_name: false,
    ours: &["--format", "b3sum"],
};

const TOOLS: [Tool; 9] = [
    SHA256SUM,
    Tool { makes: &["--tag", "--"], ours: &["-a", "sha256", "--format", "bsd"], ..SHA256SUM },
    B3SUM,
    Tool { makes: &["--tag", "--"], ours: &["--format", "bsd"], ..B3SUM },
    Tool {
        program: "hashdeep",
        makes: &["-l", "-c", "md5,sha256", "--"],
        checks: &["-l", "-a", "-k"],
        checks_by_name: true,
        ours: &["-a", "md5,sha256", "--format", "hashdeep"],
    },
    RHASH,
    Tool { makes: &["--bsd", "--sha256", "--"], ours: &["-a", "sha256", "--format", "bsd"], ..RHASH },
    Tool { makes: &["--sfv", "--"], ours: &["-a", "crc32", "--format", "sfv"], ..RHASH },
    Tool {
        program: "cksfv",
        makes: &["--"],
        checks: &["-q", "-f"],
        checks_by_name: false,
        ours: &["-a", "crc32", "--format", "sfv"],
    },
];

const RHASH: Tool = Tool {
    program: "rhash",
    makes: &["--sha256", "--"],
    checks: &["-c", "--"],
    checks_by_name: false,
    ours: &["-a", "sha256"],
};

impl Tool {
    /// Whether it is installed and new enough: Debian's b3sum (1.2) has no tags.
    fn is_installed(&self) -> bool {
        let wants_tags = self.program == B3SUM.program && self.makes.contains(&"--tag");
        let knows_tags = || {
            let help = Command::new(self.program).arg("--help").output().unwrap();
            String::from_utf8_lossy(&help.stdout).contains("--tag")
        };
        let tags = Requirement::tool("b3sum --tag", "cargo install b3sum");
        has_tool(self.program) && (!wants_tags || tags.is_met(knows_tags))
    }

    fn run(&self, dir: &WorkDir, args: Vec<OsString>) -> Ran {
        dir.run(self.program, args)
    }

    fn makes(&self, dir: &WorkDir, name: &[u8]) -> Ran {
        self.run(dir, self.makes.iter().map(arg).chain([arg(name)]).collect())
    }

    /// Whether the tool accepts the manifest of an unchanged file and refuses it after a change.
    fn accepts(&self, dir: &WorkDir, manifest: &[u8], name: &[u8]) -> bool {
        dir.write("../manifest", manifest);
        let mut args: Vec<_> = self.checks.iter().map(arg).chain([arg("../manifest")]).collect();
        if self.checks_by_name {
            args.extend([arg("--"), arg(name)]);
        }
        let succeeds = || self.run(dir, args.clone()).code == Some(0);
        dir.write(name, "content");
        let accepts_unchanged = succeeds();
        dir.write(name, "another");
        let accepts_changed = succeeds();
        dir.write(name, "content");
        accepts_unchanged && !accepts_changed
    }
}

/// Whether the tool does not support the name: SFV cannot carry a CR, and rhash, like b3sum before 1.8, neither writes
/// nor reads the escaped CR of coreutils.
fn is_unsupported(tool: &Tool, name: &[u8]) -> bool {
    let is_old = || {
        let version = Command::new(tool.program).arg("--version").output().unwrap().stdout;
        let version = String::from_utf8_lossy(&version).into_owned();
        let numbers: Vec<u32> = version.split(['.', ' ']).filter_map(|word| word.trim().parse().ok()).collect();
        numbers < vec![1, 8]
    };
    let knows_no_escaped_cr = || tool.program == "rhash" || (tool.program == "b3sum" && is_old());
    name.contains(&b'\r') && (tool.ours.contains(&"sfv") || knows_no_escaped_cr())
}

#[test]
fn every_name_that_a_tool_supports_is_read_in_both_directions() {
    for tool in TOOLS.iter().filter(|tool| tool.is_installed()) {
        let mut supported = 0;
        for name in NAMES.into_iter().filter(|name| !is_unsupported(tool, name)) {
            let dir = WorkDir::nested();
            dir.write(name, "content");
            let theirs = tool.makes(&dir, name);
            if theirs.code != Some(0) || !tool.accepts(&dir, &theirs.stdout, name) {
                continue;
            }
            supported += 1;
            let case = format!("{} {:?}: {}", tool.program, tool.makes, name.escape_ascii());
            dir.write("../manifest", &theirs.stdout);
            let read = dir.hivesum(["check", "--strict", "--quiet", "../manifest"]);
            assert_eq!((read.code, read.stdout().as_str()), (Some(0), ""), "{case}: {}", read.stderr());
            let args = ["hash"].iter().chain(tool.ours).map(arg).chain([arg("--"), arg(name)]);
            let ours = dir.run(HIVESUM, args);
            assert_eq!(ours.code, Some(0), "{case}: {}", ours.stderr());
            assert!(tool.accepts(&dir, &ours.stdout, name), "{case}: {}", ours.stdout());
        }
        assert!(supported >= 16, "{} {:?} supports only {supported} names", tool.program, tool.makes);
    }
}

#[test]
fn the_output_of_openssl_dgst_is_checked() {
    if !has_tool("openssl") {
        return;
    }
    let dir = WorkDir::with(&[(b"a b", b"abc"), (b"x)y", b"abc")]);
    for algorithm in ["-sha256", "-sha512", "-sha512-256", "-sha3-256", "-md5", "-sha1", "-blake2b512"] {
        let sums = dir.run("openssl", ["dgst", algorithm, "a b", "x)y"]).expect_success();
        let ran = dir.feed(HIVESUM, sums.as_bytes(), ["check", "--strict", "-"]);
        assert_eq!(ran.expect_success(), "a b: OK\nx)y: OK\n", "{sums}");
    }
}

#[test]
fn manifests_of_every_format_are_checked_and_verdicts_are_printed_as_json() {
    let dir = WorkDir::with(&[(b"d/a", b"1"), (b"d/b", b"22"), (b"d/c", b"333")]);
    for format in ["hashdeep", "csv", "json", "ndjson", "bsd"] {
        dir.hivesum(["hash", "-a", "md5,sha256", "d", "--format", format, "-o", "m"]).expect_success();
        assert_eq!(dir.hivesum(["check", "--strict", "--quiet", "m"]).expect_success(), "", "{format}");
    }
    dir.hivesum(["hash", "-a", "sha256", "d", "--format", "csv", "-o", "m"]).expect_success();
    dir.write("d/b", "2x");
    std::fs::remove_file(dir.path("d/c")).unwrap();
    let ran = dir.hivesum(["check", "--format", "json", "m"]);
    assert_eq!(ran.code, Some(1));
    let document: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let verdicts: Vec<_> = document["items"].as_array().unwrap().iter().map(|item| &item["verdict"]).collect();
    assert_eq!(verdicts, ["matched", "modified", "missing"]);
    let counts = serde_json::json!({ "matched": 1, "modified": 1, "missing": 1, "unreadable": 0, "malformed": 0 });
    assert_eq!(document["counts"], counts);
}
