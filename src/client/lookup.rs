//! Asks the service for the base address of its API after the login.

use serde::de::Error as _;
use serde_json::{Map, Value};

use super::Client;
use crate::error::{Error, Result};
use crate::plain::plain;
use crate::refresh::Live;
use crate::request::Request;

/// The largest number of bytes that are read of an answer.
const LIMIT: u64 = 64 << 10;

impl Client {
    /// Returns the token with the base of its API: asks the service for the base if the provider's settings
    /// say so and the login does not have the base yet. Of several threads of a client, only one sends the
    /// request.
    pub(crate) fn located(&self, live: Live) -> Result<Live> {
        let place = self.0.provider.api.base_from.as_ref();
        let Some((place, address)) = place.and_then(|place| Some((place, place.lookup.as_ref()?)))
        else {
            return Ok(live);
        };
        if live.base.is_some() {
            return Ok(live);
        }
        let _asking = self.0.base_lookup.lock();
        if let Some(found) = self.keeper().again(&live).filter(|found| found.base.is_some()) {
            return Ok(found);
        }
        let answer = Request::whole(self, address).max_body(LIMIT).call()?;
        let members = answer.read_json_with(members_of)?;
        let wrong = |why: String| {
            Error::decode(format!("the answer of {address}, which names the API's address"), why)
        };
        let Some(value) = place.value(&members) else {
            return Err(wrong(format!("it has no member {}", place.name)));
        };
        place.read(value).map_err(|why| wrong(plain(why)))?;
        let mut member = Map::new();
        member.insert(place.name.clone(), value.into());
        Ok(self.keeper().add_members(&live, &member))
    }
}

/// Reads an object. The reader of `Value` is compiled in serde_json, and not once more here.
fn members_of(bytes: &[u8]) -> serde_json::Result<Map<String, Value>> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|_| serde_json::Error::custom("it is not UTF-8"))?;
    match text.parse()? {
        Value::Object(members) => Ok(members),
        _ => Err(serde_json::Error::custom("it is not an object")),
    }
}
