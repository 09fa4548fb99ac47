use std::process::Command;

use hivesum_test_support::has_tool;

use super::super::super::carried::is_of_mtree;
use super::super::super::entry::Claimed;
use super::super::tests::{Outcomes, outcomes, read_all, show};
use super::*;
use crate::digest::{Algorithm, Digest};

const MD5: &str = "b1946ac92492d2347c6235b4d2611184";

/// Made by `mtree -c -K sha256` of mtree-netbsd 20180822, shortened.
const NETBSD: &str = r"#	   user: (null)
#	machine: vm

# .
/set type=file uid=0 gid=0 mode=0644 nlink=1 flags=none
.               type=dir mode=0755 nlink=3 time=1700000000.500000000
    a           size=6 time=1700000000.500000000 \
                sha256=5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
    b\sc        size=1 time=1700000000.500000000 \
                sha256=2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881
    del\^?\^[\M^@\M^?z \
                size=1 time=1700000000.500000000 \
                sha256=4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a
    link        type=link mode=0777 time=1700000000.500000000 link=a

# ./dir
dir             type=dir mode=0755 nlink=3 time=1700000000.500000000
    e\#f        size=1 time=1700000000.500000000 \
                sha256=a1fce4363854ff888cff4b8e7875d600c2682390412a8cf79b37d0b11148b0fa

# ./dir/sub
sub             type=dir mode=0755 nlink=2 time=1700000000.500000000
    caf\M-C\M-) size=1 time=1700000000.500000000 \
                sha256=594e519ae499312b29433b7dd8a97ff068defcba9755b6d5d00e84c524d67b06
# ./dir/sub
..

# ./dir
..

";

/// Made by `bsdtar --format=mtree` of libarchive 3.6.2 with type, size, time, cksum, md5 and sha256, shortened.
const LIBARCHIVE: &str = r"#mtree
/set type=file
. time=1700000000.500000000 type=dir
./a time=1700000000.500000000 size=6 cksum=3015617425 md5digest=b1946ac92492d2347c6235b4d2611184 sha256digest=5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
./link time=1700000000.500000000 type=link
./dir time=1700000000.500000000 type=dir
./dir/e\043f time=1700000000.500000000 size=1 md5digest=415290769594460e2e485922904f345d
./dir/sub/caf\303\251 time=1700000000.0 size=1 md5digest=fbade9e36a3f36d3d676c1b808451dd7
";

/// Made by `mtree -C` and `mtree -D` of mtree-netbsd 20180822, shortened.
const FULL: &str = r". type=dir time=1700000000.500000000 
./a type=file size=6 time=1700000000.500000000 md5=b1946ac92492d2347c6235b4d2611184 
./link type=link time=1700000000.500000000 
./=eq type=file size=1 time=1700000000.500000000 md5=c81e728d9d4c2f636f067f89cc14862c 
";
const NAME_LAST: &str = r"type=dir time=1700000000.500000000 .
type=file size=6 time=1700000000.500000000 md5=b1946ac92492d2347c6235b4d2611184 ./a
type=link time=1700000000.500000000 ./link
type=file size=1 time=1700000000.500000000 md5=c81e728d9d4c2f636f067f89cc14862c ./=eq
";

fn read(text: &str) -> Vec<String> {
    show(&read_all(Mtree::default(), text))
}

#[test]
fn nested_entries_are_read_with_their_directories_sizes_and_times() {
    assert_eq!(
        read(NETBSD),
        [
            "a 6 sha256:5891b5b5",
            "b c 1 sha256:2d711642",
            "del\\x7f\\x1b\\x80\\xffz 1 sha256:4b227777",
            "dir/e#f 1 sha256:a1fce436",
            "dir/sub/café 1 sha256:594e519a",
        ]
    );
    let time = "2023-11-14T22:13:20.5Z".parse().unwrap();
    assert!(read_all(Mtree::default(), NETBSD).iter().all(|record| record.modified_at == Some(time)));
}

#[test]
fn full_paths_are_read_at_either_end_of_the_line() {
    let expected = ["a 6 md5:b1946ac9 sha256:5891b5b5", "dir/e#f 1 md5:41529076", "dir/sub/café 1 md5:fbade9e3"];
    assert_eq!(read(LIBARCHIVE), expected);
    for text in [FULL, NAME_LAST] {
        assert_eq!(read(text), ["a 6 md5:b1946ac9", "=eq 1 md5:c81e728d"]);
    }
}

