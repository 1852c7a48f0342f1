//! Describes as data where a login names an address.

use serde_json::{Map, Value};
use url::Url;

use super::is_loopback;

/// Says where a login names the address of the API or of the token endpoint, and which hosts the address
/// may have. The place is a member of the token answer, a parameter of the callback, or a member of an
/// answer that the client asks for after the login ([`LoginHost::looked_up_at`]). The value is kept with
/// the token, in [`Token::extra`](crate::Token::extra), so all processes that share a login use the same
/// address.
///
/// The address must be https, or http on loopback. The host of the address, as a browser would parse it,
/// must be an allowed host or a subdomain of an allowed host.
///
/// ```
/// use evergrant::Provider;
/// use evergrant::provider::LoginHost;
///
/// // Salesforce says in its answer where the API is, Zoho in its callback where the token endpoint is.
/// let salesforce = Provider::builder("salesforce")
///     .token_endpoint("https://login.salesforce.com/services/oauth2/token")
///     .api_base_from(LoginHost::address("instance_url", &["salesforce.com", "force.com"]))
///     .build()?;
/// let zoho = Provider::builder("zoho")
///     .token_endpoint("https://accounts.zoho.com/oauth/v2/token")
///     .token_host_from(LoginHost::address("accounts-server", &["zoho.com", "zoho.eu", "zoho.in"]))
///     .api_base_from(LoginHost::address("api_domain", &["zohoapis.com", "zohoapis.eu"]))
///     .build()?;
/// // Mailchimp has an address for each data center, and tells a client with a token which address to use.
/// let mailchimp = Provider::builder("mailchimp")
///     .token_endpoint("https://login.mailchimp.com/oauth2/token")
///     .api_base_from(
///         LoginHost::label("dc", "api.mailchimp.com")
///             .path("/3.0")
///             .looked_up_at("https://login.mailchimp.com/oauth2/metadata"),
///     )
///     .build()?;
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct LoginHost {
    /// The path of the member or parameter.
    pub(crate) name: String,
    /// The hosts that are allowed, in lower case.
    hosts: Vec<String>,
    form: Form,
    /// The path that is appended to the address.
    path: String,
    /// The address at which the client asks for the member after the login.
    pub(crate) lookup: Option<String>,
}

/// The form of the member's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    /// `https://shop.example.com/v1`.
    Address,
    /// `shop.example.com`.
    HostName,
    /// `shop`.
    Label,
}

impl LoginHost {
    /// The member with this name, such as `instance_url`, is an address. The host of the address must be one
    /// of `hosts` or a subdomain of one of `hosts`.
    pub fn address(name: &str, hosts: &[&str]) -> LoginHost {
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        let (path, lookup) = (String::new(), None);
        LoginHost { name: name.to_owned(), hosts, form: Form::Address, path, lookup }
    }

    /// The member with this name is the name of a host, without `https://`, such as Wrike's `host`. The name
    /// must be one of `hosts` or a subdomain of one of `hosts`.
    pub fn host_name(name: &str, hosts: &[&str]) -> LoginHost {
        LoginHost { form: Form::HostName, ..LoginHost::address(name, hosts) }
    }

    /// The member with this name is the first part of a host: `shop` for `shop.retail.example`, with the
    /// domain `retail.example`.
    pub fn label(name: &str, domain: &str) -> LoginHost {
        LoginHost { form: Form::Label, ..LoginHost::address(name, &[domain]) }
    }

    /// Appends a path such as `/api/v1` to the API's base.
    pub fn path(mut self, path: &str) -> LoginHost {
        self.path = path.trim_end_matches('/').to_owned();
        self
    }

    /// Asks the service for the member: the first call after a login sends a GET to `address` with the
    /// access token, and the member of the JSON answer is kept with the login. Mailchimp and DocuSign
    /// need this. A name with dots is a path into the answer, such as `accounts.0.base_uri`. Use this method
    /// only for the base of the API
    /// ([`ProviderBuilder::api_base_from`](crate::provider::ProviderBuilder::api_base_from)).
    pub fn looked_up_at(mut self, address: impl Into<String>) -> LoginHost {
        self.lookup = Some(address.into());
        self
    }

