//! Lists of names without an allocation per name.

/// Any number of names, end to end in one allocation.
#[derive(Debug, Clone, Default)]
pub struct NameList {
    arena: Vec<u8>,
    ends: Vec<usize>,
}

impl NameList {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a name.
    pub fn push(&mut self, name: &[u8]) {
        self.arena.extend_from_slice(name);
        self.ends.push(self.arena.len());
    }

    /// Appends all names of another list.
    pub fn append(&mut self, other: &Self) {
        let start = self.arena.len();
        self.arena.extend_from_slice(&other.arena);
        self.ends.extend(other.ends.iter().map(|end| start + end));
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The name at this index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.arena[start..end])
    }

    /// The names in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.arena[start..end])
    }
}

impl<N: AsRef<[u8]>> FromIterator<N> for NameList {
    fn from_iter<I: IntoIterator<Item = N>>(names: I) -> Self {
        let mut list = Self::new();
        names.into_iter().for_each(|name| list.push(name.as_ref()));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_were_pushed() {
        let mut names = NameList::new();
        for name in [&b"a"[..], b"", b"x/\xff"] {
            names.push(name);
        }
        assert_eq!(names.iter().collect::<Vec<_>>(), [&b"a"[..], b"", b"x/\xff"]);
        assert_eq!(names.len(), 3);
        let mut twice = names.clone();
        twice.append(&names);
        assert_eq!(twice.iter().collect::<Vec<_>>(), [&b"a"[..], b"", b"x/\xff", b"a", b"", b"x/\xff"]);
    }
}
