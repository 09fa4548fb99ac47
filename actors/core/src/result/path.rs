//! Paths of results: bytes, components joined by one `/`, in walk order.

/// Compares two paths as a walk meets them: component by component, so `/` sorts before every other byte.
#[must_use]
pub fn walk_order(path: &[u8], other: &[u8]) -> std::cmp::Ordering {
    let rank = |&byte: &u8| match byte {
        b'/' => 0,
        byte => byte,
    };
    let same = path.iter().zip(other).take_while(|(one, another)| one == another).count();
    path[same..].iter().map(rank).cmp(other[same..].iter().map(rank))
}

/// The path with a zero byte, which no path contains, for each `/`: such keys sort as bytes in [walk order](walk_order).
#[must_use]
pub fn walk_key(path: &[u8]) -> Vec<u8> {
    path.iter().map(|&byte| if byte == b'/' { 0 } else { byte }).collect()
}

/// Appends directory and name with one `/` between them. An empty name stands for the directory itself.
pub fn append_path(path: &mut Vec<u8>, directory: &[u8], name: &[u8]) {
    path.extend_from_slice(directory);
    if name.is_empty() {
        return;
    }
    path.extend_from_slice(joint(directory));
    path.extend_from_slice(name);
}

/// What stands between a directory and a name in it, which is not empty: a slash, unless the directory ends with one or
/// has no name.
#[must_use]
pub fn joint(directory: &[u8]) -> &'static [u8] {
    if directory.is_empty() || directory.ends_with(b"/") { b"" } else { b"/" }
}

/// The directories on the way to a path, the outermost first; not the path itself.
pub fn directories_above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| &path[..at])
}

/// Whether the path is below this directory, at any depth.
pub(crate) fn is_below(path: &[u8], directory: &[u8]) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with(b"/"))
}

/// Whether a character of a name is not seen, or changes how others are seen: controls, separators of lines, marks and
/// overrides of direction (Unicode UAX 9), what has no width, tags, and noncharacters, which XML cannot carry.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{feff}' | '\u{180e}' | '\u{fffe}' | '\u{ffff}')
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(character, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_s_content_comes_before_names_that_only_begin_like_it() {
        let sorted = [&b"a"[..], b"a/x", b"a/y/1", b"a/z", b"a b/1", b"a.c", b"ab", b"b"];
        for (place, one) in sorted.iter().enumerate() {
            for (other_place, other) in sorted.iter().enumerate() {
                assert_eq!(walk_order(one, other), place.cmp(&other_place), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn directory_and_name_are_joined_by_one_slash() {
        for (directory, name, joined) in
            [("a", "b", "a/b"), ("", "b", "b"), ("a", "", "a"), ("/", "b", "/b"), ("", "", "")]
        {
            let mut path = b"before ".to_vec();
            append_path(&mut path, directory.as_bytes(), name.as_bytes());
            assert_eq!(path, format!("before {joined}").as_bytes());
        }
    }

    #[test]
    fn every_directory_on_the_way_is_above_a_path() {
        assert_eq!(directories_above(b"a/b/c").collect::<Vec<_>>(), [&b"a"[..], b"a/b"]);
        assert_eq!(directories_above(b"a").count(), 0);
    }

    #[test]
    fn a_path_below_a_directory_has_a_slash_after_it() {
        assert!(is_below(b"a/b", b"a") && is_below(b"a", b""));
        assert!(!is_below(b"ab", b"a") && !is_below(b"a", b"a"));
    }
}
