//! Somebody is told: by a webhook and by mail, by a command and by a service, also when receivers are down, slow or refuse.

use std::net::TcpListener;
use std::time::Instant;

use hivesum_test_support::LONGEST_WAIT;
use serde_json::json;

use super::mail_server::MailServer;
use super::receivers::{HookServer, Reply, SECRET};
use super::service::Service;
use super::work_dir::{HIVESUM, Ran, WorkDir};

/// A directory `t` with a file, and a configuration `h.toml` with the sinks `hook` and `mail`.
pub(crate) fn watched(hook: &HookServer, mail: &MailServer) -> WorkDir {
    let dir = WorkDir::new();
    dir.write("t/song", "as it should be");
    dir.write("secret", format!("{SECRET}\n"));
    let config = format!(
        "[[sink]]\nname = 'hook'\nkind = 'webhook'\nurl = '{}'\nsecret_file = 'secret'\ntimeout_seconds = 30\n
         [[sink]]\nname = 'mail'\nkind = 'smtp'\nserver = '{}'\ntls = 'none'\nfrom = 'hivesum <a@b.example>'
         to = ['c@d.example', 'E <e@f.example>']\ntimeout_seconds = 30\n",
        hook.url, mail.address
    );
    dir.write("h.toml", config);
    dir
}

pub(crate) fn scrub(dir: &WorkDir, more: &[&str]) -> Ran {
    dir.hivesum(["scrub", "--state", "s", "--config", "h.toml", "t"].iter().chain(more))
}

/// Takes the baseline, which tells nothing, and writes to the file.
pub(crate) fn changed(dir: &WorkDir, sinks: &[&str]) {
    let named: Vec<_> = sinks.iter().flat_map(|sink| ["--notify", sink]).collect();
    let baseline = scrub(dir, &named);
    assert_eq!((baseline.code, baseline.stdout().as_str()), (Some(0), ""), "{}", baseline.stderr());
    dir.write("t/song", "somebody has written");
}

#[test]
fn a_file_that_changed_is_told_to_a_webhook_and_by_mail_before_the_command_ends_and_only_once() {
    let (hook, mail) = (HookServer::start(), MailServer::start());
    let dir = watched(&hook, &mail);
    changed(&dir, &["hook", "mail"]);
    let ran = scrub(&dir, &[]);
    assert_eq!((ran.code, ran.stdout().starts_with("modified: song")), (Some(1), true), "{}", ran.stderr());
    let told = hook.next().body;
    assert_eq!((&told["type"], &told["data"]["alerts"]), (&json!("collection.alerts"), &json!(1)));
    let event = &told["data"]["events"][0];
    assert_eq!((&event["path"], &event["kind"], &event["n"]), (&json!("song"), &json!("modified"), &json!(1)));
    let letter = mail.next();
    for line in [
        "From: hivesum <a@b.example>\r\n",
        "Subject: hivesum: 1 file in t is not what it should be\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "@b.example>\r\n",
        "modified: song",
    ] {
        assert!(letter.contains(line), "{line} is missing in\n{letter}");
    }
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    assert!(!hook.has_more() && !mail.has_more(), "nothing has happened since");
}

#[test]
fn what_is_not_taken_stays_queued_for_a_later_run_and_is_said() {
    let (hook, mail) = (HookServer::start(), MailServer::start());
    let dir = watched(&hook, &mail);
    changed(&dir, &["hook", "mail"]);
    hook.will(&[Reply::Status(500)]);
    mail.will_refuse(1);
    let ran = scrub(&dir, &[]);
    let said = ran.stderr();
    assert!(said.contains("hook: not everything was told: status 500. A later run"), "{said}");
    assert!(said.contains("mail: not everything was told: code 451. A later run"), "{said}");
    assert!(!said.contains("secret of the receiver"), "{said}");
    let (first, letter) = (hook.next(), mail.next());
    // The wait after the first failure is over after some runs.
    let (mut again, mut letters) = (None, None);
    let began = Instant::now();
    while (again.is_none() || letters.is_none()) && began.elapsed() < LONGEST_WAIT {
        assert_eq!(scrub(&dir, &[]).code, Some(1));
        again = again.or_else(|| hook.try_next());
        letters = letters.or_else(|| mail.try_next());
    }
    assert_eq!(again.unwrap().id, first.id);
    let id = |letter: &str| letter.lines().find(|line| line.starts_with("Message-ID: <")).unwrap().to_owned();
    assert_eq!(id(&letters.unwrap()), id(&letter));
}

#[test]
fn a_receiver_that_wants_to_be_left_alone_or_is_gone_is_not_asked_by_the_next_run() {
    for (reply, said) in [(Reply::With(429, "Retry-After: 3600"), "status 429"), (Reply::Status(410), "status 410")] {
        let (hook, mail) = (HookServer::start(), MailServer::start());
        let dir = watched(&hook, &mail);
        changed(&dir, &["hook"]);
        hook.will(&[reply]);
        assert!(scrub(&dir, &[]).stderr().contains(said));
        hook.next();
        assert_eq!(scrub(&dir, &[]).code, Some(1));
        assert!(!hook.has_more(), "{said}");
    }
}

