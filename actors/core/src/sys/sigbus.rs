//! The SIGBUS handler: a fault inside a registered window becomes a flag, any other kills as it should.
//!
//! A mapped file that shrinks makes the kernel send SIGBUS to whoever touches the lost pages. Inside a
//! window the handler replaces the rest of it by zero pages and sets the window's flag; whoever reads
//! the window throws its result away when the flag is up. Faults outside of our windows, and signals
//! sent by `kill`, go to the previous handler. Inside the handler there are only atomics and raw
//! system calls.

use std::io;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use crate::guard_is_out;

/// Windows that can be registered at a time. Each hasher owns one; a stuck hasher keeps its own.
const MAX_WINDOWS: usize = 1024;

struct Slot {
    /// 0 while the slot is free.
    start: AtomicUsize,
    end: AtomicUsize,
    faulted: AtomicBool,
}

static SLOTS: [Slot; MAX_WINDOWS] =
    [const { Slot { start: AtomicUsize::new(0), end: AtomicUsize::new(0), faulted: AtomicBool::new(false) } };
        MAX_WINDOWS];

/// What SIGBUS did before; leaked, for a handler may run at any time.
static PREVIOUS: AtomicPtr<libc::sigaction> = AtomicPtr::new(std::ptr::null_mut());

/// The bytes of a page, asked for once: `sysconf` is not for signal handlers.
static PAGE_BYTES: AtomicUsize = AtomicUsize::new(0);

/// A registered address range. Registration ends with the drop.
#[derive(Debug)]
pub(super) struct Registration {
    slot: usize,
}

impl Registration {
    /// Registers `start .. start + bytes`, installing the handler before the first one.
    pub(super) fn new(start: usize, bytes: usize) -> io::Result<Self> {
        install()?;
        for (index, slot) in SLOTS.iter().enumerate() {
            if slot.start.compare_exchange(0, usize::MAX, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                slot.faulted.store(false, Ordering::SeqCst);
                slot.end.store(start + bytes, Ordering::SeqCst);
                slot.start.store(start, Ordering::SeqCst);
                return Ok(Self { slot: index });
            }
        }
        Err(io::Error::other("all windows are taken"))
    }

    /// Puts the flag down before a new piece is mapped.
    pub(super) fn clear(&self) {
        SLOTS[self.slot].faulted.store(false, Ordering::SeqCst);
    }

    /// Whether a fault was caught since [`clear`](Self::clear).
    pub(super) fn faulted(&self) -> bool {
        SLOTS[self.slot].faulted.load(Ordering::SeqCst)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        SLOTS[self.slot].start.store(0, Ordering::SeqCst);
    }
}

fn install() -> io::Result<()> {
    static ONCE: Once = Once::new();
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    ONCE.call_once(|| {
        PAGE_BYTES.store(rustix::param::page_size(), Ordering::SeqCst);
        // SAFETY: both structures live through the calls; `on_sigbus` has the SA_SIGINFO signature.
        // PREVIOUS is set before the handler is, so the handler never sees it null.
        let done = unsafe {
            let mut previous: libc::sigaction = std::mem::zeroed();
            libc::sigaction(libc::SIGBUS, std::ptr::null(), &mut previous);
            PREVIOUS.store(Box::into_raw(Box::new(previous)), Ordering::SeqCst);
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_sigbus as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigemptyset(&mut action.sa_mask);
            libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut()) == 0
        };
        INSTALLED.store(done, Ordering::SeqCst);
    });
    match INSTALLED.load(Ordering::SeqCst) {
        true => Ok(()),
        false => Err(io::Error::other("no SIGBUS handler could be installed")),
    }
}

extern "C" fn on_sigbus(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel hands a valid siginfo to an SA_SIGINFO handler.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    let from_the_kernel = code > 0;
    if from_the_kernel && !guard_is_out!(SigbusHandler) && absorb(address) {
        return;
    }
    if guard_is_out!(PreviousHandler) {
        return;
    }
    // SAFETY: called with the kernel's own arguments.
    unsafe { pass_on(signal, info, context, from_the_kernel) }
}

