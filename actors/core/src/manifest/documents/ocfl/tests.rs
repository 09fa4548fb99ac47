use super::*;
use crate::digest::Algorithm;

/// ocfl-py 2.1.0: `ocfl-object.py build --digest sha256 --fixity md5`, of two versions.
const BUILT: &str = include_str!("samples/inventory.json");

/// The same with a digest in the fixity block.
fn inventory() -> String {
    let md5 = "\"md5\": {\"b1946ac92492d2347c6235b4d2611184\": [\"v1/content/a/hello\"]}";
    BUILT.replace("\"md5\": {}", md5)
}

#[test]
fn a_content_file_has_the_digests_of_manifest_and_fixity() {
    let records = read(inventory().as_bytes()).unwrap();
    assert_eq!((records.len(), &records[0].name[..]), (2, &b"v1/content/a/hello"[..]));
    let digest = |algorithm| hex::encode(records[0].digest_of(algorithm).unwrap().as_bytes());
    // printf 'hello\n' | sha256sum; | md5sum
    assert_eq!(digest(Algorithm::Sha256), "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
    assert_eq!(digest(Algorithm::Md5), "b1946ac92492d2347c6235b4d2611184");
}

#[test]
fn algorithms_that_are_lacking_are_left_out_of_fixity_and_refused_in_the_manifest() {
    let text = inventory().replace("\"md5\": {", "\"snefru\": {\"00\": [\"v1/content/a/hello\"]}, \"md5\": {");
    assert_eq!(read(text.as_bytes()).unwrap()[0].digests.len(), 2);
    let error = read(BUILT.replace("\"sha256\"", "\"snefru\"").as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "its digest algorithm \"snefru\" is not supported");
    let sized = BUILT.replace("\"md5\": {", "\"size\": {\"6\": [\"v1/content/a/hello\"]}, \"md5\": {");
    assert_eq!(read(sized.as_bytes()).unwrap()[0].size, Some(6));
}

#[test]
fn it_is_recognised_by_its_type_or_its_name() {
    assert!(recognises(b"", BUILT.as_bytes()));
    assert!(recognises(b"x/inventory.json", b"{\"digestAlgorithm\": \"sha512\","));
    assert!(!recognises(b"", b"{\"digestAlgorithm\": \"sha512\","));
    assert!(!recognises(b"inventory.json", b"{}") && !recognises(b"inventory.json", b"[\"digestAlgorithm\":"));
}

#[test]
fn what_is_wrong_is_said() {
    for (from, to, why) in [
        ("b1946a", "", "the md5 of \"v1/content/a/hello\" is not a digest of this algorithm"),
        ("\"manifest\"", "\"m\"", "line 49: the member \"manifest\" is missing"),
        ("\"v2/content/abc\"", "\"\"", "a name is empty"),
        ("\"v2/content/abc\"", "7", "line 13: a number stands where a text is needed"),
    ] {
        assert_eq!(read(inventory().replacen(from, to, 1).as_bytes()).unwrap_err().to_string(), why);
    }
}
