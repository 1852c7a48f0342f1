//! Reads the challenge of an API that asks for a stronger or a newer login (RFC 9470).

use ureq::http::HeaderMap;

use super::{ApiError, Challenge};

/// The login that an API asks for in place of the present login: its challenge had the error
/// `insufficient_user_authentication` (RFC 9470 section 3). [`ApiError::step_up`](crate::error::ApiError::step_up)
/// reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepUp {
    /// The authentication context class references, separated by spaces, the most wanted first. A login by
    /// one of them is enough. The values are the service's own, such as `phr` or `urn:example:mfa`.
    pub acr_values: Option<String>,
    /// How long ago the person may have authenticated, in seconds. 0 asks for a new authentication.
    pub max_age: Option<u64>,
    /// The scopes that the call needs, separated by spaces.
    pub scope: Option<String>,
}

impl StepUp {
    /// The scopes of the challenge, for [`Client::authorize_with`](crate::Client::authorize_with).
    /// Empty if the challenge names no scopes; then ask for the scopes of the earlier login.
    pub fn scopes(&self) -> Vec<&str> {
        self.scope.as_deref().unwrap_or_default().split_whitespace().collect()
    }

    /// The parameters for [`Client::authorize_with`](crate::Client::authorize_with), as name and value:
    /// `acr_values` and `max_age`, each if the challenge has it (RFC 9470 section 4).
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let acr_values = self.acr_values.clone().map(|values| ("acr_values", values));
        let max_age = self.max_age.map(|seconds| ("max_age", seconds.to_string()));
        acr_values.into_iter().chain(max_age).collect()
    }

    /// Reads the first challenge that asks for a stronger login.
    pub(crate) fn of(headers: &HeaderMap) -> Option<StepUp> {
        let challenges = Challenge::of(headers);
        let challenge = challenges.iter().find(|challenge| challenge.wants_stronger_login())?;
        let named =
            |name: &str| challenge.parameter(name).map(str::trim).filter(|value| !value.is_empty());
        Some(StepUp {
            acr_values: named("acr_values").map(str::to_owned),
            max_age: named("max_age").and_then(|seconds| seconds.parse().ok()),
            scope: named("scope").map(str::to_owned),
        })
    }
}

/// Whether an answer asks for a stronger login (RFC 9470 section 3). A refresh cannot help in this case: the
/// new token would come from the same login.
pub(crate) fn wants_stronger_login(headers: &HeaderMap) -> bool {
    Challenge::of(headers).iter().any(Challenge::wants_stronger_login)
}

impl ApiError {
    /// The stronger or newer login that the API asks for, such as for a payment (RFC 9470). The access token
    /// stays valid for other calls, so the client neither refreshes nor repeats the call. Log the person in
    /// again with the parameters, and repeat the call.
    ///
    /// ```
    /// # use evergrant::sandbox::{ApiReply, Sandbox};
    /// # use evergrant::{Client, Error, MemoryBackend};
    /// # let sandbox = Sandbox::start()?;
    /// # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    /// # client.seed(sandbox.login())?;
    /// # sandbox.on("POST", "/api/payments", |request| match request.access_token_number {
    /// #     Some(1) => ApiReply::json(401, ()).with_header(
    /// #         "WWW-Authenticate",
    /// #         "Bearer error=\"insufficient_user_authentication\", acr_values=\"phr\", max_age=60",
    /// #     ),
    /// #     _ => ApiReply::json(201, ()),
    /// # });
    /// let pay = || client.post("/payments").send_json(&serde_json::json!({"amount": 12}));
    /// if let Err(Error::Api(error)) = pay()
    ///     && let Some(asked) = error.step_up()
    /// {
    ///     let parameters = asked.parameters();
    ///     let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, &**value)).collect();
    ///     let authorization = client.authorize_with(&asked.scopes(), &parameters)?;
    ///     println!("Open {}", authorization.url());
    /// #   let callback = sandbox.approve(authorization.url())?;
    /// #   assert!(authorization.url().contains("acr_values=phr&max_age=60"));
    ///     // The page at the redirect URI:
    ///     client.exchange(authorization, &callback)?;
    ///     pay()?;
    /// }
    /// # assert_eq!((sandbox.counters().refreshes, sandbox.counters().code_exchanges), (0, 1));
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    pub fn step_up(&self) -> Option<StepUp> {
        StepUp::of(&self.headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderValue;

    #[test]
    fn a_stronger_login_has_the_parameters_of_its_challenge() {
        let named = |acr_values: Option<&str>, max_age, scope: Option<&str>| {
            let (acr_values, scope) = (acr_values.map(str::to_owned), scope.map(str::to_owned));
            Some(StepUp { acr_values, max_age, scope })
        };
        let table: [(&[&[u8]], _); 8] = [
            // The first two rows are the examples of RFC 9470 section 3.
            (
                &[b"Bearer error=\"insufficient_user_authentication\", error_description=\"A different authentication level is required\", acr_values=\"myACR\""],
                named(Some("myACR"), None, None),
            ),
            (
                &[b"Bearer error=\"insufficient_user_authentication\", error_description=\"More recent authentication is required\", max_age=\"5\""],
                named(None, Some(5), None),
            ),
            (
                &[b"Bearer error=invalid_token", b"DPoP error=insufficient_user_authentication, acr_values=\"a b\", max_age=0, scope=\"x y\""],
                named(Some("a b"), Some(0), Some("x y")),
            ),
            (
                &[b"Bearer error=\"insufficient_user_authentication\", acr_values=\" \", max_age=soon"],
                named(None, None, None),
            ),
            (&[b"Bearer error=insufficient_user_authentication, max_age=-1"], named(None, None, None)),
            (&[b"Bearer error=\"insufficient_scope\", max_age=5"], None),
            (&[b"Bearer acr_values=\"a\""], None),
            (&[], None),
        ];
        for (values, expected) in table {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("www-authenticate", HeaderValue::from_bytes(value).unwrap());
            }
            assert_eq!(StepUp::of(&headers), expected);
            assert_eq!(wants_stronger_login(&headers), expected.is_some());
        }
        let asked = named(Some("a b"), Some(0), Some("x y")).unwrap();
        assert_eq!(asked.scopes(), ["x", "y"]);
        let expected = [("acr_values", "a b".to_owned()), ("max_age", "0".to_owned())];
        assert_eq!(asked.parameters(), expected);
    }

    #[test]
    fn a_stronger_login_has_no_invisible_characters() {
        let mut headers = HeaderMap::new();
        let text = "Bearer error=insufficient_user_authentication, acr_values=\"a\u{202e}b\", \
                    scope=\"c\u{9b}d\u{2066}\"";
        headers.insert("www-authenticate", HeaderValue::from_bytes(text.as_bytes()).unwrap());
        let asked = StepUp::of(&headers).unwrap();
        assert_eq!((asked.acr_values.as_deref(), asked.scopes()), (Some("ab"), vec!["cd"]));
        let shown = super::super::advice(401, &headers).unwrap();
        assert!(shown.contains("`acr_values=ab` and `scope=cd`"), "{shown}");
        assert!(!shown.contains(crate::plain::is_unseen), "{shown}");
    }
}
