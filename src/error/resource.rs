//! Reads the address of an API's metadata from a challenge (RFC 9728).

use ureq::http::HeaderMap;

use super::{ApiError, Challenge};

impl ApiError {
    /// The address of the API's metadata, which names the authorization server (RFC 9728 section 5.1):
    /// the parameter `resource_metadata` of the first challenge with this parameter. The address is
    /// data of the API and is not checked; `ResourceDiscovery::at` (feature `discovery`) checks it.
    ///
    /// ```
    /// # use evergrant::sandbox::{ApiReply, Sandbox};
    /// # use evergrant::{Client, Error, MemoryBackend};
    /// # let sandbox = Sandbox::start()?;
    /// # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    /// # client.seed(sandbox.login())?;
    /// # sandbox.on("POST", "/api/mcp", |_| ApiReply::json(401, ()).with_header(
    /// #     "WWW-Authenticate",
    /// #     "Bearer resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/mcp\"",
    /// # ));
    /// let Err(Error::Api(error)) = client.post("/mcp").send(b"{}") else { return Ok(()) };
    /// let address = error.resource_metadata();
    /// # assert_eq!(address.as_deref(), Some("https://mcp.example/.well-known/oauth-protected-resource/mcp"));
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    pub fn resource_metadata(&self) -> Option<String> {
        named(&self.headers, "resource_metadata")
    }
}

/// The parameter with this name, of the first challenge in which the parameter has a value.
pub(crate) fn named(headers: &HeaderMap, name: &str) -> Option<String> {
    let challenges = Challenge::of(headers);
    let mut values = challenges.iter().filter_map(|challenge| challenge.parameter(name));
    values.find(|value| !value.trim().is_empty()).map(|value| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderValue;

    #[test]
    fn the_metadata_of_an_api_is_read_from_any_challenge() {
        let address = Some("https://a.example/m".to_owned());
        let table: [(&[&str], &Option<String>); 6] = [
            (&["Bearer resource_metadata=\"https://a.example/m\""], &address),
            (
                &["Basic realm=x, DPoP algs=\"ES256\", resource_metadata=https://a.example/m"],
                &address,
            ),
            (&["Bearer", "Bearer error=a, Resource_Metadata=\"https://a.example/m\""], &address),
            (
                &[
                    "Bearer resource_metadata=\" \"",
                    "Bearer resource_metadata=\"https://a.example/m\"",
                ],
                &address,
            ),
            (&["Bearer realm=x"], &None),
            (&[], &None),
        ];
        for (values, expected) in table {
            let mut error = ApiError::new("GET", "https://a.example/", 401);
            for value in values {
                error.headers.append("www-authenticate", HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(error.resource_metadata(), *expected, "{values:?}");
        }
    }
}
