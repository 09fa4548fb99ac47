//! A request's query: every value decoded once, to bytes; unknown and repeated parameters are refused.
//!
//! Handlers take what they know and then call [`Query::finish`], which refuses the rest and names what the handler has
//! taken. So a handler takes all of its parameters before it calls `finish`.

use std::fmt::Display;
use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::error::ApiError;

/// The parameters of one request that have not been taken yet.
#[derive(Debug)]
pub(crate) struct Query {
    pairs: Vec<(String, Vec<u8>)>,
    /// The parameters that the handler has asked for: those that the route has.
    known: Vec<&'static str>,
}

impl Query {
    /// Splits and decodes the query of the request.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        Self::repeating(request, &[])
    }

    /// The same; these parameters may be repeated.
    pub(crate) fn repeating(request: &HttpRequest, repeated: &[&str]) -> Result<Self, ApiError> {
        Self::parse(request.query_string(), repeated)
    }

    fn parse(query: &str, repeated: &[&str]) -> Result<Self, ApiError> {
        let mut pairs: Vec<(String, Vec<u8>)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = String::from_utf8(decode(name)?)
                .map_err(|_| ApiError::invalid("a query parameter's name is not UTF-8"))?;
            if !repeated.contains(&&*name) && pairs.iter().any(|(known, _)| *known == name) {
                return Err(ApiError::invalid(format!("the query parameter {name:?} is given twice")));
            }
            pairs.push((name, decode(value)?));
        }
        Ok(Self { pairs, known: Vec::new() })
    }

    /// The value of a parameter, as bytes.
    pub(crate) fn bytes(&mut self, name: &'static str) -> Option<Vec<u8>> {
        self.asked_for(name);
        let at = self.pairs.iter().position(|(known, _)| known == name)?;
        Some(self.pairs.remove(at).1)
    }

    /// The value of a parameter, as text.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, ApiError> {
        let text = self.bytes(name).map(String::from_utf8).transpose();
        text.map_err(|_| not_text(name))
    }

    /// The values of a parameter that may be repeated, as text, in their order.
    pub(crate) fn texts(&mut self, name: &'static str) -> Result<Vec<String>, ApiError> {
        self.asked_for(name);
        let (found, rest) = std::mem::take(&mut self.pairs).into_iter().partition(|(known, _)| known == name);
        self.pairs = rest;
        let found: Vec<(String, Vec<u8>)> = found;
        let texts = found.into_iter().map(|(_, value)| String::from_utf8(value));
        texts.collect::<Result<_, _>>().map_err(|_| not_text(name))
    }

    /// The value of a parameter, parsed; a refusal quotes the parser's message.
    pub(crate) fn parsed<T>(&mut self, name: &'static str) -> Result<Option<T>, ApiError>
    where
        T: FromStr,
        T::Err: Display,
    {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let value =
            text.parse().map_err(|error| ApiError::invalid(format!("the query parameter {name:?}: {error}")))?;
        Ok(Some(value))
    }

    /// The value of a parameter that is one of these names.
    pub(crate) fn named<T>(
        &mut self,
        parameter: &'static str,
        from_name: impl Fn(&str) -> Option<T>,
        names: &[&str],
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(parameter)? else { return Ok(None) };
        let unknown = || ApiError::invalid(format!("unknown {parameter} {text:?}: choose {}", names.join(", ")));
        from_name(&text).ok_or_else(unknown).map(Some)
    }

    /// The values of a parameter that is a list of these names, separated by commas, or repeated: each name once, in the
    /// order of the list. Empty if the parameter is not given.
    pub(crate) fn named_list<T: PartialEq>(
        &mut self,
        parameter: &'static str,
        from_name: impl Fn(&str) -> Option<T>,
        names: &[&str],
    ) -> Result<Vec<T>, ApiError> {
        let mut values = Vec::new();
        for text in self.texts(parameter)?.iter().flat_map(|list| list.split(',')) {
            let unknown = || ApiError::invalid(format!("unknown {parameter} {text:?}: choose {}", names.join(", ")));
            let value = from_name(text).ok_or_else(unknown)?;
            if !values.contains(&value) {
                values.push(value);
            }
        }
        Ok(values)
    }

    /// `position`: the item that a page begins with, counted from 0.
    pub(crate) fn position(&mut self) -> Result<u64, ApiError> {
        Ok(self.parsed("position")?.unwrap_or(0))
    }

    /// `limit`: the most items of a page.
    pub(crate) fn limit(&mut self) -> Result<usize, ApiError> {
        match self.parsed("limit")? {
            None => Ok(DEFAULT_LIMIT),
            Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
            Some(_) => {
                Err(ApiError::invalid(format!("the query parameter \"limit\" must be between 1 and {MAX_LIMIT}")))
            }
        }
    }

    /// Refuses parameters that have not been taken, and names those that the route has.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        let Some((name, _)) = self.pairs.first() else { return Ok(()) };
        let known = match self.known.is_empty() {
            true => "this route has none".to_owned(),
            false => format!("known: {}", self.known.join(", ")),
        };
        // `algorithm` and `algorithms` are both parameters, of different routes.
        let is_near = |known: &str| known.strip_suffix('s') == Some(name) || name.strip_suffix('s') == Some(known);
        let meant = match self.known.iter().find(|known| is_near(known)) {
            Some(meant) => format!(": {meant:?} is meant"),
            None => String::new(),
        };
        Err(ApiError::invalid(format!("unknown query parameter {name:?}{meant}; {known}")))
    }

    fn asked_for(&mut self, name: &'static str) {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
    }
}

