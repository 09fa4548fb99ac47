//! Which standard streams were closed when the process started.
//!
//! Before `main`, Rust's runtime opens `/dev/null` in the place of a closed stream (`sanitize_standard_fds`), so that
//! reading it finds an empty file and writing it loses everything, without an error. The C library calls the functions
//! of the section `.init_array` before that: one of them looks at the three descriptors. uutils does the same
//! (github.com/uutils/coreutils, pull request 9664).

use std::sync::atomic::{AtomicU8, Ordering};

/// A standard stream, by its descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StdStream {
    /// Standard input.
    Input = 0,
    /// Standard output.
    Output = 1,
    /// Standard error.
    Error = 2,
}

impl StdStream {
    /// Whether it was closed when the process started, as by `<&-` or `>&-` in a shell.
    #[must_use]
    pub fn was_closed(self) -> bool {
        // A linker leaves out an object file that nothing refers to, and with it the function that it should call.
        std::hint::black_box(&LOOK_AT_START);
        closed(CLOSED_AT_START.load(Ordering::Relaxed), self)
    }
}

/// Bit N is set if descriptor N was closed.
static CLOSED_AT_START: AtomicU8 = AtomicU8::new(0);

fn closed(bits: u8, stream: StdStream) -> bool {
    bits & (1 << stream as u8) != 0
}

extern "C" fn look() {
    for stream in [StdStream::Input, StdStream::Output, StdStream::Error] {
        // SAFETY: `F_GETFD` only reads a flag of a descriptor, and any number is allowed: EBADF is the answer looked
        // for. glibc and musl have set up `errno` for the main thread before they call constructors.
        if unsafe { libc::fcntl(stream as i32, libc::F_GETFD) } == -1 {
            CLOSED_AT_START.fetch_or(1 << stream as u8, Ordering::Relaxed);
        }
    }
}

// SAFETY: the section holds pointers to functions of the C ABI, which are called once each, on the main thread, before
// `main` (System V gABI, "Initialization and Termination Functions"). glibc passes argc, argv and envp, which the
// caller keeps in registers: a function without parameters ignores them. `look` needs nothing that Rust's runtime sets
// up: it calls `fcntl` and changes an atomic.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK_AT_START: extern "C" fn() = look;

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn each_stream_has_a_bit_of_its_own() {
        assert!(closed(0b010, StdStream::Output) && !closed(0b101, StdStream::Output));
        assert!(closed(0b001, StdStream::Input) && closed(0b100, StdStream::Error));
    }

    /// Runs this test again in a process whose streams are as the shell's redirections say.
    fn closed_with(redirections: &str) -> String {
        let test = "sys::std_streams::tests::what_is_closed_is_noticed_before_the_runtime_opens_it";
        let script = format!("exec \"$0\" --exact {test} --nocapture {redirections}");
        let program = std::env::current_exe().unwrap();
        let report = tempfile::NamedTempFile::new().unwrap();
        let shell =
            Command::new("sh").arg("-c").arg(script).arg(program).env("HIVESUM_CLOSED_REPORT", report.path()).output();
        assert!(shell.unwrap().status.success());
        std::fs::read_to_string(report.path()).unwrap()
    }

    #[test]
    fn what_is_closed_is_noticed_before_the_runtime_opens_it() {
        let all = [StdStream::Input, StdStream::Output, StdStream::Error];
        if let Some(report) = std::env::var_os("HIVESUM_CLOSED_REPORT") {
            std::fs::write(report, format!("{:?}", all.map(StdStream::was_closed))).unwrap();
            return;
        }
        for (redirections, expected) in [
            ("<&-", [true, false, false]),
            (">&-", [false, true, false]),
            ("2>&-", [false, false, true]),
            ("<&- >&- 2>&-", [true, true, true]),
            ("</dev/null >/dev/null 2>/dev/null", [false, false, false]),
            ("<>/dev/null 1<>/dev/null 2<>/dev/null", [false, false, false]),
        ] {
            assert_eq!(closed_with(redirections), format!("{expected:?}"), "{redirections}");
        }
    }
}
