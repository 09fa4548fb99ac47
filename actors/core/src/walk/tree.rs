//! The walk: depth first, names in byte order, every directory opened once beneath its parent.
//!
//! The same walk also counts files and bytes ahead of a scan (a survey); then plans are counted and not passed on.
//!
//! The stack has one listing and one descriptor per level, at most [`MAX_DEPTH`] of them. Memory grows with the names
//! in the directories of the current path, not with the tree.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use super::directory::{Kind, Lister, Listing};
use super::globs::Node;
use super::listed::{ListedFile, ListedNames, add_file, add_names, add_names_beneath};
use super::plan::Fate;
use super::plan_sink::{Destination, GroupSlot, Inventory, PlanReceiver, PlanSink, ReceiverGone};
use super::rules::{Entered, OWN_FILE, Rules, TIMEOUT, is_own_file, list};
use super::spec::{Target, Totals, WalkSpec};
use crate::file::{
    Devices, Dir, FilesystemCache, OpenFailure, ProgressCounter, Reach, call_with_timeout, open_directory,
};
use crate::guard_is_out;
use crate::result::{ErrorCode, SkipReason, Status, append_path};
use std::time::Duration;

/// How many directories deep a walk goes; deeper ones are skipped with a reason.
const MAX_DEPTH: usize = 1024;

/// Walks all targets. Returns the number of files to hash, or `None` if the receiver went away meanwhile.
pub fn walk(spec: WalkSpec, receiver: &dyn PlanReceiver) -> Option<u64> {
    walk_into(spec, Destination::Receiver(receiver))
}

/// Counts what a walk finds to hash. `None` if it was cancelled, which `called_off` tells.
pub fn survey(spec: WalkSpec, called_off: &dyn Fn() -> bool) -> Option<Totals> {
    let bytes = Cell::new(0);
    let files = walk_into(spec, Destination::Survey { called_off, bytes: &bytes })?;
    Some(Totals { files, bytes: bytes.get() })
}

impl Inventory {
    /// The files below an open directory. It opens no files and blocks the calling thread. Directories and files of a
    /// file system that does not answer for `timeout` are unreadable.
    #[must_use]
    pub fn of(dir: OwnedFd, reach: Reach, timeout: Duration) -> Self {
        let targets = vec![Target::Directory { dir, shown: Vec::new() }];
        Self::of_walk(WalkSpec { reach, timeout, ..WalkSpec::new(targets) })
    }

    /// The files that a walk finds. It opens directories alone, and blocks the calling thread.
    #[must_use]
    pub fn of_walk(spec: WalkSpec) -> Self {
        let mut found = Self::default();
        // Nobody ends it, so the walk reaches its end.
        let _ = Self::walk_in_parts(spec, |part| {
            found.append(part);
            Ok(())
        });
        found
    }

    /// Passes what a walk finds to `take`, some hundred entries at a time, in walk order. It opens directories alone, and
    /// blocks the calling thread.
    ///
    /// # Errors
    /// If `take` wants no further part.
    pub fn walk_in_parts(
        spec: WalkSpec,
        take: impl FnMut(Self) -> Result<(), ReceiverGone>,
    ) -> Result<(), ReceiverGone> {
        let take = RefCell::new(take);
        walk_into(spec, Destination::Inventory(&take)).map(drop).ok_or(ReceiverGone)
    }
}

/// Walks all targets. Returns the number of files to hash.
fn walk_into(spec: WalkSpec, destination: Destination<'_>) -> Option<u64> {
    let WalkSpec { targets, filters, reach, devices, leave_out, timeout } = spec;
    let own_inodes = leave_out.iter().map(|own| own.inode).collect();
    let rules = Arc::new(Rules { filters, reach, devices, leave_out, own_inodes, timeout });
    let mut out = PlanSink::new(destination, rules.timeout);
    for target in targets {
        let walked = match target {
            Target::Directory { dir, shown } => Tree::new(&rules, &mut out).walk(dir, shown),
            Target::Names { names } => add_names(&names, &mut out),
            Target::Listed { dir, names } => {
                let listed = ListedNames { dir: Arc::new(dir), names: Arc::new(names) };
                add_names_beneath(&rules, &mut out, &listed)
            }
            Target::File { parent, name, shown } => {
                add_file(&rules, &mut out, ListedFile { parent: Arc::new(parent), name, shown })
            }
        };
        walked.ok()?;
    }
    out.flush().ok()?;
    Some(out.files)
}

