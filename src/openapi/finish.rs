//! What JSON Schema can say and utoipa's types cannot, added to the finished document.
//!
//! Two rules, in forms that code generators understand: they ignore `not`, and make a union, or the type of a single
//! result, of a list of types; but they refuse a property whose only type is null, or a choice between a type and a list
//! of the same type.

use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

/// The document as JSON, with what its types cannot say.
pub(crate) fn to_json(document: &OpenApi) -> String {
    let mut document = serde_json::to_value(document).expect("the document is made of strings, numbers and lists");
    if let Some(schemas) = document.pointer_mut("/components/schemas") {
        one_path(&mut schemas["JobRequest"]);
        one_path(&mut schemas["CollectionRequest"]);
        for request in ["CollectionRequest", "CollectionChange", "RunRequest", "Window"] {
            schemas[request]["additionalProperties"] = json!(false);
        }
        one_path(&mut schemas["ShownFile"]);
        schemas["HashedBody"] = one_or_many(&schemas["HashedBody"], &schemas["Hashed"], "Hashed");
    }
    serde_json::to_string_pretty(&document).expect("JSON has a text")
}

/// Says that a request has at most one of `path` and `path_b64`.
fn one_path(request: &mut Value) {
    let text = json!({ "type": "string" });
    request["not"] = json!({ "required": ["path", "path_b64"], "properties": { "path": text, "path_b64": text } });
}

/// The schema of one such object, or of a list of them.
fn one_or_many(described: &Value, one: &Value, name: &str) -> Value {
    let mut both = one.clone();
    both["type"] = json!(["object", "array"]);
    both["items"] = json!({ "$ref": format!("#/components/schemas/{name}") });
    both["description"] = described["description"].clone();
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_types_holds_for_an_object_and_for_a_list() {
        let one = json!({ "type": "object", "required": ["size"], "description": "one" });
        let both = one_or_many(&json!({ "oneOf": [], "description": "both" }), &one, "One");
        assert_eq!(
            both,
            json!({ "type": ["object", "array"], "required": ["size"], "description": "both",
                "items": { "$ref": "#/components/schemas/One" } })
        );
    }
}
