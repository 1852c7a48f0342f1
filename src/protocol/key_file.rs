//! The key file of a Google service account.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::signing::SigningKey;

/// The members of a key file that the crate uses.
pub(crate) struct KeyFile {
    pub(crate) email: String,
    pub(crate) token_uri: String,
    pub(crate) project_id: Option<String>,
    pub(crate) key: SigningKey,
}

/// The members of the file.
#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "type")]
    kind: String,
    client_email: String,
    private_key: Secret,
    #[serde(default)]
    private_key_id: Option<String>,
    #[serde(default)]
    project_id: Option<String>,
    token_uri: String,
}

/// The advice for a credentials file of Google that is not the key file of a service account. Returns `None`
/// for any other text.
fn other_kind(text: &str) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        kind: String,
    }
    let kind: Kind = serde_json::from_str(text).ok()?;
    Some(match kind.kind.as_str() {
        "authorized_user" => {
            "this file has the type authorized_user, the login of a person with gcloud: read the login with \
             `Token::from_json`, and use the file's client_id and client_secret as `Credentials` with \
             `providers::google`"
        }
        "impersonated_service_account" => {
            "this file has the type impersonated_service_account, which needs Google's credentials API: use \
             the key file of a service account, or read the login in its source_credentials with \
             `Token::from_json`"
        }
        "external_account" | "external_account_authorized_user" => {
            "this file has the type external_account, which needs a token exchange at Google's security \
             token service: use the key file of a service account"
        }
        _ => return None,
    })
}

/// Reads the text of a key file. An error repeats no part of the text.
pub(crate) fn read_key_file(text: &str) -> Result<KeyFile> {
    if let Some(other) = other_kind(text) {
        return Err(Error::config(other));
    }
    // serde_json's own message is not used: for a wrong type it quotes the value.
    let raw: Raw = serde_json::from_str(text).map_err(|error| {
        Error::config(format!(
            "this is not the key file of a service account (line {}, column {}); a key file \
             is JSON with type, client_email, private_key and token_uri",
            error.line(),
            error.column()
        ))
    })?;
    if raw.kind != "service_account" {
        return Err(Error::config(
            "this is not the key file of a service account: its type is not service_account",
        ));
    }
    let mut key = SigningKey::from_pem(raw.private_key.expose())?;
    if let Some(key_id) = raw.private_key_id {
        key = key.with_key_id(key_id);
    }
    Ok(KeyFile {
        email: raw.client_email,
        token_uri: raw.token_uri,
        project_id: raw.project_id,
        key,
    })
}
