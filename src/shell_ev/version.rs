//! The versions of Shell's API.

/// The version of the API that the client calls. Keys that were issued before 2026 call version 1.
///
/// Both versions have the same eight calls with the same parameters, and the models read the answers of both.
/// Shell announced the end of version 1 of the locations for 31 March 2026
/// (`developer.shell.com/api-catalog/ev-public-locations/version-change-document`, January 2026). It is not
/// known whether a key can still call version 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiVersion {
    /// `/ev/v1`, as in Shell's SDKs 1.3 and 1.4. Ids are numbers, a connector has its price in
    /// [`Connector::tariff`](super::Connector::tariff), and
    /// [`GetLocation::provider_id`](super::GetLocation::provider_id) has no effect.
    V1,
    /// `/ev/v2`, as in Shell's SDKs from 2.0 on.
    #[default]
    V2,
}

impl ApiVersion {
    /// Returns the path of a call in this version.
    pub(super) fn path(self, call: &str) -> String {
        match self {
            ApiVersion::V1 => ["/v1", call].concat(),
            ApiVersion::V2 => ["/v2", call].concat(),
        }
    }
}
