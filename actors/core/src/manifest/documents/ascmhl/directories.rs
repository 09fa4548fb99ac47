//! Digests of directories (ASC MHL specification, "Directory hashes"): one of what the files in it contain, one of that
//! and of all names.
//!
//! The content digest is that of the content digests of all children, sorted and end to end. The structure digest is
//! that of one digest per child, sorted and end to end: that of the child's name followed by the digest of the file, or
//! by the structure digest of the directory. An empty directory has the digest of nothing.

use std::collections::BTreeMap;

use crate::digest::{Algorithm, Chain, Digest};

/// The two digests of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryDigests {
    /// Of the content of all files in it, whatever their names.
    pub content: Digest,
    /// Of content and names.
    pub structure: Digest,
}

/// What is known of the children of a directory.
#[derive(Debug, Default)]
struct Children {
    content: Vec<Digest>,
    structure: Vec<Digest>,
}

/// The digests of all directories of a tree, by their names; the name of the root is empty.
///
/// `files` are the names of all files, relative to the root, with their digests of this algorithm; `directories` those
/// of all directories, of which only the ones without files are needed. Names have no `.`, `..` or empty components.
#[must_use]
pub fn directory_digests<'a>(
    algorithm: Algorithm,
    files: impl IntoIterator<Item = (&'a [u8], Digest)>,
    directories: impl IntoIterator<Item = &'a [u8]>,
) -> BTreeMap<Vec<u8>, DirectoryDigests> {
    let mut open = BTreeMap::from([(&b""[..], Children::default())]);
    for directory in directories {
        add_with_parents(&mut open, directory);
    }
    for (name, digest) in files {
        let (parent, base) = split(name);
        add_with_parents(&mut open, parent);
        let children = open.entry(parent).or_default();
        children.content.push(digest);
        children.structure.push(named(algorithm, base, &digest));
    }
    close(algorithm, open)
}

/// Computes the digests, those of the deepest directories first.
fn close(algorithm: Algorithm, mut open: BTreeMap<&[u8], Children>) -> BTreeMap<Vec<u8>, DirectoryDigests> {
    let depth = |name: &[u8]| if name.is_empty() { 0 } else { 1 + name.iter().filter(|&&byte| byte == b'/').count() };
    let mut names: Vec<&[u8]> = open.keys().copied().collect();
    names.sort_by_key(|name| std::cmp::Reverse(depth(name)));
    let mut closed = BTreeMap::new();
    for name in names {
        let children = open.remove(name).unwrap_or_default();
        let content = of_list(algorithm, children.content);
        let structure = of_list(algorithm, children.structure);
        if !name.is_empty() {
            let (parent, base) = split(name);
            let above = open.entry(parent).or_default();
            above.content.push(content);
            above.structure.push(named(algorithm, base, &structure));
        }
        closed.insert(name.to_vec(), DirectoryDigests { content, structure });
    }
    closed
}

fn add_with_parents<'a>(open: &mut BTreeMap<&'a [u8], Children>, mut name: &'a [u8]) {
    while !open.contains_key(name) {
        open.insert(name, Children::default());
        name = split(name).0;
    }
}

/// The parent's name and the last component.
fn split(name: &[u8]) -> (&[u8], &[u8]) {
    match name.iter().rposition(|&byte| byte == b'/') {
        Some(at) => (&name[..at], &name[at + 1..]),
        None => (b"", name),
    }
}

fn of_list(algorithm: Algorithm, mut digests: Vec<Digest>) -> Digest {
    digests.sort_unstable_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
    of_parts(algorithm, digests.iter().map(Digest::as_bytes))
}

fn named(algorithm: Algorithm, base: &[u8], digest: &Digest) -> Digest {
    of_parts(algorithm, [base, digest.as_bytes()])
}

fn of_parts<'a>(algorithm: Algorithm, parts: impl IntoIterator<Item = &'a [u8]>) -> Digest {
    let mut chain = Chain::new(algorithm);
    parts.into_iter().for_each(|part| chain.update(part));
    let mut bytes = Vec::with_capacity(algorithm.digest_bytes());
    chain.finalize_into(&mut bytes);
    Digest::new(algorithm, &bytes).expect("a chain writes one digest of its algorithm")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Directory, Generation, read_generation};
    use super::*;

    /// ascmhl 1.2: `ascmhl create . -h c4 -h md5 -h xxh128`.
    const GENERATION: &str = include_str!("samples/first_generation.mhl");

    fn computed(generation: &Generation, algorithm: Algorithm) -> BTreeMap<Vec<u8>, DirectoryDigests> {
        let digest = |name: &[u8]| {
            let file = generation.files.iter().find(|file| file.record.name == name).unwrap();
            Digest::new(algorithm, file.record.digest_of(algorithm).unwrap().as_bytes()).unwrap()
        };
        let files = generation.files.iter().map(|file| (&file.record.name[..], digest(&file.record.name)));
        directory_digests(algorithm, files, generation.directories.iter().map(|directory| &directory.path[..]))
    }

    #[test]
    fn the_digests_are_those_of_the_reference_implementation() {
        let generation = read_generation(GENERATION.as_bytes()).unwrap();
        for algorithm in [Algorithm::Md5, Algorithm::Sha512, Algorithm::Xxh3_128] {
            let computed = computed(&generation, algorithm);
            assert_eq!(computed.len(), generation.directories.len() + 1);
            for Directory { path, content, structure } in generation.directories.iter().chain([&generation.root]) {
                let of = |claims: &[crate::manifest::entry::Claimed]| {
                    claims.iter().find(|claim| claim.tag() == Some(algorithm)).unwrap().as_bytes().to_vec()
                };
                let DirectoryDigests { content: own_content, structure: own_structure } = computed[path];
                assert_eq!(own_content.as_bytes(), of(content), "{algorithm} {path:?}");
                assert_eq!(own_structure.as_bytes(), of(structure), "{algorithm} {path:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_names_have_digests_and_their_order_does_not_matter(
            mut names in prop::collection::vec("[a/]{0,8}", 0..20),
        ) {
            let digest = Digest::new(Algorithm::Md5, &[7; 16]).unwrap();
            let of = |names: &[String]| {
                let files = names.iter().map(|name| (name.as_bytes(), digest));
                directory_digests(Algorithm::Md5, files, names.iter().map(String::as_bytes))
            };
            let forth = of(&names);
            names.reverse();
            prop_assert_eq!(of(&names), forth);
        }
    }
}
