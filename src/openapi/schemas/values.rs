//! Names, digests and numbers, with exactly the values that the API accepts.

use std::collections::{BTreeMap, BTreeSet};

use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::Format;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Digests by the name of their algorithm, in the requested order.
#[derive(serde::Serialize, ToSchema)]
#[schema(example = json!({ "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" }))]
pub(crate) struct Digests(BTreeMap<String, String>);

/// The name of an algorithm.
pub(crate) struct AlgorithmName;

impl PartialSchema for AlgorithmName {
    fn schema() -> RefOr<Schema> {
        words(Algorithm::ALL.map(Algorithm::name)).into()
    }
}

impl ToSchema for AlgorithmName {}

/// Names of algorithms; one that is named twice is computed once.
pub(crate) struct AlgorithmNames;

impl PartialSchema for AlgorithmNames {
    fn schema() -> RefOr<Schema> {
        let names = ArrayBuilder::new().items(AlgorithmName::schema()).min_items(Some(1));
        names.build().into()
    }
}

impl ToSchema for AlgorithmNames {}

/// A digest with the name of its algorithm: `sha256:HEX`.
pub(crate) struct ExpectedDigest;

impl PartialSchema for ExpectedDigest {
    fn schema() -> RefOr<Schema> {
        let each = Algorithm::ALL.map(|known| format!("{}:[0-9a-f]{{{}}}", known.name(), 2 * known.digest_bytes()));
        pattern(&format!("^({})$", each.join("|")))
    }
}

impl ToSchema for ExpectedDigest {}

/// A digest to search for: `sha256:HEX`, or hex alone, with the length of some algorithm's digests.
pub(crate) struct WantedDigest;

impl PartialSchema for WantedDigest {
    fn schema() -> RefOr<Schema> {
        let digits = |algorithm: Algorithm| 2 * algorithm.digest_bytes();
        let named = Algorithm::ALL.map(|known| format!("{}:[0-9a-fA-F]{{{}}}", known.name(), digits(known)));
        let lengths: BTreeSet<usize> = Algorithm::ALL.into_iter().map(digits).collect();
        let bare = lengths.into_iter().map(|length| format!("[0-9a-fA-F]{{{length}}}"));
        let each: Vec<String> = named.into_iter().chain(bare).collect();
        pattern(&format!("^({})$", each.join("|")))
    }
}

impl ToSchema for WantedDigest {}

/// A path below a root: components separated by single `/`, none of them empty, `.` or `..`. An empty path is the root
/// itself.
pub(crate) struct PathBeneath;

impl PartialSchema for PathBeneath {
    fn schema() -> RefOr<Schema> {
        // A component that starts with no dot, with exactly one dot, or with two dots and more.
        let component = r"([^./\u0000][^/\u0000]*|\.[^./\u0000][^/\u0000]*|\.\.[^/\u0000]+)";
        pattern(&format!("^({component}(/{component})*)?$"))
    }
}

impl ToSchema for PathBeneath {}

/// A position in a listing, as `next_cursor` gives it: unpadded base64url.
pub(crate) struct Cursor;

impl PartialSchema for Cursor {
    fn schema() -> RefOr<Schema> {
        pattern("^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?$")
    }
}

impl ToSchema for Cursor {}

/// A string that matches this pattern.
fn pattern(pattern: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).build().into()
}

/// An unsigned number of 64 bits, without the format `int64`, which would halve its range.
pub(crate) struct Whole;

/// The same without 0.
pub(crate) struct Positive;

/// A positive number of 32 bits.
pub(crate) struct Seconds;

impl PartialSchema for Whole {
    fn schema() -> RefOr<Schema> {
        whole(0, u64::MAX)
    }
}

impl PartialSchema for Positive {
    fn schema() -> RefOr<Schema> {
        whole(1, u64::MAX)
    }
}

impl PartialSchema for Seconds {
    fn schema() -> RefOr<Schema> {
        whole(1, u32::MAX.into())
    }
}

impl ToSchema for Whole {}
impl ToSchema for Positive {}
impl ToSchema for Seconds {}

fn whole(least: usize, most: u64) -> RefOr<Schema> {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(Some(most as usize));
    number.build().into()
}

/// A digest field of RFC 9530.
pub(crate) struct DigestField;

impl PartialSchema for DigestField {
    fn schema() -> RefOr<Schema> {
        pattern("^(sha-256=:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=:|sha-512=:[A-Za-z0-9+/]{85}[AQgw]==:)$")
    }
}

impl ToSchema for DigestField {}

/// The format of a manifest.
pub(crate) struct ManifestFormat;

impl PartialSchema for ManifestFormat {
    fn schema() -> RefOr<Schema> {
        words(Format::ALL.map(Format::name)).into()
    }
}

impl ToSchema for ManifestFormat {}

/// One of these words.
pub(super) fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}
