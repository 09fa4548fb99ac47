use super::*;
use crate::digest::Algorithm;

/// Of left-pad-1.3.0.tgz, as npm 11.19.1 writes it.
const SHA512: &str = "sha512-XI5MPzVNApjAyhQzphX8BkmKsKUxD4LdyK24iZeQGinBN9yTQT3bFlCBy/aVx2HrNcqQGsdot8ghrjyrvMCoEA==";

/// npm 11.19.1: install --package-lock-only --lockfile-version 1
const V1: &str = r#"{
  "name": "x",
  "version": "1.0.0",
  "lockfileVersion": 1,
  "requires": true,
  "dependencies": {
    "left-pad": {
      "version": "1.3.0",
      "resolved": "https://registry.npmjs.org/left-pad/-/left-pad-1.3.0.tgz",
      "integrity": "SHA512"
    },
    "loc": {
      "version": "file:loc"
    }
  }
}
"#;

/// npm 11.19.1: install --package-lock-only --lockfile-version 3
const V3: &str = r#"{
  "name": "x",
  "version": "1.0.0",
  "lockfileVersion": 3,
  "requires": true,
  "packages": {
    "": {
      "name": "x",
      "version": "1.0.0",
      "dependencies": {
        "left-pad": "1.3.0"
      },
      "devDependencies": {
        "loc": "file:loc"
      }
    },
    "loc": {
      "version": "1.0.0",
      "dev": true
    },
    "node_modules/left-pad": {
      "version": "1.3.0",
      "resolved": "https://registry.npmjs.org/left-pad/-/left-pad-1.3.0.tgz",
      "integrity": "SHA512",
      "license": "WTFPL"
    },
    "node_modules/loc": {
      "resolved": "loc",
      "link": true
    }
  }
}
"#;

fn names(text: &str) -> Vec<String> {
    let records = read(text.replace("SHA512", SHA512).as_bytes()).unwrap();
    records.into_iter().map(|record| String::from_utf8(record.name).unwrap()).collect()
}

#[test]
fn the_tarball_is_named_and_local_packages_are_left_out() {
    // Version 2 is version 3 with the dependencies of version 1 beside the packages.
    let dependencies = &V1[V1.find("  \"dependencies\"").unwrap()..];
    let v2 = format!("{},\n{dependencies}", V3.trim_end().strip_suffix("\n}").unwrap()).replace(": 3,", ": 2,");
    for text in [V1, V3, &v2] {
        assert_eq!(names(text), ["left-pad-1.3.0.tgz"]);
        let records = read(text.replace("SHA512", SHA512).as_bytes()).unwrap();
        let digest = records[0].digest_of(Algorithm::Sha512).unwrap();
        // npm pack left-pad@1.3.0; sha512sum left-pad-1.3.0.tgz
        assert!(hex::encode(digest.as_bytes()).starts_with("5c8e4c3f354d0298c0ca1433a615fc06"));
    }
}

#[test]
fn without_resolved_the_tarball_has_the_name_that_registries_give_it() {
    // npm 11.19.1 with omit-lockfile-registry-resolved=true leaves these lines out.
    let without = |text: &str| {
        let kept = text.lines().filter(|line| !line.contains("https://"));
        kept.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(names(&without(V1)), ["left-pad-1.3.0.tgz"]);
    assert_eq!(names(&without(V3)), ["left-pad-1.3.0.tgz"]);
    let scoped = without(V3).replace("node_modules/left-pad", "node_modules/a/node_modules/@b/c");
    assert_eq!(names(&scoped), ["c-1.3.0.tgz"]);
    let alias = without(V3).replace("\"license\"", "\"name\": \"real\", \"license\"");
    assert_eq!(names(&alias), ["real-1.3.0.tgz"]);
    assert_eq!(names(&without(V1).replace("1.3.0", "npm:@a/real@1.3.0")), ["real-1.3.0.tgz"]);
}

#[test]
fn nested_dependencies_of_version_1_are_read() {
    let text = r#"{"lockfileVersion":1,"dependencies":{"a":{"version":"1.0.0","bundled":true,"resolved":false,
        "dependencies":{"left-pad":{"version":"1.3.0","integrity":"SHA512"}}}}}"#;
    assert_eq!(names(text), ["left-pad-1.3.0.tgz"]);
}

#[test]
fn one_tarball_in_two_places_is_one_record_and_two_of_one_name_are_not_told_apart() {
    let place = |scope: &str, integrity: &str| {
        format!(r#""node_modules/{scope}/left-pad":{{"version":"1.3.0","integrity":"{integrity}"}}"#)
    };
    let lock = |packages: [String; 2]| format!(r#"{{"lockfileVersion":3,"packages":{{{}}}}}"#, packages.join(","));
    let same = read(lock([place("@a", SHA512), place("@b", SHA512)]).as_bytes()).unwrap();
    assert_eq!((same.len(), same[0].digests.len()), (1, 1));
    let other = SHA512.replace("XI5M", "AAAA");
    let conflict = read(lock([place("@a", SHA512), place("@b", &other)]).as_bytes()).unwrap();
    assert_eq!((conflict.len(), conflict[0].digests.len()), (1, 0));
}

#[test]
fn it_is_recognised_by_its_version_or_its_name() {
    assert!(recognises(b"", V1.as_bytes()));
    assert!(recognises(b"node_modules/.package-lock.json", b"{}"));
    assert!(!recognises(b"package-lock.json", b"[]"));
    assert!(!recognises(b"", b"{\"name\":\"lockfileVersion\"}"));
}

#[test]
fn what_is_wrong_is_said() {
    for (text, why) in [
        ("{}", "line 1: the member \"lockfileVersion\" is missing"),
        (
            r#"{"lockfileVersion":3,"packages":{"a":{"version":"1","integrity":"sha512-AAAA"}}}"#,
            "the sha512 of \"a\" is not a digest of this algorithm",
        ),
    ] {
        assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), why);
    }
}
