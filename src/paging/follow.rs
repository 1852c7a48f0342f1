//! The two usual ways in which an API names the next page.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Page, Pages};
use crate::client::Client;
use crate::error::{Error, Result};

impl Client {
    /// The pages of a list whose answers name the next page in the `Link` header (RFC 8288), as
    /// GitHub's answers do. Each answer is a JSON array. The position is the address of a page; the
    /// access token goes only to hosts that [`Client::get`] allows.
    ///
    /// ```
    /// # use evergrant::{Client, MemoryBackend, sandbox::{ApiReply, Sandbox}};
    /// # let sandbox = Sandbox::start()?;
    /// # sandbox.on("GET", "/api/user/repos", |request| {
    /// #     let page: u32 = request.parameter("page").as_deref().unwrap_or("1").parse().unwrap();
    /// #     let reply = ApiReply::json(200, serde_json::json!([{"name": format!("repository {page}")}]));
    /// #     match page { 3 => reply, _ => reply.with_header("Link", &format!("<?page={}>; rel=\"next\"", page + 1)) }
    /// # });
    /// # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    /// # client.seed(sandbox.login())?;
    /// # let mut names = Vec::new();
    /// for repository in client.linked_pages::<serde_json::Value>("/user/repos?per_page=100").items() {
    ///     println!("{}", repository?["name"]);
    /// #   names.push(());
    /// }
    /// # assert_eq!(names.len(), 3);
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Each page may fail with the errors of [`Request::read_json`](crate::Request::read_json).
    pub fn linked_pages<T: DeserializeOwned>(
        &self,
        target: &str,
    ) -> Pages<String, impl FnMut(&String) -> Result<Page<T, String>> + use<'_, T>> {
        Pages::new(target.to_owned(), |target: &String| {
            let answer = self.get(target).call()?;
            let next = answer.link("next");
            Ok(Page { items: answer.read_json()?, next })
        })
    }

    /// The pages of a list whose answers are JSON objects. `items` is the member with the items and
    /// `next` the member with the next page, each with dots between the names of nested members, such
    /// as `response_metadata.next_cursor`. With a `parameter`, the value of `next` is sent in this
    /// query parameter; without a `parameter`, the value of `next` is the address of the next page. The
    /// list ends when `next` has no value (null, an empty text, no such member).
    ///
    /// ```
    /// # use evergrant::{Client, MemoryBackend, sandbox::{ApiReply, Sandbox}};
    /// # use serde_json::json;
    /// # let sandbox = Sandbox::start()?;
    /// # sandbox.on("GET", "/api/users.list", |request| {
    /// #     let (id, next) = match request.parameter("cursor").as_deref() { None => (1, "b+c"), Some("b+c") => (2, ""), _ => (0, "") };
    /// #     ApiReply::json(200, json!({"members": [{"id": id}], "response_metadata": {"next_cursor": next}}))
    /// # });
    /// # let client = Client::new(sandbox.provider(), sandbox.credentials(), MemoryBackend::new());
    /// # client.seed(sandbox.login())?;
    /// let next = "response_metadata.next_cursor";
    /// let pages = client.cursor_pages("/users.list?limit=200", "members", next, Some("cursor"));
    /// # let mut ids = Vec::new();
    /// for member in pages.items() {
    /// #   let member: Result<serde_json::Value, evergrant::Error> = member;
    /// #   ids.push(member.as_ref().unwrap()["id"].clone());
    ///     println!("{}", member?["id"]);
    /// }
    /// # assert_eq!(ids, [1, 2]);
    /// # Ok::<(), evergrant::BoxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Each page may fail with the errors of [`Request::read_json`](crate::Request::read_json), and with
    /// [`Error::Decode`] for an answer without the member `items`.
    pub fn cursor_pages<T: DeserializeOwned>(
        &self,
        target: &str,
        items: &str,
        next: &str,
        parameter: Option<&str>,
    ) -> Pages<String, impl FnMut(&String) -> Result<Page<T, String>> + use<'_, T>> {
        let (first, items, next) = (target.to_owned(), items.to_owned(), next.to_owned());
        let parameter = parameter.map(str::to_owned);
        // The position is the value of `next`, or at first the address of the list.
        let mut begun = None;
        Pages::new(first.clone(), move |position: &String| {
            let request = match (&parameter, begun.as_ref()) {
                (Some(parameter), Some(())) => self.get(&first).query(parameter, position),
                _ => self.get(position),
            };
            let mut answer: Value = request.read_json()?;
            begun = Some(());
            let next = at(&answer, &next).and_then(text);
            let items = match at_mut(&mut answer, &items).map(Value::take) {
                Some(list) => serde_json::from_value(list),
                None => {
                    return Err(Error::decode(
                        "a page of a list",
                        format!("it has no member {items:?}"),
                    ));
                }
            };
            let items = items.map_err(|error| Error::decode("a page of a list", error))?;
            Ok(Page { items, next })
        })
    }
}

fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}

fn at_mut<'a>(value: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    path.split('.').try_fold(value, |value, name| value.get_mut(name))
}

/// A text that is not empty, or a number.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
