//! What a coordinator may see of the directories that this node offers: which names are there, pages of a directory, and
//! the bytes of a file that is a manifest to somebody.

use std::os::fd::AsFd as _;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use hivesum_core::file::{Dir, Opened, Reach, RelPath, open_directory};
use hivesum_core::result::nanoseconds;

use super::super::protocol::{
    Blob, CallAnswer, Identity, ListedEntry, ListedPage, MAX_TEXT_BYTES, Refusal, RootId, See, Seen, Text,
};
use super::context::{Node, refusal_of};
use crate::listing::ask::ask;
use crate::listing::{Entry, EntryPage, ListError, entries};

/// Bytes of names in one answer, at most: it has to fit into a message.
const MAX_NAME_BYTES: usize = 256 << 10;

/// Tells which names are there.
pub(super) async fn see(node: &Node, asked: See) -> CallAnswer {
    let See { root, path, cross_filesystems, names } = asked;
    let Ok(path) = RelPath::new(path.0) else { return CallAnswer::No(Refusal::Invalid) };
    let Some(root) = node.roots.get(&root) else { return CallAnswer::No(Refusal::NoSuchRoot) };
    let reach = if cross_filesystems { Reach::Everywhere } else { Reach::OneFilesystem };
    let look = ask(root, move |root, caller| {
        let dir = match root.enter(&path).map_err(refusal_of)?.0 {
            Opened::Directory(dir) => Arc::new(dir),
            Opened::File { .. } => return Ok(Seen { is_directory: false, found: vec![None; names.len()] }),
        };
        let beneath = Dir::Beneath(dir.clone(), reach);
        let identity = |name: &Blob| match beneath.open_file(&name.0) {
            Ok((_, meta)) => Some(Identity::of(&meta)),
            Err(_) => {
                let directory = open_directory(dir.as_fd(), &name.0, reach).ok()?;
                let stat = rustix::fs::fstat(&directory).ok()?;
                let mtime_ns = nanoseconds(stat.st_mtime, stat.st_mtime_nsec as i64);
                Some(Identity { size: stat.st_size as u64, mtime_ns, inode: stat.st_ino })
            }
        };
        let found = names.iter().map(|name| if caller.is_waiting() { identity(name) } else { None }).collect();
        Ok(Seen { is_directory: true, found })
    });
    match look.await {
        Ok(Ok(seen)) => CallAnswer::Seen(seen),
        Ok(Err(refusal)) => CallAnswer::No(refusal),
        Err(_) => CallAnswer::No(Refusal::RootUnavailable),
    }
}

/// Lists a directory after a name.
pub(super) async fn list(node: &Node, root: RootId, path: Blob, after: Option<Blob>, limit: usize) -> CallAnswer {
    let Ok(path) = RelPath::new(path.0) else { return CallAnswer::No(Refusal::Invalid) };
    let Some(root) = node.roots.get(&root) else { return CallAnswer::No(Refusal::NoSuchRoot) };
    match entries(root, path, after.map(|name| name.0), limit).await {
        Ok(page) => CallAnswer::Listed(page_of(page)),
        Err(error) => CallAnswer::No(match error {
            ListError::NotFound => Refusal::NotFound,
            ListError::Permission => Refusal::Permission,
            ListError::NotADirectory => Refusal::NotADirectory,
            ListError::RootUnavailable => Refusal::RootUnavailable,
            ListError::RootChanged => Refusal::RootChanged,
            ListError::Busy => Refusal::Busy,
        }),
    }
}

/// Reads some bytes of a file.
pub(super) async fn read(node: &Node, root: RootId, path: Blob, offset: u64) -> CallAnswer {
    let Ok(path) = RelPath::new(path.0) else { return CallAnswer::No(Refusal::Invalid) };
    let Some(root) = node.roots.get(&root) else { return CallAnswer::No(Refusal::NoSuchRoot) };
    let read = ask(root, move |root, _| {
        let Opened::File { parent, name } = root.enter(&path).map_err(refusal_of)?.0 else {
            return Err(Refusal::NotFound);
        };
        let file = Dir::Beneath(Arc::new(parent), Reach::Everywhere).open_file(&name);
        let (file, meta) = file.map_err(|_| Refusal::Permission)?;
        let mut bytes = vec![0; MAX_TEXT_BYTES];
        let length = file.read_at(&mut bytes, offset).map_err(|_| Refusal::RootUnavailable)?;
        bytes.truncate(length);
        Ok(Text { identity: Identity::of(&meta), bytes: Blob(bytes) })
    });
    match read.await {
        Ok(Ok(text)) => CallAnswer::Text(text),
        Ok(Err(refusal)) => CallAnswer::No(refusal),
        Err(_) => CallAnswer::No(Refusal::RootUnavailable),
    }
}

/// As many entries as fit into a message. The next page begins after the last one.
fn page_of(page: EntryPage) -> ListedPage {
    let (all, mut bytes) = (page.items.len(), 0);
    let fits = |entry: &Entry| {
        bytes += entry.name.len();
        bytes <= MAX_NAME_BYTES
    };
    let entries: Vec<_> = page.items.into_iter().take_while(fits).map(listed).collect();
    let has_more = page.next_cursor.is_some() || entries.len() < all;
    ListedPage { entries, has_more }
}

fn listed(entry: Entry) -> ListedEntry {
    let modified_ns = entry.modified_at.map(|time| time.as_ns());
    ListedEntry { name: Blob(entry.name), kind: entry.kind, size: entry.size, modified_ns }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::EntryKind;

    #[test]
    fn a_page_of_long_names_ends_where_a_message_does_and_goes_on_there() {
        let entry = |number: usize| Entry {
            name: [format!("{number:04}").as_bytes(), &[b'x'; 760]].concat(),
            kind: EntryKind::File,
            size: 1,
            modified_at: None,
        };
        let of = |names: usize| page_of(EntryPage { items: (0..names).map(entry).collect(), next_cursor: None });
        assert_eq!((of(300).entries.len(), of(300).has_more), (300, false));
        let cut = of(1000);
        assert_eq!((cut.entries.len(), cut.has_more), (MAX_NAME_BYTES / 764, true));
        let cursor = EntryPage { items: vec![entry(1)], next_cursor: Some(b"x".to_vec()) };
        assert!(page_of(cursor).has_more);
    }
}
