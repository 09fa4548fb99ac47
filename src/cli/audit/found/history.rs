//! The history of an ASC Media Hash List, with those of folders below it: the generations in the order of the chain,
//! each compared with its C4 ID in the chain.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use anyhow::{Context, bail};
use hivesum_core::digest::{Algorithm, Chain};
use hivesum_core::manifest::Record;
use hivesum_core::manifest::documents::ascmhl::chain::{self, Link};
use hivesum_core::manifest::documents::ascmhl::{CHAIN_FILE, FOLDER, Generation, history, read_generation};

use super::tree::Beneath;
use crate::cli::quote::quoted;

/// How many histories one directory may have, those of folders below included.
const MAX_HISTORIES: usize = 1000;

/// The files of the histories in a folder and below, relative to the folder.
pub(super) fn files(tree: &Beneath, folder: &[u8]) -> anyhow::Result<Vec<Record>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_vec()]);
    let mut histories = 0;
    while let Some(folder) = folders.pop() {
        histories += 1;
        if histories > MAX_HISTORIES {
            bail!("it has more than {MAX_HISTORIES} histories in folders below");
        }
        let generations = generations(tree, &folder)?;
        let below = generations.last().map(history::nested).unwrap_or_default();
        folders.extend(below.iter().map(|below| within(&folder, below)));
        let placed = |record: Record| Record { name: within(&folder, &record.name), ..record };
        files.extend(history::files(&generations).into_iter().map(placed));
    }
    Ok(files)
}

fn generations(tree: &Beneath, folder: &[u8]) -> anyhow::Result<Vec<Generation>> {
    let directory = within(folder, FOLDER.as_bytes());
    let chain_file = within(&directory, CHAIN_FILE.as_bytes());
    let of = |name: &[u8]| quoted(OsStr::from_bytes(name));
    let text = tree.read(&chain_file).with_context(|| of(&chain_file))?;
    let chain = chain::read(&text).with_context(|| of(&chain_file))?;
    let read = |link: &Link| {
        let name = within(&directory, &link.generation.path);
        generation(tree, &name, link).with_context(|| of(&name))
    };
    chain.iter().map(read).collect()
}

fn generation(tree: &Beneath, name: &[u8], link: &Link) -> anyhow::Result<Generation> {
    let text = tree.read(name)?;
    let mut sha512 = Chain::new(Algorithm::Sha512);
    sha512.update(&text);
    let mut digest = Vec::new();
    sha512.finalize_into(&mut digest);
    if !link.generation.sha512.is_some_and(|claim| claim.is(&digest)) {
        bail!("it is not what the chain says: it was changed");
    }
    Ok(read_generation(&text)?)
}

fn within(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}
