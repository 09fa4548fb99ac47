//! What is said of tokens on the control socket. A secret is never said: whoever makes a token sends its hash.

use hivesum_actors::store::tokens::{ScopesInvalid, TokenRecord};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Its id, a UUID.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it allows, as in `read,hash`.
    pub scopes: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// Refused from then on; null means that it never expires.
    pub expires_at: Option<Timestamp>,
}

impl From<&TokenRecord> for Token {
    fn from(record: &TokenRecord) -> Self {
        let TokenRecord { id, name, scopes, created_at, expires_at } = record.clone();
        Self { id, name, scopes: scopes.to_string(), created_at, expires_at }
    }
}

impl TryFrom<Token> for TokenRecord {
    type Error = ScopesInvalid;

    fn try_from(token: Token) -> Result<Self, ScopesInvalid> {
        let Token { id, name, scopes, created_at, expires_at } = token;
        Ok(Self { id, name, scopes: scopes.parse()?, created_at, expires_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_told_as_it_is_stored_and_unknown_scopes_are_refused() {
        let expires_at = Some(Timestamp::MAX);
        let (id, name, created_at) = ("1".to_owned(), "ops".to_owned(), Timestamp::UNIX_EPOCH);
        let token = Token { id, name, scopes: "read,hash".to_owned(), created_at, expires_at };
        let record = TokenRecord::try_from(token.clone()).unwrap();
        assert_eq!(Token::from(&record), token);
        assert!(TokenRecord::try_from(Token { scopes: "read,everything".to_owned(), ..token }).is_err());
    }
}
