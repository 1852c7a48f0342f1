//! Tests of clients that sign an assertion (`private_key_jwt`).

use evergrant::provider::ClientAuth;
use evergrant::{Client, Credentials, Error, MemoryBackend};

use crate::keys::{APPS, key};
use crate::server::{App, REDIRECT_URI, Server};

fn client(server: &Server, id: &'static str, key_of: &str) -> Client {
    let app = App(id, "", ClientAuth::PrivateKeyJwt);
    let provider = server.kind.signs_for(server.provider(app), server);
    let credentials = Credentials::signed(id, key(key_of)).with_redirect_uri(REDIRECT_URI);
    Client::new(provider.build().unwrap(), credentials, MemoryBackend::new())
}

pub(crate) fn clients_that_sign_are_taken_and_another_key_is_not(server: &Server) {
    for (id, _, _) in APPS {
        let signs = client(server, id, id);
        server.log_in(&signs, App(id, "", ClientAuth::PrivateKeyJwt));
        signs.refresh().unwrap_or_else(|error| panic!("{id}: {error}"));
        assert!(server.knows_alice(&signs), "{id}");
        let token = signs.token().unwrap();
        let revoked = signs.revoke();
        assert_eq!(revoked.is_ok(), server.kind.revokes_for_who_signs(), "{id}: {revoked:?}");
        let kept = signs.stored().unwrap().is_some();
        assert_eq!(kept, revoked.is_err(), "{id}: a revoked login is forgotten, and no other");
        let good = server.kind.is_good(server, token.refresh_token().unwrap());
        assert_eq!(good, revoked.is_err(), "{id}");

        let other = if id == "signs-eddsa" { "signs-es256" } else { "signs-eddsa" };
        let wrong = client(server, id, other);
        let authorization = wrong.authorize(server.kind.scopes()).unwrap();
        let app = App(id, "", ClientAuth::PrivateKeyJwt);
        let mut person = crate::person::Person::new(REDIRECT_URI);
        let callback = server.kind.log_in(&mut person, server, app, authorization.url());
        let error = wrong.exchange(authorization, &callback).unwrap_err();
        assert!(matches!(error, Error::OAuth(_)), "{id}: {error:?}");
        assert!(wrong.stored().unwrap().is_none());
    }
}
