//! What is looked at, and what is found wrong with it.

use std::fmt;

/// How many faults are kept.
pub const MAX_FAULTS: usize = 1000;

/// An object, as far as it is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// The bytes of `inventory.json` in its root.
    pub inventory: &'a [u8],
    /// The bytes of the sidecar of that; `None` if there is none.
    pub sidecar: Option<&'a [u8]>,
    /// The bytes of the declaration, `0=ocfl_object_1.x`; `None` if they are not known.
    pub declaration: Option<&'a [u8]>,
    /// The names of all its files, relative to its root.
    pub files: &'a [&'a [u8]],
}

/// What is wrong with an object, or should be better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The code of the specification, such as `E023`.
    pub code: &'static str,
    /// Where and what, in words.
    pub what: String,
}

impl Fault {
    /// Whether the object is invalid for it. Otherwise it is a warning.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.code.starts_with('E')
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.what)
    }
}

/// The version of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spec {
    V1_0,
    V1_1,
}

impl Spec {
    pub(super) fn of_number(number: &str) -> Option<Self> {
        match number {
            "1.0" => Some(Self::V1_0),
            "1.1" => Some(Self::V1_1),
            _ => None,
        }
    }

    pub(super) const fn number(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
        }
    }
}

/// The faults that were found, at most [`MAX_FAULTS`].
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, code: &'static str, what: impl Into<String>) {
        if self.0.len() < MAX_FAULTS {
            self.0.push(Fault { code, what: what.into() });
        }
    }
}
