//! A message that comes again, or does not: the sender was killed or stopped before it knew the answer.

use std::process::Stdio;
use std::time::Duration;

use super::mail_server::MailServer;
use super::notify::{changed, scrub, watched};
use super::receivers::{HookServer, Reply};
use super::service::Service;
use super::work_dir::HIVESUM;

#[test]
fn a_command_that_is_killed_before_it_knows_the_answer_sends_the_same_message_again() {
    let (hook, mail) = (HookServer::start(), MailServer::start());
    let dir = watched(&hook, &mail);
    changed(&dir, &["hook"]);
    hook.will(&[Reply::Never]);
    let mut command = dir.command(HIVESUM);
    command.args(["scrub", "--state", "s", "--config", "h.toml", "t"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let first = hook.next();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    let second = hook.next();
    assert_eq!((first.id, first.body), (second.id, second.body));
    assert!(!hook.has_more());
}

#[test]
fn a_service_that_is_stopped_while_a_message_is_answered_waits_for_that_and_does_not_send_it_again() {
    let (hook, mail) = (HookServer::start(), MailServer::start());
    let dir = watched(&hook, &mail);
    changed(&dir, &["hook", "mail"]);
    let slow = Duration::from_millis(500);
    hook.will(&[Reply::After(slow)]);
    mail.will_pause(slow);
    let service = Service::with(&dir, &["--config", "h.toml"]);
    assert_eq!(dir.hivesum(["scrub", "--state", "s", "t"]).code, Some(1));
    assert_eq!(hook.next().body["data"]["alerts"], 1);
    assert!(mail.next().contains("modified: song"));
    assert_eq!(service.stop(), Some(0));
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    assert!(!hook.has_more() && !mail.has_more(), "nothing has happened since");
    // One that does not answer does not keep the service from stopping.
    dir.write("t/song", "and again");
    hook.will(&[Reply::Never]);
    let service = Service::with(&dir, &["--config", "h.toml"]);
    assert_eq!(dir.hivesum(["scrub", "--state", "s", "t"]).code, Some(1));
    let told = hook.next();
    assert_eq!(service.stop(), Some(0));
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    assert_eq!(hook.next().id, told.id);
}
