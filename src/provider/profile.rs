//! How a service tells who has logged in. Data, no behaviour.

/// How a service that has its own way tells who has logged in: which request it wants, and where in the
/// answer are the user's id and e-mail address. What OpenID Connect says needs none of this.
///
/// A path is written as `kakao_account.email` or `elements[0].name`; an empty one is the whole answer.
///
/// ```
/// use evergrant::Provider;
/// use evergrant::provider::Profile;
///
/// let provider = Provider::builder("example")
///     .token_endpoint("https://login.example/token")
///     .profile(Profile::get("https://api.example/me").id("user.id").email("user.mail", None))
///     .build()?;
/// # Ok::<(), evergrant::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Profile {
    /// Where the profile is in the first answer.
    pub(crate) inside: String,
    /// Where the user's id is in the profile.
    pub(crate) id: String,
    /// The request for the profile, and where addresses are in it.
    pub(crate) first: Step,
    /// The request for an address that the profile does not have.
    pub(crate) second: Option<Step>,
}

/// A request, and where addresses are in its answer.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) post: bool,
    pub(crate) url: String,
    pub(crate) query: Vec<(String, String)>,
    /// The query parameter that carries the access token, if the header does not.
    pub(crate) token_in_query: Option<String>,
    /// In this order, until one has an address.
    pub(crate) emails: Vec<Place>,
}

/// Where an e-mail address is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The list whose entry is meant: the first with `true` at the second path, or else the first.
    pub(crate) list: Option<(String, String)>,
    pub(crate) email: String,
    /// Where it says whether the address is verified.
    pub(crate) verified: Option<String>,
}

impl Profile {
    /// A profile that a GET brings, with the id in `id`. The access token goes to the host of `url`, as
    /// the provider sends it to its API.
    pub fn get(url: impl Into<String>) -> Profile {
        Profile {
            inside: String::new(),
            id: "id".to_owned(),
            first: Step::new(false, url.into()),
            second: None,
        }
    }

    /// A profile that a POST without a body brings.
    pub fn post(url: impl Into<String>) -> Profile {
        Profile { first: Step::new(true, url.into()), ..Profile::get("") }
    }

    /// Where the profile is in the answer, for a service that wraps it.
    pub fn inside(mut self, path: &str) -> Profile {
        self.inside = path.to_owned();
        self
    }

    /// Where the user's id is: a text or a whole number.
    pub fn id(mut self, path: &str) -> Profile {
        self.id = path.to_owned();
        self
    }

    /// One more query parameter.
    pub fn query(mut self, name: &str, value: &str) -> Profile {
        self.last().query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends the access token in a query parameter of this name and not in a header. Proxies log
    /// queries: only where the service wants it so.
    pub fn token_in_query(mut self, name: &str) -> Profile {
        self.last().token_in_query = Some(name.to_owned());
        self
    }

    /// Where the e-mail address is, and where it says whether it is verified, if it does.
    pub fn email(mut self, path: &str, verified: Option<&str>) -> Profile {
        let (email, verified) = (path.to_owned(), verified.map(str::to_owned));
        self.last().emails.push(Place { list: None, email, verified });
        self
    }

    /// As [`Profile::email`], in an entry of a list: the first that has `true` at `primary`, or else
    /// the first. The paths begin at the entry.
    pub fn email_in_list(
        mut self,
        list: &str,
        primary: &str,
        path: &str,
        verified: Option<&str>,
    ) -> Profile {
        let (email, verified) = (path.to_owned(), verified.map(str::to_owned));
        let list = Some((list.to_owned(), primary.to_owned()));
        self.last().emails.push(Place { list, email, verified });
        self
    }

    /// A second GET, for a profile without an e-mail address. What is said after this is about its
    /// query and its answer.
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
