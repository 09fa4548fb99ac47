use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;

/// ocfl-py 2.1.0: `ocfl-object.py build --digest sha256 --fixity md5`, of two versions.
const INVENTORY: &str = include_str!("../samples/inventory.json");

const FILES: [&str; 9] = [
    "0=ocfl_object_1.1",
    "inventory.json",
    "inventory.json.sha256",
    "v1/inventory.json",
    "v1/inventory.json.sha256",
    "v1/content/a/hello",
    "v2/inventory.json",
    "v2/inventory.json.sha256",
    "v2/content/abc",
];

/// Of the two files.
const HELLO: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// The codes of an object besides W004, which all have: SHA-256 was chosen for its shorter digits.
fn codes(inventory: &str, files: &[&str]) -> Vec<&'static str> {
    let sidecar = format!("{} inventory.json\n", hex::encode(Sha256::digest(inventory)));
    let files: Vec<&[u8]> = files.iter().map(|name| name.as_bytes()).collect();
    let declaration = Some(&b"ocfl_object_1.1\n"[..]);
    let object =
        Object { inventory: inventory.as_bytes(), sidecar: Some(sidecar.as_bytes()), declaration, files: &files };
    let mut codes: Vec<_> = validate(&object).iter().map(|fault| fault.code).filter(|code| *code != "W004").collect();
    codes.dedup();
    codes
}

/// The codes after a change of the inventory.
fn changed(from: &str, to: &str) -> Vec<&'static str> {
    let inventory = INVENTORY.replacen(from, to, 1);
    assert_ne!(inventory, INVENTORY, "{from}");
    codes(&inventory, &FILES)
}

/// The codes with one more file.
fn with(name: &str) -> Vec<&'static str> {
    codes(INVENTORY, &[&FILES[..], &[name]].concat())
}

/// The codes without a file.
fn without(name: &str) -> Vec<&'static str> {
    assert!(FILES.contains(&name));
    codes(INVENTORY, &FILES.into_iter().filter(|file| *file != name).collect::<Vec<_>>())
}

#[test]
fn an_object_of_another_tool_is_valid_with_its_warning() {
    // The sidecar as ocfl-object.py wrote it.
    let sidecar = b"649c2571f34c118cde4736301b5274e14cda3c7730e2a5955e950afa94832a2c inventory.json\n";
    let files = FILES.map(str::as_bytes);
    let object = Object { inventory: INVENTORY.as_bytes(), sidecar: Some(sidecar), declaration: None, files: &files };
    let faults = validate(&object);
    let [fault] = &faults[..] else { panic!("{faults:?}") };
    assert!(!fault.is_error());
    assert_eq!(fault.to_string(), "W004: the digestAlgorithm is sha256, not sha512");
}

/// Named as the official fixtures are, made of our own object.
#[test]
fn files_that_are_missing_or_too_many_have_the_codes_of_the_specification() {
    for (fixture, found, expected) in [
        ("E001_extra_dir_in_root", with("extra_dir/file"), &["E001"][..]),
        ("E001_extra_file_in_root", with("extra_file"), &["E001"]),
        ("E001_v2_file_in_root", with("v3"), &["E001"]),
        ("E003_no_decl", without("0=ocfl_object_1.1"), &["E003"]),
        ("E003_two_declarations", with("0=ocfl_object_1.0"), &["E003"]),
        ("E004_no_t", with("ocfl_object_1.1"), &["E004"]),
        ("E005_t_not_0", with("1=ocfl_object_1.1"), &["E005"]),
        ("E006_unknown_version", with("0=ocfl_object_9.9"), &["E006", "E003"]),
        ("E006_storage_root", with("0=ocfl_1.1"), &["E006", "E003"]),
        ("E015_content_not_in_content_dir", with("v1/a_file.txt"), &["E015"]),
        ("E023_extra_file", with("v1/content/file2"), &["E023"]),
        ("E046_root_not_most_recent", with("v3/inventory.json"), &["E046"]),
        ("E058_no_sidecar", without("inventory.json.sha256"), &["E058"]),
        ("E058_no_sidecar_in_version", without("v1/inventory.json.sha256"), &["E058"]),
        ("E059_other_sidecar", with("inventory.json.sha512"), &["E059"]),
        ("E063_no_inv", without("inventory.json"), &["E063"]),
        ("E067_file_in_extensions_dir", with("extensions/extra_file"), &["E067"]),
        ("E092_content_path_does_not_exist", without("v2/content/abc"), &["E092"]),
        ("W002_extra_dir_in_version_dir", with("v1/extra_dir/file"), &["W002"]),
        ("W010_no_version_inventory", without("v1/inventory.json"), &["W010"]),
        ("logs", with("logs/a"), &[]),
        ("registered_extension", with("extensions/0009-digest-algorithms/a"), &[]),
    ] {
        assert_eq!(found, expected, "{fixture}");
    }
    let missing = FILES.into_iter().filter(|name| !name.starts_with("v2/")).collect::<Vec<_>>();
    assert_eq!(codes(INVENTORY, &missing), ["E046", "E092", "W010"], "E046_missing_version_dir");
}

