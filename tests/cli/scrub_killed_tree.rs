//! A tree that is changed by dice, with the model of what scrubs of it have to find.
//!
//! Files are written, removed, moved, also to where another one was, copied, and put back as they were. Nothing here is
//! done while anything reads the tree.

use std::fs;

use hivesum_test_support::{Dice, cycle};

use super::scrub_killed_model::{Model, Version};
use super::work_dir::WorkDir;

/// Files of the tree at the beginning.
pub(crate) const FILES: usize = 200;

/// How many of them are large: their pieces are kept.
const LARGE_FILES: usize = 3;

/// Contents with this bit are large.
const LARGE: u64 = 1 << 32;

/// The bytes of a content.
pub(crate) fn bytes_of(content: u64) -> Vec<u8> {
    let number = format!("{content} ");
    match content < LARGE {
        true => number.repeat(1 + (content % 40) as usize).into_bytes(),
        false => [number.as_bytes(), &cycle(4 << 20)].concat(),
    }
}

/// The tree `t` in a directory.
pub(crate) struct Tree {
    pub(crate) dir: WorkDir,
    pub(crate) dice: Dice,
    pub(crate) model: Model,
    /// The last content or stamp.
    last: u64,
}

impl Tree {
    pub(crate) fn new(dice: Dice) -> Self {
        let mut tree = Self { dir: WorkDir::new(), dice, model: Model::default(), last: 0 };
        (0..LARGE_FILES).for_each(|_| tree.create(LARGE));
        (LARGE_FILES..FILES).for_each(|_| tree.create(0));
        tree
    }

    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn write(&mut self, path: &str, content: u64) {
        let stamp = self.next();
        self.dir.write(format!("t/{path}"), bytes_of(content));
        self.model.disk.insert(path.to_owned(), Version { content, stamp });
    }

    fn new_path(&mut self) -> String {
        format!("d{}/{}", self.dice.roll(8), self.next())
    }

    fn create(&mut self, size: u64) {
        let (path, content) = (self.new_path(), self.next() | size);
        self.write(&path, content);
    }

    fn remove(&mut self, path: &str) -> Version {
        fs::remove_file(self.dir.path(format!("t/{path}"))).unwrap();
        self.model.disk.remove(path).unwrap()
    }

    fn rename(&mut self, from: &str, to: &str) {
        let [old, new] = [from, to].map(|path| self.dir.path(format!("t/{path}")));
        fs::create_dir_all(new.parent().unwrap()).unwrap();
        fs::rename(old, new).unwrap();
        let (content, stamp) = (self.model.disk.remove(from).unwrap().content, self.next());
        self.model.disk.insert(to.to_owned(), Version { content, stamp });
    }

    /// One of these paths.
    fn pick<T>(&mut self, of: impl Fn(&Model) -> Vec<T>) -> Option<T> {
        let mut all = of(&self.model);
        let index = self.dice.roll(all.len().max(1) as u64) as usize;
        (index < all.len()).then(|| all.swap_remove(index))
    }

    /// Changes the tree in one place.
    pub(crate) fn change(&mut self) {
        let files = self.model.disk.len();
        let path = self.pick(|model| model.disk.keys().cloned().collect()).unwrap();
        let content = self.model.disk[&path].content;
        match self.dice.roll(8) {
            0 | 1 => {
                let other = self.next() | (content & LARGE);
                self.write(&path, other);
            }
            2 | 3 if files > FILES / 2 => drop(self.remove(&path)),
            4 => {
                let to = self.new_path();
                self.rename(&path, &to);
            }
            5 => {
                let gone = |model: &Model| {
                    model.known.keys().filter(|path| !model.disk.contains_key(*path)).cloned().collect()
                };
                let to = self.pick(gone).unwrap_or_else(|| path.clone());
                if to != path {
                    self.rename(&path, &to);
                }
            }
            6 => {
                let is_other =
                    |model: &Model, path: &str, content| model.disk.get(path).is_none_or(|now| now.content != content);
                let other = |model: &Model| {
                    let all = model.known.iter().map(|(path, known)| (path.clone(), known.expected.content));
                    all.filter(|(path, content)| is_other(model, path, *content)).collect()
                };
                if let Some((path, content)) = self.pick(other) {
                    self.write(&path, content);
                }
            }
            7 if files < 2 * FILES => {
                let copy = self.new_path();
                self.write(&copy, content);
            }
            _ => self.create(0),
        }
    }
}
