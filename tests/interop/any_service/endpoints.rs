//! Tests of discovery, the issuer of a callback, userinfo, ID tokens and introspection.

use evergrant::discovery::{Discovery, Form};
use evergrant::error::IdTokenError;
use evergrant::provider::Rotation;
use evergrant::provider::TokenTypeHint;
use evergrant::{Client, Credentials, Error, MemoryBackend};
use url::Url;

use crate::person::Person;
use crate::server::{BASIC, REDIRECT_URI, Server};

pub(crate) fn the_issuer_alone_is_enough(server: &Server) {
    let issuer = server.issuer();
    let mut documents = vec![Form::OpenId, Form::Any];
    if server.kind.has_oauth_metadata() {
        documents.push(Form::OAuth);
    }
    for form in documents {
        let metadata = Discovery::new(&issuer).form(form).metadata().unwrap();
        assert_eq!(metadata.issuer(), issuer);
    }
    let error = Discovery::new(format!("{issuer}/")).metadata().unwrap_err();
    assert!(matches!(error, Error::Decode(_) | Error::Config(_)), "{error:?}");

    let metadata = Discovery::new(&issuer).metadata().unwrap();
    let provider = metadata.provider().unwrap().rotation(Rotation::StrictFamily);
    let provider = provider.client_auth(BASIC.2).api_base(&issuer).build().unwrap();
    // Discovery finds the same settings as the server's provider has, perhaps with another name for the
    // host.
    let row = server.provider(BASIC).build().unwrap();
    let path = |address: Option<&str>| address.map(|it| Url::parse(it).unwrap().path().to_owned());
    for (found, said) in [
        (Some(provider.token_endpoint()), Some(row.token_endpoint())),
        (provider.authorization_endpoint(), row.authorization_endpoint()),
        (provider.userinfo_endpoint(), row.userinfo_endpoint()),
    ] {
        assert_eq!(path(found), path(said));
    }
    let credentials = Credentials::new(BASIC.0, BASIC.1).with_redirect_uri(REDIRECT_URI);
    let client = Client::new(provider, credentials, MemoryBackend::new());
    server.log_in(&client, BASIC);
    client.refresh().unwrap();
    let (name, value) = server.kind.alice();
    assert_eq!(client.userinfo().unwrap()[name], value);
}

/// The issuer in a callback is checked (RFC 9207).
pub(crate) fn a_callback_of_another_issuer_is_refused(server: &Server) {
    let client = server.client(BASIC, "login");
    let authorization = client.authorize_with(server.kind.scopes(), &[]).unwrap();
    let mut person = Person::new(REDIRECT_URI);
    let callback = server.kind.log_in(&mut person, server, BASIC, authorization.url());
    let callback = Url::parse(&callback).unwrap();
    let changed = |iss: Option<&str>| {
        let pairs = callback.query_pairs().filter(|(name, _)| name != "iss");
        let mut changed = callback.clone();
        changed
            .query_pairs_mut()
            .clear()
            .extend_pairs(pairs)
            .extend_pairs(iss.map(|it| ("iss", it)));
        String::from(changed)
    };
    for iss in [None, Some("https://another.example"), Some(&*format!("{}/", server.issuer()))] {
        let error = client.exchange(authorization.clone(), &changed(iss)).unwrap_err();
        assert!(matches!(error, Error::Callback(_)), "{iss:?}: {error:?}");
    }
    assert!(client.stored().unwrap().is_none());
    // The refused callbacks did not use the code.
    client.exchange(authorization, callback.as_str()).unwrap();
    assert!(server.knows_alice(&client));
}

pub(crate) fn id_token_and_userinfo_name_the_user(server: &Server) {
    let client = server.logged_in(BASIC, "login");
    let token = client.token().unwrap();
    // The client checked the nonce, and the claims can be read.
    let claims = token.unverified_claims().unwrap().unwrap();
    assert_eq!(claims.issuer(), Some(&*server.issuer()));
    assert_eq!(claims.audience(), [BASIC.0]);
    assert!(claims.get("nonce").is_some() && claims.expires_at().is_some());
    let (name, value) = server.kind.alice();
    assert_eq!(claims.get(name).unwrap(), value);
    let user = client.userinfo().unwrap();
    assert_eq!(user[name], value);
    assert_eq!(user["sub"].as_str(), claims.subject());
    client.refresh().unwrap();
    assert_eq!(client.userinfo().unwrap(), user);
}

pub(crate) fn the_signature_of_an_id_token_is_verified(server: &Server) {
    let client = server.logged_in(BASIC, "login");
    let token = client.token().unwrap();
    let id_token = token.id_token().unwrap();
    // The provider that is made from the metadata has the address of the key set.
    let provider = Discovery::new(server.issuer()).metadata().unwrap().provider().unwrap();
    let credentials = Credentials::new(BASIC.0, BASIC.1);
    let client = Client::new(provider.build().unwrap(), credentials, MemoryBackend::new());
    let claims = client.verified_claims(id_token).unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(claims.issuer(), server.issuer());
    let (name, value) = server.kind.alice();
    assert_eq!(claims.get(name).unwrap(), value);
    // A changed signature is refused.
    let (signed, signature) = id_token.expose().rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{signed}.{first}{}", &signature[1..]);
    let Err(Error::Decode(error)) = client.verified_claims(&forged.into()) else {
        panic!("accepted")
    };
    let why = error.source.downcast_ref::<IdTokenError>();
    assert_eq!(why, Some(&IdTokenError::Signature), "{error:?}");
}

pub(crate) fn a_token_is_looked_into(server: &Server) {
    let client = server.logged_in(BASIC, "login");
    let token = client.token().unwrap();
    let hint = Some(TokenTypeHint::AccessToken);
    let known = client.introspect(token.access_token(), hint).unwrap();
    assert!(known.active() && known.client_id() == Some(BASIC.0), "{known:?}");
    for scope in server.kind.scopes() {
        assert!(known.scopes().any(|granted| granted == *scope), "{scope}");
    }
    let ends = known.expires_at().unwrap() - token.expires_at().unwrap();
    assert!(
        ends.abs() <= time::Duration::seconds(5),
        "server and client differ about the expiry: {ends}"
    );
    assert!(!client.introspect(&"not a token".into(), None).unwrap().active());
    client.revoke_token(token.access_token(), hint).unwrap();
    let known = client.introspect(token.access_token(), hint).unwrap();
    assert!(
        !known.active() && known.client_id().is_none(),
        "the server tells nothing about a revoked token"
    );
}