#[test]
fn specifications_are_recognised_and_leave_no_line_unread() {
    for text in [NETBSD, LIBARCHIVE, FULL, NAME_LAST] {
        assert!(recognises(b"", text.as_bytes()), "{text}");
        assert_eq!(outcomes(Mtree::default(), text).not_read, 0);
        assert_eq!(read(&text.replace('\n', "\r\n")), read(text));
    }
    for text in ["", "# a\n", &format!("{MD5}  ./a\n"), &format!("{MD5} .\n"), &format!("./a {MD5}\n"), ". a\n"] {
        assert!(!recognises(b"a.mtree", text.as_bytes()), "{text}");
    }
}

#[test]
fn the_words_of_freebsd_are_read_and_those_of_no_digest_are_ignored() {
    let line = format!(
        "a type=file optional nochange cksum=1 gostdigest=zz flags=none md5digest={MD5} md5=0x{MD5} sha1digest={}",
        "0".repeat(40)
    );
    assert_eq!(read(&line), ["a ? md5:b1946ac9 md5:b1946ac9 sha1:00000000"]);
}

#[test]
fn set_and_unset_decide_what_an_entry_without_a_type_is() {
    let text =
        format!("/set type=link\na md5={MD5}\n/unset type\nb md5={MD5}\n/set mode=1 type=file\nc md5={MD5}\nd\n");
    assert_eq!(read(&text), ["b ? md5:b1946ac9", "c ? md5:b1946ac9"]);
    assert_eq!(outcomes(Mtree::default(), &text).not_read, 1, "d is a file without a digest");
    assert_eq!(outcomes(Mtree::default(), "a\nb time=1.0\n").not_read, 0, "what nothing is known of is ignored");
}

#[test]
fn entries_that_cannot_be_read_are_not_read() {
    for line in [
        "a type=file",
        "a type=file size=1",
        "a size=1",
        "a type=file md5=00",
        "a type=file size=x md5=M",
        "a type=file time=1.1000000000 md5=M",
        "a type=what md5=M",
        "a\\q type=file md5=M",
        "a\\000 type=file md5=M",
        "a\\057b type=file md5=M",
        "..",
        "a type=file md5=M \\",
    ] {
        let text = line.replace('M', MD5);
        let entries = u64::from(line.ends_with("M \\"));
        assert_eq!(outcomes(Mtree::default(), &text), Outcomes { entries, not_read: 1 - entries }, "{line}");
    }
}

#[test]
fn what_is_below_a_directory_without_a_name_is_not_read() {
    let text = format!(
        "/set type=file\n. type=dir\nx\\q type=dir\na md5={MD5}\ny type=dir\nb md5={MD5}\n..\n..\nc md5={MD5}\n"
    );
    assert_eq!(read(&text), ["c ? md5:b1946ac9"]);
    assert_eq!(outcomes(Mtree::default(), &text).not_read, 4);
}

#[test]
fn the_depth_of_directories_and_the_length_of_an_entry_are_bounded() {
    let mut form = Mtree::default();
    let down = format!("{} type=dir", "d".repeat(255));
    for _ in 0..1000 {
        form.read_line(down.as_bytes(), &mut Record::default());
        assert!(form.directory.len() < MAX_DIRECTORY_BYTES);
    }
    let entry = format!("a type=file md5={MD5}");
    assert_eq!(form.read_line(entry.as_bytes(), &mut Record::default()), LineIs::NotRead);
    for _ in 0..999 {
        assert_eq!(form.read_line(b"..", &mut Record::default()), LineIs::Ignored);
    }
    assert_eq!(form.read_line(entry.as_bytes(), &mut Record::default()), LineIs::Entry);
    form.read_line(b"a type=file \\", &mut Record::default());
    for _ in 0..3 * MAX_BLOCK_BYTES / 1000 {
        assert_eq!(form.read_line(&[&[b'x'; 1000][..], b"\\"].concat(), &mut Record::default()), LineIs::Ignored);
        assert!(form.entry.len() <= MAX_BLOCK_BYTES);
    }
    assert_eq!(form.read_line(format!("md5={MD5}").as_bytes(), &mut Record::default()), LineIs::NotRead);
    assert_eq!(form.read_line(entry.as_bytes(), &mut Record::default()), LineIs::Entry);
}

