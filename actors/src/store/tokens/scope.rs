//! The scopes of a token: any of three, written `read,hash,admin`.

use std::fmt;
use std::str::FromStr;

/// One scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every GET request.
    Read = 1,
    /// Hashing, verifying and cancelling.
    Hash = 2,
    /// Deleting, and access to the jobs of others.
    Admin = 4,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Read, Self::Hash, Self::Admin];

    /// Its name on the command line and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Hash => "hash",
            Self::Admin => "admin",
        }
    }
}

/// A set of scopes, written `read,hash,admin`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// All scopes.
    pub const ALL: Self = Self(Scope::Read as u8 | Scope::Hash as u8 | Scope::Admin as u8);

    /// The set of these scopes.
    #[must_use]
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | scope as u8))
    }

    /// Whether the set contains this scope.
    #[must_use]
    pub const fn allows(self, scope: Scope) -> bool {
        self.0 & scope as u8 != 0
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = Scope::ALL.into_iter().filter(|&scope| self.allows(scope)).map(Scope::name).collect();
        f.write_str(&names.join(","))
    }
}

/// A word that is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a scope: give one or more of read, hash, admin")]
pub struct ScopesInvalid(pub String);

impl FromStr for Scopes {
    type Err = ScopesInvalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let scope = |word: &str| {
            let known = Scope::ALL.into_iter().find(|scope| scope.name() == word.trim());
            known.ok_or_else(|| ScopesInvalid(word.to_owned()))
        };
        text.split(',').map(scope).collect::<Result<Vec<_>, _>>().map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_printed_as_they_are_parsed() {
        for text in ["read", "hash", "admin", "read,hash", "read,hash,admin"] {
            assert_eq!(text.parse::<Scopes>().unwrap().to_string(), text);
        }
        assert_eq!("admin, read".parse::<Scopes>().unwrap(), Scopes::new([Scope::Read, Scope::Admin]));
        assert!(!Scopes::new([Scope::Read]).allows(Scope::Hash));
        assert!("".parse::<Scopes>().is_err());
        assert_eq!("write".parse::<Scopes>(), Err(ScopesInvalid("write".to_owned())));
    }
}
