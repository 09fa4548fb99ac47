//! What a path needs before anything is known of its handler: everything is guarded that is not listed here.
//!
//! The path is taken as it was sent. One that is written otherwise (`/%61pi`) matches no line below and is guarded.

use crate::assets;

/// The kinds of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccessRule {
    /// For everybody, never counted.
    Public,
    /// For everybody, counted.
    SignIn,
    /// A browser's question ahead of another site's request: for everybody, counted.
    Preflight,
    /// Needs a token, never counted.
    Metrics,
    /// Needs a token, counted.
    Protected,
}

impl AccessRule {
    pub(super) fn for_path(path: &str) -> Self {
        match path {
            "/" | "/healthz" | "/readyz" => Self::Public,
            "/metrics" => Self::Metrics,
            "/api/v1/session" => Self::SignIn,
            path if path.starts_with("/api/") => Self::Protected,
            path if assets::has(path) => Self::Public,
            _ => Self::Protected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_guarded() {
        for path in ["/", "/healthz", "/readyz", "/app.js"] {
            assert_eq!(AccessRule::for_path(path), AccessRule::Public, "{path}");
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
            assert_eq!(AccessRule::for_path(path), AccessRule::Protected, "{path}");
        }
    }
}
