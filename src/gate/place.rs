//! What a path needs before anything is known of its handler: everything is guarded that is not listed here.
//!
//! The path is taken as it was sent. One that is written otherwise (`/%61pi`) matches no line below and is guarded.

use crate::assets;

/// The kinds of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// For everybody, never counted.
    Public,
    /// For everybody, counted.
    SignIn,
    /// A browser's question ahead of another site's request: for everybody, counted.
    Preflight,
    /// Needs a token, never counted.
    Metrics,
    /// Needs a token, counted.
    Guarded,
}

impl Place {
    pub(super) fn of(path: &str) -> Self {
        match path {
            "/" | "/healthz" | "/readyz" => Self::Public,
            "/metrics" => Self::Metrics,
            "/api/v1/session" => Self::SignIn,
            path if path.starts_with("/api/") => Self::Guarded,
            path if assets::has(path) => Self::Public,
            _ => Self::Guarded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_guarded() {
        for path in ["/", "/healthz", "/readyz", "/app.js"] {
            assert_eq!(Place::of(path), Place::Public, "{path}");
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
            assert_eq!(Place::of(path), Place::Guarded, "{path}");
        }
    }
}
