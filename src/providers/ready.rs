//! The ready providers by name, for programs in which a person chooses the service.

use std::fmt;

use crate::error::{Error, Result};
use crate::provider::Provider;

/// A ready provider and its parameters: an entry of [`ready`].
#[derive(Clone, Copy)]
pub struct Ready {
    pub(super) name: &'static str,
    pub(super) display_name: &'static str,
    pub(super) kind: &'static str,
    /// The parameters of the function: name and meaning.
    pub(super) parameters: &'static [(&'static str, &'static str)],
    pub(super) make: Make,
}

#[derive(Clone, Copy)]
pub(super) enum Make {
    Plain(fn() -> Provider),
    With(fn(&str) -> Result<Provider>),
    #[cfg(feature = "identity")]
    WithTwo(fn(&str, &str) -> Result<Provider>),
}

impl Ready {
    /// The name of the function, such as `exact_online`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The name as the service's owner spells it.
    pub fn display_name(&self) -> &'static str {
        self.display_name
    }

    /// What the service is for, such as `accounting`.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The parameters of the function, in order: the name and the meaning of each.
    pub fn parameters(&self) -> &'static [(&'static str, &'static str)] {
        self.parameters
    }

    /// Makes the provider. `values` has one value for each of the [`parameters`](Ready::parameters).
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a wrong number of values, which names the parameters, and for a value that the
    /// provider does not allow.
    pub fn provider(&self, values: &[&str]) -> Result<Provider> {
        match (self.make, values) {
            (Make::Plain(make), []) => Ok(make()),
            (Make::With(make), [value]) => make(value),
            #[cfg(feature = "identity")]
            (Make::WithTwo(make), [first, second]) => make(first, second),
            _ => Err(Error::config(self.wrong_count())),
        }
    }

    /// The text that [`named`] takes, such as `exact_online:COUNTRY`.
    pub fn usage(&self) -> String {
        self.parameters.iter().fold(self.name.to_owned(), |usage, (name, _)| {
            format!("{usage}:{}", name.to_uppercase())
        })
    }

    fn wrong_count(&self) -> String {
        let meanings: Vec<_> =
            self.parameters.iter().map(|(name, meaning)| format!("{name} is {meaning}")).collect();
        match meanings.is_empty() {
            true => format!("{} takes no parameter: write `{}`", self.display_name, self.name),
            false => format!(
                "{} needs its parameters: write `{}`; {}",
                self.display_name,
                self.usage(),
                meanings.join("; ")
            ),
        }
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All ready providers of this build, sorted by name. With the features `identity` and `services` there are more.
///
/// ```
/// let names: Vec<_> = evergrant::providers::ready().iter().map(|ready| ready.name()).collect();
/// assert!(names.contains(&"github"));
/// ```
pub fn ready() -> Vec<Ready> {
    let mut all = OWN.to_vec();
    #[cfg(feature = "identity")]
    all.extend(ACCOUNTS);
    #[cfg(feature = "services")]
    all.extend(super::table::ready());
    all.sort_by_key(|ready| ready.name);
    all
}

/// Makes a ready provider from its name. Values of parameters follow after colons, as in
/// `exact_online:nl`. In the name, `-` means `_`, and capitals mean small letters.
///
/// # Errors
///
/// [`Error::Config`] for a name that no provider of this build has, and the errors of [`Ready::provider`].
///
/// ```
/// use evergrant::providers;
///
/// assert_eq!(providers::named("github")?, providers::github());
/// assert_eq!(providers::named("exact-online:nl")?, providers::exact_online("nl")?);
/// assert!(providers::named("exact-online").is_err());
/// # Ok::<(), evergrant::Error>(())
/// ```
pub fn named(text: &str) -> Result<Provider> {
    let mut parts = text.split(':');
    let name = parts.next().unwrap_or_default().to_lowercase().replace('-', "_");
    let values: Vec<_> = parts.collect();
    match ready().into_iter().find(|ready| ready.name == name) {
        Some(ready) => ready.provider(&values),
        None => Err(Error::config(format!("no ready provider has the name {name:?}"))),
    }
}

/// The entries of the functions in `providers.rs`.
const OWN: &[Ready] = &[
    plain("github", "GitHub", "developer tools", super::github),
    plain("google", "Google", "accounts", super::google),
    with("microsoft", "Microsoft", "accounts", TENANT, super::microsoft),
    plain("teamleader", "Teamleader Focus", "sales", super::teamleader),
    with("exact_online", "Exact Online", "accounting", COUNTRY, super::exact_online),
    plain("shell_ev", "Shell EV Recharge", "charging", super::shell_ev),
    plain("shell_ev_sit", "Shell EV Recharge, test environment", "charging", super::shell_ev_sit),
];

const TENANT: &[(&str, &str)] =
    &[("tenant", "common, organizations, consumers, or the id or domain of a tenant")];
const COUNTRY: &[(&str, &str)] =
    &[("country", "the country of the account: nl, be, de, uk, fr, es or us")];

/// The entries of the functions in `accounts.rs`.
#[cfg(feature = "identity")]
const ACCOUNTS: &[Ready] = &[
    plain("discord", "Discord", "accounts", super::discord),
    with("facebook", "Facebook", "accounts", VERSION, super::facebook),
    plain("franceconnect", "FranceConnect", "accounts", super::franceconnect),
    plain(
        "franceconnect_integration",
        "FranceConnect, integration environment",
        "accounts",
        super::franceconnect_integration,
    ),
    plain("kakao", "Kakao", "accounts", super::kakao),
    plain("linkedin", "LinkedIn", "accounts", super::linkedin),
    plain("naver", "Naver", "accounts", super::naver),
    with("okta", "Okta", "accounts", DOMAIN, super::okta),
    plain("reddit", "Reddit", "accounts", super::reddit),
    Ready {
        name: "shopify",
        display_name: "Shopify",
        kind: "commerce",
        parameters: &[
            ("shop", "the first part of the shop's address, before .myshopify.com"),
            ("api_version", "the version of the Admin API, such as 2026-07"),
        ],
        make: Make::WithTwo(super::shopify),
    },
];

#[cfg(feature = "identity")]
const VERSION: &[(&str, &str)] = &[("version", "the version of the Graph API, such as v22.0")];
#[cfg(feature = "identity")]
const DOMAIN: &[(&str, &str)] =
    &[("domain", "the domain of the organization, such as dev-1.okta.com")];

const fn plain(
    name: &'static str,
    display_name: &'static str,
    kind: &'static str,
    make: fn() -> Provider,
) -> Ready {
    Ready { name, display_name, kind, parameters: &[], make: Make::Plain(make) }
}

const fn with(
    name: &'static str,
    display_name: &'static str,
    kind: &'static str,
    parameters: &'static [(&'static str, &'static str)],
    make: fn(&str) -> Result<Provider>,
) -> Ready {
    Ready { name, display_name, kind, parameters, make: Make::With(make) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public functions of a source file that return a provider.
    fn functions(source: &str) -> Vec<&str> {
        let signatures = source.split("\npub fn ").skip(1).filter_map(|rest| {
            let (signature, _) = rest.split_once('{')?;
            signature.contains("Provider").then(|| signature.split('(').next())?
        });
        signatures.collect()
    }

    #[test]
    fn every_provider_function_is_in_the_list() {
        let names: Vec<_> = ready().iter().map(|ready| ready.name).collect();
        for name in functions(include_str!("../providers.rs")) {
            assert!(names.contains(&name), "{name}");
        }
        #[cfg(feature = "identity")]
        for name in functions(include_str!("accounts.rs")) {
            // The list leaves out `openid`, whose function sends requests to the issuer.
            assert!(name == "openid" || names.contains(&name), "{name}");
        }
        assert!(functions(include_str!("../providers.rs")).contains(&"exact_online"));
        let mut once = names.clone();
        once.dedup();
        assert_eq!(names, once, "no name comes twice");
    }

    #[test]
    fn a_wrong_number_of_values_shows_the_form() {
        for (text, part) in [
            ("github:x", "write `github`"),
            ("exact_online", "write `exact_online:COUNTRY`; country is the country"),
            ("microsoft:a:b", "write `microsoft:TENANT`"),
            ("nobody", "no ready provider has the name \"nobody\""),
        ] {
            let text = named(text).unwrap_err().to_string();
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(named("Exact-Online:nl").unwrap().name(), "exact_online");
    }
}
