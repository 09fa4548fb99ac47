//! Scans of trees: order, completeness, skips, filters, bounds, cancelling.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use super::tree::{collect, cycle, engine, run, spec, system_digest};
use crate::scan::{ScanOutcome, ScanSpec};
use hivesum_core::result::{FileIdentity, NameList};
use hivesum_core::walk::{Filters, Target};
use hivesum_test_support::Requirement;

#[test]
fn every_file_of_a_tree_comes_once_in_path_order_with_the_digest_sha256sum_gives() {
    let tree = tempfile::tempdir().unwrap();
    for directory in ["b", "b/c", "a.d", "a"] {
        fs::create_dir(tree.path().join(directory)).unwrap();
        for number in 0..300 {
            fs::write(tree.path().join(directory).join(format!("{number}")), format!("{directory} {number}")).unwrap();
        }
    }
    fs::write(tree.path().join("a.txt"), "x").unwrap();
    let (engine, background) = engine();
    let (lines, end) = run(&engine, spec(tree.path(), "sha256"));
    assert_eq!(end.outcome, ScanOutcome::Completed);
    assert_eq!((end.summary.files, end.summary.hashed, end.summary.complete), (1201, 1201, true));
    let by_component = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    assert!(lines.is_sorted_by_key(|line| by_component(&line.path)), "not in walk order");
    for line in lines.iter().step_by(97) {
        assert_eq!(line.outcome, system_digest("sha256sum", &tree.path().join(&line.path)), "{}", line.path);
    }
    background.join();
}

#[test]
fn what_is_no_regular_file_is_skipped_with_its_reason_and_nothing_hangs() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("file"), "x").unwrap();
    symlink("file", tree.path().join("link")).unwrap();
    symlink(".", tree.path().join("loop")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        tree.path().join("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(tree.path().join("socket")).unwrap();
    let (engine, background) = engine();
    let (lines, end) = run(&engine, spec(tree.path(), "blake3"));
    let outcome = |path: &str| lines.iter().find(|line| line.path == path).unwrap().outcome.clone();
    assert_eq!(outcome("fifo"), "skip(not_regular)");
    assert_eq!(outcome("socket"), "skip(not_regular)");
    assert_eq!(outcome("link"), "skip(symlink)");
    assert_eq!(outcome("loop"), "skip(symlink)");
    assert_eq!((end.summary.hashed, end.summary.skipped, end.summary.errors), (1, 4, 0));
    background.join();
}

#[test]
fn a_pseudo_file_system_is_skipped_whole() {
    let (engine, background) = engine();
    let (lines, _) = run(&engine, spec(std::path::Path::new("/proc"), "blake3"));
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].path.as_str(), lines[0].outcome.as_str()), ("", "skip(pseudo_filesystem)"));
    background.join();
}

#[test]
fn a_file_that_may_not_be_opened_costs_itself_alone() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("a"), "a").unwrap();
    fs::write(tree.path().join("b"), "b").unwrap();
    fs::set_permissions(tree.path().join("a"), fs::Permissions::from_mode(0o000)).unwrap();
    // The command line's tests drop privileges, and so test it as root, too.
    let unprivileged = Requirement::condition("a user whom permissions stop (not root)");
    if !unprivileged.is_met(|| fs::File::open(tree.path().join("a")).is_err()) {
        return;
    }
    let (engine, background) = engine();
    let (lines, end) = run(&engine, spec(tree.path(), "blake3"));
    assert_eq!(lines[0].outcome, "error(permission)");
    assert_eq!((end.summary.hashed, end.summary.errors), (1, 1));
    background.join();
}

