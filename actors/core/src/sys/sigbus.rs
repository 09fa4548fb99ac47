//! The SIGBUS handler: a fault inside a registered window sets a flag; any other one is handled as before.
//!
//! When a mapped file shrinks, the kernel sends SIGBUS to a thread that touches the lost pages. Inside a window the
//! handler replaces the rest of the window by zero pages and sets the window's flag. The reader of the window
//! discards its result if the flag is set. Faults outside the windows, and signals sent by `kill`, go to the
//! previous handler. The handler uses only atomics and raw system calls.

use std::io;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use crate::guard_is_out;

/// How many windows can be registered at a time. Each hasher has one, also while it is stuck.
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

/// The previous action of SIGBUS. It is leaked, because a handler may run at any time.
static PREVIOUS: AtomicPtr<libc::sigaction> = AtomicPtr::new(std::ptr::null_mut());

/// The page size, read once: `sysconf` may not be called in a signal handler.
static PAGE_BYTES: AtomicUsize = AtomicUsize::new(0);

/// A registered address range, until it is dropped.
#[derive(Debug)]
pub(super) struct Registration {
    slot: usize,
}

impl Registration {
    /// Registers `start .. start + bytes`. The first registration installs the handler.
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
        Err(io::Error::other("all windows are in use"))
    }

    /// Clears the flag before a new piece is mapped.
    pub(super) fn clear(&self) {
        SLOTS[self.slot].faulted.store(false, Ordering::SeqCst);
    }

    /// Whether a fault happened since [`clear`](Self::clear).
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
        // PREVIOUS is set before the handler is installed, so the handler never sees it null.
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
        false => Err(io::Error::other("the SIGBUS handler could not be installed")),
    }
}

/// Who raised a signal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sender {
    /// The kernel, for a fault.
    Kernel,
    /// A process, with `kill` or `raise`.
    Process,
}

extern "C" fn on_sigbus(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid siginfo to an SA_SIGINFO handler.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    let sender = if code > 0 { Sender::Kernel } else { Sender::Process };
    if sender == Sender::Kernel && !guard_is_out!(SigbusHandler) && absorb(address) {
        return;
    }
    if guard_is_out!(PreviousHandler) {
        return;
    }
    // SAFETY: called with the kernel's own arguments.
    unsafe { call_previous(signal, info, context, sender) }
}

/// Replaces the window's pages from the fault on by zero pages. False if the address is in no window.
fn absorb(address: usize) -> bool {
    for slot in &SLOTS {
        let (start, end) = (slot.start.load(Ordering::SeqCst), slot.end.load(Ordering::SeqCst));
        if start == 0 || address < start || address >= end {
            continue;
        }
        slot.faulted.store(true, Ordering::SeqCst);
        let from = address & !(PAGE_BYTES.load(Ordering::SeqCst) - 1);
        let flags = libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: the range is inside a window that its owner reserved and has not released, so no other mapping
        // is touched. The errno of the interrupted thread is restored.
        return unsafe {
            let errno = *libc::__errno_location();
            let mapped = libc::mmap(from as *mut libc::c_void, end - from, libc::PROT_READ, flags, -1, 0);
            *libc::__errno_location() = errno;
            mapped != libc::MAP_FAILED
        };
    }
    false
}

/// Does what would have happened without this handler.
///
/// # Safety
/// Must be called inside the handler, with the kernel's arguments.
unsafe fn call_previous(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void, sender: Sender) {
    // SAFETY: PREVIOUS points to a leaked structure since before the handler was installed. The SA_SIGINFO flag tells
    // the signature of the previous handler.
    unsafe {
        let previous = &*PREVIOUS.load(Ordering::SeqCst);
        match previous.sa_sigaction {
            libc::SIG_IGN if sender == Sender::Process => return,
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
        // A fault happens again on return; a sent signal does not. If the default action is in force now (the standard
        // library's handler restores it and returns), send the signal once more.
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &mut now);
        if sender == Sender::Process && now.sa_sigaction == libc::SIG_DFL {
            libc::raise(signal);
        }
    }
}

/// # Safety
/// Async-signal-safe; must be called inside the handler.
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

    /// Starts this test binary again with only [`what_a_child_does`].
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
                // SAFETY: the map is read after the file was cut. That it is fatal is what is tested.
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
                // SAFETY: `ignore` is a valid `sigaction`; only the record of the previous handler is replaced.
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
    fn a_sent_sigbus_has_the_previous_effect() {
        assert_eq!(child("sent by kill").signal(), Some(libc::SIGBUS));
        assert!(child("sent while it is ignored").success());
    }
}
