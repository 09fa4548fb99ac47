//! `--from-device`: reading from the device, and saying of how many files that was not so.
//!
//! The reading and its proof are the engine's. Here the files are counted, and those that nothing is known of are told
//! with the types of their file systems.

use std::collections::BTreeMap;
use std::fs;

use clap::Args;
use hivesum_actors::scrub::ReadTally;
use hivesum_core::result::ReadFrom;

// The flag, shared by the commands that hash or check files.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct FromDeviceArgs {
    /// Read the files from their devices and not from the page cache, where damage on a device stays unseen, and say of
    /// each file whether that was so: read_from in JSON and NDJSON is device, cache or unknown. The page cache is left
    /// as it was found, as far as it can be told.
    #[arg(long, conflicts_with = "io", help_heading = "Reading")]
    pub(super) from_device: bool,
}

impl FromDeviceArgs {
    /// Where the bytes of a stream came from, if that is asked for: nothing tells.
    pub(super) fn of_stream(self) -> Option<ReadFrom> {
        self.from_device.then_some(ReadFrom::Unknown)
    }
}

/// How many files were read from where.
#[derive(Debug, Default)]
pub(super) struct SourceTally {
    from_device: u64,
    from_cache: u64,
    unknown: u64,
    /// Types of file systems with files of which it is not known. There are as many as the kernel knows, at most.
    unknown_on: BTreeMap<String, u64>,
    /// The last such file system: its `st_dev` and its type.
    last: Option<(u64, String)>,
}

impl SourceTally {
    /// Counts a hashed file on the file system with this `st_dev`. Nothing is counted where nothing was asked for.
    pub(super) fn count(&mut self, read_from: Option<ReadFrom>, device: u64) {
        match read_from {
            None => {}
            Some(ReadFrom::Device) => self.from_device += 1,
            Some(ReadFrom::Cache) => self.from_cache += 1,
            Some(ReadFrom::Unknown) => self.count_unknown(device, 1),
        }
    }

    /// Counts files of which it is not known, on the file system with this `st_dev`.
    fn count_unknown(&mut self, device: u64, files: u64) {
        self.unknown += files;
        if self.last.as_ref().is_none_or(|(known, _)| *known != device) {
            let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
            self.last = Some((device, type_of(device, &mounts).unwrap_or_default().to_owned()));
        }
        if let Some((_, name)) = self.last.as_ref().filter(|(_, name)| !name.is_empty()) {
            *self.unknown_on.entry(name.clone()).or_default() += files;
        }
    }

    /// What a scrub has read.
    pub(super) fn of(read: &ReadTally) -> Self {
        let mut tally = Self { from_device: read.from_device, from_cache: read.from_cache, ..Self::default() };
        read.unknown.iter().for_each(|(&device, &files)| tally.count_unknown(device, files));
        tally
    }

    /// What has to be said at the end: files that were not, or not surely, read from a device.
    pub(super) fn warnings(&self) -> Vec<String> {
        let on: Vec<_> = self.unknown_on.keys().map(String::as_str).collect();
        let on = if on.is_empty() { String::new() } else { format!(" ({})", on.join(", ")) };
        let unknown = (self.unknown > 0)
            .then(|| format!("{} could not be read from the device{on}: unknown", files(self.unknown)));
        let cache = (self.from_cache > 0).then(|| {
            let files = files(self.from_cache);
            format!("{files} may have been read from memory, where damage on the device stays unseen: cache")
        });
        unknown.into_iter().chain(cache).collect()
    }

    /// How many files were read from where; nothing if nobody asked.
    pub(super) fn closing(&self) -> Option<String> {
        let Self { from_device, from_cache, unknown, .. } = self;
        let any = from_device + from_cache + unknown > 0;
        any.then(|| {
            format!("read from the device: {}, from the cache: {from_cache}, unknown: {unknown}", files(*from_device))
        })
    }
}

fn files(count: u64) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// The type of the file system with this `st_dev` in `/proc/self/mountinfo` (`proc_pid_mountinfo(5)`): the third field is
/// the device, and the type is the first one after a lone `-`.
fn type_of(device: u64, mounts: &str) -> Option<&str> {
    let wanted = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let mount = mounts.lines().find(|line| line.split(' ').nth(2) == Some(&wanted))?;
    mount.split_once(" - ")?.1.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_by_where_they_were_read_from_and_unknown_ones_name_their_file_systems() {
        let mut tally = SourceTally::default();
        tally.count(None, 1);
        assert_eq!((tally.closing(), tally.warnings()), (None, Vec::new()));
        for _ in 0..2 {
            tally.count(Some(ReadFrom::Device), 1);
        }
        assert_eq!(tally.closing().unwrap(), "read from the device: 2 files, from the cache: 0, unknown: 0");
        assert_eq!(tally.warnings(), Vec::<String>::new());
        tally.count(Some(ReadFrom::Cache), 1);
        let proc = rustix::fs::stat("/proc").unwrap().st_dev;
        for device in [proc, proc, u64::MAX] {
            tally.count(Some(ReadFrom::Unknown), device);
        }
        assert_eq!(tally.closing().unwrap(), "read from the device: 2 files, from the cache: 1, unknown: 3");
        let [unknown, cache] = &tally.warnings()[..] else { panic!("{:?}", tally.warnings()) };
        assert_eq!(unknown, "3 files could not be read from the device (proc): unknown");
        assert!(cache.starts_with("1 file may have been read from memory"), "{cache}");
    }

    #[test]
    fn the_type_of_a_file_system_follows_its_optional_fields() {
        let mounts = "36 35 98:0 /mnt1 /a b rw,noatime master:1 propagate_from:2 - ext3 /dev/root rw\n\
                      40 35 0:45 / /shm rw - tmpfs shm rw\n";
        assert_eq!(type_of(rustix::fs::makedev(98, 0), mounts), Some("ext3"));
        assert_eq!(type_of(rustix::fs::makedev(0, 45), mounts), Some("tmpfs"));
        assert_eq!(type_of(rustix::fs::makedev(0, 4), mounts), None);
    }
}
