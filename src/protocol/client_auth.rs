//! Client authentication (RFC 6749 section 2.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::form::{Params, form_encoded};
use super::requester::Requester;
use crate::error::{Error, Result};
use crate::provider::ClientAuth;
use crate::secret::Secret;

/// Puts the credentials into exactly one place: the parameters, or the returned `Authorization` header.
/// A client without a secret only sends `client_id` (RFC 6749 section 3.2.1), whatever the provider's
/// method: servers refuse Basic with an empty secret.
pub(crate) fn authenticate<'a>(
    caller: &Requester<'a>,
    params: &mut Params<'a>,
) -> Result<Option<Secret>> {
    let (method, credentials) = (caller.auth, caller.credentials);
    credentials.check()?;
    if method == ClientAuth::Omitted {
        return Ok(None);
    }
    let id = credentials.id();
    let rules = &caller.provider.token_request;
    let (id_name, secret_name) = (rules.client_id_name(), rules.client_secret_name());
    #[cfg(feature = "jwt")]
    if let Some(assertion) = super::assertion::client_assertion(caller)? {
        // Entra also needs `client_id`, which RFC 7521 section 4.2 allows.
        params.push(id_name, id);
        params.push("client_assertion_type", super::assertion::CLIENT_ASSERTION_TYPE);
        params.push("client_assertion", assertion.expose().to_owned());
        return Ok(None);
    }
    let without_secret = matches!(method, ClientAuth::None | ClientAuth::Certificate);
    let Some(secret) = credentials.secret().filter(|_| !without_secret) else {
        params.push(id_name, id);
        return Ok(None);
    };
    let secret = secret.expose();
    match method {
        ClientAuth::Basic => {
            let [id, secret] = [id, secret].map(|text| Zeroizing::new(form_encoded(text)));
            Ok(Some(basic(&pair(&id, &secret))))
        }
        ClientAuth::BasicRaw => Ok(Some(basic(&raw(id, secret)?))),
        ClientAuth::SecretAsUser => Ok(Some(basic(&raw(secret, "")?))),
        ClientAuth::SecretAsBearer => {
            if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(Error::config(
                    "the client secret has characters that a header cannot carry",
                ));
            }
            Ok(Some(Secret::new(format!("Bearer {secret}"))))
        }
        ClientAuth::Body | ClientAuth::None | ClientAuth::Certificate => {
            params.push(id_name, id);
            params.push(secret_name, secret);
            Ok(None)
        }
        // These methods have returned or failed above.
        ClientAuth::Omitted => Ok(None),
        #[cfg(feature = "jwt")]
        ClientAuth::PrivateKeyJwt | ClientAuth::SecretJwt => Ok(None),
    }
}

/// Joins user name and password with a colon (RFC 7617 section 2). A user name with a colon fails,
/// because the first colon ends the name.
fn raw(user: &str, password: &str) -> Result<Zeroizing<Vec<u8>>> {
    if user.contains(':') {
        return Err(Error::config(
            "the client id has a colon: this provider's HTTP Basic without encoding cannot carry it",
        ));
    }
    Ok(pair(user, password))
}

/// `{user}:{password}`. The buffer has its full length from the start: a buffer that grows leaves
/// copies of the secret in freed memory.
fn pair(user: &str, password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([user.as_bytes(), b":", password.as_bytes()].concat())
}

