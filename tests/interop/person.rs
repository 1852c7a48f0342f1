//! A person at a browser: follows redirects with cookies, and fills in the forms of a server's pages.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::{Request, Response};
use url::{Url, form_urlencoded};

/// What alice types, and which button she presses, where a form has a field of that name.
const ANSWERS: [(&str, &str); 5] = [
    ("login", "alice"),
    ("username", "alice"),
    ("password", "correct horse"),
    ("allow", "Authorize"),
    ("action", "accept"),
];

/// An agent that sees every answer as it is.
pub(crate) fn plain_agent() -> Agent {
    Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(600)))
        .build()
        .new_agent()
}

/// Where a walk from page to page came to.
pub(crate) enum Place {
    /// A page of the server.
    Page { url: Url, status: u16, body: String },
    /// The redirect URI, with what the server wrote behind it.
    Callback(String),
}

pub(crate) struct Person {
    agent: Agent,
    cookies: BTreeMap<String, String>,
    /// Where a login ends. Nobody need listen there: the walk stops before it.
    redirect_uri: &'static str,
}

impl Person {
    pub(crate) fn new(redirect_uri: &'static str) -> Person {
        Person { agent: plain_agent(), cookies: BTreeMap::new(), redirect_uri }
    }

    /// Opens an address and answers every form, up to the redirect URI or to a page without a form.
    pub(crate) fn walk(&mut self, start: &str) -> Place {
        let mut place = self.open(Url::parse(start).expect("an address"));
        for _ in 0..10 {
            let Place::Page { url, status, body } = &place else { return place };
            assert_eq!(*status, 200, "{url}: {body}");
            let Some(form) = Form::first(body) else { return place };
            let target = url.join(&form.action).expect("an address");
            place = self.send("POST", target, Some(form.filled()));
        }
        panic!("ten forms and no end");
    }

    /// Opens an address and follows redirects.
    pub(crate) fn open(&mut self, url: Url) -> Place {
        self.send("GET", url, None)
    }

    /// What a page's script sends: JSON, and it must be taken.
    pub(crate) fn send_json(&mut self, method: &str, url: &str, body: &Value) {
        let kind = "application/json";
        let mut answer = self.ask(method, url, Some((kind, body.to_string())));
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        assert_eq!(answer.status(), 200, "{method} {url}: {text}");
    }

    fn send(&mut self, method: &str, url: Url, form: Option<String>) -> Place {
        let (mut method, mut url) = (method, url);
        let mut form = form.map(|form| ("application/x-www-form-urlencoded", form));
        for _ in 0..30 {
            let mut answer = self.ask(method, url.as_str(), form.take());
            let Some(location) = answer.headers().get("location") else {
                let status = answer.status().as_u16();
                let body = answer.body_mut().read_to_string().unwrap_or_default();
                return Place::Page { url, status, body };
            };
            url = url.join(location.to_str().expect("text")).expect("an address");
            if url.as_str().starts_with(self.redirect_uri) {
                return Place::Callback(url.into());
            }
            method = "GET";
        }
        panic!("30 redirects and no end");
    }

    fn ask(
        &mut self,
        method: &str,
        url: &str,
        body: Option<(&str, String)>,
    ) -> Response<ureq::Body> {
        let jar: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder().method(method).uri(url).header("Cookie", jar.join("; "));
        let answer = match body {
            Some((kind, body)) => {
                self.agent.run(request.header("Content-Type", kind).body(body).expect("a request"))
            }
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let answer = answer.expect("an answer");
        for cookie in answer.headers().get_all("set-cookie") {
            let text = cookie.to_str().expect("a cookie");
            let pair = text.split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a name and a value");
            match value {
                "" => drop(self.cookies.remove(name)),
                _ => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        answer
    }
}

/// A form of a page, read as far as these pages need it.
struct Form {
    action: String,
    /// Names and values; what only a button sends is marked.
    fields: Vec<(String, String, bool)>,
}

impl Form {
    fn first(page: &str) -> Option<Form> {
        let start = page.find("<form")?;
        let end = page[start..].find("</form>").map_or(page.len(), |length| start + length);
        let mut tags = page[start..end].split('<').filter_map(|piece| piece.split('>').next());
        let action = attribute(tags.next()?, "action").unwrap_or_default();
        let fields = tags
            .filter(|tag| tag.starts_with("input") || tag.starts_with("button"))
            .filter_map(|tag| {
                let button = tag.starts_with("button") || tag.contains("type=\"submit\"");
                let value = attribute(tag, "value").unwrap_or_default();
                Some((attribute(tag, "name")?, value, button))
            })
            .collect();
        Some(Form { action, fields })
    }

    fn filled(&self) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        let mut pressed = false;
        for (name, value, button) in &self.fields {
            let answer = ANSWERS.iter().find(|(field, _)| field == name).map(|(_, text)| *text);
            match (answer, button) {
                (Some(text), false) => drop(form.append_pair(name, text)),
                (None, false) => drop(form.append_pair(name, value)),
                // Of several buttons of one name one is pressed.
                (Some(text), true) if !pressed => {
                    form.append_pair(name, text);
                    pressed = true;
                }
                (_, true) => {}
            }
        }
        form.finish()
    }
}

/// An attribute of a tag, as these pages write them: in double quotes.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let text = &tag[start..start + tag[start..].find('"')?];
    let decoded = text.replace("&quot;", "\"").replace("&#x27;", "'").replace("&#39;", "'");
    Some(decoded.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}
