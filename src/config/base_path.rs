//! The path below which a proxy publishes the service, and what may be one.
//!
//! Requests are answered with it and without it, because some proxies strip it. What the service tells clients, such as
//! a `Location` or the path of its cookie, always has it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// First segments that the service itself uses. Below one of them, a request could be meant with or without the base.
const OWN: [&str; 7] = ["api", "docs", "healthz", "readyz", "metrics", "openapi.json", "index.html"];

/// `/`, or `/name/` and more names. Only unreserved characters of URLs, so that it has one spelling.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BasePath {
    /// Without the slash at its end; empty for `/`.
    prefix: String,
}

/// Why a path cannot be the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BasePathError {
    /// It does not begin with a slash.
    #[error("a base path begins with a slash, as in /hivesum/")]
    Relative,
    /// A name in it is empty, `.` or `..`, or has other characters.
    #[error("a base path has names of letters, digits and -._~ alone, none of them empty, . or .., as in /hivesum/")]
    Name,
    /// Its first name is one that the service uses.
    #[error("a base path cannot begin with a path of the service itself, such as /api or /docs")]
    Own,
}

impl BasePath {
    /// The path as clients send it, for the service's own absolute path `own`: `/hivesum/api/v1/jobs`.
    #[must_use]
    pub fn before(&self, own: &str) -> String {
        format!("{}{own}", self.prefix)
    }

    /// The service's own path for one that begins with the base; none if it does not. The base without its last slash
    /// is `/`.
    pub(crate) fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        if self.prefix.is_empty() {
            return None;
        }
        match path.strip_prefix(&self.prefix)? {
            "" => Some("/"),
            own => own.starts_with('/').then_some(own),
        }
    }

    /// Whether this is the base without its last slash, below which a page's relative links would miss the base.
    pub(crate) fn is_without_slash(&self, path: &str) -> bool {
        !self.prefix.is_empty() && path == self.prefix
    }

    /// What stands before each path of the document: no slash at its end, except for `/` itself.
    pub(crate) fn server(&self) -> &str {
        if self.prefix.is_empty() { "/" } else { &self.prefix }
    }
}

impl FromStr for BasePath {
    type Err = BasePathError;

    fn from_str(text: &str) -> Result<Self, BasePathError> {
        let names = text.strip_prefix('/').ok_or(BasePathError::Relative)?;
        let names = names.strip_suffix('/').unwrap_or(names);
        if names.is_empty() && matches!(text, "/") {
            return Ok(Self::default());
        }
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_name = |name: &str| !matches!(name, "" | "." | "..") && name.bytes().all(unreserved);
        if !names.split('/').all(is_name) {
            return Err(BasePathError::Name);
        }
        if names.split('/').next().is_some_and(|first| OWN.contains(&first)) {
            return Err(BasePathError::Own);
        }
        Ok(Self { prefix: format!("/{names}") })
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.prefix)
    }
}

impl TryFrom<String> for BasePath {
    type Error = BasePathError;

    fn try_from(text: String) -> Result<Self, BasePathError> {
        text.parse()
    }
}

impl From<BasePath> for String {
    fn from(base: BasePath) -> Self {
        base.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_has_plain_names_and_one_spelling() {
        for (text, shown) in
            [("/", "/"), ("/hivesum", "/hivesum/"), ("/hivesum/", "/hivesum/"), ("/a/b-1._~/", "/a/b-1._~/")]
        {
            assert_eq!(text.parse::<BasePath>().unwrap().to_string(), shown);
        }
        for text in ["", "hivesum", "hivesum/"] {
            assert_eq!(text.parse::<BasePath>(), Err(BasePathError::Relative), "{text}");
        }
        for text in ["//", "/a//b", "/a//", "/..", "/a/../b/", "/./", "/a b/", "/a%20b/", "/a?b", "/a#b", "/ä/", "/a;b"]
        {
            assert_eq!(text.parse::<BasePath>(), Err(BasePathError::Name), "{text}");
        }
        for text in ["/api", "/api/v2/", "/docs/"] {
            assert_eq!(text.parse::<BasePath>(), Err(BasePathError::Own), "{text}");
        }
    }

    #[test]
    fn only_the_whole_base_is_stripped_and_only_once() {
        let base: BasePath = "/a/b/".parse().unwrap();
        assert_eq!(base.strip("/a/b/x"), Some("/x"));
        assert_eq!(base.strip("/a/b"), Some("/"));
        assert_eq!(base.strip("/a/b/a/b/x"), Some("/a/b/x"));
        for other in ["/a/bc", "/a", "/", "/x", "/A/b/x", "/%61/b/x"] {
            assert_eq!(base.strip(other), None, "{other}");
        }
        assert_eq!(BasePath::default().strip("/x"), None);
        assert_eq!((base.before("/x").as_str(), BasePath::default().before("/x").as_str()), ("/a/b/x", "/x"));
    }
}
