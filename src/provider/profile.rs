//! Describes as data how to ask a service who has logged in.

/// How to ask a service who has logged in: the request for the profile, and the places of the user's id
/// and e-mail address in the answer. A service with OpenID Connect needs no profile: the client asks
/// its userinfo endpoint.
///
/// A path is written as `kakao_account.email` or `elements[0].name`. An empty path is the whole answer.
///
/// ```
/// use evergrant::Provider;
/// use evergrant::provider::Profile;
///
/// let provider = Provider::builder("example")
///     .token_endpoint("https://login.example/token")
///     .profile(Profile::get("https://api.example/me").id("user.id").email("user.mail"))
///     .build()?;
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Profile {
    /// The path of the profile in the first answer.
    pub(crate) inside: String,
    /// The path of the user's id in the profile.
    pub(crate) id: String,
    /// The request for the profile.
    pub(crate) first: Step,
    /// The request for the e-mail address, sent if the profile has none.
    pub(crate) second: Option<Step>,
}

/// A request, and the places of e-mail addresses in its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) post: bool,
    pub(crate) url: String,
    pub(crate) query: Vec<(String, String)>,
    /// The query parameter that carries the access token, if the header does not.
    pub(crate) token_in_query: Option<String>,
    /// The places of the address, tried in order.
    pub(crate) emails: Vec<EmailPlace>,
}

/// The place of an e-mail address in an answer.
///
/// ```
/// use evergrant::provider::{EmailPlace, Profile};
///
/// let list = EmailPlace::at("value").in_list("addresses").primary("is_main").verified("checked");
/// let profile = Profile::get("https://api.example/me").email("email").email(list);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct EmailPlace {
    pub(crate) path: String,
    pub(crate) list: Option<String>,
    pub(crate) primary: Option<String>,
    pub(crate) verified: Option<String>,
}

impl EmailPlace {
    /// The address is at this path. A string converts to this kind of place:
    /// `profile.email("user.mail")`.
    pub fn at(path: &str) -> EmailPlace {
        EmailPlace { path: path.to_owned(), list: None, primary: None, verified: None }
    }

    /// The address is in an entry of the list at this path. All other paths start at that entry.
    pub fn in_list(mut self, path: &str) -> EmailPlace {
        self.list = Some(path.to_owned());
        self
    }

    /// The client uses the first entry of the list that has `true` at this path. Without such an entry,
    /// and by default, the client uses the first entry.
    pub fn primary(mut self, path: &str) -> EmailPlace {
        self.primary = Some(path.to_owned());
        self
    }

    /// The answer says at this path whether the address is verified.
    pub fn verified(mut self, path: &str) -> EmailPlace {
        self.verified = Some(path.to_owned());
        self
    }
}

impl From<&str> for EmailPlace {
    fn from(path: &str) -> EmailPlace {
        EmailPlace::at(path)
    }
}

impl Profile {
    /// Describes a profile that a GET of `url` returns. The path of the user's id is `id`, unless
    /// [`Profile::id`] sets another path. The access token is sent to the host of `url`, as the provider
    /// sends it to its API.
    pub fn get(url: impl Into<String>) -> Profile {
        Profile {
            inside: String::new(),
            id: "id".to_owned(),
            first: Step::new(false, url.into()),
            second: None,
        }
    }

    /// Like [`Profile::get`], but with a POST without a body.
    pub fn post(url: impl Into<String>) -> Profile {
        Profile { first: Step::new(true, url.into()), ..Profile::get("") }
    }

    /// The path of the profile in the answer, for a service that wraps the profile in another object.
    pub fn inside(mut self, path: &str) -> Profile {
        self.inside = path.to_owned();
        self
    }

    /// The path of the user's id, which is a string or a whole number.
    pub fn id(mut self, path: &str) -> Profile {
        self.id = path.to_owned();
        self
    }

    /// Adds a query parameter to the request.
    pub fn query(mut self, name: &str, value: &str) -> Profile {
        self.last().query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends the access token in a query parameter of this name and not in a header. Proxies log
    /// queries, so use this only where the service accepts nothing else.
    pub fn token_in_query(mut self, name: &str) -> Profile {
        self.last().token_in_query = Some(name.to_owned());
        self
    }

    /// Adds a place of the e-mail address. The places are tried in order, until one has an address.
    pub fn email(mut self, place: impl Into<EmailPlace>) -> Profile {
        self.last().emails.push(place.into());
        self
    }

    /// Adds a second GET, sent if the profile has no e-mail address. Every `query`, `token_in_query`
    /// and `email` after this call belongs to the second request.
    pub fn then_get(mut self, url: impl Into<String>) -> Profile {
        self.second = Some(Step::new(false, url.into()));
        self
    }

    fn last(&mut self) -> &mut Step {
        self.second.as_mut().unwrap_or(&mut self.first)
    }

    /// The addresses that get the access token.
    pub(crate) fn urls(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.first).chain(&self.second).map(|step| &step.url)
    }
}

impl Step {
    fn new(post: bool, url: String) -> Step {
        Step { post, url, query: Vec::new(), token_in_query: None, emails: Vec::new() }
    }
}
