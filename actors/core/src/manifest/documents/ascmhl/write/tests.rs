use proptest::prelude::*;

use super::super::read_generation;
use super::*;

/// Of `hello` and LF (md5sum), and of nothing.
const MD5: [&str; 2] = ["b1946ac92492d2347c6235b4d2611184", "d41d8cd98f00b204e9800998ecf8427e"];

fn md5(digits: &str) -> Digest {
    Digest::from_hex(Algorithm::Md5, digits).unwrap()
}

fn original(digest: Digest) -> [(Digest, Action); 1] {
    [(digest, Action::Original)]
}

/// A folder with one file in it, as in the samples.
fn with<R>(path: &[u8], read: impl Fn(&NewGeneration<'_>) -> R) -> R {
    let created: Timestamp = "2020-01-02T03:04:05.678Z".parse().unwrap();
    let digests = original(md5(MD5[0]));
    let empty = [DirectoryDigest { content: md5(MD5[1]), structure: md5(MD5[1]) }];
    read(&NewGeneration {
        created,
        hostname: "host",
        tool: "hivesum",
        tool_version: "0.1.0",
        ignored: &[".DS_Store", "ascmhl", "ascmhl/"],
        root: &[],
        files: &[NewFile { path, size: 6, modified_at: Some(created), digests: &digests }],
        directories: &[NewDirectory { path: b"empty", digests: &empty }],
    })
}

/// `ascmhl diff`, `ascmhl create` and `ascmhl-debug verify` (1.2) accept this generation with its chain.
const WRITTEN: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0">
  <creatorinfo>
    <creationdate>2020-01-02T03:04:05+00:00</creationdate>
    <hostname>host</hostname>
    <tool version="0.1.0">hivesum</tool>
  </creatorinfo>
  <processinfo>
    <process>in-place</process>
    <ignore>
      <pattern>.DS_Store</pattern>
      <pattern>ascmhl</pattern>
      <pattern>ascmhl/</pattern>
    </ignore>
  </processinfo>
  <hashes>
    <hash>
      <path size="6" lastmodificationdate="2020-01-02T03:04:05+00:00">a &amp; b</path>
      <md5 action="original">b1946ac92492d2347c6235b4d2611184</md5>
    </hash>
    <directoryhash>
      <path>empty</path>
      <content>
        <md5>d41d8cd98f00b204e9800998ecf8427e</md5>
      </content>
      <structure>
        <md5>d41d8cd98f00b204e9800998ecf8427e</md5>
      </structure>
    </directoryhash>
  </hashes>
</hashlist>
"#;

#[test]
fn a_generation_is_written_as_the_schema_has_it() {
    assert_eq!(with(b"a & b", |generation| write_generation(generation).unwrap()), WRITTEN);
}

#[test]
fn the_name_of_a_generation_has_its_number_folder_and_time() {
    let created = "2026-11-28T21:45:12Z".parse().unwrap();
    assert_eq!(generation_file_name(1, b"film", created).unwrap(), "0001_film_2026-11-28_214512Z.mhl");
    assert!(generation_file_name(1, b"\xff", created).is_err());
}

#[test]
fn what_the_format_cannot_carry_is_refused_by_name() {
    for name in [&b"\xff"[..], b"", b"a\x01", b"a\0", "a\u{ffff}".as_bytes()] {
        let refused = with(name, |generation| write_generation(generation).unwrap_err());
        assert_eq!(refused, NotWritable::Name(String::from_utf8_lossy(name).into_owned()));
    }
    let digests = original(Digest::new(Algorithm::Blake3, &[0; 32]).unwrap());
    let file = NewFile { path: b"a", size: 0, modified_at: None, digests: &digests };
    let write = |files: &[NewFile<'_>]| {
        write_generation(&NewGeneration {
            files,
            hostname: "h",
            tool: "t",
            tool_version: "1",
            ..NewGeneration::default()
        })
    };
    assert_eq!(write(std::slice::from_ref(&file)), Err(NotWritable::Algorithm(Algorithm::Blake3)));
    assert_eq!(write(&[NewFile { digests: &[], ..file }]), Err(NotWritable::Nothing));
    assert_eq!(write(&[]), Err(NotWritable::Nothing));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        name in "[^\0\u{1}-\u{8}\u{b}\u{c}\u{e}-\u{1f}\u{fffe}\u{ffff}]{1,20}",
        size: u64,
        second in 0..4_000_000_000_i64,
        bytes: [u8; 64],
        action in prop::sample::select(vec![Action::Original, Action::Verified, Action::Failed]),
    ) {
        let created = Timestamp::from_second(second).unwrap();
        let of = |algorithm: Algorithm| Digest::new(algorithm, &bytes[..algorithm.digest_bytes()]).unwrap();
        let algorithms = [Algorithm::Sha512, Algorithm::Md5, Algorithm::Sha1, Algorithm::Xxh3_64, Algorithm::Xxh3_128];
        let digests = algorithms.map(|algorithm| (of(algorithm), action));
        let directory = algorithms.map(|algorithm| DirectoryDigest { content: of(algorithm), structure: of(algorithm) });
        let generation = NewGeneration {
            created,
            hostname: &name,
            tool: &name,
            tool_version: &name,
            ignored: &[&name],
            root: &directory,
            files: &[NewFile { path: name.as_bytes(), size, modified_at: Some(created), digests: &digests }],
            directories: &[NewDirectory { path: name.as_bytes(), digests: &directory }],
        };
        let read = read_generation(write_generation(&generation).unwrap().as_bytes()).unwrap();
        let record = &read.files[0].record;
        prop_assert_eq!((&record.name[..], record.size, record.modified_at), (name.as_bytes(), Some(size), Some(created.into())));
        let expected: Vec<_> = match action {
            Action::Failed => vec![],
            Action::Original | Action::Verified => algorithms.map(of).to_vec(),
        };
        let claimed = |claims: &[crate::manifest::Claimed]| claims.iter().map(|one| (one.tag(), one.as_bytes().to_vec())).collect::<Vec<_>>();
        let own = |digests: &[Digest]| digests.iter().map(|one| (Some(one.algorithm()), one.as_bytes().to_vec())).collect::<Vec<_>>();
        prop_assert_eq!(claimed(&record.digests), own(&expected));
        prop_assert_eq!(claimed(&read.directories[0].content), own(&algorithms.map(of)));
        prop_assert_eq!(claimed(&read.root.structure), own(&algorithms.map(of)));
        prop_assert_eq!(&read.directories[0].path[..], name.as_bytes());
        prop_assert_eq!(&read.ignored[0], &name);
    }
}
