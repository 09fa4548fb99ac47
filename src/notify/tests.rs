//! Sinks that are described wrongly are refused in words, and no secret is shown.

use hivesum_actors::store::collections::SinkPace;

use super::{Sink, check_names};
use crate::config::{SinkConfig, check_sinks};

fn config(text: &str) -> SinkConfig {
    toml::from_str(text).unwrap()
}

const HOOK: &str = "name = 'hook'\nkind = 'webhook'\nurl = 'https://a.example/hook'\n";
const MAIL: &str =
    "name = 'mail'\nkind = 'smtp'\nserver = 'localhost'\ntls = 'none'\nfrom = 'a@b.example'\nto = ['c@d.example']\n";

#[test]
fn a_sink_that_cannot_work_is_refused_with_what_is_wrong_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        std::fs::write(dir.path().join(name), content).unwrap();
        dir.path().join(name).display().to_string()
    };
    let good = file("good", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\n");
    let (short, none, lines) = (file("short", "whsec_AAAA"), file("none", "?"), file("lines", "a\nb"));
    let hook = |more: &str| HOOK.to_owned() + more;
    let mail = |from: &str, to: &str| MAIL.replace(from, to);
    for (text, words) in [
        (hook(""), "its secret is missing"),
        (hook(&format!("secret_file = {short:?}")), "at least 24 bytes"),
        (hook(&format!("secret_file = {none:?}")), "in base64"),
        (hook(&format!("secret_file = {lines:?}")), "must have one line"),
        (hook("secret_file = '/nowhere/s'"), "No such file or directory"),
        (HOOK.replace("https://a.example/hook", "ftp://a.example") + &format!("secret_file = {good:?}"), "https://"),
        (HOOK.replace("https://a", "https://u:p@a") + &format!("secret_file = {good:?}"), "must not have a user"),
        (HOOK.replace("https://a.example/hook", "nowhere") + &format!("secret_file = {good:?}"), "its URL is none"),
        (mail("a@b.example", "nobody"), "is no mail address"),
        (mail("'a@b.example'", "\"a\\r\\nBcc: x <a@b.example>\""), "line breaks"),
        (mail("localhost", "a b"), "HOST or HOST:PORT"),
        (mail("localhost", "a:0"), "HOST or HOST:PORT"),
        (mail("localhost", "a.example") + "user = 'u'\n", "its password is missing"),
        (mail("localhost", "a.example") + &format!("user = 'u'\npassword_file = {good:?}"), "in the clear"),
    ] {
        let error = Sink::open(&config(&text)).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
        assert!(!error.contains("C2FVsBQI") && !error.contains("u:p"), "{error}");
    }
    let hook = Sink::open(&config(&hook(&format!("secret_file = {good:?}")))).unwrap();
    assert!(!format!("{hook:?}").contains("C2FVsBQI") && !format!("{hook:?}").contains("a.example"), "{hook:?}");
    assert_eq!(Sink::open(&config(MAIL)).unwrap().pace(), SinkPace::Digests);
}

#[test]
fn names_and_numbers_of_sinks_have_bounds() {
    let named = |name: &str| config(&MAIL.replace("'mail'", &format!("'{name}'")));
    let of = |sinks: &[SinkConfig]| check_sinks(sinks).map_err(|error| error.to_string());
    let many: Vec<_> = (0..=crate::config::MAX_SINKS).map(|n| named(&format!("m{n}"))).collect();
    assert_eq!(of(&many[1..]), Ok(()));
    assert!(of(&many).unwrap_err().contains("more than 32 sinks"));
    assert!(of(&[named("a"), named("a")]).unwrap_err().contains("another sink has this name"));
    for wrong in ["", "A", "a b", "a\\nb", &"a".repeat(65)] {
        assert!(of(&[named(wrong)]).is_err(), "{wrong}");
    }
    for (more, words) in [
        ("timeout_seconds = 0\n", "from 1 to 30"),
        ("timeout_seconds = 31\n", "from 1 to 30"),
        ("password_file = 'p'\n", "needs `user`"),
    ] {
        assert!(of(&[config(&(MAIL.to_owned() + more))]).unwrap_err().contains(words), "{more}");
    }
    assert!(of(&[config(&(HOOK.to_owned() + "url_file = 'u'\n"))]).unwrap_err().contains("either url or url_file"));
    assert!(of(&[config(&MAIL.replace("'c@d.example'", ""))]).unwrap_err().contains("must name somebody"));
}

#[test]
fn names_that_no_sink_has_are_refused_with_those_that_are_there() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(check_names(&names(&["a"]), ["a", "b"]), Ok(()));
    assert_eq!(
        check_names(&names(&["c"]), ["a", "b"]).unwrap_err(),
        "\"c\" is no sink of the configuration: it has a, b"
    );
    assert!(check_names(&names(&["c"]), []).unwrap_err().contains("has none"));
    assert!(check_names(&names(&["a"; 17]), ["a"]).unwrap_err().contains("at most 16"));
}