    /// Why the rule cannot be used.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let fits = |host: &String| {
            // A single label such as `com` would allow nearly everything.
            let wide = !host.contains('.') && host != "localhost";
            // Names are compared in their ASCII form, so a name with other letters must be written as
            // `xn--...`.
            let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
            let parsed = Url::parse(&format!("https://{host}/"));
            !wide
                && plain
                && parsed.is_ok_and(|url| url.host_str() == Some(host) && url.port().is_none())
        };
        if self.name.is_empty() {
            return Some("has no name");
        }
        if self.hosts.is_empty() || !self.hosts.iter().all(fits) {
            return Some("needs the hosts that are allowed, such as example.com");
        }
        let safe = |address: &String| {
            Url::parse(address).is_ok_and(|url| {
                url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)
            })
        };
        if self.lookup.as_ref().is_some_and(|address| !safe(address)) {
            return Some("is looked up at an address that is not https");
        }
        (!self.path.is_empty() && !self.path.starts_with('/'))
            .then_some("has a path that does not begin with /")
    }

    /// Whether a host is allowed.
    pub(crate) fn allows(&self, url: &Url) -> bool {
        let secure = url.scheme() == "https" || url.scheme() == "http" && is_loopback(url);
        let Some(host) = url.host_str().filter(|_| secure) else { return false };
        self.hosts.iter().any(|allowed| {
            let below = host.strip_suffix(allowed.as_str());
            below.is_some_and(|below| {
                below.is_empty() && self.form != Form::Label || below.ends_with('.')
            })
        })
    }

    /// The address in a value. The error says what is wrong with the value, and does not repeat it.
    pub(crate) fn read(&self, value: &str) -> Result<Url, String> {
        let name = &self.name;
        let text = match (self.form, &self.hosts[..]) {
            (Form::HostName, _) => {
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
                if !value.bytes().all(fits) {
                    return Err(format!("{name} is not the name of a host"));
                }
                format!("https://{value}")
            }
            (Form::Label, [domain]) => {
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
                if value.is_empty() || value.len() > 63 || !value.bytes().all(fits) {
                    return Err(format!("{name} is not the first part of a host"));
                }
                format!("https://{value}.{domain}")
            }
            _ => value.to_owned(),
        };
        let Ok(mut url) = Url::parse(&text) else {
            return Err(format!("{name} is not an address"));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("{name} carries a user name or password"));
        }
        if !self.allows(&url) {
            let (scheme, host) = (url.scheme(), url.host_str().unwrap_or_default());
            return Err(format!(
                "{name} is on {scheme}://{host}, which the provider's settings do not allow"
            ));
        }
        url.set_query(None);
        url.set_fragment(None);
        Ok(url)
    }

    /// The base of the API for a login with these members, without a slash at its end. `None` if the login
    /// has no such member.
    pub(crate) fn base(&self, members: &Map<String, Value>) -> Option<Result<String, String>> {
        let value = self.value(members)?;
        let base = |url: Url| format!("{}{}", url.as_str().trim_end_matches('/'), self.path);
        Some(self.read(value).map(base))
    }

    /// The member's value: the member with the whole name, or the member at the path.
    pub(crate) fn value<'a>(&self, members: &'a Map<String, Value>) -> Option<&'a str> {
        let mut steps = crate::substring::split(&self.name, '.');
        let nested = || {
            let first = members.get(steps.next()?)?;
            steps.try_fold(first, |value, step| match value {
                Value::Array(items) => items.get(step.parse::<usize>().ok()?),
                _ => value.get(step),
            })
        };
        let value = members.get(&self.name).or_else(nested)?;
        value.as_str().filter(|text| !text.is_empty())
    }

    /// The host of a login with these members. `None` if the login has no such member.
    pub(crate) fn host(&self, members: &Map<String, Value>) -> Option<Result<Url, String>> {
        self.value(members).map(|value| self.read(value))
    }
}

