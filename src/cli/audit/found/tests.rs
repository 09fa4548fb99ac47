use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use hivesum_core::digest::Algorithm;
use sha2::{Digest as _, Sha512};

use super::*;

/// Of `hello` and LF: md5sum and sha256sum.
const MD5: &str = "b1946ac92492d2347c6235b4d2611184";
const SHA256: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| write(dir.path(), name, text));
    dir
}

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn of(dir: &Path) -> FoundBaseline {
    find(dir.as_os_str()).unwrap().expect("something is found")
}

fn names(baseline: &FoundBaseline) -> Vec<String> {
    let mut names: Vec<_> =
        baseline.records.iter().map(|record| String::from_utf8_lossy(&record.name).into_owned()).collect();
    names.sort();
    names
}

#[test]
fn an_ordinary_directory_brings_nothing() {
    let dir = tree(&[("SHA256SUMS", "x"), ("a", "b")]);
    assert!(find(dir.path().as_os_str()).unwrap().is_none());
    assert!(find(OsStr::new("/no/such/directory")).unwrap_err().to_string().contains("/no/such/directory"));
}

#[test]
fn a_debian_system_is_read_where_its_links_lead() {
    let dir = tree(&[
        ("var/lib/dpkg/info/a.md5sums", &format!("{MD5}  bin/a\n{MD5}  usr/share/a b\n")),
        ("var/lib/dpkg/info/b.md5sums", &format!("{MD5}  usr/bin/b\n{MD5}  usr/bin/c\nnonsense\n")),
        ("var/lib/dpkg/diversions", "/usr/bin/b\n/usr/bin/b.real\na\n"),
    ]);
    symlink("usr/bin", dir.path().join("bin")).unwrap();
    let baseline = of(dir.path());
    assert_eq!(names(&baseline), ["usr/bin/a", "usr/bin/b.real", "usr/bin/c", "usr/share/a b"]);
    assert!(baseline.records.iter().all(|record| record.digests[0].tag() == Some(Algorithm::Md5)));
    assert_eq!(baseline.to_string(), "found a Debian system of 2 packages; not read: 1 line (3)");
    baseline.baseline().unwrap();
}

/// Of `hello` and LF: `openssl dgst -sha256 -binary | basenc --base64url`, without padding, as in a RECORD of pip.
#[test]
fn a_python_environment_is_read_with_its_scripts() {
    let site = "lib/python3.11/site-packages";
    let row = "sha256=WJG1tSLV3whtD_CxEPvZ0hu0_HFjrzTQgoai6Eb2vgM,6";
    let record = format!(
        "a/__init__.py,{row}\na/__pycache__/x.pyc,,\n../../../bin/a,{row}\n../../../../x,{row}\na-1.0.dist-info/RECORD,,\n"
    );
    let dir = tree(&[(&format!("{site}/a-1.0.dist-info/RECORD"), &record)]);
    let baseline = of(dir.path());
    assert_eq!(names(&baseline), ["bin/a", "lib/python3.11/site-packages/a/__init__.py"]);
    assert!(baseline.records.iter().all(|record| hex::encode(record.digests[0].as_bytes()) == SHA256));
    let said = "found a Python environment of 1 distribution; 1 file outside of the directory";
    assert_eq!(baseline.to_string(), said);
}

#[test]
fn vendored_crates_are_read_and_a_broken_manifest_is_an_error() {
    let checksums = format!("{{\"files\":{{\"src/lib.rs\":\"{SHA256}\"}},\"package\":\"{SHA256}\"}}");
    let dir = tree(&[("fnv/.cargo-checksum.json", &checksums), ("hex/.cargo-checksum.json", &checksums)]);
    let baseline = of(dir.path());
    assert_eq!(names(&baseline), ["fnv/src/lib.rs", "hex/src/lib.rs"]);
    assert_eq!(baseline.to_string(), "found a cargo vendor directory of 2 crates");
    write(dir.path(), "hex/.cargo-checksum.json", "{");
    let error = find(dir.path().as_os_str()).unwrap_err();
    assert!(format!("{error:#}").starts_with("hex/.cargo-checksum.json: line 1: EOF"), "{error:#}");
}

#[test]
fn an_ocfl_object_and_a_bag_are_read() {
    let inventory = format!(
        "{{\"type\":\"https://ocfl.io/1.1/spec/#inventory\",\"digestAlgorithm\":\"sha256\",\"manifest\":{{\"{SHA256}\":[\"v1/content/a\"]}}}}"
    );
    let dir = tree(&[("0=ocfl_object_1.1", ""), ("inventory.json", &inventory)]);
    assert_eq!(names(&of(dir.path())), ["v1/content/a"]);
    let manifest = format!("{SHA256}  data/a\n");
    let bag = tree(&[("bagit.txt", ""), ("manifest-sha256.txt", &manifest), ("data/a", "hello\n")]);
    let baseline = of(bag.path());
    assert_eq!((names(&baseline), baseline.to_string()), (vec!["data/a".to_owned()], "found a bag".to_owned()));
    assert_eq!(baseline.records[0].digests[0].tag(), Some(Algorithm::Sha256));
}

/// A generation with one file, and its chain.
fn add_history(dir: &Path, folder: &str, file: &str, references: &str) {
    let generation = format!(
        "<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"><hashes><hash><path>{file}</path><md5>{MD5}</md5></hash>\
         </hashes>{references}</hashlist>"
    );
    let id = hivesum_core::manifest::documents::c4::encode(&Sha512::digest(&generation).into());
    let chain = format!(
        "<ascmhldirectory xmlns=\"urn:ASC:MHL:DIRECTORY:v2.0\"><hashlist sequencenr=\"1\"><path>0001.mhl</path>\
         <c4>{id}</c4></hashlist></ascmhldirectory>"
    );
    write(dir, &format!("{folder}ascmhl/0001.mhl"), &generation);
    write(dir, &format!("{folder}ascmhl/ascmhl_chain.xml"), &chain);
}

#[test]
fn the_histories_of_a_folder_and_below_are_read_and_a_changed_generation_is_refused() {
    let dir = tree(&[]);
    let id = hivesum_core::manifest::documents::c4::encode(&[0; 64]);
    let reference = format!(
        "<references><hashlistreference><path>A/ascmhl/0001.mhl</path><c4>{id}</c4></hashlistreference></references>"
    );
    add_history(dir.path(), "", "a.mov", &reference);
    add_history(dir.path(), "A/", "b.mov", "");
    let baseline = of(dir.path());
    assert_eq!(names(&baseline), ["A/b.mov", "a.mov"]);
    assert_eq!(baseline.to_string(), "found the history of an ASC Media Hash List");
    write(dir.path(), "A/ascmhl/0001.mhl", "<hashlist/>");
    let error = format!("{:#}", find(dir.path().as_os_str()).unwrap_err());
    let expected = "ascmhl/ascmhl_chain.xml: A/ascmhl/0001.mhl: it is not what the chain says: it was changed";
    assert_eq!(error, expected);
}

#[test]
fn a_fifo_or_a_link_in_the_place_of_a_manifest_is_not_opened() {
    let dir = tree(&[("a/lib.rs", "")]);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        dir.path().join("a/.cargo-checksum.json"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    symlink("/etc/passwd", dir.path().join("inventory.json")).unwrap();
    write(dir.path(), "0=ocfl_object_1.1", "");
    assert!(find(dir.path().as_os_str()).unwrap().is_none());
}