#[test]
fn a_service_tells_at_once_what_a_scrub_beside_it_finds_and_says_that_a_sink_is_failing() {
    let (hook, mail) = (HookServer::start(), MailServer::start());
    let dir = watched(&hook, &mail);
    let service = Service::with(&dir, &["--config", "h.toml"]);
    let beside = |more: &[&str]| dir.hivesum(["scrub", "--state", "s", "t"].iter().chain(more));
    let unknown = beside(&["--notify", "pigeon"]);
    assert!(
        unknown.stderr().contains("\"pigeon\" is no sink of the configuration: it has hook, mail"),
        "{}",
        unknown.stderr()
    );
    assert_eq!(beside(&["--notify", "hook"]).code, Some(0));
    dir.write("t/song", "somebody has written");
    hook.will(&[Reply::Status(410)]);
    assert_eq!(beside(&[]).code, Some(1));
    assert_eq!(hook.next().body["data"]["alerts"], 1);
    let await_text = |path: &str, text: &str| {
        let began = Instant::now();
        loop {
            let answer = service.get(path);
            if answer.contains(text) {
                return answer;
            }
            assert!(began.elapsed() < LONGEST_WAIT, "{text} is missing in {answer}");
        }
    };
    await_text("/metrics", "\nhivesum_notify_failing{sink=\"hook\"} 1\n");
    let metrics = await_text("/metrics", "\nhivesum_notify_failures_total{sink=\"hook\"} 1\n");
    assert!(metrics.contains("\nhivesum_notify_failures_total{sink=\"mail\"} 0\n"), "{metrics}");
    let collections = service.get("/api/v1/collections");
    for text in ["\"notify\":[\"hook\"]", "\"sink\":\"hook\"", "\"error\":\"status 410\"", "\"health\":\"alert\""] {
        assert!(collections.contains(text), "{text} is missing in {collections}");
    }
    // The next alert tells both.
    dir.write("t/song", "and again");
    assert_eq!(beside(&[]).code, Some(1));
    assert_eq!(hook.next().body["data"]["alerts"], 2);
    await_text("/metrics", "\nhivesum_notify_failing{sink=\"hook\"} 0\n");
}

#[test]
fn a_test_says_what_was_answered_and_nothing_of_it_but_the_status() {
    let (hook, mail) = (HookServer::start(), MailServer::start());
    let dir = watched(&hook, &mail);
    let test = |more: &[&str]| dir.hivesum(["notify", "test", "--config", "h.toml"].iter().chain(more));
    let taken = test(&[]).expect_success();
    assert_eq!(taken, "hook: taken (status 204)\nmail: taken (code 250)\n");
    assert_eq!(hook.next().body["type"], "test");
    assert!(mail.next().contains("Subject: hivesum: a test\r\n"));
    for (reply, said) in [
        (Reply::Status(500), "hook: not taken: status 500"),
        (Reply::With(302, "Location: /elsewhere"), "hook: not taken: status 302"),
    ] {
        hook.will(&[reply]);
        let ran = test(&["hook"]);
        assert_eq!((ran.code, ran.stderr()), (Some(1), format!("hivesum: {said}\n")));
        hook.next();
    }
    assert!(!hook.has_more(), "no redirect is followed");
    dir.write("h.toml", dir.read("h.toml").replace("timeout_seconds = 30", "timeout_seconds = 1"));
    hook.will(&[Reply::Never]);
    assert_eq!(test(&["hook"]).stderr(), "hivesum: hook: not taken: no answer within 1 s\n");
    // Nobody listens on a port that was given back, unless another test has got it meanwhile.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    dir.write("h.toml", dir.read("h.toml").replace(&mail.address, &nobody));
    let down = test(&["mail"]);
    assert!(down.code == Some(1) && down.stderr().contains("mail: not taken: "), "{}", down.stderr());
    assert_eq!(test(&["pigeon"]).code, Some(2));
    assert_eq!(dir.hivesum(["notify", "test"]).code, Some(2));
}

#[test]
fn names_that_hide_or_forge_lines_are_shown_as_escapes_in_a_mail_and_are_exact_in_a_webhook() {
    let (hook, mail) = (HookServer::start(), MailServer::start());
    let dir = watched(&hook, &mail);
    changed(&dir, &["hook", "mail"]);
    dir.write("t/a\r\nBcc: x", "new");
    dir.write(b"t/\xff", "new");
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    let letter = mail.next().replace("=\r\n", "");
    assert!(letter.contains("new: a\\u{d}\\u{a}Bcc: x") && letter.contains("new: \\xff"), "{letter}");
    assert!(!letter.contains("\r\nBcc"), "{letter}");
    let told = hook.next().body;
    let path = |path: &str| told["data"]["events"].as_array().unwrap().iter().any(|event| event["path"] == path);
    assert!(path("a\r\nBcc: x"), "{told}");
    assert!(told.to_string().contains("\"path_b64\":\"/w==\""), "{told}");
}