/// One directory of the current path.
struct Level {
    dir: Arc<OwnedFd>,
    shown: Arc<[u8]>,
    /// Length of the path of this directory, as the globs see it, including the `/` after it.
    path_len: usize,
    listing: Listing,
    next: usize,
    slot: GroupSlot,
    /// On a file system that may never answer.
    is_remote: bool,
    inclusion: Inclusion,
}

/// Which files below a directory are included, unless they are excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inclusion {
    /// Those that an include glob matches.
    Some,
    /// All, because there is no include glob, or one matches the directory.
    All,
}

struct Tree<'a, 'b> {
    rules: &'a Arc<Rules>,
    out: &'a mut PlanSink<'b>,
    levels: Vec<Level>,
    /// The path of the current entry, as the globs see it: relative to the target, after the base of the filters.
    path: Vec<u8>,
    filesystems: FilesystemCache,
    lister: Lister<'a>,
}

impl<'a, 'b> Tree<'a, 'b> {
    fn new(rules: &'a Arc<Rules>, out: &'a mut PlanSink<'b>) -> Self {
        let (levels, path, filesystems) = (Vec::new(), Vec::new(), FilesystemCache::default());
        Self { rules, out, levels, path, filesystems, lister: Lister::new(&rules.own_inodes) }
    }

    fn walk(mut self, dir: OwnedFd, shown: Vec<u8>) -> Result<(), ReceiverGone> {
        let shown: Arc<[u8]> = shown.into();
        let dir = Arc::new(dir);
        match self.enter_target(dir.clone()) {
            Ok(entered) => {
                let filters = &self.rules.filters;
                let inclusion = if filters.includes_base() { Inclusion::All } else { Inclusion::Some };
                self.path.extend_from_slice(filters.base());
                self.push_level(entered, &shown, inclusion);
            }
            Err(status) => {
                // A result about the target itself has an empty name.
                let reach = self.rules.reach;
                let group = self.out.new_group(shown, Dir::Beneath(dir, reach))?;
                return self.out.push(group, b"", Fate::Settled(status));
            }
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
            self.visit(name_len, kind)?;
        }
        Ok(())
    }

    /// Decides about the entry whose name is at the end of `self.path`.
    fn visit(&mut self, name_len: usize, kind: Kind) -> Result<(), ReceiverGone> {
        let path = &self.path[..];
        let name = &path[path.len() - name_len..];
        let filters = &self.rules.filters;
        let node = if kind == Kind::Directory { Node::Directory } else { Node::File };
        if filters.excludes(name, path, node) {
            return Ok(());
        }
        let inclusion = match self.levels.last() {
            Some(Level { inclusion: Inclusion::All, .. }) => Inclusion::All,
            _ if filters.includes(name, path, node) => Inclusion::All,
            _ => Inclusion::Some,
        };
        match (kind, inclusion) {
            (Kind::Directory, _) => return self.descend(name_len, inclusion),
            (_, Inclusion::Some) => return Ok(()),
            (_, Inclusion::All) => {}
        }
        let is_own = |dir: &OwnedFd| is_own_file(dir.as_fd(), name, self.rules);
        if kind == Kind::PossiblyOwn && self.levels.last().is_some_and(|level| is_own(&level.dir)) {
            return self.add(name_len, OWN_FILE);
        }
        self.add(
            name_len,
            match kind {
                Kind::Symlink => Fate::Settled(Status::Skipped(SkipReason::Symlink)),
                Kind::BlockDevice if self.rules.devices == Devices::Read => Fate::Hash,
                Kind::BlockDevice | Kind::Special => Fate::Settled(Status::Skipped(SkipReason::NotRegular)),
                Kind::File | Kind::PossiblyOwn | Kind::Directory => Fate::Hash,
            },
        )
    }