#[test]
fn keys_of_the_inventory_have_the_codes_of_the_specification() {
    for (fixture, from, to, expected) in [
        ("E017_invalid_content_dir", "\"head\"", "\"contentDirectory\": \"a/b\", \"head\"", &["E017"][..]),
        ("E017_not_a_string", "\"head\"", "\"contentDirectory\": 1, \"head\"", &["E017"]),
        ("E018_dots", "\"head\"", "\"contentDirectory\": \"..\", \"head\"", &["E018"]),
        ("E108_empty", "\"head\"", "\"contentDirectory\": \"\", \"head\"", &["E108"]),
        ("E036_no_id", "\"id\": \"urn:x:1\",", "", &["E036"]),
        ("E036_no_head", "\"head\": \"v2\",", "", &["E036"]),
        ("E037_empty_id", "urn:x:1", "", &["E037"]),
        ("E038_type_not_str", "\"https://ocfl.io/1.1/spec/#inventory\"", "1", &["E038"]),
        ("E038_other_version", "1.1/spec", "1.0/spec", &["E038"]),
        ("E040_head_not_most_recent", "\"head\": \"v2\"", "\"head\": \"v1\"", &["E040"]),
        ("E040_wrong_head_format", "\"head\": \"v2\"", "\"head\": 2", &["E040"]),
        ("E040_wrong_head_doesnt_exist", "\"head\": \"v2\"", "\"head\": \"v3\"", &["E040"]),
        ("E102_unknown_key", "\"head\"", "\"other\": 1, \"head\"", &["E102"]),
        ("W005_id_not_uri", "urn:x:1", "not_a_uri", &["W005"]),
        ("E111_null_fixity", "{\n    \"md5\": {}\n  }", "null", &["E111"]),
        ("E056_unknown_algorithm", "\"md5\": {}", "\"sm3\": {}", &["E056"]),
        ("E057_no_object", "\"md5\": {}", "\"md5\": []", &["E057"]),
        ("E057_no_list", "{}", "{\"b1946ac92492d2347c6235b4d2611184\": 1}", &["E057"]),
        ("E057_bad_digest", "{}", "{\"b1946ac9\": [\"v1/content/a/hello\"]}", &["E057"]),
        ("E057_not_in_manifest", "{}", "{\"b1946ac92492d2347c6235b4d2611184\": [\"v1/content/x\"]}", &["E057"]),
        ("size", "\"md5\": {}", "\"size\": {\"6\": [\"v1/content/a/hello\"]}", &[]),
    ] {
        assert_eq!(changed(from, to), expected, "{fixture}");
    }
    let digest = "b1946ac92492d2347c6235b4d2611184";
    let twice = format!("{{\"{digest}\": [], \"{}\": []}}", digest.to_uppercase());
    assert_eq!(changed("{}", &twice), ["E097"], "E097_fixity_duplicate_digests");
    assert_eq!(changed("{}", &twice.to_lowercase()), ["E097"], "E097_fixity_repeated_digest");
}

