//! Makes the client from the settings of its builder.

use std::sync::Arc;

use ureq::http::header::{AUTHORIZATION, HeaderName};
use url::Url;

use super::ClientBuilder;
use crate::backend::Binding;
use crate::client::origins::{allowed, is_origin};
use crate::client::{Client, Common};
use crate::credentials::Credentials;
use crate::provider::{Provider, is_loopback};
use crate::refresh::Rules;
use crate::secret::Secret;
#[cfg(feature = "dpop")]
use crate::transport::Demand;
use crate::transport::{
    AgentPair, Grant, Proofs, TokenTransport, api_agent, api_config, api_headers, with_fixed,
};

impl ClientBuilder {
    /// Makes the client. Nothing is read or sent yet.
    pub fn build(self) -> Client {
        let ClientBuilder {
            provider,
            credentials,
            backend,
            clock,
            grant,
            extra,
            hosts,
            hook,
            http,
            login_timeout,
            hooks,
            token_hooks,
            #[cfg(feature = "dpop")]
            dpop,
        } = self;
        let one_time = grant.is_none();
        let binding = binding(&provider, &credentials, grant.as_ref(), &extra);
        #[cfg(feature = "dpop")]
        let (proofs, takes_unbound) = (Proofs::new(dpop, clock.clone()), dpop == Demand::IfOffered);
        #[cfg(not(feature = "dpop"))]
        let (proofs, takes_unbound) = (Proofs, false);
        let rules = Rules { takes_unbound, ..Rules::new(&provider, binding, one_time) };
        // These parameters also go into authorization requests (RFC 8707 section 2.1).
        let targets = extra.iter().filter(|(name, _)| is_target(name)).cloned().collect();
        let tokens = TokenTransport::new(
            Arc::clone(&provider),
            credentials.clone(),
            grant,
            extra,
            http.as_ref(),
            &clock,
        );
        let tokens = Arc::new(tokens.with_hooks(token_hooks, Arc::new(proofs)));
        // The parsed form of the address, so that all later code finds the same host in it.
        let base_url = provider.api.base.as_ref().and_then(|base| Url::parse(base).ok());
        let base = base_url.as_ref().map(Url::as_str).or(provider.api.base.as_deref());
        let base = base.map(|base| base.trim_end_matches('/').to_owned());
        let base_is_loopback = base_url.as_ref().is_some_and(is_loopback);
        // The text is not repeated: it may be an address with a password.
        let wrong_host = hosts.iter().position(|host| !is_origin(host)).map(|at| {
            format!(
                "allow_host number {} names no origin that an access token may go to: write \
                 https://host, or http://host:port for a host on loopback",
                at + 1
            )
        });
        let owned = Arc::clone(&provider);
        let agents =
            AgentPair::new(move |loopback| api_agent(api_config(&owned, http.as_ref(), loopback)));
        // The builder of providers has checked the name.
        let token_header = HeaderName::try_from(&provider.api.header).unwrap_or(AUTHORIZATION);
        // Both agents have the same headers.
        let plain_headers = api_headers(agents.at(base_is_loopback).config(), &token_header);
        let (transport, own_hook) = (Box::new(Arc::clone(&tokens)), hook.clone());
        let common = Common {
            #[cfg(feature = "oidc")]
            keys: Default::default(),
            base_is_loopback,
            agents,
            headers: with_fixed(plain_headers.clone(), &provider),
            plain_headers,
            origins: allowed(&provider, &hosts),
            base,
            wrong_host,
            tokens,
            targets,
            credentials,
            clock,
            login_timeout,
            token_header,
            hooks,
            provider,
            rules,
            hook,
        };
        Client::of(Arc::new(common), backend, transport, own_hook)
    }
}

/// Parameters that say which service a token is for.
fn is_target(name: &str) -> bool {
    name == "resource" || name == "audience"
}

/// Joins the items, sorted and without repeats, so that equal sets give equal texts.
fn as_set(items: Vec<String>, separator: &str) -> String {
    let mut set: Vec<&str> = Vec::with_capacity(items.len());
    for item in &items {
        if let Err(place) = set.binary_search(&item.as_str()) {
            set.insert(place, item);
        }
    }
    set.join(separator)
}

fn binding(
    provider: &Provider,
    credentials: &Credentials,
    grant: Option<&Grant>,
    extra: &[(String, String)],
) -> Binding {
    let own = |name: &String| extra.iter().any(|(extra, _)| extra == name);
    let fixed =
        provider.token_request.params.iter().filter(|(name, _)| grant.is_some() && !own(name));
    // Errors show this text, and a parameter may be a secret: a fingerprint takes its place.
    let pair = |(name, value): &(String, String)| {
        let value = match name.as_str() {
            "audience" | "resource" => value.clone(),
            _ => Secret::new(value.clone()).fingerprint(),
        };
        url::form_urlencoded::Serializer::new(String::new()).append_pair(name, &value).finish()
    };
    // A store is bound to the parameters that decide which token the service issues. With a login, the user
    // decides, so only the resource and the audience count. Without a login, all parameters count.
    let binds = |(name, _): &&(String, String)| grant.is_some() || is_target(name);
    let extra = extra.iter().filter(binds).chain(fixed).map(pair);
    let mut audience = as_set(extra.collect(), "&");
    let (name, scope, mark) = match grant {
        None => ("authorization_code", None, None),
        Some(Grant::ClientCredentials { scopes }) => {
            ("client_credentials", Some(as_set(scopes.clone(), " ")), None::<String>)
        }
        #[cfg(feature = "jwt")]
        Some(Grant::JwtBearer(grant)) => {
            ("jwt_bearer", Some(as_set(grant.scopes_asked().to_vec(), " ")), grant.mark())
        }
        #[cfg(feature = "token-exchange")]
        Some(Grant::TokenExchange(grant)) => {
            ("token_exchange", Some(as_set(grant.scopes_asked().to_vec(), " ")), grant.mark())
        }
    };
    if let Some(mark) = mark {
        audience.push_str(if audience.is_empty() { "" } else { "&" });
        audience.push_str(&mark);
    }
    Binding {
        token_endpoint: provider.endpoints.token.clone(),
        client_id: credentials.id().to_owned(),
        grant: name.to_owned(),
        scope: scope.filter(|scope| !scope.is_empty()),
        audience: Some(audience).filter(|text| !text.is_empty()),
        unknown: Default::default(),
    }
}
