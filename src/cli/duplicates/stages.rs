//! Size, then first and last block, then everything: each stage reads only what the one before left open.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use hivesum_actors::scan::ScanOutcome;
use hivesum_core::compare::{Copy, Group, groups};
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::result::{FileIdentity, NameList, Status};
use hivesum_core::walk::{Inventory, Target};

use super::ends::{self, Listed};
use super::report::Found;
use crate::cli::engine::RunningEngine;
use crate::cli::error::{reason, system_text};
use crate::cli::terminal::Terminal;

/// What tells that two files are alike.
pub(super) const TELLING: Algorithm = Algorithm::Blake3;

pub(super) struct Stages<'a> {
    pub(super) inventory: &'a Inventory,
    /// The directory that names are relative to.
    pub(super) dir: OwnedFd,
    pub(super) engine: &'a RunningEngine,
    pub(super) terminal: &'a Terminal,
    /// Something could not be read.
    pub(super) failed: bool,
}

/// A group with the digest that its files share.
#[derive(Debug)]
pub(super) struct Alike {
    group: Group,
    digest: Vec<u8>,
}

impl Alike {
    /// With the names that its places have in the inventory.
    pub(super) fn found<'a>(&'a self, names: &'a NameList) -> Found<'a> {
        let name = |&place: &u64| names.get(usize::try_from(place).ok()?);
        Found { group: &self.group, digest: &self.digest, names: self.group.places.iter().filter_map(name).collect() }
    }
}

/// A name of the inventory, by its place, that may have a double.
type Place = usize;

impl Stages<'_> {
    pub(super) fn groups(&mut self, min_size: u64) -> anyhow::Result<Vec<Alike>> {
        let all = (0..self.inventory.files.len()).filter(|&place| self.size(place) >= min_size);
        let alike = self.with_doubles(all.map(|place| (self.size(place), place)).collect());
        let by_ends = self.ends(&alike);
        let alike =
            self.with_doubles(by_ends.into_iter().map(|(ends, place)| ((self.size(place), ends), place)).collect());
        let digests = self.digests(alike)?;
        let copies = digests
            .iter()
            .map(|(&place, digest)| Copy::new(place as u64, self.size(place), digest, self.identity(place)));
        let found = groups(copies.collect(), min_size).into_iter().map(|group| {
            let first = group.places.first().and_then(|&place| digests.get(&usize::try_from(place).ok()?));
            Alike { digest: first.cloned().unwrap_or_default(), group }
        });
        Ok(found.collect())
    }

    fn name(&self, place: Place) -> &[u8] {
        self.inventory.names.get(place).unwrap_or_default()
    }

    fn size(&self, place: Place) -> u64 {
        self.inventory.files[place].0
    }

    fn identity(&self, place: Place) -> FileIdentity {
        self.inventory.files[place].1
    }

    /// Those that share their key with another file; in walk order. Names of one file are no doubles.
    fn with_doubles<K: Ord>(&self, mut keyed: Vec<(K, Place)>) -> Vec<Place> {
        keyed.sort_unstable();
        let mut kept = Vec::new();
        for alike in keyed.chunk_by(|(one, _), (other, _)| one == other) {
            let first = self.identity(alike[0].1);
            if alike.iter().any(|(_, place)| self.identity(*place) != first) {
                kept.extend(alike.iter().map(|(_, place)| *place));
            }
        }
        kept.sort_unstable();
        kept
    }

    /// Digests of both ends. Files that cannot be read are reported and left out.
    fn ends(&mut self, places: &[Place]) -> Vec<(Vec<u8>, Place)> {
        let files: Vec<_> =
            places.iter().map(|&place| Listed { name: self.name(place), size: self.size(place) }).collect();
        let digests = ends::digests(&self.dir, &files, TELLING, self.engine.handle.hashers());
        let mut ends = Vec::with_capacity(places.len());
        for (digest, &place) in digests.into_iter().zip(places) {
            match digest {
                Ok(digest) => ends.push((digest, place)),
                Err(error) => self.tell(place, &system_text(&error)),
            }
        }
        ends
    }

    /// Digests of whole files; each file is read once, however many names it has.
    fn digests(&mut self, places: Vec<Place>) -> anyhow::Result<HashMap<Place, Vec<u8>>> {
        let mut by_identity: HashMap<FileIdentity, Vec<Place>> = HashMap::new();
        let mut names = NameList::new();
        let mut read = Vec::new();
        for place in places {
            let of_file = by_identity.entry(self.identity(place)).or_default();
            if of_file.is_empty() {
                names.push(self.name(place));
                read.push(place);
            }
            of_file.push(place);
        }
        let target = Target::Listed { dir: self.dir.try_clone()?, names };
        let mut scan = self.engine.handle.scan(self.engine.args.scan(vec![target], Algorithms::single(TELLING)))?;
        self.terminal.follow(scan.progress());
        let (mut digests, mut read) = (HashMap::new(), read.into_iter());
        while let Some(rows) = scan.blocking_next() {
            for (row, place) in rows.iter().zip(read.by_ref().take(rows.len())) {
                match row.status {
                    // A file that has grown or shrunk meanwhile is no double of what it was.
                    Status::Hashed(_) if row.meta.size == self.size(place) => {
                        let of_file = by_identity.get(&self.identity(place)).into_iter().flatten();
                        digests.extend(of_file.map(|&name| (name, row.digests.to_vec())));
                    }
                    Status::Hashed(_) => self.tell(place, "File changed while it was read"),
                    status => self.tell(place, &reason(status).unwrap_or_default()),
                }
            }
        }
        if scan.blocking_finish().outcome != ScanOutcome::Completed {
            anyhow::bail!("the scan broke off: not everything was looked at");
        }
        Ok(digests)
    }

    fn tell(&mut self, place: Place, why: &str) {
        self.terminal.message_about(self.name(place), why);
        self.failed = true;
    }
}