fn record(name: &[u8], algorithm: Algorithm, hex: &str) -> Record {
    let digests = vec![Claimed::of(Digest::from_hex(algorithm, hex).unwrap())];
    Record { name: name.to_vec(), digests, ..Record::default() }
}

fn write(records: &[Record]) -> String {
    let (mut out, mut writer) = (Vec::new(), Writer::default());
    Writer::write_header(&mut out);
    for record in records {
        writer.write_line(&mut out, record).unwrap();
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn a_written_file_has_a_full_path_after_its_directories() {
    let mut first = record(b"./d/e/a b", Algorithm::Md5, MD5);
    (first.size, first.modified_at) = (Some(6), Some("1969-12-31T23:59:58.5Z".parse().unwrap()));
    let records = [first, record(b"d/f", Algorithm::Md5, MD5), record(b"d.x/g", Algorithm::Md5, MD5)];
    let expected = format!(
        "#mtree\n. type=dir\n./d type=dir\n./d/e type=dir\n./d/e/a\\040b type=file size=6 time=-2.500000000 md5digest={MD5}\n\
         ./d/f type=file md5digest={MD5}\n./d.x type=dir\n./d.x/g type=file md5digest={MD5}\n"
    );
    assert_eq!(write(&records), expected);
}

#[test]
fn what_mtree_cannot_carry_is_refused_and_nothing_is_written() {
    let mut out = Vec::new();
    for name in [&b"/a"[..], b"a/../b", b"././a", b"a//b", b"a/", b"", b"./", b"a\0b"] {
        assert!(Writer::default().write_line(&mut out, &record(name, Algorithm::Md5, MD5)).is_err(), "{name:?}");
    }
    let crc = record(b"a", Algorithm::Crc32, "00000000");
    let none = Record { digests: Vec::new(), ..crc.clone() };
    let two =
        Record { digests: [&crc.digests[..], &record(b"a", Algorithm::Md5, MD5).digests].concat(), ..crc.clone() };
    for record in [crc, none, two] {
        assert!(Writer::default().write_line(&mut out, &record).unwrap_err().contains("digest"));
    }
    assert!(out.is_empty() && is_of_mtree(Algorithm::Md5) && !is_of_mtree(Algorithm::Blake3));
}

#[test]
fn mtree_and_bsdtar_read_what_is_written() {
    if !has_tool("mtree") || !has_tool("bsdtar") {
        return;
    }
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(tree.path().join("d/e")).unwrap();
    let names = ["d/e/a b", "d/f#g", "d/caf\u{e9}\\", "=h"];
    let md5 = |name: &str| record(name.as_bytes(), Algorithm::Md5, MD5);
    for name in names {
        std::fs::write(tree.path().join(name), "hello\n").unwrap();
    }
    let check = |records: &[Record]| {
        let specification = tree.path().with_extension("mtree");
        std::fs::write(&specification, write(records)).unwrap();
        let mtree = Command::new("mtree").args(["-p"]).arg(tree.path()).arg("-f").arg(&specification).output().unwrap();
        let listed = Command::new("bsdtar").arg("-tf").arg(&specification).env("LC_ALL", "C.UTF-8").output().unwrap();
        std::fs::remove_file(specification).unwrap();
        (mtree, String::from_utf8(listed.stdout).unwrap())
    };
    let (mtree, listed) = check(&names.map(md5));
    assert!(mtree.status.success() && mtree.stdout.is_empty(), "{mtree:?}");
    let listed: Vec<_> = listed.lines().collect();
    assert_eq!(listed, [".", "./d", "./d/e", "./d/e/a b", "./d/f#g", "./d/caf\u{e9}\\\\", "./=h"]);
    let other = record(b"=h", Algorithm::Md5, &MD5.replace('b', "c"));
    let (mtree, _) = check(&[md5(names[0]), md5(names[1]), md5(names[2]), other]);
    let said = String::from_utf8_lossy(&mtree.stdout).into_owned();
    assert!(!mtree.status.success() && said.contains("md5"), "{said}");
}
