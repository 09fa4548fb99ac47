//! Which access rule applies to a request. Every path that is not listed here is protected.
//!
//! The path is compared as it was sent, so another spelling (`/%61pi`) matches no rule below and is protected.

use actix_web::http::Method;

use crate::assets;

/// Who may send a request, and whether the request is rate-limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccessRule {
    /// Open to everyone under any host name, not rate-limited.
    Probe,
    /// Open to everyone, not rate-limited.
    Public,
    /// Open to everyone, rate-limited.
    SignIn,
    /// Needs a token or a session of any scope: whoever has signed in may ask for its scopes and sign out. Rate-limited.
    OwnSession,
    /// A browser's CORS preflight: open to everyone, rate-limited.
    Preflight,
    /// Needs a token, not rate-limited.
    Metrics,
    /// Needs a token with `admin` whatever the method, rate-limited.
    Administered,
    /// Needs a token with the scope that the method needs, rate-limited.
    Protected,
}

impl AccessRule {
    pub(super) fn of(method: &Method, path: &str) -> Self {
        match path {
            "/healthz" | "/readyz" => Self::Probe,
            "/" => Self::Public,
            "/metrics" => Self::Metrics,
            "/api/v1/session" if [Method::GET, Method::HEAD, Method::DELETE].contains(method) => Self::OwnSession,
            "/api/v1/session" => Self::SignIn,
            path if changes_collection(method, path) || path.starts_with("/api/v1/nodes/") => Self::Administered,
            path if path.starts_with("/api/") => Self::Protected,
            path if assets::has(path) => Self::Public,
            _ => Self::Protected,
        }
    }
}

/// Whether a collection is made or changed, its files are accepted or acknowledged, which changes what is told of them, or
/// one of its runs is cancelled, which its schedule may have started.
fn changes_collection(method: &Method, path: &str) -> bool {
    let Some(rest) = path.strip_prefix("/api/v1/collections") else { return false };
    match *method {
        Method::POST if rest.is_empty() => true,
        Method::POST => {
            let verbs = ["/accept", "/acknowledge", "/cancel"];
            rest.starts_with('/') && verbs.iter().any(|verb| rest.ends_with(verb))
        }
        Method::PATCH => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_protected() {
        for path in ["/", "/app.js"] {
            assert_eq!(AccessRule::of(&Method::GET, path), AccessRule::Public, "{path}");
        }
        for path in ["/healthz", "/readyz"] {
            assert_eq!(AccessRule::of(&Method::GET, path), AccessRule::Probe, "{path}");
        }
        for path in [
            "/api/v1/jobs",
            "/%61pi/v1/jobs",
            "//api/v1/jobs",
            "/API/v1/jobs",
            "/docs",
            "/healthz/",
            "/nothing",
            "",
            "/../app.js",
            "/app.js/",
        ] {
            assert_eq!(AccessRule::of(&Method::GET, path), AccessRule::Protected, "{path}");
        }
        assert_eq!(AccessRule::of(&Method::GET, "/api/v1/session"), AccessRule::OwnSession);
        assert_eq!(AccessRule::of(&Method::DELETE, "/api/v1/session/"), AccessRule::Protected);
        for changing in ["accept", "acknowledge", "runs/2/cancel"].map(|verb| format!("/api/v1/collections/1/{verb}")) {
            assert_eq!(AccessRule::of(&Method::POST, &changing), AccessRule::Administered);
            assert_eq!(AccessRule::of(&Method::GET, &changing), AccessRule::Protected);
        }
        assert_eq!(AccessRule::of(&Method::POST, "/api/v1/collections"), AccessRule::Administered);
        assert_eq!(AccessRule::of(&Method::PATCH, "/api/v1/collections/1"), AccessRule::Administered);
        assert_eq!(AccessRule::of(&Method::POST, "/api/v1/collections/1/scrub"), AccessRule::Protected);
    }
}
