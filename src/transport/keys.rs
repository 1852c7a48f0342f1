//! Fetches the key set of a server, without credentials.

use time::OffsetDateTime;

use super::{TokenTransport, get};
use crate::error::{Error, Result};
use crate::protocol::{self, KeySet};
use crate::substring;

impl TokenTransport {
    pub(crate) fn key_set(&self, address: &str, sent_at: OffsetDateTime) -> Result<KeySet> {
        let answer = get(&self.agents, address)?;
        let shown = substring::before(address, '?');
        let wrong = |why: String| Err(Error::decode(format!("the key set at {shown}"), why));
        match answer.status {
            200 => {}
            300..400 => {
                let to = protocol::redirect(&answer.headers);
                return wrong(format!("status {}: {to}", answer.status));
            }
            _ => return Err(answer.into_error("GET", shown, sent_at)),
        }
        KeySet::read(&answer.body).or_else(|why| wrong(why.to_owned()))
    }
}