#[test]
fn filters_choose_files_and_prune_directories() {
    let tree = tempfile::tempdir().unwrap();
    for directory in ["keep", "target", "keep/target"] {
        fs::create_dir(tree.path().join(directory)).unwrap();
        fs::write(tree.path().join(directory).join("a.rs"), "").unwrap();
        fs::write(tree.path().join(directory).join("b.txt"), "").unwrap();
    }
    let (engine, background) = engine();
    let mut spec = spec(tree.path(), "blake3");
    spec.filters = Filters::new(&["*.rs".to_owned()], &["/target".to_owned()]).unwrap();
    let (lines, _) = run(&engine, spec);
    let paths: Vec<_> = lines.iter().map(|line| line.path.as_str()).collect();
    assert_eq!(paths, ["keep/a.rs", "keep/target/a.rs"]);
    background.join();
}

#[test]
fn names_are_opened_as_given_in_their_order_and_a_missing_one_is_an_error_of_its_own() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("a"), "a").unwrap();
    symlink("a", tree.path().join("link")).unwrap();
    let mut names = NameList::new();
    for name in ["link", "missing", "a"] {
        names.push(tree.path().join(name).to_str().unwrap().as_bytes());
    }
    let (engine, background) = engine();
    let (lines, _) = run(&engine, ScanSpec::new(vec![Target::Names { names }], "sha256".parse().unwrap()));
    let expected = system_digest("sha256sum", &tree.path().join("a"));
    let outcomes: Vec<_> = lines.iter().map(|line| line.outcome.as_str()).collect();
    assert_eq!(outcomes, [&expected, "error(not_found)", &expected]);
    background.join();
}

#[test]
fn our_own_files_are_left_out_under_any_name() {
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir(tree.path().join("state")).unwrap();
    fs::write(tree.path().join("state/db"), "x").unwrap();
    fs::write(tree.path().join("own"), "x").unwrap();
    fs::hard_link(tree.path().join("own"), tree.path().join("other")).unwrap();
    let identity = |name: &str| FileIdentity::of(fs::File::open(tree.path().join(name)).unwrap()).unwrap();
    let (engine, background) = engine();
    let mut spec = spec(tree.path(), "blake3");
    spec.leave_out = vec![identity("state"), identity("own")];
    let (lines, _) = run(&engine, spec);
    let shown: Vec<_> = lines.iter().map(|line| (line.path.as_str(), line.outcome.as_str())).collect();
    assert_eq!(shown, [("other", "skip(internal)"), ("own", "skip(internal)"), ("state", "skip(internal)")]);
    background.join();
}

#[test]
fn a_lock_on_a_file_of_ours_outlives_a_scan_of_its_hard_link() {
    use std::os::unix::fs::MetadataExt;
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("database"), "x").unwrap();
    fs::hard_link(tree.path().join("database"), tree.path().join("link")).unwrap();
    let database = fs::File::options().read(true).write(true).open(tree.path().join("database")).unwrap();
    rustix::fs::fcntl_lock(&database, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let (engine, background) = engine();
    let mut spec = spec(tree.path(), "blake3");
    spec.leave_out = vec![FileIdentity::of(&database).unwrap()];
    let (lines, _) = run(&engine, spec);
    assert_eq!(lines.iter().filter(|line| line.outcome == "skip(internal)").count(), 2);
    let locks = fs::read_to_string("/proc/locks").unwrap();
    let inode = format!(":{} ", database.metadata().unwrap().ino());
    assert!(locks.lines().any(|lock| lock.contains("POSIX") && lock.contains(&inode)), "the lock is gone: {locks}");
    background.join();
}

#[test]
fn a_file_over_the_bound_is_refused_without_being_read() {
    let tree = tempfile::tempdir().unwrap();
    fs::File::create(tree.path().join("sparse")).unwrap().set_len(1 << 40).unwrap();
    let (engine, background) = super::tree::engine_with(|config| config.max_file_bytes = 1 << 30);
    let (lines, _) = run(&engine, spec(tree.path(), "blake3"));
    assert_eq!(lines[0].outcome, "error(too_large)");
    background.join();
}

