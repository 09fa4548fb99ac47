//! Manifests as other tools publish them, sent to `POST /verify`: right verdicts on an intact and on a damaged tree.

use std::collections::BTreeMap;
use std::fs;

use hivesum_test_support::published::{Lists, Made, Place, Published, rows};
use serde_json::Value;

use crate::app::TestApp;

/// The verdicts of a verify job on the tree of a row, by path.
fn verified(app: &TestApp, index: usize, row: &Published, made: &Made) -> Result<BTreeMap<String, String>, String> {
    let name = made.manifest.file_name().unwrap().to_str().unwrap();
    let manifest = fs::read(&made.manifest).unwrap();
    if row.place == Place::Within {
        fs::remove_file(&made.manifest).unwrap();
    }
    let query = [("root", "files"), ("path", &format!("{index}/tree")), ("name", name)];
    let answer = app.post("/api/v1/verify").query(&query).body(manifest.clone()).send().unwrap();
    let accepted = answer.status() == 202;
    let location = answer.headers().get("location").map(|path| path.to_str().unwrap().to_owned());
    let text = answer.text().unwrap();
    if row.place == Place::Within {
        fs::write(&made.manifest, manifest).unwrap();
    }
    let location = location.filter(|_| accepted).ok_or_else(|| format!("refused: {text}"))?;
    app.wait_for(location.rsplit('/').next().unwrap());
    let page = app.json(&format!("{location}/results?limit=1000"));
    let items = page["items"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(items.iter().map(|item| (text(&item["path"]), text(&item["verdict"]))).collect())
}

/// The verdicts that differ from what the row lists.
fn unexpected(found: &BTreeMap<String, String>, wanted: &[(&str, &str)], row: &Published) -> Vec<String> {
    let is_own = |path: &str| path == row.manifest || path.starts_with("ascmhl/");
    let others = found.iter().filter(|(path, _)| !is_own(path)).filter(|(path, verdict)| {
        let known = wanted.iter().find(|(one, _)| one == path).map_or("matched", |(_, verdict)| verdict);
        let unlisted = row.lists == Lists::OnlyA && *path != "a";
        *verdict != if unlisted { "new" } else { known }
    });
    others.map(|(path, verdict)| format!("{path} {verdict}")).collect()
}

#[test]
fn published_manifests_give_the_right_verdicts() {
    let app = TestApp::start();
    let mut failures = Vec::new();
    for (index, row) in rows().enumerate().filter(|(_, row)| row.can_be_made()) {
        let directory = app.root.path().join(index.to_string());
        fs::create_dir(&directory).unwrap();
        let made = row.make(&directory);
        for wanted in [&[][..], &[("a", "modified"), ("sub/d", "missing"), ("new", "new")]] {
            if !wanted.is_empty() {
                made.damage();
            }
            let found = verified(&app, index, row, &made);
            let bad = match &found {
                Ok(found) => unexpected(found, wanted, row),
                Err(refused) => vec![refused.clone()],
            };
            if !bad.is_empty() {
                failures.push(format!("{}: {}", row.what, bad.join(", ")));
            }
        }
    }
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}