#[test]
fn the_manifest_and_the_states_have_the_codes_of_the_specification() {
    let manifest = |to: &str| {
        let (start, end) = (INVENTORY.find("\"manifest\"").unwrap(), INVENTORY.find("\"type\"").unwrap());
        changed(&INVENTORY[start..end], to)
    };
    let (hello, abc) = (format!("\"{HELLO}\": [\"v1/content/a/hello\""), format!("\"{ABC}\": [\"v2/content/abc\"]"));
    let with_path = |path: &str| manifest(&format!("\"manifest\": {{{hello}, {path}], {abc}}},"));
    assert_eq!(manifest("\"manifest\": [],"), ["E106", "E050", "E023"], "E041_manifest_not_object");
    assert_eq!(manifest(""), ["E041", "E050", "E023"], "E041_no_manifest");
    assert_eq!(with_path("\"v1/content/a/hello\""), ["E101"], "E101_non_unique_content_paths");
    assert_eq!(with_path("\"v1/content/a\""), ["E101", "E092"], "E101_conflicting_content_paths");
    assert_eq!(with_path("\"/v1/content/x\""), ["E100"], "E100_manifest_invalid_content_paths");
    assert_eq!(with_path("\"v1/content/../x\""), ["E099"], "E099_bad_content_path_elements");
    assert_eq!(with_path("\"v1/xyz\", \"v9/content/x\""), ["E042"], "E042_bad_manifest_content_path");
    assert_eq!(with_path("7"), ["E092"], "E092_path_not_a_string");
    let upper = |digest: &str| digest.to_uppercase();
    let more = |entry: &str| manifest(&format!("\"manifest\": {{{hello}], {abc}, {entry}}},"));
    assert_eq!(more(&format!("\"{}\": []", upper(ABC))), ["E096"], "E096_manifest_duplicate_digests");
    assert_eq!(more(&format!("\"{ABC}\": []")), ["E096"], "E096_manifest_repeated_digest");
    assert_eq!(more(&format!("\"{}\": []", "0".repeat(64))), ["E107"], "E107_file_in_manifest_not_used");
    assert_eq!(more(&format!("\"{}\": {{}}", "0".repeat(64))), ["E092", "E107"], "E092_no_list");
    assert_eq!(more("\"00\": []"), ["E025", "E107"], "E025_bad_digest");

    let state = |to: &str| changed("\"state\": {\n        \"5891", &format!("\"state\": {{{to}\n        \"5891"));
    assert_eq!(state(&format!("\"{}\": [],", "0".repeat(64))), ["E050"], "E050_state_digest_not_in_manifest");
    assert_eq!(state(&format!("\"{}\": [],", upper(HELLO))), ["E050"], "E050_state_digest_different_case");
    assert_eq!(state(&format!("\"{HELLO}\": [],")), ["E050"], "E050_state_repeated_digest");
    assert_eq!(state(&format!("\"{ABC}\": 1,")), ["E050"], "E050_no_list");
    for (fixture, paths, expected) in [
        ("E051_not_a_string", "1", &["E051"][..]),
        ("E053_E052_invalid_logical_paths", "\"/a\", \"a/\", \"../a\", \"x//y\"", &["E053", "E052"]),
        ("E095_non_unique_logical_paths", "\"a/hello\"", &["E095"]),
        ("E095_conflicting_logical_paths", "\"a\"", &["E095"]),
        ("E095_conflicting_logical_paths", "\"a/hello/b/c/d\"", &["E095"]),
    ] {
        assert_eq!(state(&format!("\"{ABC}\": [{paths}],")), expected, "{fixture}");
    }
}

#[test]
fn versions_have_the_codes_of_the_specification() {
    for (fixture, from, to, expected) in [
        ("E048_no_created", "\"created\": \"2020-01-02T03:04:05Z\",", "", &["E048"][..]),
        ("E049_created_no_timezone", "03:04:05Z", "03:04:05", &["E049"]),
        ("E049_created_not_to_seconds", "03:04:05Z", "03:04Z", &["E049"]),
        ("E049_not_a_string", "\"2020-01-02T03:04:05Z\"", "1", &["E049"]),
        ("E054_no_name", "\"name\": \"A\"", "\"name\": \"\"", &["E054"]),
        (
            "E054_not_an_object",
            "{\n        \"address\": \"mailto:a@example.org\",\n        \"name\": \"A\"\n      }",
            "1",
            &["E054"],
        ),
        ("E094_message_not_a_string", "\"first\"", "1", &["E094"]),
        ("E102_unknown_key", "\"message\"", "\"x\": 1, \"message\"", &["E102"]),
        ("E102_unknown_key_of_user", "\"address\"", "\"x\": 1, \"address\"", &["E102"]),
        ("W007_no_message", "\"message\": \"first\",", "", &["W007"]),
        ("W008_user_no_address", "\"address\": \"mailto:a@example.org\",", "", &["W008"]),
        ("W009_user_address_not_uri", "mailto:a@example.org", "1 Main Street", &["W009"]),
    ] {
        assert_eq!(changed(from, to), expected, "{fixture}");
    }
    let versions = |to: &str| {
        let start = INVENTORY.find("\"versions\"").unwrap();
        changed(&INVENTORY[start..], to)
    };
    assert_eq!(versions("\"head\": \"v2\"}"), ["E043", "E046"], "E043_no_versions");
    assert_eq!(versions("\"versions\": []}"), ["E044", "E046"], "E044_not_an_object");
    assert_eq!(versions("\"versions\": {}}"), ["E008", "E046"], "E008_no_versions");
    let codes = versions("\"versions\": {\"v1\": 1, \"v2\": {}}}");
    assert_eq!(codes, ["E047", "E048", "W007", "E048", "E107"], "E047_not_an_object");
}