    /// Adds the entry whose name is at the end of `self.path` to the plan.
    fn add(&mut self, name_len: usize, fate: Fate) -> Result<(), ReceiverGone> {
        let Some(level) = self.levels.last_mut() else { return Ok(()) };
        let (shown, dir, reach) = (&level.shown, &level.dir, self.rules.reach);
        let group = self.out.group(&mut level.slot, || (shown.clone(), Dir::Beneath(dir.clone(), reach)))?;
        self.out.may_stall |= level.is_remote;
        self.out.push(group, &self.path[self.path.len() - name_len..], fate)
    }

    fn descend(&mut self, name_len: usize, inclusion: Inclusion) -> Result<(), ReceiverGone> {
        match self.open_and_enter(name_len) {
            Ok((entered, shown)) => {
                self.push_level(entered, &shown, inclusion);
                Ok(())
            }
            Err(status) => self.add(name_len, Fate::Settled(status)),
        }
    }

    /// The directory whose name is at the end of `self.path`, and its path as results show it.
    fn open_and_enter(&mut self, name_len: usize) -> Result<(Entered, Arc<[u8]>), Status> {
        fail::fail_point!("directory_met");
        if self.levels.len() >= MAX_DEPTH && !guard_is_out!(DepthBound) {
            return Err(Status::Skipped(SkipReason::Depth));
        }
        let Some(parent) = self.levels.last() else { return Err(Status::error(ErrorCode::Internal)) };
        let name = &self.path[self.path.len() - name_len..];
        let mut shown = Vec::with_capacity(parent.shown.len() + 1 + name.len());
        append_path(&mut shown, &parent.shown, name);
        let entered = match parent.is_remote {
            true => self.enter_remote(parent.dir.clone(), name)?,
            // Any file system may be mounted here, so a mount point is entered with a timeout.
            false => match open_directory(parent.dir.as_fd(), name, Reach::OneFilesystem) {
                Ok(dir) => self.enter_local(Arc::new(dir))?,
                Err(OpenFailure::OtherFilesystem) if self.rules.reach == Reach::Everywhere => {
                    self.enter_remote(parent.dir.clone(), name)?
                }
                Err(failure) => return Err(failure.status()),
            },
        };
        Ok((entered, shown.into()))
    }

    /// Continues the walk in a directory.
    fn push_level(&mut self, entered: Entered, shown: &Arc<[u8]>, inclusion: Inclusion) {
        if !self.levels.is_empty() {
            self.path.push(b'/');
        }
        let Entered { dir, listing, is_remote } = entered;
        let (path_len, shown) = (self.path.len(), shown.clone());
        let slot = GroupSlot::default();
        self.levels.push(Level { dir, shown, path_len, listing, next: 0, slot, is_remote, inclusion });
    }

    /// Checks and lists a directory on the same file system as its parent.
    fn enter_local(&mut self, dir: Arc<OwnedFd>) -> Result<Entered, Status> {
        if self.rules.reach == Reach::Everywhere || !self.rules.leave_out.is_empty() {
            self.rules.check(&dir, &mut self.filesystems)?;
        }
        let mut names = 0u32;
        let destination = self.out.destination;
        let mut keep_going = || {
            names = names.wrapping_add(1);
            !names.is_multiple_of(4096) || !destination.is_gone()
        };
        let listing = list(&mut self.lister, &dir, &mut keep_going)?;
        Ok(Entered { dir, listing, is_remote: false })
    }

    fn enter_target(&self, dir: Arc<OwnedFd>) -> Result<Entered, Status> {
        self.call_with_timeout(move |rules, progress| rules.check_and_list_target(&dir, progress))
    }

    /// Opens, checks and lists a directory that may be on any file system.
    fn enter_remote(&self, parent: Arc<OwnedFd>, name: &[u8]) -> Result<Entered, Status> {
        let name = name.to_vec();
        self.call_with_timeout(move |rules, progress| {
            let dir = open_directory(parent.as_fd(), &name, rules.reach).map_err(OpenFailure::status)?;
            rules.check_and_list(Arc::new(dir), progress)
        })
    }

    fn call_with_timeout(
        &self,
        call: impl FnOnce(&Rules, &ProgressCounter) -> Result<Entered, Status> + Send + 'static,
    ) -> Result<Entered, Status> {
        let (rules, destination) = (self.rules.clone(), self.out.destination);
        call_with_timeout(self.rules.timeout, || destination.is_gone(), move |progress| call(&rules, progress))
            .unwrap_or(Err(TIMEOUT))
    }
}
