//! Many files of a collection are accepted and acknowledged at once, by globs and conditions, and nothing unseen is.

use std::fs;

use serde_json::{Value, json};

use crate::app::{TestApp, ok_json, problem};
use crate::collections::{only, path_of, scrub, watched};

/// What came of each file, as `path outcome reason`.
fn outcomes(answer: &Value) -> Vec<String> {
    let short = |item: &Value| {
        let reason = item["reason"].as_str().map(|reason| format!(" {reason}")).unwrap_or_default();
        format!("{} {}{reason}", item["path"].as_str().unwrap(), item["outcome"].as_str().unwrap())
    };
    answer["items"].as_array().unwrap().iter().map(short).collect()
}

fn say(app: &TestApp, verb: &str, body: &Value) -> Value {
    ok_json(app.post(&format!("{}/{verb}", path_of(app))).json(body).send().unwrap())
}

#[test]
fn files_are_accepted_and_acknowledged_by_globs_and_conditions_as_on_the_command_line() {
    let app = watched();
    let none = say(&app, "accept", &json!({ "path": ["2026/**"], "kind": ["new", "missing"], "upto": 3 }));
    assert_eq!((&none["items"], &none["done"], &none["next_cursor"]), (&json!([]), &json!(0), &Value::Null));
    let known = say(&app, "acknowledge", &json!({ "kind": ["missing", "new"], "upto": 3, "note": "ticket 4711" }));
    assert_eq!(outcomes(&known), ["c acknowledged", "d acknowledged"]);
    let rest = say(&app, "acknowledge", &json!({ "all": true, "upto": 3 }));
    assert_eq!(outcomes(&rest), ["2026/b acknowledged"], "what is acknowledged is not meant again");
    let accepted = say(&app, "accept", &json!({ "path": ["{2026/**,c}"], "upto": 3 }));
    assert_eq!(outcomes(&accepted), ["2026/b accepted", "c accepted"], "an acknowledgement is no change");
    assert_eq!((&accepted["done"], &only(&app)["acknowledged_alerts"]), (&json!(2), &json!(1)));
    assert_eq!(outcomes(&say(&app, "accept", &json!({ "all": true, "upto": 3 }))), ["d accepted"]);
    assert_eq!((&only(&app)["health"], &only(&app)["acknowledged_alerts"]), (&json!("ok"), &json!(0)));
}

#[test]
fn what_has_happened_since_the_event_that_was_seen_is_refused() {
    let app = watched();
    let events = app.json(&format!("{}/events", path_of(&app)));
    let seen = events["items"][0]["path"].as_str().unwrap();
    for (verb, done) in [("acknowledge", "acknowledged"), ("accept", "accepted")] {
        let answer = say(&app, verb, &json!({ "all": true, "upto": 1 }));
        let expected = ["2026/b", "c", "d"].map(|path| match path == seen {
            true => format!("{path} {done}"),
            false => format!("{path} refused changed"),
        });
        assert_eq!((outcomes(&answer), &answer["done"]), (expected.into(), &json!(1)));
    }
    assert_eq!(only(&app)["open_alerts"], 2);
}

#[test]
fn one_request_does_a_thousand_files_and_says_how_to_go_on() {
    let app = TestApp::with(|config| {
        let photos = config.roots[0].path.join("photos");
        fs::create_dir(&photos).unwrap();
        fs::write(photos.join("z"), "z").unwrap();
        assert_eq!(scrub(config, &photos, &[]), Some(0));
        (0..1001).for_each(|number| fs::write(photos.join(format!("{number:04}")), "new").unwrap());
        assert_eq!(scrub(config, &photos, &[]), Some(1));
    });
    let upto = only(&app)["last_event"].clone();
    let first = say(&app, "accept", &json!({ "kind": ["new"], "upto": upto }));
    assert_eq!((&first["done"], outcomes(&first).len()), (&json!(1000), 1000));
    let more = json!({ "kind": ["new"], "upto": upto, "cursor": first["next_cursor"] });
    let last = say(&app, "accept", &more);
    assert_eq!((outcomes(&last), &last["next_cursor"]), (vec!["1000 accepted".to_owned()], &Value::Null));
    assert_eq!(only(&app)["open_alerts"], 0);
}

#[test]
fn what_does_not_say_which_files_are_meant_accepts_nothing() {
    let app = watched();
    let of = path_of(&app);
    let file = json!({ "path": "d", "condition": "new", "digests": null });
    for body in [
        json!({ "all": true }),
        json!({ "kind": ["new"] }),
        json!({ "all": false, "upto": 3 }),
        json!({ "upto": 3 }),
        json!({ "path": [], "kind": [], "upto": 3 }),
        json!({ "path": ["../x"], "upto": 3 }),
        json!({ "path": vec!["a"; 101], "upto": 3 }),
        json!({ "kind": ["ok"], "upto": 3 }),
        json!({ "kind": ["new"], "all": true, "upto": 3 }),
        json!({ "all": true, "upto": 4 }),
        json!({ "all": true, "upto": -1 }),
        json!({ "all": true, "upto": 3, "cursor": "?" }),
        json!({ "all": true, "upto": 3, "more": 1 }),
        json!({ "files": [file], "upto": 3 }),
        json!({ "files": [file], "kind": ["new"] }),
    ] {
        for verb in ["accept", "acknowledge"] {
            problem(app.post(&format!("{of}/{verb}")).json(&body).send().unwrap(), 400, "invalid_request");
        }
    }
    let unreadable = app.post(&format!("{of}/accept")).json(&json!({ "kind": ["unreadable"], "upto": 3 }));
    problem(unreadable.send().unwrap(), 400, "invalid_request");
    assert_eq!((&only(&app)["open_alerts"], &only(&app)["last_event"]), (&json!(3), &json!(3)));
}
