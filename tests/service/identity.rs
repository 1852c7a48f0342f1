//! Tests of the identity of the person who has logged in, at every service with a profile format of its own.

use std::sync::{Arc, Mutex};

use evergrant::identity::Identity;
use evergrant::provider::{EmailPlace, Profile};
use evergrant::sandbox::ApiReply;
use evergrant::{Client, Credentials, Error, MemoryBackend, Provider, Token, providers};
use serde_json::{Value, json};
use ureq::http::{Request, Response};
use ureq::middleware::MiddlewareNext;
use ureq::{Body, SendBody};

use crate::rows::rows;
use crate::support::{sandbox, seeded};

/// Makes a client of the unchanged provider, on a network that has only these answers: address without its
/// query, status, body. Each request is recorded: method, address, and the header with the token.
pub(crate) fn told(
    provider: Provider,
    answers: Vec<(&'static str, u16, Value)>,
) -> (Client, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (answers, seen) = (Arc::new(answers), asked.clone());
    let client = Client::builder(provider, Credentials::new("app", "sesame"), MemoryBackend::new())
        .retries(0)
        .http(move |config| {
            let (answers, seen) = (answers.clone(), seen.clone());
            config.middleware(move |request: Request<SendBody<'_>>, _: MiddlewareNext<'_>| {
                let header = |name: &str| Some(request.headers().get(name)?.to_str().unwrap());
                assert_eq!(header("accept"), Some("application/json"));
                let own = header("x-shopify-access-token").map(|own| format!("{own} (own)"));
                let token = header("authorization").map(str::to_owned).or(own);
                let (method, uri) = (request.method(), request.uri().to_string());
                let line = format!("{method} {uri} {}", token.unwrap_or_default());
                seen.lock().unwrap().push(line.trim_end().to_owned());
                let plain = uri.split('?').next().unwrap();
                let (_, status, body) =
                    answers.iter().find(|(url, ..)| *url == plain).expect("an address of the row");
                let body = Body::builder().mime_type("application/json").data(body.to_string());
                Ok(Response::builder().status(*status).body(body).unwrap())
            })
        })
        .build();
    client.seed(Token::new("at-1")).unwrap();
    (client, asked)
}

fn is(identity: &Identity) -> (&str, Option<&str>, Option<bool>) {
    (&identity.id, identity.email.as_deref(), identity.email_verified)
}

struct Case {
    provider: Provider,
    answers: Vec<(&'static str, u16, Value)>,
    asked: Vec<&'static str>,
    id: &'static str,
    email: Option<&'static str>,
    verified: Option<bool>,
}

pub(crate) const GITHUB: &str = "https://api.github.com/user";
pub(crate) const EMAILS: &str = "https://api.github.com/user/emails";

/// Returns profiles in the form of each service.
fn cases() -> Vec<Case> {
    let case = |provider: Provider, answers, asked: &[&'static str], id, email, verified| Case {
        provider,
        answers,
        asked: asked.to_vec(),
        id,
        email,
        verified,
    };
    let ada = Some("ada@example.com");
    let discord = "https://discord.com/api/users/@me";
    let graph = "https://graph.facebook.com/v22.0/me";
    let france = "https://app.franceconnect.gouv.fr/api/v1/userinfo";
    let france_integration = "https://fcp.integ01.dev-franceconnect.fr/api/v1/userinfo";
    let people = "https://people.googleapis.com/v1/people/me";
    let kakao = "https://kapi.kakao.com/v2/user/me";
    let linkedin = "https://api.linkedin.com/v2/me";
    let linkedin_email = "https://api.linkedin.com/v2/emailAddress";
    let shop = "https://example.myshopify.com/admin/api/2026-07/shop.json";
    vec![
        case(
            providers::discord(),
            vec![(
                discord,
                200,
                json!({"id": "80351110224678912", "username": "ada", "email": ada, "verified": true}),
            )],
            &["GET https://discord.com/api/users/@me Bearer at-1"],
            "80351110224678912",
            ada,
            Some(true),
        ),
        case(
            providers::discord(),
            vec![(discord, 200, json!({"id": "8", "email": ada, "verified": false}))],
            &["GET https://discord.com/api/users/@me Bearer at-1"],
            "8",
            None,
            Some(false),
        ),
        case(
            providers::facebook("v22.0").unwrap(),
            vec![(graph, 200, json!({"id": "10", "email": ada}))],
            &["GET https://graph.facebook.com/v22.0/me?access_token=at-1&fields=id%2Cemail"],
            "10",
            ada,
            None,
        ),
        case(
            providers::facebook("v22.0").unwrap(),
            vec![(graph, 200, json!({"id": "10"}))],
            &["GET https://graph.facebook.com/v22.0/me?access_token=at-1&fields=id%2Cemail"],
            "10",
            None,
            None,
        ),
        case(
            providers::franceconnect(),
            vec![(
                france,
                200,
                json!({"sub": "b6048e95bb134ec5b1d1e1fa69f287172e91722b9354d637a1bcf2ebb0fd2ef5v1", "email": ada}),
            )],
            &["GET https://app.franceconnect.gouv.fr/api/v1/userinfo Bearer at-1"],
            "b6048e95bb134ec5b1d1e1fa69f287172e91722b9354d637a1bcf2ebb0fd2ef5v1",
            ada,
            None,
        ),
        case(
            providers::franceconnect_integration(),
            vec![(france_integration, 200, json!({"sub": "b6"}))],
            &["GET https://fcp.integ01.dev-franceconnect.fr/api/v1/userinfo Bearer at-1"],
            "b6",
            None,
            None,
        ),
        case(
            providers::github(),
            vec![(GITHUB, 200, json!({"login": "ada", "id": 583_231, "email": ada}))],
            &["GET https://api.github.com/user token at-1"],
            "583231",
            ada,
            None,
        ),
        case(
            providers::github(),
            vec![
                (GITHUB, 200, json!({"login": "ada", "id": 583_231, "email": null})),
                (
                    EMAILS,
                    200,
                    json!([
                        {"email": "old@example.com", "primary": false, "verified": true},
                        {"email": ada, "primary": true, "verified": true, "visibility": "private"},
                    ]),
                ),
            ],
            &[
                "GET https://api.github.com/user token at-1",
                "GET https://api.github.com/user/emails token at-1",
            ],
            "583231",
            ada,
            Some(true),
        ),
        case(
            providers::google(),
            vec![(
                people,
                200,
                json!({"resourceName": "people/123", "etag": "%E", "emailAddresses": [
                    {"metadata": {"source": {"type": "PROFILE"}}, "value": "old@example.com"},
                    {"metadata": {"primary": true}, "value": ada},
                ]}),
            )],
            &[
                "GET https://people.googleapis.com/v1/people/me?personFields=emailAddresses Bearer at-1",
            ],
            "people/123",
            ada,
            None,
        ),
        case(
            providers::kakao(),
            vec![(kakao, 200, json!({"id": 123_456_789, "kakao_account": {"email": ada}}))],
            &[
                "POST https://kapi.kakao.com/v2/user/me?property_keys=%5B%22kakao_account.email%22%5D Bearer at-1",
            ],
            "123456789",
            ada,
            None,
        ),
        case(
            providers::linkedin(),
            vec![
                (linkedin, 200, json!({"id": "yrZCpj2Z12"})),
                (
                    linkedin_email,
                    200,
                    json!({"elements": [{"handle": "urn:li:emailAddress:3775708763", "handle~": {"emailAddress": ada}}]}),
                ),
            ],
            &[
                "GET https://api.linkedin.com/v2/me?projection=%28id%29 Bearer at-1",
                "GET https://api.linkedin.com/v2/emailAddress?q=members&projection=%28elements*%28handle%7E%29%29 Bearer at-1",
            ],
            "yrZCpj2Z12",
            ada,
            None,
        ),
        case(
            providers::microsoft("common").unwrap(),
            vec![(
                "https://graph.microsoft.com/v1.0/me",
                200,
                json!({"id": "48d31887-5fad-4d73-a9f5-3c356e68a038", "mail": "else@example.com", "userPrincipalName": ada}),
            )],
            &["GET https://graph.microsoft.com/v1.0/me Bearer at-1"],
            "48d31887-5fad-4d73-a9f5-3c356e68a038",
            ada,
            None,
        ),
        case(
            providers::naver(),
            vec![(
                "https://openapi.naver.com/v1/nid/me",
                200,
                json!({"resultcode": "00", "message": "success", "response": {"id": "32742776", "email": ada}}),
            )],
            &["POST https://openapi.naver.com/v1/nid/me Bearer at-1"],
            "32742776",
            ada,
            None,
        ),
        case(
            providers::reddit(),
            vec![("https://oauth.reddit.com/api/v1/me", 200, json!({"name": "ada", "id": "1w72"}))],
            &["GET https://oauth.reddit.com/api/v1/me Bearer at-1"],
            "ada",
            None,
            None,
        ),
        case(
            providers::shopify("example", "2026-07").unwrap(),
            vec![(
                shop,
                200,
                json!({"shop": {"id": 548_380_009, "name": "Example", "email": ada}}),
            )],
            &["GET https://example.myshopify.com/admin/api/2026-07/shop.json at-1 (own)"],
            "548380009",
            ada,
            None,
        ),
    ]
}

#[test]
fn every_services_profile_gives_an_identity() {
    let sandbox = sandbox();
    let cases = cases();
    for row in rows(&sandbox) {
        let tested = cases.iter().any(|case| case.provider.name() == row.name());
        assert!(tested || row.name() == "openid", "`cases` has no profile of {}", row.name());
    }
    for case in cases {
        let name = case.provider.name().to_owned();
        let (client, asked) = told(case.provider, case.answers.clone());
        let identity = client.id_and_email().unwrap();
        assert_eq!(is(&identity), (case.id, case.email, case.verified), "{name}");
        assert_eq!(*asked.lock().unwrap(), case.asked, "{name}");
        let profile = client.profile().unwrap();
        assert_eq!(profile, identity.raw, "{name}");
        let whole = &case.answers[0].2;
        let inside = match &*name {
            "naver" => &whole["response"],
            "shopify" => &whole["shop"],
            _ => whole,
        };
        assert_eq!(&profile, inside, "{name}: the profile is unchanged");
        assert!(!format!("{identity:?}").contains("ada"), "{identity:?}");
    }
}

#[test]
fn an_open_id_provider_is_asked_at_its_userinfo_endpoint() {
    let sandbox = sandbox();
    let provider = providers::openid(sandbox.url()).unwrap();
    assert_eq!(provider.default_scopes(), ["openid", "email"]);
    let client = Client::new(provider, sandbox.credentials(), MemoryBackend::new());
    let authorization = client.authorize(&[]).unwrap();
    let callback = sandbox.approve(authorization.url()).unwrap();
    client.exchange(authorization, &callback).unwrap();
    let identity = client.id_and_email().unwrap();
    assert_eq!(is(&identity), ("ada", Some("ada@example.com"), Some(true)));
    assert_eq!(identity.raw, client.profile().unwrap());
    for (told, expected) in [
        (
            json!({"sub": "ada", "email": "a@b", "email_verified": "true"}),
            (Some("a@b"), Some(true)),
        ),
        (json!({"sub": "ada", "email": "a@b", "email_verified": "false"}), (None, Some(false))),
        (json!({"sub": "ada", "email": "a@b", "email_verified": false}), (None, Some(false))),
        (json!({"sub": "ada", "email": "a@b", "email_verified": null}), (Some("a@b"), None)),
        (json!({"sub": "ada", "email": ""}), (None, None)),
        (json!({"sub": "ada", "email": ["a@b"]}), (None, None)),
        (json!({"sub": "ada"}), (None, None)),
    ] {
        sandbox.on("GET", "/userinfo", {
            let told = told.clone();
            move |_| ApiReply::json(200, &told)
        });
        let identity = client.id_and_email().unwrap();
        assert_eq!((identity.email.as_deref(), identity.email_verified), expected, "{told}");
    }
    // The ID token names the user: an answer about another user is an error.
    sandbox.on("GET", "/userinfo", |_| ApiReply::json(200, json!({"sub": "eve"})));
    assert!(matches!(client.id_and_email(), Err(Error::Decode(_))));
}

#[test]
fn another_provider_needs_a_profile_or_a_userinfo_endpoint() {
    let sandbox = sandbox();
    sandbox.on("GET", "/whoami", |_| {
        ApiReply::json(
            200,
            json!({"user": {"key": 7, "mails": [{"a": "x@y"}, {"a": "z@y", "main": true}]}}),
        )
    });
    let profile = Profile::get(format!("{}/whoami", sandbox.url()))
        .inside("user")
        .id("key")
        .email("mail")
        .email(EmailPlace::at("a").in_list("mails").primary("main"));
    let provider = sandbox.provider().to_builder().profile(profile).build().unwrap();
    let client = Client::new(provider, sandbox.credentials(), MemoryBackend::new());
    client.seed(sandbox.login()).unwrap();
    assert_eq!(is(&client.id_and_email().unwrap()), ("7", Some("z@y"), None));

    let neither = Provider::builder("x").token_endpoint("http://127.0.0.1:1/t").build().unwrap();
    let neither = Client::new(neither, sandbox.credentials(), MemoryBackend::new());
    assert!(matches!(neither.profile(), Err(Error::Config(_))));
    for address in ["http://api.example/me", "/me", "https://a.example/#x", "https://u:p@a.example"]
    {
        let row = Provider::builder("x").token_endpoint("https://a.example/t");
        let with = |profile: Profile| row.clone().profile(profile).build();
        assert!(matches!(with(Profile::get(address)), Err(Error::Config(_))), "{address}");
        let second = Profile::get("https://a.example/me").then_get(address);
        assert!(matches!(with(second), Err(Error::Config(_))), "{address}");
    }
}

#[test]
fn a_profile_call_refreshes_the_token_as_every_call_does() {
    let sandbox = sandbox();
    let client = seeded(&sandbox);
    sandbox.expire_access_tokens();
    assert_eq!(client.id_and_email().unwrap().id, "ada");
    assert_eq!(sandbox.counters().refreshes, 1);
    sandbox.on("GET", "/userinfo", |_| ApiReply::new(503));
    assert!(matches!(client.id_and_email(), Err(Error::Api(api)) if api.status == 503));
    sandbox.on("GET", "/userinfo", |_| {
        ApiReply::bytes(200, "text/html", "<html>you broke reddit</html>")
    });
    assert!(matches!(client.id_and_email(), Err(Error::Decode(_))));
}
