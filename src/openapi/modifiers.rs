//! Changes to the document after it was made from the annotations: adds the ways to authenticate, links between
//! operations, and a description where the summary says everything; and removes null from parameters, which may be left
//! out but are never null.

use utoipa::Modify;
use utoipa::openapi::link::Link;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{HttpMethod, OpenApi, PathItem, RefOr, Required};

use crate::auth::COOKIE_PREFIX;

/// Stands for the id of the state directory, with which the cookie's name ends.
pub(crate) const STATE_ID: &str = "{state}";

/// Adds the ways to authenticate.
pub(crate) struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token created with `hivesum token create`."))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let name = format!("{COOKIE_PREFIX}{STATE_ID}");
        let cookie = ApiKeyValue::with_description(name.as_str(), "The web page's session, opened by `POST /session`.");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// The path of one job.
const JOBS: &str = "/api/v1/jobs/{id}";

/// Their 202 answers are runs and no jobs.
const COLLECTIONS: &str = "/api/v1/collections/";

/// Adds links from each 202 answer to the operations on its job.
pub(crate) struct Links;

impl Modify for Links {
    fn modify(&self, document: &mut OpenApi) {
        let of_jobs = document.paths.paths.iter().filter(|(path, _)| path.starts_with(JOBS));
        let ids: Vec<String> = of_jobs.flat_map(|(_, item)| operations(item)).filter_map(id_of).collect();
        let paths = document.paths.paths.iter_mut().filter(|(path, _)| !path.starts_with(COLLECTIONS));
        let takers = paths.filter_map(|(_, item)| item.post.as_mut());
        for response in takers.filter_map(|operation| operation.responses.responses.get_mut("202")) {
            let RefOr::T(response) = response else { continue };
            for id in &ids {
                let link = Link::builder().operation_id(id.clone()).parameter("id", "$response.body#/id").build();
                response.links.insert(id.clone(), link.into());
            }
        }
    }
}

fn operations(item: &PathItem) -> impl Iterator<Item = &Operation> {
    [&item.get, &item.post, &item.put, &item.patch, &item.delete].into_iter().flatten()
}

fn id_of(operation: &Operation) -> Option<String> {
    operation.operation_id.clone()
}

/// The path of uploads.
const HASH: &str = "/api/v1/hash";

/// Adds PUT of uploads, which is the same as their POST: `curl -T` and tools like it send no other method.
pub(crate) struct Puts;

impl Modify for Puts {
    fn modify(&self, document: &mut OpenApi) {
        let paths = &mut document.paths.paths;
        let Some(item) = paths.get_mut(HASH) else { return };
        let Some(post) = &item.post else { return };
        let (mut put, mut named) = (post.clone(), post.clone());
        put.operation_id = Some("put_body".to_owned());
        named.operation_id = Some("put_file".to_owned());
        named.description = Some(NAMED.to_owned());
        named.parameters.get_or_insert_default().insert(0, name_in_path().into());
        item.put = Some(put);
        paths.insert(format!("{HASH}/{{name}}"), PathItem::new(HttpMethod::Put, named));
    }
}

const NAMED: &str = "The same as `PUT /api/v1/hash`, for tools that append the name of the file to the URL, as \
    `curl -T FILE URL/` does. The name is not used, and nothing is stored.";

fn name_in_path() -> Parameter {
    let name = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
    let parameter = ParameterBuilder::new().name("name").parameter_in(ParameterIn::Path);
    parameter.required(Required::True).description(Some("Any name.")).schema(Some(name.build())).build()
}

/// Gives every operation a description, as checkers of documents want it: the summary where there is no other.
pub(crate) struct Descriptions;

impl Modify for Descriptions {
    fn modify(&self, document: &mut OpenApi) {
        for PathItem { get, post, put, patch, delete, .. } in document.paths.paths.values_mut() {
            for operation in [get, post, put, patch, delete]
                .into_iter()
                .flatten()
                .filter(|operation| operation.description.is_none())
            {
                operation.description = operation.summary.as_ref().map(|summary| format!("{summary}."));
            }
        }
    }
}

/// Removes null from the schemas of parameters.
pub(crate) struct Parameters;

impl Modify for Parameters {
    fn modify(&self, document: &mut OpenApi) {
        for PathItem { get, post, put, patch, delete, .. } in document.paths.paths.values_mut() {
            for operation in [get, post, put, patch, delete].into_iter().flatten() {
                for parameter in operation.parameters.iter_mut().flatten() {
                    if let RefOr::T(parameter) = parameter
                        && let Some(schema) = &mut parameter.schema
                    {
                        without_null(schema);
                    }
                }
            }
        }
    }
}

fn without_null(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::OneOf(choices)) => {
            choices.items.retain(|choice| !is_null(choice));
            if choices.items.len() == 1 {
                *schema = choices.items.remove(0);
            }
        }
        RefOr::T(Schema::Object(object)) => {
            if let SchemaType::Array(types) = &object.schema_type
                && let [one, Type::Null] | [Type::Null, one] = &types[..]
            {
                object.schema_type = SchemaType::Type(one.clone());
            }
        }
        RefOr::T(_) | RefOr::Ref(_) => {}
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}
