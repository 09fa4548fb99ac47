//! Programs that may open few files: a service answers, or does not start and says how many it needs; a deep tree is
//! hashed as far down as there are descriptors.

use std::process::Command;

use serde_json::json;

use super::service::Service;
use super::work_dir::{HIVESUM, Ran, WorkDir};

/// The command that serves `t` with this option and number of `ulimit`.
fn limited(dir: &WorkDir, option: &str, files: u64) -> Command {
    let mut command = dir.command("sh");
    command.args(["-c", "ulimit \"$0\" \"$1\" && shift && exec \"$@\"", option]).arg(files.to_string());
    command.args([HIVESUM, "serve", "--no-auth", "--listen", "127.0.0.1:0", "--state", "s", "--workers", "2"]);
    command.args(["--hashers", "2", "t"]);
    command
}

/// How many descriptors a service needs that may open this many, as it says.
fn needed(dir: &WorkDir, files: u64) -> u64 {
    let ran = Ran::of(limited(dir, "-n", files).output().unwrap());
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), ""), "{files}: {}", ran.stderr());
    let said = ran.stderr();
    assert!(said.contains(&format!(" file descriptors and may open {files}: raise the limit of open files")), "{said}");
    assert!(!dir.path("s").exists(), "nothing was opened");
    let number = said.split_once("the service needs ").unwrap().1.split_once(' ').unwrap().0;
    number.parse().unwrap()
}

fn tree() -> WorkDir {
    WorkDir::with(&[(b"t/a", b"abc"), (b"t/b/c/d/e/f/g", b"abc")])
}

#[test]
fn a_service_that_may_open_too_few_files_does_not_start_and_says_how_many_it_needs() {
    let dir = tree();
    let told = needed(&dir, 20);
    assert_eq!([needed(&dir, 30), needed(&dir, told - 1)], [told; 2]);
}

#[test]
fn with_the_descriptors_that_it_asked_for_a_service_answers_and_hashes() {
    let dir = tree();
    let service = Service::of(limited(&dir, "-n", needed(&dir, 20)));
    let id = service.run(json!({}));
    let job = service.json(&format!("jobs/{id}"));
    assert_eq!((&job["state"], &job["summary"]["hashed"]), (&json!("completed"), &json!(2)), "{job}");
}

#[test]
fn a_low_soft_limit_is_raised_to_the_hard_one() {
    let dir = tree();
    let service = Service::of(limited(&dir, "-Sn", 20));
    assert_eq!(service.json(&format!("jobs/{}", service.run(json!({}))))["state"], "completed");
}

/// How many directories lie in each other: more than there are descriptors.
const DEEP: usize = 100;

#[test]
fn a_tree_deeper_than_there_are_descriptors_costs_what_lies_too_deep_and_no_more() {
    let dir = WorkDir::new();
    let mut path = "t".to_owned();
    for _ in 0..DEEP {
        path += "/d";
        dir.write(format!("{path}/a"), b"abc");
    }
    dir.write("t/later", b"abc");
    let mut command = dir.command("sh");
    command.args(["-c", "ulimit -n 60 && exec \"$0\" hash -a md5 t", HIVESUM]);
    let ran = Ran::of(command.output().unwrap());
    let (shown, said) = (ran.stdout(), ran.stderr());
    assert_eq!(ran.code, Some(1), "{said}");
    let hashed: Vec<_> = shown.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    let deepest = hashed.len() - 1;
    assert!((10..60).contains(&deepest), "{hashed:?}");
    let expected: Vec<_> = (1..=deepest).map(|depth| format!("t{}/a", "/d".repeat(depth))).collect();
    assert_eq!(hashed[..deepest], expected);
    assert_eq!(hashed[deepest], "t/later");
    let refused = format!("hivesum: t{}: Too many open files", "/d".repeat(deepest + 1));
    assert!(said.lines().any(|line| line == refused), "{said}");
}
