use super::*;

/// ascmhl 1.2: `ascmhl create . -h c4 -h md5 -h xxh128`.
const GENERATION: &str = include_str!("samples/first_generation.mhl");

#[test]
fn files_and_directories_of_a_generation_are_kept_apart() {
    let generation = read_generation(GENERATION.as_bytes()).unwrap();
    let names: Vec<_> = generation.files.iter().map(|file| String::from_utf8_lossy(&file.record.name)).collect();
    assert_eq!(names, ["Clips/A/a.mov", "Clips/b.mov", "S & \"q\".txt", "nothing.txt"]);
    let directories: Vec<_> = generation.directories.iter().map(|one| String::from_utf8_lossy(&one.path)).collect();
    assert_eq!(directories, ["Clips/A", "Clips", "empty"]);
    assert_eq!(generation.ignored, [".DS_Store", "ascmhl", "ascmhl/"]);
    assert_eq!((generation.root.content.len(), generation.root.structure.len()), (3, 3));
    assert_eq!(generation.references, []);
    assert_eq!(read(GENERATION.as_bytes()).unwrap().len(), 4);
}

#[test]
fn a_file_has_its_size_time_and_digests() {
    let record = &read(GENERATION.as_bytes()).unwrap()[0];
    assert_eq!((record.size, record.modified_at.unwrap().to_string()), (Some(6), "2020-01-02T03:04:05Z".to_owned()));
    let digest = |algorithm| hex::encode(record.digest_of(algorithm).unwrap().as_bytes());
    // printf 'hello\n' | md5sum; | xxhsum -H2; | sha512sum
    assert_eq!(digest(Algorithm::Md5), "b1946ac92492d2347c6235b4d2611184");
    assert_eq!(digest(Algorithm::Xxh3_128), "6bba86c7e069f56d5a10b435f1c8e49c");
    assert!(digest(Algorithm::Sha512).starts_with("e7c22b994c59d9cf2b48e549b1e24666636045930d3da7c1acb299d1c3b7f931"));
}

#[test]
fn references_to_histories_below_are_read() {
    let id = "c43XrH9G3nQGwHjLPH98iab1LZX53LNj4LXKd7Ajw22hKRpWGzkFLeAHxuJAckPx4dnxQVQVkxTUy962xtix2SDL4B";
    let references = format!(
        "<references><hashlistreference><path>A/ascmhl/0002_A.mhl</path><c4>{id}</c4></hashlistreference></references>"
    );
    let text = GENERATION.replace("</hashlist>", &format!("{references}</hashlist>"));
    let generation = read_generation(text.as_bytes()).unwrap();
    assert_eq!(generation.references[0].path, b"A/ascmhl/0002_A.mhl");
    assert_eq!(generation.references[0].sha512.unwrap().tag(), Some(Algorithm::Sha512));
}

#[test]
fn metadata_is_not_taken_for_an_entry() {
    let hash = "<hashes><hash><path>x</path><md5>900150983cd24fb0d6963f7d28e17f72</md5></hash></hashes>";
    let text = GENERATION.replace("</hashes>", &format!("</hashes><metadata>{hash}</metadata>"));
    assert_eq!(read_generation(text.as_bytes()), read_generation(GENERATION.as_bytes()));
    let text = GENERATION.replacen("</hash>", &format!("<metadata>{hash}<path/></metadata></hash>"), 1);
    assert_eq!(read_generation(text.as_bytes()), read_generation(GENERATION.as_bytes()));
}

#[test]
fn every_element_with_a_digest_is_that_of_one_algorithm_and_back() {
    for (element, name) in ELEMENTS {
        if let Ok(algorithm) = name.parse::<Algorithm>() {
            // ascmhl 1.2 does not see a file that has no other digest, and the schema has no such element.
            let written = (element != "xxh32").then_some(element);
            assert_eq!((algorithm.name(), element_of(algorithm)), (name, written));
        }
    }
    assert_eq!(element_of(Algorithm::Blake3), None);
}

#[test]
fn it_is_recognised_by_its_namespace() {
    assert!(recognises(b"", GENERATION.as_bytes()));
    assert!(recognises(b"", include_bytes!("samples/chain.xml")));
    assert!(!recognises(b"ascmhl/0001.mhl", b"<hashlist version=\"1.1\">"));
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (from, to, why) in [
        ("urn:ASC:MHL:v2.0", "urn:x", "it is not a hash list of urn:ASC:MHL:v2.0"),
        ("hashlist", "list", "the root is \"list\", not a hash list"),
        ("size=\"6\"", "size=\"-6\"", "line 30: the size is not a number"),
        (">b1946ac9", ">c1", "line 32: the md5 of \"this entry\" is not a digest of this algorithm"),
        (">c45dkQ", ">c40dkQ", "line 31: the C4 ID of \"this entry\" is not a digest of this algorithm"),
        ("Clips/A/a.mov<", "<", "line 30: a name is empty"),
        ("</hashes>", "<hash></hash></hashes>", "an entry has no path"),
        ("</hashlist>", "", "the document is truncated"),
    ] {
        let text = GENERATION.replace(from, to);
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.ends_with(why), "{error}: {why}");
    }
}
