//! How a record is read.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::parts::{At, Binding, Note, Refused};
use super::{Record, Replaces, VERSION};
use crate::secret::Secret;
use crate::token::Token;

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Record, D::Error> {
        Record::from_value(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The members as they are stored.
#[derive(Deserialize)]
pub(super) struct Raw {
    #[serde(rename = "version")]
    _version: u32,
    #[serde(default)]
    binding: Option<Binding>,
    login: String,
    revision: u64,
    generation: u64,
    token: Token,
    #[serde(default, with = "time::serde::rfc3339::option")]
    rotated_at: Option<OffsetDateTime>,
    #[serde(default)]
    note: Option<Note>,
    #[serde(default)]
    spare: Option<Secret>,
    #[serde(default)]
    refused: Option<Refused>,
    #[serde(default)]
    superseded: Option<Secret>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    consented_at: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    refresh_expires_at: Option<OffsetDateTime>,
    #[serde(default)]
    refusals: Vec<At>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl From<Raw> for Record {
    fn from(raw: Raw) -> Record {
        Record {
            version: VERSION,
            binding: raw.binding,
            login: raw.login,
            revision: raw.revision,
            generation: raw.generation,
            token: raw.token,
            rotated_at: raw.rotated_at,
            note: raw.note,
            spare: raw.spare,
            refused: raw.refused,
            superseded: raw.superseded,
            consented_at: raw.consented_at,
            refresh_expires_at: raw.refresh_expires_at,
            refusals: raw.refusals,
            unknown: raw.unknown,
            replaces: Replaces::default(),
        }
    }
}