#[test]
fn sinks_are_settings_in_three_layers_and_a_secret_is_in_none_of_them() {
    let (hook, mail) = (HookServer::start(), MailServer::start());
    let dir = watched(&hook, &mail);
    let config = dir.hivesum(["config", "--config", "h.toml", "--state", "s"]).expect_success();
    assert!(config.contains("name = \"hook\"") && config.contains("# file\n") && !config.contains(SECRET), "{config}");
    let table = format!("name = 'one', kind = 'webhook', url = '{}'", hook.url);
    let mut command = dir.command(HIVESUM);
    command.args(["notify", "test", "--config", "h.toml", "--sink", &table]).env("HIVESUM_SINK_ONE_SECRET", SECRET);
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(
        ran.expect_success(),
        "one: taken (status 204)\n",
        "the flag beats the file, and has its secret from the environment"
    );
    let mut command = dir.command(HIVESUM);
    command.args(["notify", "test"]).env("HIVESUM_SINK_ONE_SECRET", SECRET).env("HIVESUM_SINK", &table);
    assert_eq!(Ran::of(command.output().unwrap()).code, Some(0));
    let refused = dir.hivesum(["serve", "--state", "s", "--sink", &table]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr().contains("sink one: its secret is missing"), "{}", refused.stderr());
    let unknown = scrub(&dir, &["--notify", "pigeon"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr().contains("it has hook, mail"), "{}", unknown.stderr());
}

#[test]
fn a_heartbeat_is_sent_after_each_run_that_came_to_its_end_and_one_that_fails_is_said() {
    let (hook, mail) = (HookServer::start(), MailServer::start());
    let dir = watched(&hook, &mail);
    let url = hook.url.replace("/hook", "/beat");
    let run = |more: &[&str]| scrub(&dir, &[&["--heartbeat-url", &url], more].concat());
    assert_eq!(run(&[]).code, Some(0));
    assert_eq!(hook.next().id, "beat");
    hook.will(&[Reply::Status(500)]);
    let ran = run(&[]);
    assert_eq!(ran.code, Some(0), "nothing is wrong with the files");
    assert!(ran.stderr().contains("the heartbeat was not answered: status 500"), "{}", ran.stderr());
    assert_eq!(hook.next().id, "beat");
    assert_eq!(run(&["--include", "x"]).code, Some(2));
    assert!(!hook.has_more(), "that was no run");
    let service = Service::with(&dir, &["--heartbeat-url", &url]);
    assert_eq!(dir.hivesum(["scrub", "--state", "s", "t"]).code, Some(0));
    assert_eq!(hook.next().id, "beat");
    assert!(service.get("/metrics").contains("\nhivesum_heartbeat_failures_total 0\n"));
    assert_eq!(dir.hivesum(["scrub", "--heartbeat-url", "nowhere", "--state", "other", "t"]).code, Some(2));
}

#[test]
fn a_disk_that_is_not_there_is_told_once_and_no_file_is_called_missing() {
    let (hook, mail) = (HookServer::start(), MailServer::start());
    let dir = watched(&hook, &mail);
    changed(&dir, &["hook", "mail"]);
    dir.write("t/song", "as it should be");
    std::fs::rename(dir.path("t"), dir.path("away")).unwrap();
    let gone = scrub(&dir, &[]);
    assert!(gone.code == Some(1) && gone.stderr().contains("no file is called missing"), "{}", gone.stderr());
    let told = hook.next().body;
    let event = &told["data"]["events"][0];
    assert_eq!(
        (&event["kind"], &event["stopped"], &event["path"]),
        (&json!("stopped"), &json!("unreachable"), &json!(""))
    );
    let letter = mail.next();
    for line in ["Subject: hivesum: t is not looked at\r\n", "stopped: the directory cannot be reached"] {
        assert!(letter.contains(line), "{line} is missing in\n{letter}");
    }
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    assert!(!hook.has_more() && !mail.has_more(), "it is known");
    // Something else in its place is news.
    dir.write("t/other", "of another disk");
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    assert_eq!(hook.next().body["data"]["events"][0]["stopped"], "another");
    std::fs::remove_dir_all(dir.path("t")).unwrap();
    std::fs::rename(dir.path("away"), dir.path("t")).unwrap();
    let back = scrub(&dir, &[]);
    assert_eq!((back.code, back.stdout()), (Some(0), String::new()), "{}", back.stderr());
    let events = dir.hivesum(["collections", "events", "--state", "s", "t"]).expect_success();
    let short: Vec<_> =
        events.lines().map(|line| line.split('\t').skip(2).take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(short[..2], ["stopped .", "stopped ."]);
    assert!(short.contains(&"resumed .".to_owned()) && !events.contains("missing:"), "{events}");
}
