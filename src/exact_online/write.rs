//! Calls that create, change and delete rows.

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::Method;

use super::call::Call;
use super::json::Body;
use super::odata::{Literal, encode_key};
use crate::sdk::unconfirmed::{lost, processed};
use crate::{BoxError, Error, Response, Result};

/// The longest body that the service accepts, in bytes (the vendor's documentation).
pub(super) const LONGEST: u64 = 10_000_000;

impl Call {
    /// Creates a row, and returns the row in the answer.
    ///
    /// A request that may have been processed is not sent again, because Exact Online cannot recognise a
    /// repeated request.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`]. [`Unconfirmed::of`](super::Unconfirmed::of) tells whether the row may
    /// have been created: because no answer came, or because the answer has no row that can be read.
    pub fn create<T: DeserializeOwned>(&self, body: &(impl Serialize + ?Sized)) -> Result<T> {
        let request = self.request(Method::POST, &self.target("")?);
        let request = request.header("Prefer", "return=representation");
        self.answered(request.send_json(body))
    }

    /// Reads the created row from the answer to a request.
    pub(super) fn answered<T: DeserializeOwned>(&self, sent: Result<Response>) -> Result<T> {
        let response = sent.map_err(|error| self.lost(error))?;
        let location = response.headers().get("location").cloned();
        let location = location.as_ref().and_then(|value| value.to_str().ok());
        self.created(location, response.read_bytes())
    }

    /// Reads the created row from a successful answer. If the row cannot be read, the error says that Exact Online
    /// has created it.
    pub(super) fn created<T: DeserializeOwned>(
        &self,
        location: Option<&str>,
        body: Result<Vec<u8>>,
    ) -> Result<T> {
        let key = location.and_then(key_in);
        let created = |key: Option<String>, why: BoxError| Err(processed(self.name(), key, why));
        let bytes = match body {
            Ok(bytes) => bytes,
            Err(error) => return created(key, error.into()),
        };
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let rows = match serde_json::from_slice::<Body>(text) {
            Ok(body) => body.rows,
            // The error of the parser repeats no part of the answer.
            Err(_) => return created(key, "the answer is not a row in JSON".into()),
        };
        let Some(row) = rows.first() else { return created(key, "the answer has no row".into()) };
        match self.reader(|reader| reader.one(0, row.get())) {
            Ok(row) => Ok(row),
            Err(row) => created(row.id.clone().or(key), row.into()),
        }
    }

    /// Does the same as [`Call::create`], for an endpoint whose answer has no row.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`].
    pub fn post(&self, body: &(impl Serialize + ?Sized)) -> Result<()> {
        let sent = self.request(Method::POST, &self.target("")?).send_json(body);
        sent.map(drop).map_err(|error| self.lost(error))
    }

    /// Changes the properties in `body`. The answer is empty.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`].
    pub fn update(&self, key: impl Into<Literal>, body: &(impl Serialize + ?Sized)) -> Result<()> {
        self.request(Method::PUT, &self.keyed(key)?).send_json(body).map(drop)
    }

    /// Deletes the row with this key.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::page`].
    pub fn delete(&self, key: impl Into<Literal>) -> Result<()> {
        self.request(Method::DELETE, &self.keyed(key)?).call().map(drop)
    }

    fn lost(&self, error: Error) -> Error {
        lost(self.name(), error)
    }

    pub(super) fn keyed(&self, key: impl Into<Literal>) -> Result<String> {
        let mut suffix = String::from("(");
        encode_key(&key.into(), &mut suffix);
        suffix.push(')');
        self.target(&suffix)
    }
}

/// Returns the key in an address such as `https://host/api/v1/1/crm/Accounts(guid'3f2504e0-..')` or `..(7)`.
fn key_in(address: &str) -> Option<String> {
    let (_, key) = address.trim_end_matches(')').rsplit_once('(')?;
    let key = key.strip_prefix("guid").unwrap_or(key);
    let key = key.trim_start_matches("%27").trim_end_matches("%27").trim_matches('\'');
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!key.is_empty() && key.chars().all(fits)).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::key_in;

    #[test]
    fn the_key_of_a_location_is_read() {
        for (address, key) in [
            ("https://x/api/v1/1/crm/Accounts(guid'3f2504e0-4f89')", Some("3f2504e0-4f89")),
            ("/api/v1/1/crm/Accounts(guid%273f25%27)", Some("3f25")),
            ("https://x/api/v1/1/a/B(7)", Some("7")),
            ("https://x/api/v1/1/a/B", None),
            ("https://x/a/B(guid'a b')", None),
            ("https://x/a/B()", None),
            ("", None),
        ] {
            assert_eq!(key_in(address).as_deref(), key, "{address}");
        }
    }
}
