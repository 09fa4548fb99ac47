//! The walk itself: depth first, names in byte order, every directory opened once beneath its parent.
//!
//! The same walk counts files and bytes ahead of a scan (a survey): then plans are measured, not sent.
//!
//! The stack holds one listing and one descriptor a level, at most [`MAX_DEPTH`] of them. Memory
//! follows the names of the directories on the way down, not the tree.

use std::cell::Cell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, Stat};
use rustix::io::Errno;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::outlet::{Destination, NobodyListens, Outlet, Place};
use super::{Totals, WalkEvent};
use crate::error::SkipReason;
use crate::job::filters::Filters;
use crate::job::plan::Fate;
use crate::job::rows::Status;
use crate::job::scan::{Target, WalkSpec};
use crate::source::batch::FileIdentity;
use crate::source::listing::{Kind, Listing};
use crate::source::{Dir, FilesystemCache, FilesystemKind, OpenFailure, Reach, meta_of, open_directory};

/// Directories below one another; deeper ones are skipped with a reason.
const MAX_DEPTH: usize = 1024;

/// Walks every target and says when it is done. Ends silently when nobody listens any more.
pub(super) fn walk(spec: WalkSpec, events: &mpsc::Sender<WalkEvent>) {
    if let Some(files) = walk_into(spec, Destination::Driver(events)) {
        let _ = events.blocking_send(WalkEvent::End { files });
    }
}

/// Counts what a walk would meet; nothing where it was called off.
pub(super) fn survey(spec: WalkSpec, called_off: &CancellationToken) -> Option<Totals> {
    let bytes = Cell::new(0);
    let files = walk_into(spec, Destination::Survey { called_off, bytes: &bytes })?;
    Some(Totals { files, bytes: bytes.get() })
}

/// Gives the number of files to hash once every target was walked.
fn walk_into(spec: WalkSpec, destination: Destination<'_>) -> Option<u64> {
    let WalkSpec { targets, filters, reach, leave_out } = spec;
    let own_inodes = leave_out.iter().map(|own| own.inode).collect();
    let rules = Rules { filters, reach, leave_out, own_inodes };
    let mut out = Outlet::new(destination);
    for target in targets {
        let walked = match target {
            Target::Directory { dir, shown } => Tree::new(&rules, &mut out).walk(dir, shown),
            Target::Names { names } => list_names(&names, &mut out),
            Target::File { parent, name, shown } => {
                let fate = if is_ours(parent.as_fd(), &name, &rules) { OURS } else { Fate::Hash };
                let dir = Dir::Beneath(Arc::new(parent), rules.reach);
                let group = out.plan.add_group(shown.into(), dir);
                out.push(group, &name, fate)
            }
        };
        walked.ok()?;
    }
    out.flush().ok()?;
    Some(out.files)
}

fn list_names(names: &crate::job::scan::NameList, out: &mut Outlet<'_>) -> Result<(), NobodyListens> {
    let mut place = Place::default();
    for name in names.iter() {
        let group = out.group(&mut place, || (b"".as_slice().into(), Dir::AsGiven));
        out.push(group, name, Fate::Hash)?;
    }
    Ok(())
}

/// What holds for the whole walk.
struct Rules {
    filters: Filters,
    reach: Reach,
    leave_out: Vec<FileIdentity>,
    /// The inode numbers of `leave_out`.
    own_inodes: Vec<u64>,
}

/// What becomes of files and directories of hivesum's own.
const OURS: Fate = Fate::Settled(Status::Skipped(SkipReason::Internal));

/// One directory on the way down.
struct Level {
    dir: Arc<OwnedFd>,
    shown: Arc<[u8]>,
    /// Length of the relative path up to and with this directory, its `/` included.
    path_len: usize,
    listing: Listing,
    next: usize,
    place: Place,
}

struct Tree<'a, 'b> {
    rules: &'a Rules,
    out: &'a mut Outlet<'b>,
    levels: Vec<Level>,
    /// The path relative to the target, of the entry at hand.
    path: Vec<u8>,
    filesystems: FilesystemCache,
}

impl<'a, 'b> Tree<'a, 'b> {
    fn new(rules: &'a Rules, out: &'a mut Outlet<'b>) -> Self {
        Self { rules, out, levels: Vec::new(), path: Vec::new(), filesystems: FilesystemCache::default() }
    }

    fn walk(mut self, dir: OwnedFd, shown: Vec<u8>) -> Result<(), NobodyListens> {
        let shown: Arc<[u8]> = shown.into();
        let dir = Arc::new(dir);
        if let Err(status) = self.enter(&dir, &shown) {
            // The target itself: a name of nothing in the directory it is shown as.
            let reach = self.rules.reach;
            let group = self.out.plan.add_group(shown, Dir::Beneath(dir, reach));
            return self.out.push(group, b"", Fate::Settled(status));
        }
        while let Some(level) = self.levels.last_mut() {
            let Some((name, kind)) = level.listing.get(level.next) else {
                self.levels.pop();
                continue;
            };
            level.next += 1;
            self.path.truncate(level.path_len);
            self.path.extend_from_slice(name);
            let name_len = name.len();
            self.meet(name_len, kind)?;
        }
        Ok(())
    }

