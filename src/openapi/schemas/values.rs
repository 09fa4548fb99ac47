//! Names, digests and numbers, with exactly the values that the API accepts.

use std::collections::BTreeMap;

use hivesum_core::digest::{Algorithm, PartMebibytes};
use hivesum_core::manifest::Format;
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// Digests by the name of their algorithm, in the requested order.
#[derive(serde::Serialize, ToSchema)]
#[schema(example = json!({ "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" }))]
pub(crate) struct Digests(BTreeMap<String, String>);

/// The name of an algorithm.
pub(crate) struct AlgorithmName;

impl PartialSchema for AlgorithmName {
    fn schema() -> RefOr<Schema> {
        let with_parameter = of_other_lengths().map(|algorithm| algorithm.name().to_owned());
        let of_parts = of_parts().map(|(name, _)| name);
        let each: Vec<_> = with_parameter.chain(of_parts).collect();
        // One pattern and no choice between two schemas: generators make a class of the choice, which callers must build.
        let usual = Algorithm::ALL.map(Algorithm::name).join("|");
        pattern(&format!("^({usual}|{})$", each.join("|")))
    }
}

impl ToSchema for AlgorithmName {}

/// BLAKE2b and BLAKE3 with other than their usual lengths.
fn of_other_lengths() -> impl Iterator<Item = Algorithm> {
    let both = |bytes: u64| [Algorithm::blake2b(8 * bytes), Algorithm::blake3(8 * bytes)];
    (1..=64).flat_map(both).flatten().filter(|algorithm| !Algorithm::ALL.contains(algorithm))
}

/// The digests of Amazon S3 for parts of N MiB: a pattern for the names of all N, and the length in bytes.
fn of_parts() -> impl Iterator<Item = (String, usize)> {
    let one = PartMebibytes::new(1).into_iter();
    let each = one.flat_map(|one| {
        use Algorithm::{S3Crc32, S3Crc32c, S3Etag, S3Sha1, S3Sha256};
        [S3Etag(one), S3Crc32(one), S3Crc32c(one), S3Sha1(one), S3Sha256(one)]
    });
    // From 1 to PartMebibytes::MAX.
    let up_to_5120 = "([1-9][0-9]{0,2}|[1-4][0-9]{3}|50[0-9]{2}|51[01][0-9]|5120)";
    each.map(move |of_one| (of_one.name().trim_end_matches("1").to_owned() + up_to_5120, of_one.digest_bytes()))
}

/// The name of each algorithm, a colon and a digest of these digits, as a pattern.
fn named_digests(digit: &str) -> String {
    let with_name = Algorithm::ALL.into_iter().chain(of_other_lengths());
    let with_name = with_name.map(|algorithm| (algorithm.name().to_owned(), algorithm.digest_bytes()));
    let each = with_name.chain(of_parts()).map(|(name, bytes)| format!("{name}:{digit}{{{}}}", 2 * bytes));
    each.collect::<Vec<_>>().join("|")
}

/// Names of algorithms; one that is named twice is computed once.
pub(crate) struct AlgorithmNames;

impl PartialSchema for AlgorithmNames {
    fn schema() -> RefOr<Schema> {
        let names = ArrayBuilder::new().items(AlgorithmName::schema()).min_items(Some(1));
        names.build().into()
    }
}

impl ToSchema for AlgorithmNames {}

/// Verdicts on files; one that is named twice counts once.
pub(crate) struct VerdictNames;

impl PartialSchema for VerdictNames {
    fn schema() -> RefOr<Schema> {
        let names = ArrayBuilder::new().items(Ref::from_schema_name("Verdict")).min_items(Some(1));
        names.build().into()
    }
}

impl ToSchema for VerdictNames {}

/// A digest with the name of its algorithm: `sha256:HEX`.
pub(crate) struct ExpectedDigest;

impl PartialSchema for ExpectedDigest {
    fn schema() -> RefOr<Schema> {
        pattern(&format!("^({})$", named_digests("[0-9a-f]")))
    }
}

impl ToSchema for ExpectedDigest {}

/// A digest to search for: `sha256:HEX`, or hex alone.
pub(crate) struct WantedDigest;

impl PartialSchema for WantedDigest {
    fn schema() -> RefOr<Schema> {
        let bare = "([0-9a-fA-F]{2}){1,64}";
        pattern(&format!("^({}|{bare})$", named_digests("[0-9a-fA-F]")))
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

/// The bytes of a path below a root in padded base64, whose components are as those of [`PathBeneath`].
pub(crate) struct PathInBase64;

impl PartialSchema for PathInBase64 {
    fn schema() -> RefOr<Schema> {
        let base64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";
        let of_path = ObjectBuilder::new().schema_type(Type::String).format(own("path-base64"));
        of_path.pattern(Some(base64)).build().into()
    }
}

impl ToSchema for PathInBase64 {}

/// A glob as in a .gitignore that can match something below a root.
pub(crate) struct Glob;

impl PartialSchema for Glob {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).format(own("glob")).build().into()
    }
}

impl ToSchema for Glob {}

/// The name of a format that no pattern can describe.
fn own(name: &str) -> Option<SchemaFormat> {
    Some(SchemaFormat::Custom(name.to_owned()))
}

/// A string that matches this pattern.
fn pattern(pattern: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).build().into()
}

/// The kind of a job that `POST /jobs` makes; `POST /verify` makes the others.
pub(crate) struct SubmittedKind;

impl PartialSchema for SubmittedKind {
    fn schema() -> RefOr<Schema> {
        words(["hash"]).into()
    }
}

impl ToSchema for SubmittedKind {}

/// Bytes as they are. A list of integers, which is what utoipa makes of `Vec<u8>`, has generated clients send the text of
/// such a list, and the digest is of that text.
pub(crate) struct Bytes;

impl PartialSchema for Bytes {
    fn schema() -> RefOr<Schema> {
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(binary)).build().into()
    }
}

impl ToSchema for Bytes {}

/// The text of a manifest, with an entry at least. No pattern describes all forms, so this is a format of our own.
pub(crate) struct ManifestText;

impl PartialSchema for ManifestText {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().min_length(Some(1)).schema_type(Type::String).format(own("checksum-file")).build().into()
    }
}

impl ToSchema for ManifestText {}

/// Several files, as a form sends them: one part at least. Only their order counts, so a part may have any other name
/// than `file`; the head of a part can carry a name with tabs and, escaped, with line breaks, but no other control
/// characters.
pub(crate) struct Files;

impl PartialSchema for Files {
    fn schema() -> RefOr<Schema> {
        let names = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$";
        let names = ObjectBuilder::new().schema_type(Type::String).pattern(Some(names)).build();
        let files = ArrayBuilder::new().items(Bytes::schema()).min_items(Some(1));
        let parts = ObjectBuilder::new().schema_type(Type::Object).min_properties(Some(1)).property_names(Some(names));
        parts.property("file", files.build()).build().into()
    }
}

impl ToSchema for Files {}

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
