//! `hivesum bag make` and `bag check`, and the `bagit` package of PyPI as a second opinion.

use hivesum_test_support::has_tool;

use super::support::{Place, Ran};

/// A percent sign is not among them: RFC 8493 has it encoded, and the PyPI package (1.9) neither writes nor reads
/// `%25`.
fn contents() -> Place {
    Place::with(&[
        (b"bag/a b", b"1"),
        (b"bag/data/x", b"22"),
        (b"bag/n\nl", b"333"),
        (b"bag/d/caf\xc3\xa9", b"4444"),
        (b"bag/d/empty", b""),
    ])
}

fn check(place: &Place) -> Ran {
    place.hivesum(["bag", "check", "bag"])
}

/// Whether the PyPI package is there; it says what it thinks of the bag.
fn second_opinion(place: &Place) -> Option<bool> {
    if !has_tool("bagit.py") {
        return None;
    }
    Some(place.run("bagit.py", ["--validate", "bag"]).code == Some(0))
}

#[test]
fn a_directory_becomes_a_bag_that_others_accept() {
    let place = contents();
    let made = place.hivesum(["bag", "make", "bag", "-a", "sha256,sha512"]);
    let said = "hivesum: 5 files, 10 bytes in a bag\n";
    assert_eq!((made.code, made.stderr().as_str(), made.stdout().as_str()), (Some(0), said, ""));
    assert_eq!(place.read("bag/bagit.txt"), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
    assert!(place.read("bag/bag-info.txt").ends_with("Payload-Oxum: 10.5\n"));
    let manifest = place.read("bag/manifest-sha256.txt");
    assert!(manifest.contains("  data/n%0Al\n") && manifest.contains("  data/data/x\n"), "{manifest}");
    assert_eq!(check(&place).well(), "valid: 5 files, 10 bytes\n");
    assert_ne!(second_opinion(&place), Some(false));
    assert_eq!(place.hivesum(["bag", "make", "bag"]).code, Some(1), "it is one already");
}

#[test]
fn a_percent_sign_is_encoded_as_the_standard_has_it() {
    let place = Place::with(&[(b"bag/100%0A", b"1")]);
    assert_eq!(place.hivesum(["bag", "make", "bag"]).code, Some(0));
    assert!(place.read("bag/manifest-sha256.txt").ends_with("  data/100%250A\n"));
    assert_eq!(check(&place).well(), "valid: 1 files, 1 bytes\n");
}

#[test]
fn everything_that_is_wrong_with_a_bag_is_told() {
    let place = contents();
    assert_eq!(place.hivesum(["bag", "make", "bag"]).code, Some(0));
    place.write("bag/data/a b", "2");
    place.write("bag/data/more", "x");
    std::fs::remove_file(place.path("bag/data/d/empty")).unwrap();
    place.write("bag/bagit.txt", "BagIt-Version: 1.0\n");
    let ran = check(&place);
    assert_eq!(ran.code, Some(1));
    let expected = "bagit.txt: does not have exactly two lines\n\
                    data/d/empty: is missing, manifest-sha256.txt lists it\n\
                    'data/a b': is not what manifest-sha256.txt says\n\
                    data/more: is not listed in manifest-sha256.txt\n\
                    bagit.txt: is not what tagmanifest-sha256.txt says\n\
                    not valid: 6 faults\n";
    let mut lines: Vec<_> = ran.stdout().lines().map(str::to_owned).collect();
    lines.sort();
    let mut wanted: Vec<_> = expected.lines().map(str::to_owned).collect();
    wanted.push("bag-info.txt: says 10.5 of the payload, which is 11.5".to_owned());
    wanted.sort();
    assert_eq!(lines, wanted);
    assert_ne!(second_opinion(&place), Some(true));
}

#[test]
fn manifests_that_lead_out_of_the_bag_are_refused() {
    let place = contents();
    assert_eq!(place.hivesum(["bag", "make", "bag"]).code, Some(0));
    let good = place.read("bag/manifest-sha256.txt");
    let digest = &good[..64];
    for (line, why) in [
        (format!("{digest}  data/../../etc/passwd\n"), "leads out of the bag"),
        (format!("{digest}  /etc/passwd\n"), "leads out of the bag"),
        (format!("{digest}  ~/x\n"), "leads out of the bag"),
        (format!("{digest}  bagit.txt\n"), "names a file that is not in data/"),
        (good.lines().next().unwrap().to_owned() + "\n", "names a file a second time"),
        ("junk\n".to_owned(), "is no entry"),
    ] {
        place.write("bag/manifest-sha256.txt", good.clone() + &line);
        let ran = check(&place);
        let said = format!("manifest-sha256.txt: line 6 {why}\n");
        assert!(ran.code == Some(1) && ran.stdout().contains(&said), "{line}: {}", ran.stdout());
    }
}

#[test]
fn a_name_that_is_not_encoded_where_it_should_be_is_taken_with_a_warning() {
    let place = Place::with(&[(b"bag/100%25", b"1")]);
    assert_eq!(place.hivesum(["bag", "make", "bag"]).code, Some(0));
    let manifest = place.read("bag/manifest-sha256.txt").replace("100%2525", "100%25");
    place.write("bag/manifest-sha256.txt", manifest);
    std::fs::remove_file(place.path("bag/tagmanifest-sha256.txt")).unwrap();
    let ran = check(&place);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), "valid: 1 files, 1 bytes\n"));
    assert!(ran.stderr().contains("its name is not percent-encoded there"), "{}", ran.stderr());
}

#[test]
fn what_no_bag_can_hold_leaves_the_directory_as_it_was() {
    let place = Place::with(&[(b"bag/a", b"1")]);
    place.link("bag/link", "a");
    let ran = place.hivesum(["bag", "make", "bag"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr().contains("link: cannot be put in a bag: symbolic link"), "{}", ran.stderr());
    assert_eq!(std::fs::read_dir(place.path("bag")).unwrap().count(), 2);
    assert_eq!(place.hivesum(["bag", "check", "bag"]).code, Some(1));
    assert_eq!(place.hivesum(["bag", "check", "nothing"]).code, Some(1));
}

#[test]
fn bags_of_the_pypi_package_are_valid_here() {
    if !has_tool("bagit.py") {
        return;
    }
    let place = contents();
    let made = place.run("bagit.py", ["--sha256", "--md5", "bag"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr());
    assert_eq!(check(&place).well(), "valid: 5 files, 10 bytes\n");
}
