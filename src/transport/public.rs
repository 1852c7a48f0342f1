//! Refuses connections to private addresses, whatever host name resolves to them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
#[cfg(feature = "discovery")]
use url::{Host, Url};

/// Looks names up as ureq does, except `localhost`. Plain http is allowed to `localhost`, and the system's
/// entry for the name, in a file or in DNS, may be another machine (RFC 6761 section 6.3). With
/// `public_only`, the connection is made to the address that was checked, even if the name has another
/// address a moment later.
#[derive(Debug)]
pub(super) struct CheckedResolver {
    pub(super) inner: DefaultResolver,
    pub(super) public_only: bool,
}

impl Resolver for CheckedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = match localhost(uri) {
            Some(both) => {
                let mut found = self.empty();
                config.ip_family().keep_wanted(both.into_iter()).for_each(|it| found.push(it));
                found
            }
            None if !self.public_only => return self.inner.resolve(uri, config, timeout),
            None => self.inner.resolve(uri, config, timeout)?,
        };
        // The proxy is the caller's own choice.
        let is_proxy = config.proxy().is_some_and(|proxy| Some(proxy.host()) == uri.host());
        if self.public_only && !is_proxy {
            let private = found.iter().find(|address| !is_public(address.ip()));
            if let (Some(private), Some(host)) = (private, uri.host()) {
                return Err(Error::Other(refusal(host, private.ip()).into()));
            }
        }
        Ok(found)
    }
}

/// The two addresses of this machine, if the address names `localhost` and a port is known.
fn localhost(uri: &Uri) -> Option<[SocketAddr; 2]> {
    let authority = uri.authority()?;
    // A quick check: a host that does not begin with this letter is not parsed. A user name may come
    // before the host.
    let text = authority.as_str();
    let may_be = text.starts_with(['l', 'L']) || text.contains('@');
    if !may_be || !authority.host().eq_ignore_ascii_case("localhost") {
        return None;
    }
    let port = uri.port_u16().or(match uri.scheme_str()? {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    })?;
    Some([(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()])
}

fn refusal(host: &str, ip: IpAddr) -> String {
    format!(
        "{host} has the address {ip}, which is not public, and only public addresses are allowed"
    )
}

/// Why an address leads, or may lead, to a host that is not public. `look_up` is off behind a proxy,
/// which looks names up itself.
#[cfg(feature = "discovery")]
pub(crate) fn private_host(url: &Url, look_up: bool) -> Option<String> {
    let ip = match url.host()? {
        Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
        Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            if name == "localhost" || name.ends_with(".localhost") {
                return Some(format!("{name} is this machine, and only public hosts are allowed"));
            }
            None
        }
    };
    let host = url.host_str().unwrap_or_default();
    if let Some(ip) = ip {
        return (!is_public(ip)).then(|| refusal(host, ip));
    }
    if !look_up {
        return None;
    }
    match url.socket_addrs(|| None) {
        Ok(found) => found.iter().find(|it| !is_public(it.ip())).map(|it| refusal(host, it.ip())),
        Err(_) => Some(format!("the name {host} was not found")),
    }
}

/// Whether an address is in the public internet, by the registries of special addresses (RFC 6890).
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match inside(ip) {
            Some(ip) => is_public_v4(ip),
            None => is_public_v6(ip),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || a == 0
        || a >= 224
        // These ranges are for carriers, for protocols and for measurements.
        || a == 100 && (64..128).contains(&b)
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || a == 198 && (18..20).contains(&b))
}

/// The IPv4 address inside an IPv6 address: mapped, compatible, translated (RFC 6052), or 6to4.
fn inside(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let [high, low] = match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff | 0] | [0x64, 0xff9b, 0, 0, 0, 0] => [g, h],
        [0x2002, ..] => [b, c],
        _ => return None,
    };
    Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
}

/// Only `2000::/3` is assigned, and some ranges of it are reserved.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let protocols = a == 0x2001 && (b < 0x200 || b == 0xdb8);
    a & 0xe000 == 0x2000 && !protocols && a != 0x3fff && a != 0x5f00
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_is_this_machine_and_is_not_looked_up() {
        for (address, expected) in [
            ("http://localhost:8080/x", Some("127.0.0.1:8080 [::1]:8080")),
            ("http://LOCALHOST/x", Some("127.0.0.1:80 [::1]:80")),
            ("https://localhost", Some("127.0.0.1:443 [::1]:443")),
            ("http://app.localhost:1/", None),
            ("http://me@localhost:1/", Some("127.0.0.1:1 [::1]:1")),
            ("http://localhost.:1/", None),
            ("http://localhost.example:1/", None),
        ] {
            let found = localhost(&address.parse().unwrap());
            let found = found.map(|both| both.map(|it| it.to_string()).join(" "));
            assert_eq!(found.as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn addresses_that_are_not_of_the_public_internet_are_known() {
        for private in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "::ffff:127.0.0.1",
            "::ffff:a9fe:a9fe",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "100::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2a00:1450:4001::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
