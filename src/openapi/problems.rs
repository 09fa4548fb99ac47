//! Failures in the document: a response for every status, with its codes as examples.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::Modify;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{ContentBuilder, HttpMethod, OpenApi, PathItem, Ref, RefOr, Response, ResponseBuilder};

use crate::error::Code;
use crate::error::problem::reason;

/// The extension in which the annotation of a handler lists its own codes.
const OWN_CODES: &str = "x-codes";

/// The codes that the gate can return where a token is needed.
const PROTECTED: [Code; 6] = [
    Code::InvalidRequest,
    Code::Unauthenticated,
    Code::Forbidden,
    Code::HostNotAllowed,
    Code::RateLimited,
    Code::Internal,
];

/// The codes that the gate can return where no token is needed.
const OPEN: [Code; 1] = [Code::Internal];

/// Adds its problem responses to every operation.
pub(crate) struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut OpenApi) {
        for item in document.paths.paths.values_mut() {
            for (method, operation) in operations(item) {
                describe(operation, method);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let PathItem { get, post, put, patch, delete, .. } = item;
    let all = [
        (HttpMethod::Get, get),
        (HttpMethod::Post, post),
        (HttpMethod::Put, put),
        (HttpMethod::Patch, patch),
        (HttpMethod::Delete, delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn describe(operation: &mut Operation, method: HttpMethod) {
    // An empty requirement says that no token is needed.
    let protected = operation.security.is_none();
    let mut codes = own_codes(operation);
    codes.extend(if protected { &PROTECTED[..] } else { &OPEN });
    if !matches!(method, HttpMethod::Get) {
        codes.push(Code::CrossSite);
    }
    codes.sort_unstable();
    codes.dedup();
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.status().as_u16()).or_default().push(code);
    }
    for (status, codes) in by_status {
        let (status, mut problems) = (status.to_string(), response(&codes));
        // A handler may describe an answer of its own with this status, such as a page.
        if let Some(RefOr::T(own)) = operation.responses.responses.remove(&status) {
            problems.content.extend(own.content);
        }
        operation.responses.responses.insert(status, problems.into());
    }
}

/// Removes the list of codes from the operation; the document shows them as responses.
fn own_codes(operation: &mut Operation) -> Vec<Code> {
    let Some(extensions) = &mut operation.extensions else { return Vec::new() };
    let named = extensions.remove(OWN_CODES).unwrap_or_default();
    if extensions.is_empty() {
        operation.extensions = None;
    }
    let known = |name: &Value| Code::from_name(name.as_str().unwrap_or_default());
    let codes = named.as_array().into_iter().flatten().map(|name| known(name).expect("annotations name known codes"));
    codes.collect()
}

fn response(codes: &[Code]) -> Response {
    let meanings: Vec<String> = codes.iter().map(|code| format!("`{}`: {}.", code.name(), code.meaning())).collect();
    let mut content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    for code in codes {
        let example = ExampleBuilder::new().value(Some(example(*code))).build();
        content = content.examples_from_iter([(code.name(), example)]);
    }
    let mut response =
        ResponseBuilder::new().description(meanings.join("\n\n")).content("application/problem+json", content.build());
    let status = codes.first().map_or(0, |code| code.status().as_u16());
    if matches!(status, 429 | 503) {
        let seconds = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer)).minimum(Some(1));
        let header =
            HeaderBuilder::new().schema(Some(seconds.build())).description(Some("Whole seconds to wait, at least 1."));
        response = response.header("Retry-After", header.build());
    }
    response.build()
}

fn example(code: Code) -> Value {
    json!({
        "type": "about:blank",
        "title": reason(code.status()),
        "status": code.status().as_u16(),
        "detail": code.meaning(),
        "code": code.name(),
        "request_id": "5f0c2a91-0000002a",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_name_of_its_own_and_an_error_status() {
        for (at, code) in Code::ALL.iter().enumerate() {
            assert!(code.status().as_u16() >= 400);
            assert_eq!(Code::from_name(code.name()), Some(*code));
            assert!(Code::ALL[..at].iter().all(|other| other.name() != code.name()));
        }
    }
}