fn not_text(name: &str) -> ApiError {
    ApiError::invalid(format!("the query parameter {name:?} is not UTF-8"))
}

/// A query without parameters. Handlers take it before other arguments, so that a malformed request is refused before
/// the store is read.
pub(crate) struct NoQuery;

impl FromRequest for NoQuery {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Query::of(request).and_then(Query::finish).map(|()| Self))
    }
}

/// The default number of items of a page.
const DEFAULT_LIMIT: usize = 100;

/// The largest number of items of a page.
const MAX_LIMIT: usize = 1000;

/// Decodes percent-encoding as HTML forms and `URLSearchParams` write it: `+` is a space.
fn decode(text: &str) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let [high, low, after @ ..] = rest else { return Err(broken()) };
                let digit = |digit: u8| char::from(digit).to_digit(16).ok_or_else(broken);
                bytes.push((digit(*high)? * 16 + digit(*low)?) as u8);
                rest = after;
            }
            byte => bytes.push(*byte),
        }
    }
    Ok(bytes)
}

fn broken() -> ApiError {
    ApiError::invalid("a `%` in the query is not followed by two hexadecimal digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Query, ApiError> {
        Query::parse(query, &["more"])
    }

    #[test]
    fn some_parameters_may_be_repeated() {
        let mut query = parse("more=a&x=1&more=%2Fb&more=").unwrap();
        assert_eq!(query.texts("more").unwrap(), ["a", "/b", ""]);
        assert_eq!(query.texts("more").unwrap(), [""; 0]);
        assert_eq!(query.bytes("x").unwrap(), b"1");
        query.finish().unwrap();
        assert!(parse("more=%ff").unwrap().texts("more").is_err());
    }

    #[test]
    fn values_are_decoded_once_and_to_bytes() {
        let mut query = parse("path=a%2Fb%252e%ff+c&q=&x").unwrap();
        assert_eq!(query.bytes("path").unwrap(), b"a/b%2e\xff c");
        assert_eq!(query.bytes("q").unwrap(), b"");
        assert_eq!(query.bytes("x").unwrap(), b"");
        assert_eq!(query.bytes("path"), None);
        query.finish().unwrap();
    }

    #[test]
    fn what_is_unknown_repeated_or_broken_is_refused() {
        for query in ["a=1&a=2", "a=%", "a=%2", "a=%zz", "%ff=1"] {
            assert!(parse(query).is_err(), "{query} was accepted");
        }
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_those_that_are_known() {
        let refused = |query: Query| query.finish().unwrap_err().to_string();
        assert_eq!(refused(parse("a=1").unwrap()), "unknown query parameter \"a\"; this route has none");
        let mut query = parse("algorithm=md5&more=x").unwrap();
        let _ = (query.texts("more"), query.bytes("path"), query.limit(), query.bytes("path"));
        assert_eq!(refused(query), "unknown query parameter \"algorithm\"; known: more, path, limit");
        for (given, meant) in [("algorithm", "algorithms"), ("algorithms", "algorithm")] {
            let mut query = parse(&format!("{given}=md5")).unwrap();
            let _ = query.bytes(meant);
            let told = format!("unknown query parameter {given:?}: {meant:?} is meant; known: {meant}");
            assert_eq!(refused(query), told);
        }
    }

    #[test]
    fn a_limit_stays_within_its_bounds() {
        let limit = |query| parse(query).unwrap().limit();
        assert_eq!((limit("").unwrap(), limit("limit=1").unwrap(), limit("limit=1000").unwrap()), (100, 1, 1000));
        for query in ["limit=0", "limit=1001", "limit=-1", "limit=x", "limit="] {
            assert!(limit(query).is_err(), "{query} was accepted");
        }
    }

    mod laws {
        use proptest::prelude::*;

        use super::*;

        proptest! {
            #[test]
            fn every_value_of_bytes_comes_through_an_encoded_query(value in prop::collection::vec(any::<u8>(), 0..60)) {
                let encoded: String = value.iter().map(|byte| format!("%{byte:02x}")).collect();
                let mut query = parse(&format!("a=1&path={encoded}&b")).unwrap();
                prop_assert_eq!(query.bytes("path").unwrap(), value);
            }

            #[test]
            fn a_query_of_any_characters_is_taken_or_refused(query in "([%&=+]|[0-9a-fA-F]|.){0,40}") {
                if let Ok(query) = parse(&query) {
                    let decoded: usize = query.pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
                    prop_assert!(decoded <= 200, "decoding makes nothing longer");
                }
            }
        }
    }
}