/// Returns `address` with the scheme, host and port of `host`.
pub(crate) fn on_host_of(address: &str, host: &Url) -> String {
    // Keep the path and the query byte for byte.
    let after = address.find("://").map_or(0, |at| at + 3);
    let rest = address[after..].find(['/', '?', '#']).map_or("", |at| &address[after + at..]);
    format!("{}{rest}", &host[..url::Position::BeforePath])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn members(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn only_allowed_hosts_are_taken_as_they_are_parsed() {
        let rule = LoginHost::address("instance_url", &["salesforce.com", "Force.com"]);
        for (value, base) in [
            ("https://na1.salesforce.com", Some("https://na1.salesforce.com")),
            ("https://salesforce.com/", Some("https://salesforce.com")),
            ("https://X.MY.FORCE.COM:8443/a/", Some("https://x.my.force.com:8443/a")),
            ("https://na1.salesforce.com?x=1#y", Some("https://na1.salesforce.com")),
            ("https://na1.salesforce%2Ecom/", Some("https://na1.salesforce.com")),
            ("http://na1.salesforce.com", None),
            ("https://evil.example/.salesforce.com", None),
            ("https://evilsalesforce.com", None),
            ("https://salesforce.com.evil.example", None),
            ("https://salesforce.com@evil.example", None),
            ("https://a:b@na1.salesforce.com", None),
            ("https://evil.example\\.salesforce.com", None),
            ("javascript:alert(1)//salesforce.com", None),
            ("//na1.salesforce.com", None),
            ("na1.salesforce.com", None),
        ] {
            let found = rule.base(&members(json!({"instance_url": value})));
            assert_eq!(found.and_then(Result::ok).as_deref(), base, "{value}");
        }
        for value in [json!({}), json!({"instance_url": ""}), json!({"instance_url": 7})] {
            assert!(rule.base(&members(value)).is_none());
        }
        let nested = LoginHost::address("account.base", &["a.example"]).path("/v1/");
        let found = nested.base(&members(json!({"account": {"base": "https://x.a.example"}})));
        assert_eq!(found, Some(Ok("https://x.a.example/v1".to_owned())));
        let listed = LoginHost::address("accounts.0.base_uri", &["docusign.net"]);
        let base = |value: Value| listed.base(&members(value)).and_then(Result::ok);
        let found = base(json!({"accounts": [{"base_uri": "https://eu.docusign.net"}]}));
        assert_eq!(found.as_deref(), Some("https://eu.docusign.net"));
        let found = base(json!({"accounts.0.base_uri": "https://na.docusign.net"}));
        assert_eq!(
            found.as_deref(),
            Some("https://na.docusign.net"),
            "as it is kept with the login"
        );
        assert_eq!(base(json!({"accounts": []})), None);
    }

    #[test]
    fn a_host_name_is_taken_without_scheme_port_or_path() {
        let rule = LoginHost::host_name("host", &["wrike.com"]).path("/api/v4");
        let base = |value: &str| rule.base(&members(json!({ "host": value })));
        let found = base("app-eu.wrike.com").and_then(Result::ok);
        assert_eq!(found.as_deref(), Some("https://app-eu.wrike.com/api/v4"));
        for odd in [
            "https://www.wrike.com",
            "www.wrike.com:8443",
            "www.wrike.com/x",
            "evil.example",
            "evil.example#.wrike.com",
            "a@www.wrike.com",
            "evilwrike.com",
        ] {
            assert!(matches!(base(odd), Some(Err(_))), "{odd}");
        }
    }

    #[test]
    fn a_label_becomes_the_first_part_of_the_host() {
        let rule = LoginHost::label("domain_prefix", "retail.lightspeed.app");
        let host = |prefix: &str| rule.host(&members(json!({"domain_prefix": prefix})));
        let found = host("my-shop").and_then(Result::ok);
        assert_eq!(found.as_ref().map(Url::as_str), Some("https://my-shop.retail.lightspeed.app/"));
        for odd in ["a.b", "evil.example/", "a b", "a@b", "a:1", "a#", "\u{e9}"] {
            assert!(matches!(host(odd), Some(Err(_))), "{odd}");
        }
        assert!(host("").is_none());
    }

    #[test]
    fn an_address_moves_to_another_host_byte_for_byte() {
        let host = Url::parse("https://b.example:8443/x").unwrap();
        for (address, moved) in [
            ("https://a.example", "https://b.example:8443"),
            ("https://a.example/t?a=%2f", "https://b.example:8443/t?a=%2f"),
            ("http://127.0.0.1:80?x", "https://b.example:8443?x"),
        ] {
            assert_eq!(on_host_of(address, &host), moved);
        }
    }

    #[test]
    fn a_rule_that_allows_nearly_everything_is_refused() {
        for hosts in [&[][..], &["com"], &[""], &["*.example.com"], &["a.example/x"], &["a b.c"]] {
            assert!(LoginHost::address("x", hosts).fault().is_some(), "{hosts:?}");
        }
        assert!(LoginHost::address("", &["a.example"]).fault().is_some());
        assert!(LoginHost::address("x", &["a.example"]).path("v1").fault().is_some());
        let lookup = |at: &str| LoginHost::address("x", &["a.example"]).looked_up_at(at).fault();
        for address in ["http://a.example/me", "/me", "", "ftp://a.example/"] {
            assert!(lookup(address).is_some(), "{address}");
        }
        assert!(lookup("https://a.example/me").is_none());
        assert!(lookup("http://127.0.0.1:1/me").is_none());
        for hosts in [["a.example"], ["127.0.0.1"], ["localhost"]] {
            assert!(LoginHost::address("x", &hosts).fault().is_none(), "{hosts:?}");
        }
    }
}
