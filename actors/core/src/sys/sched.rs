//! Scheduling class and CPU time of threads.

use std::time::Duration;

/// At which priority hasher threads run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HasherPriority {
    /// `SCHED_IDLE`: only when nothing else wants the core. Keeps an event loop as fast as idle.
    #[default]
    Idle,
    /// As any thread; for a command line, or where other programs load the machine.
    Normal,
}

impl HasherPriority {
    /// Takes it for the calling thread: hashers, and the walkers that feed them.
    ///
    /// # Errors
    /// What `sched_setscheduler(2)` says; the thread then runs at normal priority.
    pub fn apply(self) -> std::io::Result<()> {
        match self {
            Self::Idle => make_current_thread_idle(),
            Self::Normal => Ok(()),
        }
    }
}

/// Puts the calling thread into `SCHED_IDLE`: it runs when nothing else wants the core, so the event
/// loop stays as fast as idle while every core hashes.
///
/// # Errors
/// What `sched_setscheduler(2)` says.
pub(crate) fn make_current_thread_idle() -> std::io::Result<()> {
    let param = libc::sched_param { sched_priority: 0 };
    // SAFETY: pid 0 is the calling thread; `param` lives through the call.
    match unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &param) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// What `sched_setattr(2)` clamps a slice to, in nanoseconds: the longest.
const LONGEST_SLICE: u64 = 100_000_000;

/// Asks for few long turns instead of many short ones: the calling thread keeps its share of the cores, but
/// whoever wakes up meanwhile and asks for less goes first (`PREEMPT_SHORT` of the scheduler's EEVDF, Linux 6.12
/// on; before, nothing changes). A thread at normal priority otherwise runs its turn to the end, 1.4 ms on two
/// cores, and a request waits for it.
///
/// # Errors
/// What `sched_getattr(2)` and `sched_setattr(2)` say.
pub fn ask_for_long_turns() -> std::io::Result<()> {
    let size = size_of::<libc::sched_attr>() as u32;
    // SAFETY: all zeros is a valid `sched_attr`.
    let mut attributes: libc::sched_attr = unsafe { std::mem::zeroed() };
    // SAFETY: pid 0 is the calling thread; `attributes` has room for `size` bytes through the call.
    let got = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) };
    if got != 0 {
        return Err(std::io::Error::last_os_error());
    }
    attributes.size = size;
    attributes.sched_runtime = LONGEST_SLICE;
    // SAFETY: pid 0 is the calling thread; `attributes` says its own size and lives through the call.
    match unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Names the calling thread, for `top -H` and `perf`; the kernel keeps 15 bytes.
pub fn name_current_thread(name: &std::ffi::CStr) {
    // A thread that cannot be named works as well.
    let _ = rustix::thread::set_name(name);
}

/// The kernel's id of the calling thread.
pub fn current_thread_id() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}

/// CPU time that a thread of this process has used; nothing once it has ended.
pub fn thread_cpu_time(thread_id: i32) -> Option<Duration> {
    // include/linux/posix-timers.h: a thread's CPU clock is `~tid << 3 | CPUCLOCK_PERTHREAD | CPUCLOCK_SCHED`.
    let clock = (!thread_id << 3) | 4 | 2;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writes through the call; an unknown clock is answered by EINVAL.
    match unsafe { libc::clock_gettime(clock, &mut time) } {
        0 => Some(Duration::new(time.tv_sec as u64, time.tv_nsec as u32)),
        _ => None,
    }
}

/// How long the calling thread has been on a core or waited for one (`proc_pid_schedstat`, the first two
/// fields, in nanoseconds). Zero where the kernel does not say.
pub(crate) fn time_wanting_a_core() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_ascii_whitespace().take(2).filter_map(|field| field.parse::<u64>().ok());
    Duration::from_nanos(nanoseconds.sum())
}

/// Whether a thread of this process is running or waits for a core: state `R` of `proc_pid_stat(5)`.
/// A thread stuck in the kernel is in another state.
pub fn thread_is_runnable(thread_id: i32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/self/task/{thread_id}/stat")) else { return false };
    // The state follows the name, which may itself hold blanks and parentheses.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('R'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_of_a_working_thread_grows_and_of_no_thread_is_unknown() {
        let thread = current_thread_id();
        let before = thread_cpu_time(thread).unwrap();
        let mut sum = 0u64;
        while thread_cpu_time(thread).unwrap() == before {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(thread_cpu_time(i32::MAX - 1).is_none());
    }

    #[test]
    fn a_thread_that_asks_for_long_turns_keeps_its_class() {
        let class = || {
            // SAFETY: pid 0 is the calling thread.
            unsafe { libc::sched_getscheduler(0) }
        };
        std::thread::spawn(move || {
            let before = class();
            ask_for_long_turns().unwrap();
            assert_eq!(class(), before);
            make_current_thread_idle().unwrap();
            ask_for_long_turns().unwrap();
            assert_eq!(class(), libc::SCHED_IDLE);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_thread_can_always_become_idle() {
        std::thread::spawn(|| make_current_thread_idle().unwrap()).join().unwrap();
    }
}
