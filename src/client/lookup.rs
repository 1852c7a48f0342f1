//! Asks the service for the base address of its API after the login.

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
        let members: Map<String, Value> =
            Request::whole(self, address).max_body(LIMIT).read_json()?;
        let wrong = |why: String| {
            Error::decode(format!("the answer of {address}, which names the API's address"), why)
        };
        let Some(value) = place.value(&members) else {
            return Err(wrong(format!("it has no member {}", place.name)));
        };
        place.read(value).map_err(|why| wrong(plain(why)))?;
        let member = Map::from_iter([(place.name.clone(), value.into())]);
        Ok(self.keeper().add_members(&live, &member))
    }
}
