//! Where the files of Debian's packages are: not always where the package says.
//!
//! On systems with a merged `/usr`, `bin`, `sbin` and `lib*` are links into `usr`, and packages name files in both. And a
//! package may divert a file of others to another name (dpkg-divert(1)).

use std::collections::HashMap;

use super::Tree;

/// The directory of what dpkg knows of each package.
pub const INFO: &[u8] = b"var/lib/dpkg/info";

/// How the names of the checksum files end.
pub const SUFFIX: &[u8] = b".md5sums";

/// The file of the diversions: lines `FROM`, `TO`, `PACKAGE`, and again.
pub const DIVERSIONS: &[u8] = b"var/lib/dpkg/diversions";

/// How many diversions are read. A system has some tens.
const MAX_DIVERSIONS: usize = 100_000;

/// Where files are that packages name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// Links in the root to another directory.
    links: Vec<(Vec<u8>, Vec<u8>)>,
    /// The file that was diverted, where to, and for which package; without the first slash.
    diversions: HashMap<Vec<u8>, (Vec<u8>, Vec<u8>)>,
}

impl Layout {
    /// The layout of a system. `diversions` is the text of [`DIVERSIONS`].
    #[must_use]
    pub fn of(tree: &impl Tree, diversions: &[u8]) -> Self {
        let names = [&b"bin"[..], b"sbin", b"lib", b"lib32", b"lib64", b"libo32", b"libx32"];
        let link = |name: &[u8]| {
            let target = tree.link(name)?;
            let target = target.strip_prefix(b"/").unwrap_or(&target);
            let target = target.strip_suffix(b"/").unwrap_or(target);
            let is_plain = !target.is_empty()
                && target.split(|&byte| byte == b'/').all(|part| !matches!(part, b"" | b"." | b".."));
            is_plain.then(|| (name.to_vec(), target.to_vec()))
        };
        let lines: Vec<&[u8]> = diversions.split(|&byte| byte == b'\n').take(3 * MAX_DIVERSIONS).collect();
        let local = |path: &[u8]| path.strip_prefix(b"/").unwrap_or(path).to_vec();
        let diversions = lines.chunks_exact(3).map(|part| (local(part[0]), (local(part[1]), part[2].to_vec())));
        Self { links: names.into_iter().filter_map(link).collect(), diversions: diversions.collect() }
    }

    /// The name of a file of a package, relative to the root of the system. `manifest` is the name of its checksum file.
    #[must_use]
    pub fn place(&self, manifest: &[u8], name: &[u8]) -> Vec<u8> {
        let name = self.diverted(manifest, name);
        let Some(at) = name.iter().position(|&byte| byte == b'/') else { return name.to_vec() };
        let (first, rest) = name.split_at(at);
        let link = self.links.iter().find(|(from, _)| from == first);
        link.map_or_else(|| name.to_vec(), |(_, to)| [to, rest].concat())
    }

    fn diverted<'n>(&'n self, manifest: &[u8], name: &'n [u8]) -> &'n [u8] {
        let file = super::super::file_name(manifest);
        let package = file.strip_suffix(SUFFIX).unwrap_or(file);
        // `libc6:amd64`; `:` alone stands for a diversion by the administrator.
        let package = package.split(|&byte| byte == b':').next().unwrap_or(package);
        match self.diversions.get(name) {
            Some((to, by)) if by != package => to,
            Some(_) | None => name,
        }
    }
}