#[test]
fn a_cancelled_scan_stops_in_the_middle_of_an_endless_file() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("a"), "a").unwrap();
    fs::File::create(tree.path().join("sparse")).unwrap().set_len(8 << 40).unwrap();
    let (engine, background) = engine();
    let mut scan = engine.scan(spec(tree.path(), "sha256")).unwrap();
    scan.canceller().cancel();
    while scan.blocking_next().is_some() {}
    let end = scan.blocking_finish();
    assert_eq!(end.outcome, ScanOutcome::Cancelled);
    assert!(!end.summary.complete);
    background.join();
}

#[test]
fn a_scan_past_its_deadline_says_so() {
    let tree = tempfile::tempdir().unwrap();
    fs::File::create(tree.path().join("sparse")).unwrap().set_len(8 << 40).unwrap();
    let (engine, background) = engine();
    let mut spec = spec(tree.path(), "blake3");
    spec.deadline = Some(Duration::from_millis(20));
    let (_, end) = run(&engine, spec);
    assert_eq!(end.outcome, ScanOutcome::DeadlineExceeded);
    background.join();
}

#[test]
fn a_reader_that_stops_reading_stops_the_scan_and_loses_nothing() {
    let tree = tempfile::tempdir().unwrap();
    for number in 0..200 {
        let directory = tree.path().join(format!("{number:03}"));
        fs::create_dir(&directory).unwrap();
        for file in 0..50 {
            fs::write(directory.join(format!("{file:02}")), "x").unwrap();
        }
    }
    let (engine, background) = engine();
    let scan = engine.scan(spec(tree.path(), "blake3")).unwrap();
    let mut progress = scan.progress();
    // A second scan goes through the same hashers while the first one is not read from.
    let (other, _) = run(&engine, spec(&tree.path().join("000"), "blake3"));
    assert_eq!(other.len(), 50);
    assert!(progress.borrow_and_update().files_done < 10_000);
    let (lines, end) = collect(scan);
    assert_eq!((lines.len(), end.summary.hashed), (10_000, 10_000));
    background.join();
}

#[test]
fn a_budget_of_bytes_holds_a_scan_back_but_not_for_ever() {
    let tree = tempfile::tempdir().unwrap();
    for number in 0..4 {
        fs::write(tree.path().join(format!("{number}")), cycle(300_000)).unwrap();
    }
    let (engine, background) = engine();
    let mut spec = spec(tree.path(), "blake3");
    spec.max_bytes_per_second = std::num::NonZeroU64::new(64 << 20);
    let (lines, end) = run(&engine, spec);
    assert_eq!((lines.len(), end.outcome), (4, ScanOutcome::Completed));
    background.join();
}

#[test]
fn an_engine_that_drains_takes_nothing_new_and_becomes_idle() {
    let (engine, background) = engine();
    let idle = {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(engine.drain(Duration::from_secs(120)))
    };
    assert!(idle);
    assert!(engine.scan(spec(std::path::Path::new("/"), "blake3")).is_err());
    assert!(engine.upload("blake3".parse().unwrap()).is_err());
    background.join();
}

#[test]
fn a_survey_tells_the_totals_of_a_scan_that_is_not_done() {
    let tree = tempfile::tempdir().unwrap();
    for number in 0..100 {
        let directory = tree.path().join(format!("{number:03}"));
        fs::create_dir(&directory).unwrap();
        for file in 0..50 {
            fs::write(directory.join(format!("{file:02}")), "four").unwrap();
        }
    }
    let (engine, background) = engine();
    let mut spec = spec(tree.path(), "blake3");
    spec.survey_after = Some(Duration::ZERO);
    let scan = engine.scan(spec).unwrap();
    let mut progress = scan.progress();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    // Nobody reads the results, so the scan cannot end before the survey does.
    let told = runtime.block_on(progress.wait_for(|progress| progress.bytes_total.is_some())).unwrap().to_owned();
    assert_eq!((told.files_total, told.bytes_total), (Some(5000), Some(20_000)));
    assert_eq!(collect(scan).0.len(), 5000);
    background.join();
}
