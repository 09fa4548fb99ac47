//! The README's way from nothing to the first alert in the mail, line by line as it is written.

use std::path::Path;
use std::process::{Command, Stdio};

use super::mail_server::MailServer;
use super::work_dir::{HIVESUM, Ran, WorkDir};

/// The block of the README that begins with this line.
fn block(first: &str) -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let blocks = readme.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    blocks.map(str::to_owned).find(|block| block.starts_with(first)).unwrap()
}

/// Runs lines of a shell as somebody who has installed hivesum, and has this home.
fn shell(dir: &WorkDir, lines: &str) -> Ran {
    let programs = Path::new(HIVESUM).parent().unwrap().to_str().unwrap();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-c", lines]).current_dir(dir.path("")).env("PATH", path).env("HOME", dir.path("home"));
    command.env_remove("STATE_DIRECTORY").env_remove("XDG_STATE_HOME").stdin(Stdio::null());
    Ran::of(command.output().unwrap())
}

#[test]
fn ten_lines_lead_from_nothing_to_the_first_alert_in_the_mail() {
    let (dir, mail) = (WorkDir::new(), MailServer::start());
    dir.write("photos/2026/a.jpg", "as it should be");
    let lines = block("cat > hivesum.toml");
    assert_eq!(lines.lines().count(), 10, "{lines}");
    let of_example = "server = \"smtp.example.org\"\n";
    assert!(lines.contains(of_example), "{lines}");
    let here = format!("server = \"{}\"\ntls = \"none\"\n", mail.address);
    let lines = lines.replace(of_example, &here);
    let (baseline, later) = lines.trim_end().rsplit_once('\n').unwrap();
    let taken = shell(&dir, baseline);
    assert_eq!((taken.code, taken.stdout().as_str()), (Some(0), ""), "{}", taken.stderr());
    let quiet = shell(&dir, later);
    assert_eq!((quiet.code, quiet.stdout().as_str(), quiet.stderr().as_str()), (Some(0), "", ""));
    assert!(!mail.has_more(), "all is well");
    dir.write("photos/2026/a.jpg", "somebody has written");
    let found = shell(&dir, later);
    assert_eq!(found.code, Some(1), "{}", found.stderr());
    assert!(found.stdout().starts_with("modified: 2026/a.jpg ("), "{}", found.stdout());
    let letter = mail.next();
    assert!(letter.contains("To: me@example.org") && letter.contains("modified: 2026/a.jpg"), "{letter}");
}
