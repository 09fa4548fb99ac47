//! Origins of other sites, as browsers write them in `Origin`.

use actix_web::http::Uri;

/// Whether a browser could send this as an origin: a scheme, a lower-case host, and a port unless it is the default.
pub(super) fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let usual_port = match uri.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        Some(_) | None => return false,
    };
    let Some(authority) = uri.authority() else { return false };
    let written = format!("{}://{authority}", uri.scheme_str().unwrap_or_default());
    let port = authority.port();
    written == text
        && text == text.to_ascii_lowercase()
        && !authority.host().is_empty()
        && !text.contains(['@', '*'])
        && port.as_ref().is_none_or(|port| port.as_u16() != usual_port && port.as_str() == port.as_u16().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_browser_sends_is_not_an_origin() {
        for origin in ["https://a.example", "http://localhost:3000", "http://[::1]:1", "https://192.0.2.1:8443"] {
            assert!(is_origin(origin), "{origin} was refused");
        }
        for text in [
            "*",
            "null",
            "",
            "a.example",
            "https://a.example/",
            "https://a.example/x",
            "https://A.example",
            "https://*.example",
            "https://u@a.example",
            "https://a.example:443",
            "http://a.example:080",
            "ftp://a.example",
            "https://",
            "https://a.example?x",
        ] {
            assert!(!is_origin(text), "{text} was accepted");
        }
    }
}