#[test]
fn version_numbers_have_the_codes_of_the_specification() {
    // Every name of the versions, in the inventory and on the disk.
    let renamed = |names: [&str; 2]| {
        let rename = |text: &str| text.replace("v2", names[1]).replace("v1", names[0]);
        let files: Vec<String> = FILES.iter().map(|name| rename(name)).collect();
        codes(&rename(INVENTORY), &files.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(renamed(["v001", "v002"]), ["W001"], "W001_zero_padded_versions");
    assert_eq!(renamed(["v1", "v3"])[..1], ["E010"], "E010_missing_versions");
    assert_eq!(renamed(["v2", "v3"])[..1], ["E009"], "E009_version_two_only");
    assert_eq!(renamed(["v01", "v002"]), ["W001", "E012"], "E012_inconsistent_version_format");
    assert_eq!(renamed(["v1", "v02"]), ["E012"], "E012_inconsistent_version_format");
    assert_eq!(renamed(["v01", "v2"]), ["W001", "E011"], "E011_E013_invalid_padded_head_version");
    assert_eq!(renamed(["v1", "1"])[..1], ["E046"], "E001_invalid_version_format");
    assert_eq!(renamed(["v1", "v01"])[..1], ["E012"]);
}

#[test]
fn the_sidecar_and_the_declaration_are_compared() {
    let files = FILES.map(str::as_bytes);
    let of = |sidecar: &str, declaration: &str| {
        let (sidecar, declaration) = (Some(sidecar.as_bytes()), Some(declaration.as_bytes()));
        let object = Object { inventory: INVENTORY.as_bytes(), sidecar, declaration, files: &files };
        validate(&object).iter().map(|fault| fault.code).filter(|code| *code != "W004").collect::<Vec<_>>()
    };
    let (digest, declaration) = (hex::encode(Sha256::digest(INVENTORY)), "ocfl_object_1.1\n");
    for good in [format!("{digest} inventory.json"), format!("{}\t inventory.json\r\n", digest.to_uppercase())] {
        assert_eq!(of(&good, declaration), Vec::<&str>::new(), "{good}");
    }
    assert_eq!(of(&format!("{HELLO} inventory.json\n"), declaration), ["E060"], "E060_root_inventory_digest_mismatch");
    for wrong in
        ["", HELLO, "inventory.json", &format!("{digest} inventory.jsonx"), &format!(" {digest} inventory.json")]
    {
        assert_eq!(of(wrong, declaration), ["E061"], "E061_invalid_sidecar");
    }
    assert_eq!(of(&format!("{digest} inventory.json"), "ocfl_object_1.1"), ["E007"], "E007_bad_declaration_contents");
}

#[test]
fn what_is_not_an_inventory_is_e033_and_another_algorithm_e025() {
    for text in ["", "{", "[]", "\u{feff}{}", "null"] {
        assert_eq!(codes(text, &FILES), ["E033"], "E033_inventory_bad_json {text}");
    }
    assert_eq!(codes("{}", &FILES), ["E036", "E041", "E043", "E036", "E046"]);
    assert_eq!(changed("\"sha256\"", "\"md5\""), ["E025"], "E025_wrong_digest_algorithm");
}

#[test]
fn an_object_of_1_0_has_the_codes_of_1_0() {
    let files: Vec<_> = FILES.into_iter().map(|name| name.replace("1.1", "1.0")).collect();
    let of = |from: &str, to: &str| {
        let inventory = INVENTORY.replace("1.1/spec", "1.0/spec").replacen(from, to, 1);
        codes(&inventory, &files.iter().map(String::as_str).collect::<Vec<_>>())
    };
    // The declaration in the tests is that of 1.1.
    assert_eq!(of("{\n    \"md5\": {}\n  }", "null"), ["E007", "E056"], "E056_null_fixity");
    assert_eq!(of("\"versions\"", "\"v\""), ["E007", "E102", "E041", "E046"], "E041_no_versions");
}

#[test]
fn the_number_of_faults_is_bounded() {
    let files: Vec<String> = (0..2 * MAX_FAULTS).map(|number| format!("v1/content/{number}")).collect();
    let files: Vec<&[u8]> = files.iter().map(|name| name.as_bytes()).collect();
    let object = Object { inventory: INVENTORY.as_bytes(), sidecar: None, declaration: None, files: &files };
    assert_eq!(validate(&object).len(), MAX_FAULTS);
}

proptest! {
    #[test]
    fn no_inventory_makes_the_validator_panic(
        cuts in prop::collection::vec((0..INVENTORY.len(), 0..40_usize, "[\"{}\\[\\]:,0-9a-zA-Z/. \u{e9}]{0,6}"), 0..6),
        files in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..6),
        sidecar in prop::collection::vec(any::<u8>(), 0..90),
    ) {
        let mut inventory = INVENTORY.as_bytes().to_vec();
        for (at, length, text) in cuts {
            let at = at.min(inventory.len());
            let end = (at + length).min(inventory.len());
            inventory.splice(at..end, text.bytes());
        }
        let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).chain(FILES.map(str::as_bytes)).collect();
        let object = Object { inventory: &inventory, sidecar: Some(&sidecar), declaration: Some(&sidecar), files: &files };
        let faults = validate(&object);
        prop_assert!(faults.iter().all(|fault| fault.code.len() == 4));
    }
}
