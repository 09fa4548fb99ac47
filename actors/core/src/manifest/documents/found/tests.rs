use proptest::prelude::*;

use super::debian::Layout;
use super::*;

/// A tree of files, each with its name; `a -> b` is a link.
struct Names(Vec<&'static str>);

impl Names {
    fn files(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied().filter(|name| !name.contains(" -> "))
    }
}

impl Tree for Names {
    fn names(&self, directory: &[u8]) -> Option<Vec<Vec<u8>>> {
        let directory = str::from_utf8(directory).ok()?;
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let names = self.files().filter_map(|name| name.strip_prefix(&prefix));
        let mut names: Vec<_> = names.map(|name| name.split('/').next().unwrap_or(name).as_bytes().to_vec()).collect();
        names.sort();
        names.dedup();
        (!names.is_empty()).then_some(names)
    }

    fn is_file(&self, name: &[u8]) -> bool {
        self.files().any(|file| file.as_bytes() == name)
    }

    fn link(&self, name: &[u8]) -> Option<Vec<u8>> {
        let mut links = self.0.iter().filter_map(|name| name.split_once(" -> "));
        links.find(|(link, _)| link.as_bytes() == name).map(|(_, target)| target.as_bytes().to_vec())
    }
}

fn found(names: &[&'static str]) -> (Found, Vec<String>) {
    let found = look(&Names(names.to_vec()));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let manifests = found.manifests.iter().map(|one| format!("{} in {:?}", text(&one.manifest), text(&one.base)));
    let manifests = manifests.collect();
    (found, manifests)
}

#[test]
fn a_bag_brings_its_manifests_and_covers_its_payload() {
    let names = ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-md5.txt", "manifest-x", "data/a"];
    let (found, manifests) = found(&names);
    assert_eq!(manifests, ["manifest-sha256.txt in \"\"", "tagmanifest-md5.txt in \"\""]);
    assert_eq!(found.to_string(), "a bag");
    assert!(found.must_be_listed(b"data/b") && !found.must_be_listed(b"bag-info.txt"));
}

#[test]
fn a_debian_system_brings_one_manifest_per_package_and_covers_no_other_files() {
    let names =
        ["var/lib/dpkg/info/a.md5sums", "var/lib/dpkg/info/a.list", "var/lib/dpkg/info/b:amd64.md5sums", "etc/x"];
    let (found, manifests) = found(&names);
    assert_eq!(manifests, ["var/lib/dpkg/info/a.md5sums in \"\"", "var/lib/dpkg/info/b:amd64.md5sums in \"\""]);
    assert_eq!(found.to_string(), "a Debian system of 2 packages");
    assert!(!found.must_be_listed(b"etc/x"));
}

#[test]
fn a_python_environment_brings_its_records_relative_to_their_site_packages() {
    let site = "lib/python3.11/site-packages/a-1.0.dist-info/RECORD";
    let (found, manifests) = found(&[site, "lib/python3.11/site-packages/b-1.0.dist-info/METADATA", "bin/python"]);
    assert_eq!(manifests, [format!("{site} in \"lib/python3.11/site-packages\"")]);
    assert_eq!(found.to_string(), "a Python environment of 1 distribution");
    let resolve = |name: &str| found.manifests[0].resolve(name.as_bytes()).map(|name| String::from_utf8(name).unwrap());
    assert_eq!(resolve("a/__init__.py").unwrap(), "lib/python3.11/site-packages/a/__init__.py");
    assert_eq!(resolve("../../../bin/a").unwrap(), "bin/a");
    assert_eq!(resolve("./a//b").unwrap(), "lib/python3.11/site-packages/a/b");
    assert_eq!((resolve("../../../../a"), resolve("/etc/passwd")), (None, None));
}

#[test]
fn site_packages_alone_is_an_environment() {
    let (_, manifests) = found(&["a-1.0.dist-info/RECORD", "a/__init__.py"]);
    assert_eq!(manifests, ["a-1.0.dist-info/RECORD in \"\""]);
}

#[test]
fn a_vendor_directory_brings_one_manifest_per_crate() {
    let (found, manifests) = found(&["fnv/.cargo-checksum.json", "fnv/lib.rs", "hex/.cargo-checksum.json", "x/lib.rs"]);
    assert_eq!(manifests, ["fnv/.cargo-checksum.json in \"fnv\"", "hex/.cargo-checksum.json in \"hex\""]);
    assert_eq!(found.to_string(), "a cargo vendor directory of 2 crates");
    assert!(found.must_be_listed(b"fnv/new.rs") && !found.must_be_listed(b"fnv/.cargo-checksum.json"));
}

#[test]
fn an_ocfl_object_brings_its_inventory_and_covers_its_content() {
    let (found, manifests) = found(&["0=ocfl_object_1.1", "inventory.json", "inventory.json.sha512", "v1/content/a"]);
    assert_eq!(
        (manifests, found.to_string()),
        (vec!["inventory.json in \"\"".to_owned()], "an OCFL object".to_owned())
    );
    for own in ["0=ocfl_object_1.1", "inventory.json.sha512", "v1/inventory.json", "logs/x", "extensions/a/b"] {
        assert!(!found.must_be_listed(own.as_bytes()), "{own}");
    }
    assert!(found.must_be_listed(b"v1/content/b") && found.must_be_listed(b"x"));
}

#[test]
fn the_history_of_a_media_hash_list_brings_its_chain() {
    let (found, manifests) = found(&["ascmhl/ascmhl_chain.xml", "ascmhl/0001_a.mhl", "a.mov", "sub/ascmhl/0001_b.mhl"]);
    assert_eq!(manifests, ["ascmhl/ascmhl_chain.xml in \"\""]);
    assert_eq!(found.to_string(), "the history of an ASC Media Hash List");
    assert!(!found.must_be_listed(b"sub/ascmhl/0001_b.mhl") && found.must_be_listed(b"b.mov"));
}

#[test]
fn what_only_looks_like_checksums_is_not_guessed_at() {
    for names in
        [&["SHA256SUMS", "a"][..], &["inventory.json"], &["manifest-md5.txt", "data/a"], &["ascmhl/0001_a.mhl"], &[]]
    {
        assert_eq!(found(names).0, Found::default(), "{names:?}");
    }
}

#[test]
fn several_kinds_are_all_found() {
    let (found, _) = found(&["bagit.txt", "manifest-md5.txt", "ascmhl/ascmhl_chain.xml", "data/a"]);
    assert_eq!(found.to_string(), "a bag; the history of an ASC Media Hash List");
}

#[test]
fn the_number_of_manifests_is_bounded() {
    let mut found = Found::default();
    (0..=MAX_MANIFESTS).for_each(|_| found.add(Kind::Debian, vec![], vec![]));
    assert!(found.is_cut);
    assert_eq!(found.manifests.len(), MAX_MANIFESTS);
}

/// Links and diversions as on Debian 12; the second is of dash.
#[test]
fn files_of_packages_are_looked_for_where_links_and_diversions_put_them() {
    let tree = Names(vec!["bin -> usr/bin", "lib -> /usr/lib", "sbin -> ../x", "lib64 -> ."]);
    let diversions = b"/usr/bin/perf\n/usr/bin/perf.real\nlinux-perf\n/bin/sh\n/bin/sh.distrib\n:\n/cut\n";
    let layout = Layout::of(&tree, diversions);
    let place = |package: &str, name: &str| {
        let manifest = format!("var/lib/dpkg/info/{package}.md5sums");
        String::from_utf8(layout.place(manifest.as_bytes(), name.as_bytes())).unwrap()
    };
    assert_eq!(place("coreutils", "bin/ls"), "usr/bin/ls");
    assert_eq!(place("libc6:amd64", "lib/x86_64-linux-gnu/libc.so.6"), "usr/lib/x86_64-linux-gnu/libc.so.6");
    assert_eq!(
        (place("a", "sbin/x"), place("a", "lib64/x"), place("a", "bin")),
        ("sbin/x".into(), "lib64/x".into(), "bin".into())
    );
    assert_eq!(place("other", "usr/bin/perf"), "usr/bin/perf.real");
    assert_eq!(place("linux-perf", "usr/bin/perf"), "usr/bin/perf");
    assert_eq!(place("dash", "bin/sh"), "usr/bin/sh.distrib");
    assert_eq!(Layout::of(&Names(vec![]), b"").place(b"a.md5sums", b"bin/ls"), b"bin/ls");
}

proptest! {
    #[test]
    fn no_name_leads_out_or_makes_it_panic(
        base in "[a./]{0,6}",
        name in "[a./]{0,12}",
        diversions in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let manifest = FoundManifest { kind: Kind::Python, manifest: vec![], base: base.into_bytes() };
        if let Some(resolved) = manifest.resolve(name.as_bytes()) {
            prop_assert!(!resolved.starts_with(b"/"));
            prop_assert!(!resolved.split(|&byte| byte == b'/').any(|part| matches!(part, b"." | b"..")) || manifest.base.contains(&b'.'));
        }
        let _ = Layout::of(&Names(vec!["bin -> usr/bin"]), &diversions).place(name.as_bytes(), name.as_bytes());
    }
}
