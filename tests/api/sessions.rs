//! Sessions: signing out, and the cookie's name.

use reqwest::Method;

use crate::access::token_until;
use crate::app::{TestApp, ok_json, problem};

fn sign_out(app: &TestApp, cookie: &str) -> reqwest::blocking::Response {
    app.anonymous(Method::DELETE, "/api/v1/session").header("cookie", cookie).send().unwrap()
}

fn get(app: &TestApp, cookie: &str) -> reqwest::blocking::Response {
    app.anonymous(Method::GET, "/api/v1/algorithms").header("cookie", cookie).send().unwrap()
}

#[test]
fn signing_out_ends_this_session_and_clears_its_cookie() {
    let app = TestApp::signed_out(|_| {});
    // A session may end itself whatever its scopes are.
    let secret = token_until(&app, "read", None).1;
    let (mine, other) = (app.sign_in(&secret), app.sign_in(&secret));
    ok_json(get(&app, &mine));
    let answer = sign_out(&app, &mine);
    assert_eq!(answer.status(), 204);
    let cleared = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    let name = mine.split_once('=').unwrap().0;
    for part in [format!("{name}=").as_str(), "Max-Age=0", "Path=/", "HttpOnly", "SameSite=Strict"] {
        assert!(cleared.split("; ").any(|one| one == part), "{cleared}");
    }
    problem(get(&app, &mine), 401, "unauthenticated");
    problem(sign_out(&app, &mine), 401, "unauthenticated");
    ok_json(get(&app, &other));
}

#[test]
fn only_a_request_of_the_own_page_with_a_session_signs_out() {
    let app = TestApp::start();
    let secret = token_until(&app, "read,hash,admin", None).1;
    let delete = || app.anonymous(Method::DELETE, "/api/v1/session");
    problem(delete().send().unwrap(), 401, "unauthenticated");
    problem(delete().bearer_auth(&secret).send().unwrap(), 404, "not_found");
    let foreign = app.request(Method::DELETE, "/api/v1/session").header("sec-fetch-site", "cross-site");
    problem(foreign.send().unwrap(), 403, "cross_site");
    app.json("/api/v1/algorithms");
}

#[test]
fn two_services_on_a_host_do_not_sign_each_other_out() {
    let [one, other] = [TestApp::signed_out(|_| {}), TestApp::signed_out(|_| {})];
    let cookies = [&one, &other].map(|app| app.sign_in(app.start_token.as_ref().unwrap()));
    let names = cookies.each_ref().map(|cookie| cookie.split_once('=').unwrap().0);
    assert_ne!(names[0], names[1]);
    // A browser sends both to both.
    let both = cookies.join("; ");
    ok_json(get(&one, &both));
    let documented = one.anonymous(Method::GET, "/openapi.json").header("cookie", &both).send().unwrap();
    assert_eq!(ok_json(documented)["components"]["securitySchemes"]["session"]["name"], names[0]);
    assert_eq!(sign_out(&one, &both).status(), 204);
    ok_json(get(&other, &both));
}
