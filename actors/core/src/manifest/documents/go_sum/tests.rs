use proptest::prelude::*;

use super::*;

/// The first lines of src/go.sum of Go 1.19.8.
const GO_SUM: &str = "\
golang.org/x/crypto v0.0.0-20220516162934-403b01795ae8 h1:y+mHpWoQJNAHt26Nhh6JP7hvM71IRZureyvZhoVALIs=
golang.org/x/crypto v0.0.0-20220516162934-403b01795ae8/go.mod h1:IxCIyHEi3zRg3s0A5j5BB6A9Jmi73HwBIUl50j+osU4=
";

#[test]
fn the_modules_of_a_go_sum_are_read() {
    let modules = read(GO_SUM.as_bytes()).unwrap();
    let parts: Vec<_> = modules.iter().map(|module| (module.part, module.prefix())).collect();
    let whole = "golang.org/x/crypto@v0.0.0-20220516162934-403b01795ae8/".to_owned();
    assert_eq!(parts, [(Part::Whole, whole), (Part::GoMod, String::new())]);
    assert_eq!(STANDARD.encode(modules[0].digest), "y+mHpWoQJNAHt26Nhh6JP7hvM71IRZureyvZhoVALIs=");
}

/// dirhash.HashDir and dirhash.Hash1 of golang.org/x/mod 0.7.0, of a directory whose files sha256sum digested.
#[test]
fn the_digest_of_a_module_is_that_of_go() {
    let sha256 = |digits: &str| <[u8; 32]>::try_from(hex::decode(digits).unwrap()).unwrap();
    let go_mod = (&b"go.mod"[..], sha256("47256f0dffe4969fdf50acb8a793bccaf7d9f2fcbd86b4bf4094dbb69ddf573f"));
    let files = [
        (&b"z"[..], sha256("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
        (b"x.go", sha256("3ea66a23367f14bd3e79ebd5c296779a4c3c40ef3a2035e23863b56ab5894bc5")),
        (b"sub/s.go", sha256("0f8a30f26053fb832032c5006ccc5646189b16e5f881e36170a813968226becd")),
        go_mod,
    ];
    let digest =
        |prefix: &str, files: &[(&'static [u8], [u8; 32])]| STANDARD.encode(h1(prefix, files.to_vec()).unwrap());
    assert_eq!(digest("example.com/x@v1.2.3/", &files), "Sfm1Ls4BP3bZa7CSEf+PwSAW1sCJYxm0TzCqH1fI4EE=");
    assert_eq!(digest("", &[go_mod]), "e2nB1h4TT8IBfAmFRRcRQ5vfHGzkuubqayOMYLImSh8=");
    assert_eq!(h1("", [(&b"a\nb"[..], [0; 32])]), None);
}

#[test]
fn lines_of_later_digests_are_left_out_and_others_refused() {
    let later = format!("{GO_SUM}\nexample.com/x v1.0.0 h2:abc\r\n");
    assert_eq!(read(later.as_bytes()).unwrap().len(), 2);
    for line in
        ["x v1.0.0 h1:abc=", "x v1.0.0", "x 1.0.0 h1:y+mHpWoQJNAHt26Nhh6JP7hvM71IRZureyvZhoVALIs=", "a b c d", "\u{e9}"]
    {
        let error = read(format!("{GO_SUM}{line}\n").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "line 3: it is not MODULE VERSION h1:BASE64", "{line}");
    }
    assert!(read(b"\xff").is_err());
}

#[test]
fn it_is_recognised_by_its_first_line() {
    assert!(recognises(b"", GO_SUM.as_bytes()));
    assert!(recognises(b"x/go.sum", b"\n"));
    assert!(!recognises(b"go.sum", b"900150983cd24fb0d6963f7d28e17f72  a\n"));
    assert!(!recognises(b"", b""));
}

proptest! {
    #[test]
    fn the_order_of_files_does_not_matter(mut names in prop::collection::vec("[a-z/]{1,5}", 0..10)) {
        let of = |names: &[String]| h1("m@v1/", names.iter().map(|name| (name.as_bytes(), [1; 32])));
        let forth = of(&names);
        names.reverse();
        prop_assert_eq!(of(&names), forth);
    }
}