/// Replaces the window's pages from the fault on by zero pages; false when it lies in no window.
fn absorb(address: usize) -> bool {
    for slot in &SLOTS {
        let (start, end) = (slot.start.load(Ordering::SeqCst), slot.end.load(Ordering::SeqCst));
        if start == 0 || address < start || address >= end {
            continue;
        }
        slot.faulted.store(true, Ordering::SeqCst);
        let from = address & !(PAGE_BYTES.load(Ordering::SeqCst) - 1);
        let flags = libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: the range lies inside a window that its owner reserved and has not given back, so
        // no other mapping is touched. errno of the interrupted thread is put back.
        return unsafe {
            let errno = *libc::__errno_location();
            let mapped = libc::mmap(from as *mut libc::c_void, end - from, libc::PROT_READ, flags, -1, 0);
            *libc::__errno_location() = errno;
            mapped != libc::MAP_FAILED
        };
    }
    false
}

/// Does what would have been done without us.
///
/// # Safety
/// To be called inside the handler, with the kernel's arguments.
unsafe fn pass_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void, from_the_kernel: bool) {
    // SAFETY: PREVIOUS points to a leaked structure since before the handler was installed; a
    // previous handler has the signature that its SA_SIGINFO flag says.
    unsafe {
        let previous = &*PREVIOUS.load(Ordering::SeqCst);
        match previous.sa_sigaction {
            libc::SIG_IGN if !from_the_kernel => return,
            libc::SIG_DFL | libc::SIG_IGN => restore_default(signal),
            handler if previous.sa_flags & libc::SA_SIGINFO != 0 => {
                let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
                    std::mem::transmute(handler);
                handler(signal, info, context);
            }
            handler => {
                let handler: extern "C" fn(libc::c_int) = std::mem::transmute(handler);
                handler(signal);
            }
        }
        // A fault comes again by itself on return. A sent signal does not: where the default action is
        // in force now (the standard library's handler restores it and returns), send it once more.
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &mut now);
        if !from_the_kernel && now.sa_sigaction == libc::SIG_DFL {
            libc::raise(signal);
        }
    }
}

/// # Safety
/// Async-signal-safe; to be called inside the handler.
unsafe fn restore_default(signal: libc::c_int) {
    // SAFETY: a zeroed sigaction is SIG_DFL with an empty mask.
    unsafe {
        let action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, &action, std::ptr::null_mut());
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, ExitStatus};

    use super::*;

    const ROLE: &str = "HIVESUM_SIGBUS_ROLE";

    /// This test binary again, running [`what_a_child_does`] alone.
    fn child(role: &str) -> ExitStatus {
        let test = "sys::sigbus::tests::what_a_child_does";
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture"]).env(ROLE, role);
        command.output().unwrap().status
    }

    #[test]
    fn what_a_child_does() {
        let Ok(role) = std::env::var(ROLE) else { return };
        let file = tempfile::tempfile().unwrap();
        file.set_len(8192).unwrap();
        let mut window = crate::sys::window::Window::new().unwrap();
        match role.as_str() {
            "fault outside of every window" => {
                // SAFETY: the map is read while the file is cut: the point is that it is fatal.
                let map = unsafe { memmap2::Mmap::map(&file).unwrap() };
                file.set_len(0).unwrap();
                std::hint::black_box(map[5000]);
            }
            "fault in a window" => {
                use std::os::fd::AsFd;
                let lost = window.read_piece(file.as_fd(), 0, 8192, |piece| {
                    file.set_len(0).unwrap();
                    std::hint::black_box(piece[5000])
                });
                assert_eq!(lost, Err(crate::sys::window::PieceFailure::Fault));
            }
            "sent by kill" => {
                let pid = rustix::process::getpid();
                rustix::process::kill_process(pid, rustix::process::Signal::BUS).unwrap();
            }
            "sent while it is ignored" => {
                // SAFETY: as `sigaction(2)` wants it; the handler that was installed is put on top again.
                unsafe {
                    let ignore = libc::sigaction { sa_sigaction: libc::SIG_IGN, ..std::mem::zeroed() };
                    PREVIOUS.store(Box::into_raw(Box::new(ignore)), Ordering::SeqCst);
                    libc::raise(libc::SIGBUS);
                }
            }
            other => panic!("no such role: {other}"),
        }
    }

    #[test]
    fn a_fault_in_a_window_is_absorbed_and_any_other_one_is_deadly() {
        assert!(child("fault in a window").success());
        assert_eq!(child("fault outside of every window").signal(), Some(libc::SIGBUS));
    }

    #[test]
    fn a_sigbus_that_somebody_sends_does_what_it_did_before() {
        assert_eq!(child("sent by kill").signal(), Some(libc::SIGBUS));
        assert!(child("sent while it is ignored").success());
    }
}
