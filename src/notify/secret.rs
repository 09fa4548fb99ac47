//! Secrets of sinks: from a file, or else from a variable of the environment. Never shown, not even by `Debug`.

use std::fmt;
use std::path::Path;

use hivesum_core::result::system_text;

/// Bytes of a secret, or of a file with a URL.
const MAX_BYTES: usize = 4096;

/// A secret.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(pub(super) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// The secret in this file, or else in this variable, if there is one.
pub(super) fn read(file: Option<&Path>, variable: &str) -> Result<Option<Secret>, String> {
    match (file, std::env::var(variable)) {
        (Some(file), _) => of_file(file).map(Some),
        (None, Ok(secret)) => Ok(Some(Secret(secret))),
        (None, Err(std::env::VarError::NotPresent)) => Ok(None),
        (None, Err(std::env::VarError::NotUnicode(_))) => Err(format!("{variable} is not UTF-8")),
    }
}

/// The first line of a file, without blanks around it.
pub(super) fn of_file(file: &Path) -> Result<Secret, String> {
    let shown = file.display();
    let text = std::fs::read(file).map_err(|error| format!("{shown}: {}", system_text(&error)))?;
    let text = String::from_utf8(text).map_err(|_| format!("{shown} is not UTF-8"))?;
    let secret = text.trim();
    if secret.is_empty() || secret.len() > MAX_BYTES || secret.chars().any(char::is_control) {
        return Err(format!("{shown} must have one line of at most {MAX_BYTES} bytes"));
    }
    Ok(Secret(secret.to_owned()))
}
