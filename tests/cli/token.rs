//! `hivesum token`: a secret is printed once, and only to stdout.

use super::work_dir::WorkDir;

#[test]
fn a_token_is_created_listed_and_revoked() {
    let dir = WorkDir::new();
    let created =
        dir.hivesum(["token", "create", "--new-state", "--name", "back\nup", "--scope", "read", "--state", "s"]);
    assert_eq!(created.code, Some(0), "{}", created.stderr());
    let secret = created.stdout();
    assert!(secret.len() > 40 && secret.ends_with('\n'));
    assert!(!created.stderr().contains(secret.trim()));
    dir.hivesum(["token", "create", "--name", "brief", "--expires", "12h", "--state", "s"]);

    let list = dir.hivesum(["token", "list", "--state", "s"]).expect_success();
    let lines: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0][1..], ["read", "never ends", "back\\nup"]);
    assert!(lines[1][2].starts_with("ends 2"), "{list}");
    assert!(!list.contains(secret.trim()));

    assert_eq!(dir.hivesum(["token", "revoke", lines[0][0], "--state", "s"]).expect_success(), "");
    assert_eq!(dir.hivesum(["token", "list", "--state", "s"]).expect_success().lines().count(), 1);
    let again = dir.hivesum(["token", "revoke", lines[0][0], "--state", "s"]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr().contains("no token has the id"), "{}", again.stderr());
}
