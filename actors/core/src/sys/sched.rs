//! Scheduling class, name and CPU time of threads.

use std::time::Duration;

/// The priority of hasher threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HasherPriority {
    /// `SCHED_IDLE`: they run only when no other thread wants the core. An event loop stays as fast as on an idle
    /// machine.
    #[default]
    Idle,
    /// The priority of other threads: for a command line, or a machine that other programs keep busy.
    Normal,
}

impl HasherPriority {
    /// Gives this priority to the calling thread: a hasher, or a walker that feeds hashers.
    ///
    /// # Errors
    /// The error of `sched_setscheduler(2)`; the thread then keeps its priority.
    pub fn apply(self) -> std::io::Result<()> {
        match self {
            Self::Idle => make_current_thread_idle(),
            Self::Normal => Ok(()),
        }
    }
}

/// Puts the calling thread into `SCHED_IDLE`.
///
/// # Errors
/// The error of `sched_setscheduler(2)`.
pub(crate) fn make_current_thread_idle() -> std::io::Result<()> {
    let param = libc::sched_param { sched_priority: 0 };
    // SAFETY: pid 0 is the calling thread; `param` lives through the call.
    match unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &param) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// The longest time slice that `sched_setattr(2)` accepts, in nanoseconds.
const LONGEST_SLICE: u64 = 100_000_000;

/// Asks for few long time slices instead of many short ones. The calling thread keeps its share of the cores, but a
/// thread that wakes up and asks for a shorter slice runs first (`PREEMPT_SHORT` of the EEVDF scheduler, since Linux
/// 6.12; no effect before). Without this a thread at normal priority runs to the end of its slice, 1.4 ms on two
/// cores, while a request waits.
///
/// # Errors
/// The errors of `sched_getattr(2)` and `sched_setattr(2)`.
pub fn ask_for_long_turns() -> std::io::Result<()> {
    let size = size_of::<libc::sched_attr>() as u32;
    // SAFETY: a `sched_attr` of zeros is valid.
    let mut attributes: libc::sched_attr = unsafe { std::mem::zeroed() };
    // SAFETY: pid 0 is the calling thread; `attributes` has room for `size` bytes through the call.
    let got = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) };
    if got != 0 {
        return Err(std::io::Error::last_os_error());
    }
    attributes.size = size;
    attributes.sched_runtime = LONGEST_SLICE;
    // SAFETY: pid 0 is the calling thread; `attributes` holds its own size and lives through the call.
    match unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Names the calling thread, for `top -H` and `perf`; the kernel keeps 15 bytes.
pub fn name_current_thread(name: &std::ffi::CStr) {
    // A thread works without a name, too.
    let _ = rustix::thread::set_name(name);
}

/// The kernel's id of the calling thread.
pub fn current_thread_id() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}

/// CPU time that a thread of this process has used; `None` once the thread has ended.
pub fn thread_cpu_time(thread_id: i32) -> Option<Duration> {
    // include/linux/posix-timers.h: a thread's CPU clock is `~tid << 3 | CPUCLOCK_PERTHREAD | CPUCLOCK_SCHED`.
    let clock = (!thread_id << 3) | 4 | 2;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writes through the call; for an unknown clock the kernel returns EINVAL.
    match unsafe { libc::clock_gettime(clock, &mut time) } {
        0 => Some(Duration::new(time.tv_sec as u64, time.tv_nsec as u32)),
        _ => None,
    }
}

/// How long the calling thread has run on a core or waited for one: the first two fields of
/// `/proc/thread-self/schedstat`, in nanoseconds. Zero if the kernel does not provide it.
pub(crate) fn time_wanting_a_core() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_ascii_whitespace().take(2).filter_map(|field| field.parse::<u64>().ok());
    Duration::from_nanos(nanoseconds.sum())
}

/// Whether a thread of this process runs or waits for a core: state `R` of `proc_pid_stat(5)`. A thread that is stuck
/// in the kernel is in another state.
pub fn thread_is_runnable(thread_id: i32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/self/task/{thread_id}/stat")) else { return false };
    // The state follows the name, which may contain blanks and parentheses itself.
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