fn basic(pair: &[u8]) -> Secret {
    let encoded = Zeroizing::new(STANDARD.encode(pair));
    Secret::new(format!("Basic {}", *encoded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Credentials;
    use crate::provider::Provider;

    const ALL: [ClientAuth; 7] = [
        ClientAuth::Basic,
        ClientAuth::BasicRaw,
        ClientAuth::Body,
        ClientAuth::None,
        ClientAuth::SecretAsBearer,
        ClientAuth::SecretAsUser,
        ClientAuth::Certificate,
    ];

    fn added<'a>(
        method: ClientAuth,
        credentials: &'a Credentials,
        provider: &'a mut Option<Provider>,
        params: &mut Params<'a>,
    ) -> Result<Option<Secret>> {
        let built = Provider::builder("a").token_endpoint("https://a.example/t");
        let provider = provider.insert(built.client_auth(method).build()?);
        let now = time::OffsetDateTime::UNIX_EPOCH;
        authenticate(
            &Requester { provider, credentials, extra: &[], home: None, auth: method, now },
            params,
        )
    }

    fn sent(method: ClientAuth, credentials: &Credentials) -> (String, String) {
        let mut provider = None;
        let mut params = Params::new();
        let header = added(method, credentials, &mut provider, &mut params).unwrap();
        let body = String::from_utf8(params.to_form().to_vec()).unwrap();
        (header.map(|header| header.expose().to_owned()).unwrap_or_default(), body)
    }

    #[test]
    fn basic_is_encoded_first_and_raw_basic_is_not() {
        let plain = Credentials::new("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw");
        let odd = Credentials::new("app 7+x", "p@ss:w/rd +%&=é");
        let other = Credentials::new("app/1 x", "p+q:r%s=ü");
        for (method, credentials, expected) in [
            (ClientAuth::Basic, &plain, "czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"),
            (ClientAuth::BasicRaw, &plain, "czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"),
            (
                ClientAuth::Basic,
                &odd,
                "YXBwJTIwNyUyQng6cCU0MHNzJTNBdyUyRnJkJTIwJTJCJTI1JTI2JTNEJUMzJUE5",
            ),
            (ClientAuth::BasicRaw, &odd, "YXBwIDcreDpwQHNzOncvcmQgKyUmPcOp"),
            (ClientAuth::BasicRaw, &other, "YXBwLzEgeDpwK3E6ciVzPcO8"),
        ] {
            assert_eq!(sent(method, credentials), (format!("Basic {expected}"), String::new()));
        }
    }

    #[test]
    fn basic_encodes_a_space_as_percent_20_and_not_as_plus() {
        let (header, _) = sent(ClientAuth::Basic, &Credentials::new("app/1 x", "p+q:r%s=ü"));
        let pair = STANDARD.decode(header.trim_start_matches("Basic ")).unwrap();
        let plus = String::from_utf8(pair).unwrap().replace("%20", "+");
        assert_eq!(
            STANDARD.encode(plus),
            "YXBwJTJGMSt4OnAlMkJxJTNBciUyNXMlM0QlQzMlQkM=",
            "RFC 6749 section 2.3.1"
        );
    }

    #[test]
    fn each_method_sends_the_secret_in_one_place() {
        let credentials = Credentials::new("app", "sesame");
        assert_eq!(
            sent(ClientAuth::Body, &credentials),
            (String::new(), "client_id=app&client_secret=sesame".to_owned())
        );
        assert_eq!(
            sent(ClientAuth::None, &credentials),
            (String::new(), "client_id=app".to_owned())
        );
        assert_eq!(
            sent(ClientAuth::Certificate, &credentials),
            sent(ClientAuth::None, &credentials)
        );
        assert_eq!(
            sent(ClientAuth::SecretAsBearer, &credentials),
            ("Bearer sesame".to_owned(), String::new())
        );
        assert_eq!(
            sent(ClientAuth::SecretAsUser, &credentials),
            (format!("Basic {}", STANDARD.encode("sesame:")), String::new())
        );
    }

    #[test]
    fn a_client_without_a_secret_always_sends_only_its_id() {
        for method in ALL {
            let (header, body) = sent(method, &Credentials::public("app"));
            assert_eq!((header.as_str(), body.as_str()), ("", "client_id=app"), "{method:?}");
        }
    }

    #[test]
    fn a_client_that_is_omitted_sends_neither_id_nor_secret() {
        for credentials in [Credentials::public("app"), Credentials::new("app", "sesame")] {
            assert_eq!(sent(ClientAuth::Omitted, &credentials), (String::new(), String::new()));
        }
    }

    #[test]
    fn credentials_that_a_header_cannot_carry_are_refused() {
        for (method, id, secret) in [
            (ClientAuth::BasicRaw, "a:b", "s"),
            (ClientAuth::BasicRaw, "a", "s\r\nx: y"),
            (ClientAuth::SecretAsUser, "a", "s:t"),
            (ClientAuth::SecretAsBearer, "a", "s\nt"),
            (ClientAuth::SecretAsBearer, "a", "s t"),
            (ClientAuth::SecretAsBearer, "a", "é"),
        ] {
            let credentials = Credentials::new(id, secret);
            let (mut provider, mut params) = (None, Params::new());
            let error = added(method, &credentials, &mut provider, &mut params).err().unwrap();
            assert!(matches!(error, Error::Config(_)), "{error:?}");
        }
    }
}
