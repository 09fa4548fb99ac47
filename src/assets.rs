//! The web page: the files of `static/`, embedded at compile time (read from disk in debug builds), sent with ETags and
//! a content security policy that lets the page load only its own files.

use std::fmt::Write;

use actix_web::http::Method;
use actix_web::http::header::{self, EntityTag, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::error::ApiError;
use crate::etag::client_has;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// The page may load its own scripts, styles and images and call its own API, nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// Whether there is an asset at this path, which is compared as it was sent.
pub(crate) fn has(path: &str) -> bool {
    file_at(path).is_some()
}

/// The asset at the request's path, or 404.
pub(crate) async fn asset(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let path = if request.path() == "/" { "/index.html" } else { request.path() };
    let file = file_at(path).ok_or(ApiError::NotFound("there is nothing at this path"))?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(ApiError::MethodNotAllowed { allow: "GET, HEAD".to_owned() });
    }
    let tag = tag_of(&file);
    let not_modified = client_has(&request, &tag);
    let mut response = if not_modified { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((header::ETAG, tag.to_string()));
    response.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-cache")));
    response.insert_header((header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)));
    response.insert_header((header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")));
    if not_modified {
        return Ok(response.finish());
    }
    response.content_type(media_type(file.metadata.mimetype()));
    Ok(response.body(file.data.into_owned()))
}

fn file_at(path: &str) -> Option<EmbeddedFile> {
    let name = path.strip_prefix('/')?;
    let plain =
        name.split('/').all(|component| !matches!(component, "" | "." | "..")) && !name.contains(['\\', '%', '\0']);
    if plain { Files::get(name) } else { None }
}

/// The media type, with the charset for text.
fn media_type(guessed: &str) -> String {
    match guessed.starts_with("text/") && !guessed.contains("charset") {
        true => format!("{guessed}; charset=utf-8"),
        false => guessed.to_owned(),
    }
}

fn tag_of(file: &EmbeddedFile) -> EntityTag {
    let mut tag = String::with_capacity(32);
    for byte in &file.metadata.sha256_hash()[..16] {
        let _ = write!(tag, "{byte:02x}");
    }
    EntityTag::new_strong(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The total size of all assets, uncompressed; gzip takes some 60% of it away.
    const MOST_BYTES: usize = 240 << 10;

    #[test]
    fn the_assets_are_small_and_every_file_is_short() {
        let files: Vec<_> = Files::iter().map(|name| (Files::get(&name).unwrap(), name)).collect();
        let bytes: usize = files.iter().map(|(file, _)| file.data.len()).sum();
        assert!(bytes < MOST_BYTES, "{bytes} bytes");
        for (file, name) in &files {
            let lines = file.data.iter().filter(|&&byte| byte == b'\n').count();
            assert!(lines <= 300, "{name} has {lines} lines");
        }
    }

    #[test]
    fn only_plain_paths_name_assets() {
        assert!(has("/index.html"));
        for path in [
            "",
            "/",
            "index.html",
            "//index.html",
            "/../Cargo.toml",
            "/./index.html",
            "/views/../index.html",
            "/%2e%2e/Cargo.toml",
            "/views",
        ] {
            assert!(!has(path), "{path} was found");
        }
    }
}
