//! Reads JSON that the store has written. The API ignores members that it does not know; here they are damage, since a
//! member under another name leaves its default behind.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::DbError;

/// The value in a stored text. Every stored member, at any depth, has to be one that the value has, and `required` ones
/// have to be there.
///
/// # Errors
/// [`DbError::Inconsistent`] for other texts.
pub(crate) fn parse<T: DeserializeOwned + Serialize>(text: &str, required: &[&str]) -> Result<T, DbError> {
    let value: T = serde_json::from_str(text)?;
    let stored: Value = serde_json::from_str(text)?;
    if required.iter().any(|name| stored.get(name).is_none()) {
        return Err(DbError::Inconsistent("a JSON value without a member that is always written"));
    }
    match is_part_of(&stored, &serde_json::to_value(&value)?) {
        true => Ok(value),
        false => Err(DbError::Inconsistent("a JSON value with a member that is never written")),
    }
}

fn is_part_of(stored: &Value, known: &Value) -> bool {
    match (stored, known) {
        (Value::Object(stored), Value::Object(known)) => stored
            .iter()
            .all(|(name, value)| value.is_null() || known.get(name).is_some_and(|known| is_part_of(value, known))),
        (Value::Array(stored), Value::Array(known)) => {
            stored.len() == known.len() && stored.iter().zip(known).all(|(stored, known)| is_part_of(stored, known))
        }
        (stored, known) => stored == known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{JobSpec, StoredRequest};
    use hivesum_core::result::Summary;

    fn request(text: &str) -> Result<StoredRequest<JobSpec>, DbError> {
        parse(text, &["root", "algorithms"])
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let written = r#"{"kind":"hash","root":"here","path":"a","algorithms":["sha256"],"cross_filesystems":false,
            "priority":"normal"}"#;
        let StoredRequest { spec, .. } = request(written).unwrap();
        let again = serde_json::to_string(&StoredRequest { spec: &spec, lines_not_read: None }).unwrap();
        assert_eq!(request(&again).unwrap().spec, spec);
    }

    #[test]
    fn a_member_of_another_name_is_damage_and_never_a_default() {
        for damaged in [
            r#"{"root":"here","algorithks":["sha256"]}"#,
            r#"{"root":"here","algorithms":["sha256"],"includf":["a"]}"#,
            r#"{"root":"here","algorithms":["sha256"],"lines_not_reae":null,"pxth":"a"}"#,
            r#"{"root":"here","algorithms":["sha256"],
                "lines_not_read":{"count":1,"first":[],"unsupported":[],"signed":false,"more":1}}"#,
            r#"{"root":"here"}"#,
        ] {
            assert!(matches!(request(damaged), Err(DbError::Inconsistent(_))), "{damaged}");
        }
    }

    #[test]
    fn a_summary_without_a_figure_is_damage() {
        let written = serde_json::to_string(&Summary { files: 3, ..Summary::default() }).unwrap();
        assert_eq!(parse::<Summary>(&written, &[]).unwrap().files, 3);
        let damaged = written.replace("hashed", "hashee");
        assert!(matches!(parse::<Summary>(&damaged, &[]), Err(DbError::Inconsistent(_))));
    }
}
