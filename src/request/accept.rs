//! `Accept`: which of two forms an answer takes (RFC 9110, 12.5.1).

use actix_web::http::header::{self, HeaderMap};

/// Whether `other` is named and preferred to `usual`, the form of who does not care.
pub(crate) fn prefers(fields: &HeaderMap, other: &str, usual: &str) -> bool {
    let accepted: Vec<_> = fields.get_all(header::ACCEPT).filter_map(|field| field.to_str().ok()).collect();
    let ranges = || accepted.iter().flat_map(|field| field.split(',')).filter_map(range);
    let named = ranges().filter(|(range, _)| range.eq_ignore_ascii_case(other)).map(|(_, weight)| weight).next();
    named.is_some_and(|weight| weight > 0.0 && weight >= weight_of(usual, ranges()))
}

/// The weight that the most particular range gives.
fn weight_of<'a>(media_type: &str, ranges: impl Iterator<Item = (&'a str, f32)>) -> f32 {
    let particular = |range: &str| match range {
        "*/*" => Some(0),
        range if range.eq_ignore_ascii_case(media_type) => Some(2),
        range => {
            let family = range.strip_suffix('*')?;
            media_type.starts_with(family).then_some(1)
        }
    };
    let fitting = ranges.filter_map(|(range, weight)| Some((particular(range)?, weight)));
    fitting.max_by_key(|(particular, _)| *particular).map_or(0.0, |(_, weight)| weight)
}

/// A media range and its weight; one whose weight is none is passed over.
fn range(text: &str) -> Option<(&str, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some((range, weight.map_or(Ok(1.0), str::parse).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn the_other_form_is_for_who_names_it_and_likes_it_no_less() {
        let lines = |accept: &'static str| {
            let mut fields = HeaderMap::new();
            fields.append(header::ACCEPT, HeaderValue::from_static(accept));
            prefers(&fields, "application/x-ndjson", "application/json")
        };
        assert!(lines("application/x-ndjson"));
        assert!(lines("application/json;q=0.9, application/x-ndjson"));
        assert!(lines("application/x-ndjson; q=0.5, */*;q=0.1"));
        assert!(!lines("application/x-ndjson;q=0.5, application/json"));
        assert!(!lines("application/x-ndjson;q=0.5, application/*"));
        assert!(
            !lines("application/x-ndjson;q=0") && !lines("*/*") && !lines("") && !lines("application/x-ndjson;q=x")
        );
    }
}
