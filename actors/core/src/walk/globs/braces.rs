//! Alternatives in braces: `*.{jpg,png}` is two globs, as a shell expands it.
//!
//! git reads braces as plain characters. Here they are that too, unless there is a comma between them.

/// The most groups of braces in one glob.
const MAX_GROUPS: usize = 16;

/// Appends what the glob stands for: itself, or one glob for each alternative.
pub(super) fn expand(glob: &str, limit: usize, globs: &mut Vec<String>) -> Result<(), String> {
    expand_from(glob, MAX_GROUPS, limit, globs)
}

fn expand_from(glob: &str, groups_left: usize, limit: usize, globs: &mut Vec<String>) -> Result<(), String> {
    let Some(group) = Group::first_in(glob.as_bytes()) else {
        if globs.len() >= limit {
            return Err(format!("there are more than {limit} globs"));
        }
        globs.push(glob.to_owned());
        return Ok(());
    };
    if groups_left == 0 {
        return Err(format!("it has more than {MAX_GROUPS} groups of braces"));
    }
    let (before, after) = (&glob[..group.open], &glob[group.close + 1..]);
    let mut start = group.open + 1;
    for end in group.commas.into_iter().chain([group.close]) {
        let expanded = [before, &glob[start..end], after].concat();
        expand_from(&expanded, groups_left - 1, limit, globs)?;
        start = end + 1;
    }
    Ok(())
}

/// Where a `{`, its `}` and the commas between them are.
struct Group {
    open: usize,
    close: usize,
    commas: Vec<usize>,
}

impl Group {
    /// The first outermost group with a comma.
    fn first_in(glob: &[u8]) -> Option<Self> {
        let mut open_groups: Vec<Self> = Vec::new();
        let mut found: Option<Self> = None;
        let mut at = 0;
        while at < glob.len() {
            match glob[at] {
                b'\\' => at += 1,
                b'[' => at += super::class::parse(&glob[at + 1..]).map_or(0, |(_, length)| length),
                b'{' => open_groups.push(Self { open: at, close: at, commas: Vec::new() }),
                b',' => {
                    if let Some(innermost) = open_groups.last_mut() {
                        innermost.commas.push(at);
                    }
                }
                b'}' => {
                    let closed = open_groups.pop().filter(|group| !group.commas.is_empty());
                    if let Some(group) = closed
                        && found.as_ref().is_none_or(|found| group.open < found.open)
                    {
                        found = Some(Self { close: at, ..group });
                    }
                    if found.is_some() && open_groups.is_empty() {
                        break;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(glob: &str) -> Result<Vec<String>, String> {
        let mut globs = Vec::new();
        expand(glob, 8, &mut globs).map(|()| globs)
    }

    #[test]
    fn alternatives_become_globs_as_in_a_shell() {
        assert_eq!(expanded("*.{jpg,png}").unwrap(), ["*.jpg", "*.png"]);
        assert_eq!(expanded("{a,b{c,d}}/x{,y}").unwrap(), ["a/x", "a/xy", "bc/x", "bc/xy", "bd/x", "bd/xy"]);
        assert_eq!(expanded("{x{a,b}}").unwrap(), ["{xa}", "{xb}"]);
    }

    #[test]
    fn braces_without_alternatives_are_plain_characters() {
        for glob in ["", "{3f2504e0}", "{a", "a}", "a,b", "}a,b{", r"\{a,b}", "[{a,b}]", "{}"] {
            assert_eq!(expanded(glob).unwrap(), [glob]);
        }
        assert_eq!(expanded("{a,b").unwrap(), ["{a,b"]);
        assert_eq!(expanded("{{a,b}").unwrap(), ["{a", "{b"]);
    }

    #[test]
    fn alternatives_and_groups_are_bounded() {
        assert_eq!(expanded("{a,b}{a,b}{a,b}").unwrap().len(), 8);
        assert_eq!(expanded("{a,b}{a,b}{a,b}{a,b}").unwrap_err(), "there are more than 8 globs");
        assert_eq!(expanded(&"{,a}".repeat(100_000)).unwrap_err(), "it has more than 16 groups of braces");
    }
}
