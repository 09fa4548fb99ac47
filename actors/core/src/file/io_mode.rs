//! Whether a file is read into a buffer or mapped: one table decides for [`IoMode::Auto`].

use std::str::FromStr;

use super::filesystem::FilesystemKind;
use crate::guard_is_out;

/// How files are read. Files on network or FUSE file systems are never mapped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IoMode {
    /// Whichever is faster by measurement. Today that is reading for every file.
    #[default]
    Auto,
    /// Mapped wherever it is possible.
    Map,
    /// Never mapped.
    Read,
}

/// The smallest file that [`IoMode::Auto`] maps, in bytes, by the kind of its file system. `None` maps nothing.
///
/// Measured with `benches/hashing.rs` on 2 threads, files in the page cache:
///
/// | files | read | mapped | why |
/// |---|---|---|---|
/// | 100,000 of 8 KiB | 0.47 s | 1.9 s | every map takes one lock of the process |
/// | one of 2 GiB, BLAKE3 | 0.31 s | 0.39 s | a block just copied is still in the core's cache; a mapped page is not |
const AUTO_MAPS_FROM: [(FilesystemKind, Option<u64>); 2] =
    [(FilesystemKind::Local, None), (FilesystemKind::Memory, None)];

impl IoMode {
    /// Whether a file of `size` bytes on this kind of file system is mapped.
    pub(crate) fn maps(self, filesystem: FilesystemKind, size: u64) -> bool {
        let may_map = size > 0 && (filesystem.may_map() || guard_is_out!(CarefulFilesystems));
        match self {
            Self::Auto => may_map && reaches_threshold(&AUTO_MAPS_FROM, filesystem, size),
            Self::Map => may_map,
            Self::Read => false,
        }
    }
}

fn reaches_threshold(table: &[(FilesystemKind, Option<u64>)], filesystem: FilesystemKind, size: u64) -> bool {
    let row = table.iter().find(|(kind, _)| *kind == filesystem);
    row.and_then(|(_, threshold)| *threshold).is_some_and(|threshold| size >= threshold)
}

impl FromStr for IoMode {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "auto" => Ok(Self::Auto),
            "map" => Ok(Self::Map),
            "read" => Ok(Self::Read),
            other => Err(format!("unknown I/O mode {other:?}: choose auto, map or read")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FilesystemKind::{Fuse, Local, Memory, Network, Pseudo};

    const SIZES: [u64; 4] = [0, 1, 8 << 20, u64::MAX];

    #[test]
    fn auto_maps_nothing_today() {
        for kind in [Local, Memory, Network, Fuse, Pseudo] {
            assert!(SIZES.iter().all(|&size| !IoMode::Auto.maps(kind, size)), "{kind:?}");
        }
    }

    #[test]
    fn a_threshold_in_the_table_is_the_smallest_size_that_is_mapped() {
        let table = [(Local, Some(8 << 20)), (Memory, None)];
        let sizes = [1, (8 << 20) - 1, 8 << 20, u64::MAX];
        assert_eq!(sizes.map(|size| reaches_threshold(&table, Local, size)), [false, false, true, true]);
        assert_eq!(sizes.map(|size| reaches_threshold(&table, Memory, size)), [false; 4]);
        assert_eq!(sizes.map(|size| reaches_threshold(&table, Network, size)), [false; 4], "not in the table");
    }

    #[test]
    fn map_maps_what_can_be_mapped_and_read_maps_nothing() {
        assert_eq!(SIZES.map(|size| IoMode::Map.maps(Local, size)), [false, true, true, true]);
        assert_eq!(SIZES.map(|size| IoMode::Map.maps(Network, size)), [false; 4]);
        assert_eq!(SIZES.map(|size| IoMode::Read.maps(Local, size)), [false; 4]);
        assert_eq!(["auto", "map", "read"].map(str::parse), [Ok(IoMode::Auto), Ok(IoMode::Map), Ok(IoMode::Read)]);
        assert!("mmap".parse::<IoMode>().is_err());
    }
}
