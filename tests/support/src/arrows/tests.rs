//! The arrow test itself, and planted houses that it must refuse.

use super::source::File;
use super::{ACTORS, CORE, Order, ROOT, faults, sources_of};

fn assert_sound(package: &str, order: Order) {
    let sources = sources_of(package);
    assert!(sources.len() > 30, "{package} has only {} files", sources.len());
    let faults = faults(&sources, order);
    assert!(faults.is_empty(), "{package}:\n{}", faults.join("\n"));
}

#[test]
fn imports_of_hivesum_core_run_one_way() {
    assert_sound("actors/core/src", CORE);
}

#[test]
fn imports_of_hivesum_actors_run_one_way() {
    assert_sound("actors/src", ACTORS);
}

#[test]
fn imports_of_hivesum_run_one_way() {
    assert_sound("src", ROOT);
}

const PLANTED: Order = &[&["ground"], &["upper"]];

fn planted(files: &[(&str, &str)]) -> Vec<String> {
    faults(&files.iter().map(|(path, text)| File::parse(path, text)).collect::<Vec<_>>(), PLANTED)
}

#[test]
fn an_import_that_runs_down_is_no_fault() {
    let upper = "use crate::ground::{self, Stone};\nuse std::fmt;\n";
    assert_eq!(planted(&[("ground.rs", "pub struct Stone;\n"), ("upper/mod.rs", upper)]), [""; 0]);
}

#[test]
fn an_import_that_runs_up_is_named() {
    let files = [("ground.rs", "use crate::upper::{Roof, Wall as W};\n"), ("upper.rs", "pub struct Roof;\n")];
    assert_eq!(
        planted(&files),
        ["runs up: ground.rs takes Roof from upper.rs", "runs up: ground.rs takes Wall from upper.rs"]
    );
}

#[test]
fn a_path_in_the_middle_of_the_code_counts_and_comments_strings_and_tests_do_not() {
    let ground = "fn f() { crate::upper::roof(); }\n";
    assert_eq!(planted(&[("ground.rs", ground), ("upper.rs", "")]).len(), 1);
    let quiet = "// use crate::upper::Roof;\nconst A: &str = \"crate::upper::Roof\";\n\
                 #[cfg(test)]\nmod tests {\n    use crate::upper::Roof;\n}\n";
    assert_eq!(planted(&[("ground.rs", quiet), ("upper.rs", "")]), [""; 0]);
}

#[test]
fn a_circle_of_files_is_named_through_what_a_room_shows() {
    let files = [
        ("ground/mod.rs", "mod one;\nmod two;\npub use one::One;\npub use two::Two;\n"),
        ("ground/one.rs", "use super::two::Two;\npub struct One;\n"),
        ("ground/two.rs", "use crate::ground::One;\npub struct Two;\n"),
    ];
    assert_eq!(
        planted(&files),
        ["circle: ground/one.rs takes Two from ground/two.rs", "circle: ground/two.rs takes One from ground/one.rs"]
    );
}

#[test]
fn a_room_that_the_order_does_not_name_is_a_fault() {
    assert_eq!(planted(&[("cellar.rs", "")]), ["the order of rooms does not name cellar"]);
}
