//! Every operation of the OpenAPI document, with every kind of caller and origin. A new route fails this test until its
//! access is entered here.

use hivesum_actors::store::tokens::Tokens;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use reqwest::blocking::{RequestBuilder, Response};
use serde_json::Value;

use crate::access::token_until;
use crate::app::{TestApp, problem};

/// The access that each operation needs.
const ROWS: &[(&str, &str, Needs)] = &[
    ("get", "/healthz", Needs::Nothing),
    ("get", "/readyz", Needs::Nothing),
    ("post", "/api/v1/session", Needs::Nothing),
    ("delete", "/api/v1/session", Needs::AnyScope),
    ("get", "/api/v1/session", Needs::AnyScope),
    ("get", "/metrics", Needs::Scope("read")),
    ("get", "/openapi.json", Needs::Scope("read")),
    ("get", "/docs", Needs::Scope("read")),
    ("get", "/api/v1/algorithms", Needs::Scope("read")),
    ("get", "/api/v1/roots", Needs::Scope("read")),
    ("get", "/api/v1/nodes", Needs::Scope("read:all")),
    ("get", "/api/v1/roots/{root}/entries", Needs::Scope("read")),
    ("get", "/api/v1/stats", Needs::Scope("read")),
    ("get", "/api/v1/jobs", Needs::Scope("read")),
    ("get", "/api/v1/jobs/{id}", Needs::Scope("read")),
    ("get", "/api/v1/jobs/{id}/results", Needs::Scope("read")),
    ("get", "/api/v1/jobs/{id}/manifest", Needs::Scope("read")),
    ("get", "/api/v1/jobs/{id}/compare", Needs::Scope("read")),
    ("get", "/api/v1/jobs/{id}/duplicates", Needs::Scope("read")),
    ("get", "/api/v1/jobs/{id}/events", Needs::Scope("read")),
    ("get", "/api/v1/events", Needs::Scope("read")),
    ("get", "/api/v1/search", Needs::Scope("read:all")),
    ("get", "/api/v1/collections", Needs::Scope("read:all")),
    ("get", "/api/v1/collections/{id}", Needs::Scope("read:all")),
    ("get", "/api/v1/collections/{id}/files", Needs::Scope("read:all")),
    ("get", "/api/v1/collections/{id}/alerts", Needs::Scope("read:all")),
    ("get", "/api/v1/collections/{id}/events", Needs::Scope("read:all")),
    ("get", "/api/v1/collections/{id}/runs", Needs::Scope("read:all")),
    ("get", "/api/v1/collections/{id}/runs/{run}", Needs::Scope("read:all")),
    ("get", "/api/v1/collections/{id}/report", Needs::Scope("read:all")),
    ("get", "/api/v1/collections/{id}/manifest", Needs::Scope("read:all")),
    ("post", "/api/v1/collections", Needs::Scope("admin")),
    ("post", "/api/v1/nodes/{node}/drain", Needs::Scope("admin")),
    ("post", "/api/v1/nodes/{node}/resume", Needs::Scope("admin")),
    ("post", "/api/v1/collections/{id}/accept", Needs::Scope("admin")),
    ("post", "/api/v1/collections/{id}/acknowledge", Needs::Scope("admin")),
    ("post", "/api/v1/collections/{id}/runs/{run}/cancel", Needs::Scope("admin")),
    ("post", "/api/v1/collections/{id}/locate", Needs::Scope("hash")),
    ("post", "/api/v1/collections/{id}/scrub", Needs::Scope("hash")),
    ("post", "/api/v1/collections/{id}/survey", Needs::Scope("hash")),
    ("patch", "/api/v1/collections/{id}", Needs::Scope("admin")),
    ("delete", "/api/v1/collections/{id}", Needs::Scope("admin")),
    ("post", "/api/v1/hash", Needs::Scope("hash")),
    ("put", "/api/v1/hash", Needs::Scope("hash")),
    ("put", "/api/v1/hash/{name}", Needs::Scope("hash")),
    ("post", "/api/v1/manifests/read", Needs::Scope("hash")),
    ("post", "/api/v1/verify", Needs::Scope("hash")),
    ("post", "/api/v1/jobs", Needs::Scope("hash")),
    ("post", "/api/v1/jobs/{id}/cancel", Needs::Scope("hash")),
    ("delete", "/api/v1/jobs/{id}", Needs::Scope("admin")),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    AnyScope,
    Scope(&'static str),
}

/// A service with tokens of every kind.
struct ServiceWithTokens {
    app: TestApp,
    /// Tokens with one scope each.
    by_scope: Vec<(&'static str, String)>,
    good: String,
    expired: String,
    revoked: String,
}

impl ServiceWithTokens {
    fn new() -> Self {
        let app = TestApp::signed_out(|config| config.limits.rate = hivesum::config::RateLimit::Off);
        let later = Some(Timestamp::now() + SignedDuration::from_hours(1));
        let by_scope =
            ["read", "read:all", "hash", "admin"].map(|scope| (scope, token_until(&app, scope, later).1)).into();
        let good = token_until(&app, "read,hash,admin", later).1;
        let past = Some(Timestamp::now() - SignedDuration::from_secs(1));
        let expired = token_until(&app, "read,hash,admin", past).1;
        let (id, revoked) = token_until(&app, "read,hash,admin", None);
        assert!(Tokens::open(&app.state.path().join("state")).unwrap().revoke(&id).unwrap());
        Self { app, by_scope, good, expired, revoked }
    }

    /// The method and path of every operation in the served document.
    fn operations(&self) -> Vec<(String, String)> {
        let document: Value = self.app.get("/openapi.json").bearer_auth(&self.good).send().unwrap().json().unwrap();
        let paths = document["paths"].as_object().unwrap();
        let methods = ["get", "post", "put", "patch", "delete"];
        let of_path = |(path, item): (&String, &Value)| {
            let there = methods.iter().filter(|method| item.get(**method).is_some());
            there.map(|method| ((*method).to_owned(), path.clone())).collect::<Vec<_>>()
        };
        paths.iter().flat_map(of_path).collect()
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        self.app.anonymous(
            method,
            &path
                .replace("{name}", "a.bin")
                .replace("{root}", "files")
                .replace("{id}", "none")
                .replace("{run}", "none"),
        )
    }
}

fn needs(method: &str, path: &str) -> Needs {
    let row = ROWS.iter().find(|(row_method, row_path, _)| (*row_method, *row_path) == (method, path));
    row.unwrap_or_else(|| panic!("{method} {path} has no row in the matrix: enter its access")).2
}

fn code_of(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    // Event streams do not end.
    let problem: Option<Value> = if status < 400 { None } else { answer.json().ok() };
    (status, problem.and_then(|problem| problem["code"].as_str().map(str::to_owned)).unwrap_or_default())
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let service = ServiceWithTokens::new();
    let mut documented = service.operations();
    let mut rows: Vec<_> = ROWS.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    documented.sort();
    rows.sort();
    assert_eq!(documented, rows);
}

#[test]
fn every_operation_refuses_exactly_the_tokens_without_access() {
    // A service answers a hundred wrong tokens at once, and slows down further ones.
    for operations in ServiceWithTokens::new().operations().chunks(20) {
        every_one_refuses_exactly_the_tokens_without_access(operations);
    }
}

fn every_one_refuses_exactly_the_tokens_without_access(operations: &[(String, String)]) {
    let service = ServiceWithTokens::new();
    for (method, path) in operations {
        let needs = needs(method, path);
        let send = |token: Option<&str>| {
            let request = service.request(method, path);
            match token {
                Some(token) => request.bearer_auth(token).send().unwrap(),
                None => request.send().unwrap(),
            }
        };
        for nobody in [None, Some("hs_bad"), Some(""), Some(service.expired.as_str()), Some(service.revoked.as_str())] {
            let (status, code) = code_of(send(nobody));
            let refused = (status, code.as_str()) == (401, "unauthenticated");
            assert_eq!(refused, needs != Needs::Nothing, "{method} {path} with {nobody:?}: {status} {code}");
        }
        for (scope, token) in &service.by_scope {
            let (status, code) = code_of(send(Some(token)));
            let refused = (status, code.as_str()) == (403, "forbidden");
            let contains = |needed| needed == *scope || (needed, *scope) == ("read", "read:all");
            let lacks = match needs {
                Needs::Scope(needed) => !contains(needed),
                Needs::Nothing | Needs::AnyScope => false,
            };
            assert_eq!(refused, lacks, "{method} {path} with the scope {scope}: {status} {code}");
            assert!(refused || status != 401, "{method} {path} with the scope {scope}: {status} {code}");
        }
        let (status, code) = code_of(send(Some(&service.good)));
        assert!(!matches!(status, 401 | 403 | 421 | 500), "{method} {path} with a good token: {status} {code}");
    }
}

#[test]
fn every_operation_but_the_probes_refuses_a_foreign_host() {
    let service = ServiceWithTokens::new();
    for (method, path) in service.operations() {
        let is_probe = ["/healthz", "/readyz"].contains(&path.as_str());
        for token in [None, Some(service.good.as_str()), Some(service.revoked.as_str())] {
            let mut request = service.request(&method, &path).header("host", "evil.example");
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = request.send().unwrap();
            if is_probe {
                assert_eq!(answer.status(), 200, "{method} {path}");
            } else {
                problem(answer, 421, "host_not_allowed");
            }
        }
    }
}

#[test]
fn no_operation_lets_a_page_of_another_site_change_anything() {
    let service = ServiceWithTokens::new();
    for (method, path) in service.operations() {
        for token in [None, Some(service.good.as_str()), Some(service.revoked.as_str())] {
            for (field, value) in [
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
                ("origin", "null"),
                ("origin", "http://localhost:1"),
            ] {
                let mut request = service.request(&method, &path).header(field, value);
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                let answer = request.send().unwrap();
                let fields = answer.headers().clone();
                let (status, code) = code_of(answer);
                let refused = (status, code.as_str()) == (403, "cross_site");
                assert_eq!(refused, method != "get", "{method} {path} with {field}: {value}: {status} {code}");
                assert!(!fields.keys().any(|name| name.as_str().starts_with("access-control")), "{method} {path}");
            }
        }
    }
}
