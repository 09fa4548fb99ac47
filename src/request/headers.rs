//! Header fields that handlers read: `Accept` (RFC 9110, 12.5.1), with the forms that it chooses from, `Idempotency-Key`
//! and `If-Match`; and the name that a manifest is saved under.

use actix_web::HttpRequest;
use actix_web::http::header::{
    self, Accept, ContentDisposition, DispositionParam, DispositionType, EntityTag, Header, IfMatch, Quality,
};
use hivesum_core::digest::Algorithms;
use hivesum_core::manifest::Format;

use crate::error::ApiError;

/// The longest idempotency key.
const MAX_KEY_BYTES: usize = 255;

/// Whether the client names `other` and prefers it to `usual`, the media type for clients without a preference.
pub(crate) fn prefers(request: &HttpRequest, other: &str, usual: &str) -> bool {
    let Ok(accept) = Accept::parse(request) else { return false };
    let named = accept.iter().find(|range| range.item.essence_str() == other).map(|range| range.quality);
    named.is_some_and(|quality| quality > Quality::ZERO && quality >= quality_of(usual, &accept))
}

/// The form of an answer that has all items, one a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineForm {
    Ndjson,
    Csv,
}

impl LineForm {
    /// Its media type.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv",
        }
    }

    /// The end of a file's name, and its name in a query.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    /// The form with this name, if there is one.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Ndjson, Self::Csv].into_iter().find(|form| form.extension() == name)
    }

    /// `Content-Disposition`: the answer is to be saved, under this name and the end that fits the form.
    pub(crate) fn attachment(self, stem: &str) -> ContentDisposition {
        named(DispositionType::Attachment, format!("{stem}.{}", self.extension()))
    }

    /// The form that the client prefers to one JSON document.
    pub(crate) fn preferred(request: &HttpRequest) -> Option<Self> {
        [Self::Ndjson, Self::Csv].into_iter().find(|form| prefers(request, form.media_type(), "application/json"))
    }
}

/// `Content-Disposition` of a manifest: it is to be saved, under its usual name.
pub(crate) fn manifest_attachment(format: Format, algorithms: &Algorithms) -> ContentDisposition {
    named(DispositionType::Attachment, usual_name(format, algorithms))
}

/// `Content-Disposition` of an answer that is shown or saved, and the name to save it under.
pub(crate) fn named(disposition: DispositionType, name: impl Into<String>) -> ContentDisposition {
    ContentDisposition { disposition, parameters: vec![DispositionParam::Filename(name.into())] }
}

/// The usual name of a manifest with these digests: `SHA256SUMS`.
fn usual_name(format: Format, algorithms: &Algorithms) -> String {
    let first = algorithms.first().name();
    match format {
        Format::Gnu => format!("{}SUMS", first.to_ascii_uppercase()),
        Format::B3sum => "B3SUMS".to_owned(),
        Format::Bsd => "CHECKSUMS".to_owned(),
        Format::Bagit => format!("manifest-{first}.txt"),
        Format::Hashdeep | Format::Sfv | Format::Csv | Format::Json | Format::Ndjson | Format::Mtree => {
            format!("hivesum.{format}")
        }
        Format::WheelRecord => "RECORD".to_owned(),
        Format::OcflSidecar => format!("inventory.json.{first}"),
    }
}

/// The quality that the most specific matching range gives to a media type.
fn quality_of(media_type: &str, accept: &Accept) -> Quality {
    let specificity = |range: &str| match range {
        "*/*" => Some(0),
        range if range == media_type => Some(2),
        range => media_type.starts_with(range.strip_suffix('*')?).then_some(1),
    };
    let matching = accept.iter().filter_map(|range| Some((specificity(range.item.essence_str())?, range.quality)));
    matching.max_by_key(|(specificity, _)| *specificity).map_or(Quality::ZERO, |(_, quality)| quality)
}

/// `Idempotency-Key`: the client's name for a request, so that a repeated request creates one job only.
pub(crate) fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let Some(field) = request.headers().get("idempotency-key") else { return Ok(None) };
    let key = field.to_str().ok().filter(|key| (1..=MAX_KEY_BYTES).contains(&key.len()));
    let key = key.ok_or_else(|| ApiError::invalid("Idempotency-Key must be 1 to 255 visible ASCII characters"))?;
    Ok(Some(key.to_owned()))
}

/// Checks that a change is made from the settings with this tag (RFC 9110, 13.1.1; RFC 6585, 3).
pub(crate) fn require_match(request: &HttpRequest, tag: &EntityTag) -> Result<(), ApiError> {
    if !request.headers().contains_key(header::IF_MATCH) {
        return Err(ApiError::PreconditionRequired);
    }
    let matches = match IfMatch::parse(request) {
        Ok(IfMatch::Any) => true,
        Ok(IfMatch::Items(known)) => known.iter().any(|known| known.strong_eq(tag)),
        Err(_) => return Err(ApiError::invalid("If-Match is a list of ETags in quotes")),
    };
    if matches { Ok(()) } else { Err(ApiError::PreconditionFailed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_other_media_type_is_chosen_if_it_is_named_and_preferred() {
        let lines = |accept: &str| {
            let request = TestRequest::get().insert_header(("accept", accept)).to_http_request();
            prefers(&request, "application/x-ndjson", "application/json")
        };
        assert!(lines("application/x-ndjson"));
        assert!(lines("Application/X-NDJSON"));
        assert!(lines("application/x-ndjson;charset=utf-8"));
        assert!(lines("application/json;q=0.9, application/x-ndjson"));
        assert!(lines("application/x-ndjson; q=0.5, */*;q=0.1"));
        assert!(!lines("application/x-ndjson;q=0.5, application/json"));
        assert!(!lines("application/x-ndjson;q=0.5, application/*"));
        assert!(
            !lines("application/x-ndjson;q=0") && !lines("*/*") && !lines("") && !lines("application/x-ndjson;q=x")
        );
        let without = TestRequest::get().to_http_request();
        assert!(!prefers(&without, "application/x-ndjson", "application/json"));
    }
}
