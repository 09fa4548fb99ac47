//! The web page: the files of `static/`, embedded at compile time (read from disk in debug builds), sent with ETags and
//! a content security policy that lets the page load only its own files.
//!
//! `/` is the page as one script and one style sheet, whose names change with their content, so that browsers keep them
//! for good. `/index.html` is the same page as the modules of `static/`, each a file under its plain name.

mod bundle;
mod linker;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use actix_web::http::Method;
use actix_web::http::header::{self, EntityTag, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{EmbeddedFile, RustEmbed};

use self::bundle::{Bundle, is_hashed};
use crate::error::ApiError;
use crate::etag::client_has;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// The page may load its own scripts, styles and images and call its own API, nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// What the name of an asset does not tell: browsers ask each time whether it changed.
const ASK: &str = "no-cache";
/// The name tells the content: for a year, the longest time that caches are asked for, nobody needs to ask.
const KEEP: &str = "public, max-age=31536000, immutable";

/// What is sent for a path.
struct Answer {
    content: Bytes,
    /// The SHA-256 of the content, in hexadecimal digits.
    fingerprint: String,
    media_type: String,
    caching: &'static str,
}

/// Whether there is an asset at this path, which is compared as it was sent.
pub(crate) fn has(path: &str) -> bool {
    match path.strip_prefix('/') {
        Some(name) if is_hashed(name) => bundle().is_ok_and(|page| page.asset(name).is_some()),
        _ => file_at(path).is_some(),
    }
}

/// The asset at the request's path, or 404.
pub(crate) async fn asset(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let answer = answer_at(request.path())?.ok_or(ApiError::NotFound("there is nothing at this path"))?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(ApiError::MethodNotAllowed { allow: "GET, HEAD".to_owned() });
    }
    let tag = EntityTag::new_strong(answer.fingerprint[..32].to_owned());
    let not_modified = client_has(&request, &tag);
    let mut response = if not_modified { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((header::ETAG, tag.to_string()));
    response.insert_header((header::CACHE_CONTROL, HeaderValue::from_static(answer.caching)));
    response.insert_header((header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)));
    response.insert_header((header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")));
    if not_modified {
        return Ok(response.finish());
    }
    response.content_type(answer.media_type);
    Ok(response.body(answer.content))
}

fn answer_at(path: &str) -> Result<Option<Answer>, ApiError> {
    let name = path.strip_prefix('/').unwrap_or(path);
    if name.is_empty() {
        let page = bundle()?;
        let (content, fingerprint) = (Bytes::from(page.index.clone()), page.fingerprint.clone());
        return Ok(Some(Answer { content, fingerprint, media_type: media_type("text/html"), caching: ASK }));
    }
    if is_hashed(name) {
        let page = bundle()?;
        return Ok(page.asset(name).map(|asset| {
            let guessed = if name.ends_with(".css") { "text/css" } else { "text/javascript" };
            let (content, fingerprint) = (Bytes::from(asset.text.clone()), asset.fingerprint.clone());
            Answer { content, fingerprint, media_type: media_type(guessed), caching: KEEP }
        }));
    }
    Ok(file_at(path).map(|file| Answer {
        fingerprint: hex::encode(file.metadata.sha256_hash()),
        media_type: media_type(file.metadata.mimetype()),
        content: match file.data {
            Cow::Borrowed(data) => Bytes::from_static(data),
            Cow::Owned(data) => Bytes::from(data),
        },
        caching: ASK,
    }))
}

/// The page as it is sent. It is made once; a debug build makes it each time, as it reads the files from disk.
fn bundle() -> Result<Arc<Bundle>, ApiError> {
    static MADE: OnceLock<Arc<Bundle>> = OnceLock::new();
    if let Some(made) = MADE.get() {
        return Ok(made.clone());
    }
    let bundle = Arc::new(Bundle::of(&text_of).map_err(|problem| ApiError::internal(format!("static/{problem}")))?);
    Ok(if cfg!(debug_assertions) { bundle } else { MADE.get_or_init(|| bundle).clone() })
}

/// The text of a file below `static/`.
fn text_of(name: &str) -> Option<String> {
    String::from_utf8(Files::get(name)?.data.into_owned()).ok()
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
