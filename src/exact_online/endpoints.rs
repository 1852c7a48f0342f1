//! The table of endpoints: `endpoints.txt`.

use crate::{Error, Result};

/// Methods, key and path of each endpoint, one endpoint a line.
const TABLE: &str = include_str!("endpoints.txt");

/// An endpoint of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoint {
    /// The name for [`ExactOnline::call`](super::ExactOnline::call), such as `crm/Accounts`.
    pub name: &'static str,
    /// The property that is the key. `None` for an endpoint without a key.
    pub key: Option<&'static str>,
    methods: &'static str,
}

impl Endpoint {
    /// Returns all 453 known endpoints.
    ///
    /// Names, keys and methods come from public lists of 2022 to 2026. The methods of some endpoints are
    /// inferred.
    pub fn all() -> impl Iterator<Item = Endpoint> {
        TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
            let mut parts = line.split(' ');
            let (methods, key, name) = (parts.next()?, parts.next()?, parts.next()?);
            Some(Endpoint { name, key: Some(key).filter(|key| *key != "-"), methods })
        })
    }

    /// Finds the endpoint with this name, in upper or lower case.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for an unknown name.
    pub fn find(name: &str) -> Result<Endpoint> {
        let name = name.trim_matches('/');
        Endpoint::all().find(|endpoint| endpoint.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
            let name: String = name.chars().take(80).collect();
            let text = format!(
                "this version knows no endpoint {name:?} of Exact Online; \
                 `ExactOnline::call_unlisted` calls other endpoints"
            );
            Error::Config(text.into())
        })
    }

    /// Whether the endpoint takes the method `GET`, `POST`, `PUT` or `DELETE`.
    pub fn takes(&self, method: &str) -> bool {
        let letter = match method {
            "GET" => 'G',
            "POST" => 'P',
            "PUT" => 'U',
            "DELETE" => 'D',
            _ => return false,
        };
        self.methods.contains(letter)
    }

    /// Whether the address of the endpoint contains a division.
    pub fn has_division(&self) -> bool {
        !matches!(self.name, "current/Me" | "system/Users")
    }

    /// Returns the path below the API's base, with `{division}` in place of the division.
    pub fn path(&self) -> String {
        match self.name.strip_prefix("beta/") {
            _ if !self.has_division() => format!("/v1/{}", self.name),
            Some(rest) => format!("/v1/beta/{{division}}/{rest}"),
            None => format!("/v1/{{division}}/{}", self.name),
        }
    }
}
