//! The kind of file system that a file is on, and what follows for reading and for trust in its digest.
//!
//! Magic numbers: Linux `include/uapi/linux/magic.h`, and `statfs(2)` for those that are not in it.

use std::os::fd::BorrowedFd;

/// The kinds of file systems that hivesum treats differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FilesystemKind {
    /// Local with write-back: time stamps show every finished write.
    Local,
    /// In memory: a mapped write may leave the time stamps unchanged.
    Memory,
    /// Shared over a network: other machines may write unnoticed.
    Network,
    /// Served by a program in user space.
    Fuse,
    /// Without stored content: the kernel makes up the files when they are read.
    Pseudo,
}

const NETWORK: &[u64] = &[
    0x6969,      // NFS
    0xFF53_4D42, // CIFS
    0xFE53_4D42, // SMB2
    0x517B,      // SMB
    0x0102_1997, // 9P
    0x00C3_6400, // Ceph
    0x5346_414F, // AFS
    0x7375_7245, // Coda
    0x0BD0_0BD0, // Lustre
    0x0116_1970, // GFS2: a cluster's nodes share it
    0x7461_636F, // OCFS2
];

const PSEUDO: &[u64] = &[
    0x9FA0,      // proc
    0x6265_6572, // sysfs
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0x0027_E0EB, // cgroup
    0x6367_7270, // cgroup2
    0x1CD1,      // devpts
    0xCAFE_4A11, // bpf
    0x6165_676C, // pstore
    0x4249_4E4D, // binfmt_misc
    0x6265_6570, // configfs
    0xDE5E_81E4, // efivarfs
    0xF97C_FF8C, // selinuxfs
    0x1980_0202, // mqueue
    0x6E73_6673, // nsfs
];

/// `FS_MGTIME` in Linux 6.13 and later: after a time was read, the next write gets another one.
const MULTIGRAIN: &[u64] = &[
    0xEF53,      // ext4, and ext2 and ext3 by its driver
    0x5846_5342, // XFS
    0x9123_683E, // Btrfs
    TMPFS,
];

/// File systems that show the files of another one, where writers reach them by other paths.
const STACKED: &[u64] = &[
    0x794C_7630, // overlayfs
    0xF15F,      // eCryptfs
    0x6175_6673, // aufs
];

/// FAT: it stores the time of the last write in steps of two seconds, and no other time of change.
const MSDOS: u64 = 0x4D44;

const TMPFS: u64 = 0x0102_1994;
const RAMFS: u64 = 0x8584_58F6;
const HUGETLBFS: u64 = 0x9584_58F6;
const FUSE: u64 = 0x6573_5546;

impl FilesystemKind {
    /// The kind that `fstatfs` returns; `Network`, the most careful one, if it fails.
    #[must_use]
    pub fn of(file: BorrowedFd<'_>) -> Self {
        match rustix::fs::fstatfs(file) {
            Ok(statfs) => Self::of_magic(statfs.f_type as u64 & MAGIC_BITS),
            Err(_) => Self::Network,
        }
    }

    fn of_magic(magic: u64) -> Self {
        match magic {
            TMPFS | RAMFS | HUGETLBFS => Self::Memory,
            FUSE => Self::Fuse,
            magic if NETWORK.contains(&magic) => Self::Network,
            magic if PSEUDO.contains(&magic) => Self::Pseudo,
            _ => Self::Local,
        }
    }

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether files may be mapped. Pages that a server or a program has to deliver are read instead.
    #[must_use]
    pub const fn may_map(self) -> bool {
        matches!(self, Self::Local | Self::Memory)
    }

    /// Whether an unchanged time stamp of a minute ago rules out a writer.
    #[must_use]
    pub const fn has_write_back(self) -> bool {
        matches!(self, Self::Local)
    }
}

/// Magic numbers have 32 bits, whatever the width of `f_type`.
const MAGIC_BITS: u64 = 0xFFFF_FFFF;

/// What a file system tells of writes to its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WriteTraces {
    /// The time stamps that it stores.
    pub(crate) stamps: Stamps,
    /// What a read lease rules out.
    pub(crate) leases: Leases,
}

/// The time stamps that a file system stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamps {
    /// Since Linux 6.13 no two writes with a look at the file between them have the same stamp, unless the stamps are
    /// stored in a coarser form.
    Multigrain,
    /// Writes within one tick of the clock have the same stamp.
    Ticks,
    /// Every other whole second.
    TwoSeconds,
}

/// What a read lease rules out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leases {
    /// Every writer on this machine.
    AllWriters,
    /// Writers through this file system, and not those that reach the file where it is stored.
    WritersThroughIt,
}

impl WriteTraces {
    /// What is assumed where nothing is known.
    pub(crate) const LEAST: Self = Self { stamps: Stamps::Ticks, leases: Leases::WritersThroughIt };

    fn of_magic(magic: u64) -> Self {
        let stamps = match magic {
            MSDOS => Stamps::TwoSeconds,
            magic if MULTIGRAIN.contains(&magic) => Stamps::Multigrain,
            _ => Stamps::Ticks,
        };
        let leases = if STACKED.contains(&magic) { Leases::WritersThroughIt } else { Leases::AllWriters };
        Self { stamps, leases }
    }
}

/// Remembers the last file system: a tree rarely spans two.
#[derive(Debug, Default)]
pub(crate) struct FilesystemCache {
    last: Option<(u64, FilesystemKind, WriteTraces)>,
}

impl FilesystemCache {
    /// The kind of the file system of `file`, whose `st_dev` is `device`.
    pub(crate) fn kind(&mut self, file: BorrowedFd<'_>, device: u64) -> FilesystemKind {
        self.kind_and_traces(file, device).0
    }

    /// The kind, and what the file system tells of writes.
    pub(crate) fn kind_and_traces(&mut self, file: BorrowedFd<'_>, device: u64) -> (FilesystemKind, WriteTraces) {
        match self.last {
            Some((known, kind, traces)) if known == device => (kind, traces),
            _ => {
                let magic = rustix::fs::fstatfs(file).ok().map(|statfs| statfs.f_type as u64 & MAGIC_BITS);
                let kind = magic.map_or(FilesystemKind::Network, FilesystemKind::of_magic);
                let traces = magic.map_or(WriteTraces::LEAST, WriteTraces::of_magic);
                self.last = Some((device, kind, traces));
                (kind, traces)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn proc_is_pseudo_and_a_temporary_file_is_not() {
        let proc = std::fs::File::open("/proc/self/status").unwrap();
        assert_eq!(FilesystemKind::of(proc.as_fd()), FilesystemKind::Pseudo);
        let file = tempfile::tempfile().unwrap();
        assert_ne!(FilesystemKind::of(file.as_fd()), FilesystemKind::Pseudo);
    }

    #[test]
    fn the_names_are_those_of_the_api_and_of_the_serde_form() {
        use FilesystemKind::{Fuse, Local, Memory, Network, Pseudo};
        let (all, names) = ([Local, Memory, Network, Fuse, Pseudo], ["local", "memory", "network", "fuse", "pseudo"]);
        assert_eq!(all.map(FilesystemKind::name), names);
        assert_eq!(all.map(|kind| serde_json::to_value(kind).unwrap()), names);
    }

    #[test]
    fn network_and_fuse_are_never_mapped() {
        for magic in [0x6969, 0xFF53_4D42, FUSE] {
            assert!(!FilesystemKind::of_magic(magic).may_map());
            assert!(!FilesystemKind::of_magic(magic).has_write_back());
        }
    }
}
