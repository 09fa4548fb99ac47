//! The table of the line-based forms of other tools.

use strum::{IntoStaticStr, VariantArray};

use super::aide::Aide;
use super::certutil::Certutil;
use super::deb822::Deb822;
use super::gentoo::Gentoo;
use super::get_file_hash::GetFileHash;
use super::gpg::Gpg;
use super::loose::{Loose, Shape};
use super::mtree::Mtree;
use super::wheel_record::WheelRecord;
use super::{LineForm, aide, certutil, deb822, gentoo, get_file_hash, gpg, loose, mtree, wheel_record};

/// A line-based form of another tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, VariantArray, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ForeignForm {
    /// mtree, of NetBSD, FreeBSD and libarchive.
    Mtree,
    /// The database of AIDE.
    Aide,
    /// Debian's `Release`, `.dsc`, `.changes` and `.buildinfo`.
    Deb822,
    /// Gentoo's `Manifest`.
    Gentoo,
    /// The `RECORD` of an installed Python package.
    WheelRecord,
    /// `gpg --print-md`.
    Gpg,
    /// `certutil -hashfile` of Windows.
    Certutil,
    /// PowerShell's `Get-FileHash`.
    GetFileHash,
    /// Name and digest in another order, or with other marks between them.
    Loose,
}

impl ForeignForm {
    /// Every form, in the order in which they are tried.
    pub const ALL: [Self; 9] = crate::variants();

    /// Its name in options.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The form of a text. `name` is its path, which may be empty; `head` its first bytes, at most 1 MiB. `None` if it
    /// is not unmistakably one of them.
    pub(in crate::manifest) fn recognise(name: &[u8], head: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.recognises(name, head))
    }

    fn recognises(self, name: &[u8], head: &[u8]) -> bool {
        match self {
            Self::Mtree => mtree::recognises(name, head),
            Self::Aide => aide::recognises(name, head),
            Self::Deb822 => deb822::recognises(name, head),
            Self::Gentoo => gentoo::recognises(name, head),
            Self::WheelRecord => wheel_record::recognises(name, head),
            Self::Gpg => gpg::recognises(name, head),
            Self::Certutil => certutil::recognises(name, head),
            Self::GetFileHash => get_file_hash::recognises(name, head),
            Self::Loose => loose::recognises(name, head),
        }
    }

    /// A reader of this form for a text with this head.
    pub(in crate::manifest) fn reader(self, head: &[u8]) -> Box<dyn LineForm> {
        match self {
            Self::Mtree => Box::new(Mtree::default()),
            Self::Aide => Box::new(Aide::default()),
            Self::Deb822 => Box::new(Deb822::default()),
            Self::Gentoo => Box::new(Gentoo::default()),
            Self::WheelRecord => Box::new(WheelRecord::default()),
            Self::Gpg => Box::new(Gpg::default()),
            Self::Certutil => Box::new(Certutil::default()),
            Self::GetFileHash => Box::new(GetFileHash::default()),
            Self::Loose => Box::new(Loose::new(Shape::of(head).unwrap_or(Shape::NameFirst))),
        }
    }
}
