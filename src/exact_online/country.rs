//! The countries of Exact Online.

use std::fmt;
use std::str::FromStr;

use crate::sdk::shown;
use crate::{Error, Provider, Result, providers};

/// The country of the Exact Online site that has the account. Logins, tokens and data of a country do not
/// exist in another country, and an application is registered in each country.
///
/// ```
/// use evergrant::exact_online::Country;
///
/// let country: Country = "nl".parse()?;
/// assert_eq!(country.provider()?.api_base(), Some("https://start.exactonline.nl/api"));
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Country {
    /// The Netherlands: `start.exactonline.nl`.
    Netherlands,
    /// Belgium: `start.exactonline.be`.
    Belgium,
    /// Germany: `start.exactonline.de`.
    Germany,
    /// The United Kingdom: `start.exactonline.co.uk`.
    UnitedKingdom,
    /// France: `start.exactonline.fr`.
    France,
    /// Spain: `start.exactonline.es`.
    Spain,
    /// The United States: `start.exactonline.com`.
    UnitedStates,
}

impl Country {
    /// All countries.
    pub const ALL: [Country; 7] = [
        Country::Netherlands,
        Country::Belgium,
        Country::Germany,
        Country::UnitedKingdom,
        Country::France,
        Country::Spain,
        Country::UnitedStates,
    ];

    /// Returns the code: `nl`, `be`, `de`, `uk`, `fr`, `es` or `us`.
    pub fn code(self) -> &'static str {
        match self {
            Country::Netherlands => "nl",
            Country::Belgium => "be",
            Country::Germany => "de",
            Country::UnitedKingdom => "uk",
            Country::France => "fr",
            Country::Spain => "es",
            Country::UnitedStates => "us",
        }
    }

    /// Reads the country from the variable `EXACT_ONLINE_COUNTRY`, such as `nl`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the variable is not set, or is not the code of a country.
    pub fn from_env() -> Result<Country> {
        match std::env::var("EXACT_ONLINE_COUNTRY") {
            Ok(code) => Country::of_variable(Some(code)),
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(Error::Config("EXACT_ONLINE_COUNTRY is not valid Unicode".into()))
            }
            Err(std::env::VarError::NotPresent) => Country::of_variable(None),
        }
    }

    /// Does the same as [`Country::from_env`], and looks in the file `.env` of the current folder when
    /// the variable is not set.
    ///
    /// # Errors
    ///
    /// The errors of [`Country::from_env`], and [`Error::Config`] for a file that cannot be read.
    #[cfg(feature = "dotenv")]
    #[cfg_attr(docsrs, doc(cfg(feature = "dotenv")))]
    pub fn from_dotenv() -> Result<Country> {
        let file = crate::Dotenv::here()?;
        let code = file.variable("EXACT_ONLINE_COUNTRY")?;
        Country::of_variable(code).map_err(|error| file.told(error))
    }

    fn of_variable(code: Option<String>) -> Result<Country> {
        code.filter(|code| !code.is_empty())
            .ok_or_else(|| Error::Config("EXACT_ONLINE_COUNTRY is not set".into()))?
            .trim()
            .parse()
    }

    /// Returns the provider for Exact Online in this country: [`providers::exact_online`].
    ///
    /// # Errors
    ///
    /// Does not fail in practice: every country has a provider, and a test checks that.
    pub fn provider(self) -> Result<Provider> {
        providers::exact_online(self.code())
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Country {
    type Err = Error;

    /// Reads a code, in upper or lower case.
    fn from_str(text: &str) -> Result<Country> {
        let found = Country::ALL.into_iter().find(|c| c.code().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let text = shown(text);
            let text =
                format!("Exact Online has no country {text}: use nl, be, de, uk, fr, es or us");
            Error::Config(text.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_its_host_for_login_tokens_and_api() -> Result<()> {
        for (country, host) in Country::ALL.into_iter().zip([
            "start.exactonline.nl",
            "start.exactonline.be",
            "start.exactonline.de",
            "start.exactonline.co.uk",
            "start.exactonline.fr",
            "start.exactonline.es",
            "start.exactonline.com",
        ]) {
            let provider = country.provider()?;
            let base = format!("https://{host}/api");
            assert_eq!(provider.api_base(), Some(&*base));
            assert_eq!(provider.token_endpoint(), format!("{base}/oauth2/token"));
            assert_eq!(provider.authorization_endpoint(), Some(&*format!("{base}/oauth2/auth")));
            assert_eq!(country.to_string().to_uppercase().parse::<Country>()?, country);
        }
        assert!("at".parse::<Country>().is_err());
        Ok(())
    }
}
