//! The scopes of a token: any of four, written `read,hash,admin`.

use std::fmt;
use std::str::FromStr;

/// One scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every GET request, for jobs that the token made itself.
    Read = 1,
    /// Hashing, verifying and cancelling.
    Hash = 2,
    /// Deleting, and access to the jobs of others.
    Admin = 4,
    /// Every GET request, for jobs whoever made them: what monitoring needs. It contains [`Scope::Read`].
    ReadAll = 8,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Read, Self::ReadAll, Self::Hash, Self::Admin];

    /// Its name on the command line and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadAll => "read:all",
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
    pub const ALL: Self = Self(Scope::Read as u8 | Scope::Hash as u8 | Scope::Admin as u8 | Scope::ReadAll as u8);

    /// The set of these scopes.
    #[must_use]
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | scope as u8))
    }

    /// Whether the set contains this scope, or one that contains it.
    #[must_use]
    pub const fn allows(self, scope: Scope) -> bool {
        let enough = match scope {
            Scope::Read => Scope::Read as u8 | Scope::ReadAll as u8,
            Scope::Hash | Scope::Admin | Scope::ReadAll => scope as u8,
        };
        self.0 & enough != 0
    }

    /// The names of the scopes that the set allows, also of those that others contain.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Scope::ALL.into_iter().filter(move |&scope| self.allows(scope)).map(Scope::name)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_given = |scope: &Scope| self.0 & *scope as u8 != 0;
        let names: Vec<_> = Scope::ALL.into_iter().filter(is_given).map(Scope::name).collect();
        f.write_str(&names.join(","))
    }
}

/// A word that is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a scope: give one or more of read, read:all, hash, admin")]
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
        for text in ["read", "hash", "admin", "read:all", "read,hash", "read,read:all,hash,admin", "read,hash,admin"] {
            assert_eq!(text.parse::<Scopes>().unwrap().to_string(), text);
        }
        assert_eq!("admin, read".parse::<Scopes>().unwrap(), Scopes::new([Scope::Read, Scope::Admin]));
        assert!(!Scopes::new([Scope::Read]).allows(Scope::Hash));
        let all: Scopes = "read:all".parse().unwrap();
        assert!(all.allows(Scope::Read) && !all.allows(Scope::Hash) && !all.allows(Scope::Admin));
        assert!(!Scopes::new([Scope::Read, Scope::Hash, Scope::Admin]).allows(Scope::ReadAll));
        assert_eq!(all.names().collect::<Vec<_>>(), ["read", "read:all"]);
        assert!("".parse::<Scopes>().is_err());
        assert_eq!("write".parse::<Scopes>(), Err(ScopesInvalid("write".to_owned())));
    }
}
