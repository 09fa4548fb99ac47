//! Parameters are text: one that may be left out is never null, whatever its Rust type says.

use utoipa::Modify;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{OpenApi, PathItem, RefOr};

/// Takes null out of the schemas of parameters.
pub(crate) struct Parameters;

impl Modify for Parameters {
    fn modify(&self, document: &mut OpenApi) {
        for PathItem { get, post, delete, .. } in document.paths.paths.values_mut() {
            for operation in [get, post, delete].into_iter().flatten() {
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
    let RefOr::T(Schema::OneOf(choices)) = schema else { return };
    choices.items.retain(|choice| !is_null(choice));
    if choices.items.len() == 1 {
        *schema = choices.items.remove(0);
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}