    /// Decides on the entry whose name ends `self.path`.
    fn meet(&mut self, name_len: usize, kind: Kind) -> Result<(), NobodyListens> {
        let path = &self.path[..];
        let name = &path[path.len() - name_len..];
        if self.rules.filters.excludes(name, path) {
            return Ok(());
        }
        if kind == Kind::Directory {
            return self.descend(name_len);
        }
        if !self.rules.filters.includes(name, path) {
            return Ok(());
        }
        if kind == Kind::Suspect && self.levels.last().is_some_and(|level| is_ours(level.dir.as_fd(), name, self.rules))
        {
            return self.put(name_len, OURS);
        }
        self.put(
            name_len,
            match kind {
                Kind::Symlink => Fate::Settled(Status::Skipped(SkipReason::Symlink)),
                Kind::Special => Fate::Settled(Status::Skipped(SkipReason::NotRegular)),
                Kind::File | Kind::Suspect | Kind::Directory => Fate::Hash,
            },
        )
    }

    /// Puts the entry whose name ends `self.path` into the plan.
    fn put(&mut self, name_len: usize, fate: Fate) -> Result<(), NobodyListens> {
        let Some(level) = self.levels.last_mut() else { return Ok(()) };
        let (shown, dir, reach) = (&level.shown, &level.dir, self.rules.reach);
        let group = self.out.group(&mut level.place, || (shown.clone(), Dir::Beneath(dir.clone(), reach)));
        self.out.push(group, &self.path[self.path.len() - name_len..], fate)
    }

    fn descend(&mut self, name_len: usize) -> Result<(), NobodyListens> {
        let entered = self.open_and_enter(name_len);
        match entered {
            Ok(()) => Ok(()),
            Err(status) => self.put(name_len, Fate::Settled(status)),
        }
    }

    fn open_and_enter(&mut self, name_len: usize) -> Result<(), Status> {
        if self.levels.len() >= MAX_DEPTH {
            return Err(Status::Skipped(SkipReason::Depth));
        }
        let Some(parent) = self.levels.last() else { return Ok(()) };
        let name = &self.path[self.path.len() - name_len..];
        let dir = open_directory(parent.dir.as_fd(), name, self.rules.reach).map_err(OpenFailure::status)?;
        let shown = join(&parent.shown, name);
        self.enter(&Arc::new(dir), &shown.into())
    }

    /// Lists an open directory and goes down into it.
    fn enter(&mut self, dir: &Arc<OwnedFd>, shown: &Arc<[u8]>) -> Result<(), Status> {
        self.check_place(dir)?;
        let mut names = 0u32;
        let destination = self.out.destination;
        let mut keep_going = || {
            names = names.wrapping_add(1);
            !names.is_multiple_of(4096) || !destination.is_gone()
        };
        let listing = Listing::marking(dir.as_fd(), &self.rules.own_inodes, &mut keep_going);
        let listing = listing.map_err(|errno| OpenFailure::System(errno).status())?;
        if !self.levels.is_empty() {
            self.path.push(b'/');
        }
        self.levels.push(Level {
            dir: dir.clone(),
            shown: shown.clone(),
            path_len: self.path.len(),
            listing,
            next: 0,
            place: Place::default(),
        });
        Ok(())
    }

    /// Refuses directories of ours and pseudo file systems.
    fn check_place(&mut self, dir: &Arc<OwnedFd>) -> Result<(), Status> {
        let same_filesystem = self.rules.reach == Reach::OneFilesystem && !self.levels.is_empty();
        if same_filesystem && self.rules.leave_out.is_empty() {
            return Ok(());
        }
        let stat = rustix::fs::fstat(dir).map_err(|errno: Errno| OpenFailure::System(errno).status())?;
        let meta = meta_of(&stat);
        if self.rules.leave_out.contains(&FileIdentity::of_meta(&meta)) {
            return Err(Status::Skipped(SkipReason::Internal));
        }
        match self.filesystems.kind(dir.as_fd(), meta.device) {
            FilesystemKind::Pseudo => Err(Status::Skipped(SkipReason::PseudoFilesystem)),
            _ => Ok(()),
        }
    }
}

/// Whether the name stands for a file of our own. Asked without opening it: closing any descriptor of a
/// database would drop the locks that this process holds on it (`fcntl(2)`).
fn is_ours(dir: BorrowedFd<'_>, name: &[u8], rules: &Rules) -> bool {
    let is_own = |stat: &Stat| rules.leave_out.contains(&FileIdentity::of_meta(&meta_of(stat)));
    !rules.leave_out.is_empty()
        && rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| is_own(&stat))
}

/// `shown` and `name` with one `/` between them, none after nothing.
fn join(shown: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(shown.len() + 1 + name.len());
    path.extend_from_slice(shown);
    if !shown.is_empty() && !shown.ends_with(b"/") {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}
