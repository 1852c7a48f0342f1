//! Resource indicators (RFC 8707).

use url::Url;

use crate::error::{Error, Result};

/// Checks that the text is an absolute address without a fragment (section 2). The text is not changed.
pub(super) fn check_resource(resource: &str) -> Result<()> {
    let unfit = |c: char| c.is_control() || c.is_whitespace();
    if Url::parse(resource).is_err() || resource.contains('#') || resource.contains(unfit) {
        return Err(Error::config(format!(
            "the resource {resource:?} is not an absolute address without a fragment (RFC 8707 \
             section 2)"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_an_absolute_address_without_a_fragment() {
        for good in ["https://api.example/", "urn:example:api", "https://api.example/a?b=c"] {
            assert!(check_resource(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/api",
            "api.example",
            "https://api.example/#x",
            "https://a.example/ b",
            "urn:a\u{1}",
        ] {
            assert!(matches!(check_resource(bad), Err(Error::Config(_))), "{bad}");
        }
    }
}
