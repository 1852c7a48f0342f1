//! A person at a browser: follows redirects with cookies, and fills in the forms of a server's pages.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::{Request, Response};
use url::{Url, form_urlencoded};

/// The names of form fields, and the text that alice types there.
const TYPES: [(&str, &str); 3] =
    [("login", "alice"), ("username", "alice"), ("password", "correct horse")];

/// The buttons that alice presses when she agrees, and when she refuses: name and value.
const BUTTONS: [[(&str, &str); 2]; 3] = [
    [("allow", "Authorize"), ("", "")],
    [("action", "accept"), ("action", "deny")],
    [("", ""), ("abort", "yes")],
];

/// Makes an agent that returns every answer unchanged.
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

/// The end of a walk from page to page.
pub(crate) enum Place {
    /// A page of the server.
    Page { url: Url, status: u16, body: String },
    /// The redirect URI with the parameters that the server added, or with the form that a page posts there.
    Callback(String),
}

pub(crate) struct Person {
    agent: Agent,
    cookies: BTreeMap<String, String>,
    /// The redirect URI. No program listens at this address, because the walk stops before it opens the
    /// address.
    redirect_uri: &'static str,
    refuses: bool,
}

impl Person {
    pub(crate) fn new(redirect_uri: &'static str) -> Person {
        Person { agent: plain_agent(), cookies: BTreeMap::new(), redirect_uri, refuses: false }
    }

    /// Makes the person log in and deny the application's request.
    #[cfg_attr(not(feature = "device"), allow(dead_code))]
    pub(crate) fn who_refuses(self) -> Person {
        Person { refuses: true, ..self }
    }

    /// Opens an address and answers every form, up to the redirect URI or to a page without a form.
    pub(crate) fn walk(&mut self, start: &str) -> Place {
        let mut place = self.open(Url::parse(start).expect("an address"));
        for _ in 0..10 {
            let Place::Page { url, status, body } = &place else { return place };
            assert_eq!(*status, 200, "{url}: {body}");
            let Some(form) = Form::first(body) else { return place };
            let (filled, decided) = form.filled(self.refuses);
            if form.action == self.redirect_uri {
                return Place::Callback(filled);
            }
            let target = url.join(&form.action).expect("an address");
            place = self.send("POST", target, Some(filled));
            // After the refusal, a page may ask for another code.
            if self.refuses && decided {
                return place;
            }
        }
        panic!("after ten forms the server still shows a form");
    }

    /// Opens an address and follows redirects.
    pub(crate) fn open(&mut self, url: Url) -> Place {
        self.send("GET", url, None)
    }

    /// Sends JSON as a page's script does. The server must accept it.
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
        panic!("after 30 redirects the server still redirects");
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

/// The parts of a page's form that the servers' pages need.
struct Form {
    action: String,
    fields: Vec<(String, String)>,
    buttons: Vec<(String, String)>,
}

impl Form {
    fn first(page: &str) -> Option<Form> {
        let start = page.find("<form")?;
        let end = page[start..].find("</form>").map_or(page.len(), |length| start + length);
        let tags = |text: &str| -> Vec<String> {
            text.split('<').filter_map(|piece| piece.split('>').next()).map(str::to_owned).collect()
        };
        let inside = tags(&page[start..end]);
        let action = attribute(inside.get(1)?, "action").unwrap_or_default();
        let mut form = Form { action, fields: Vec::new(), buttons: Vec::new() };
        // A button may be outside of its form.
        let outside = tags(&page[end..]).into_iter().filter(|tag| tag.starts_with("button"));
        for tag in inside.iter().cloned().chain(outside) {
            let Some(name) = attribute(&tag, "name") else { continue };
            let pair = (name, attribute(&tag, "value").unwrap_or_default());
            if tag.starts_with("button") || tag.contains("type=\"submit\"") {
                form.buttons.push(pair);
            } else if tag.starts_with("input") {
                form.fields.push(pair);
            }
        }
        Some(form)
    }

    /// Returns the form data that is sent, and whether one of the [`BUTTONS`] was pressed.
    fn filled(&self, refuses: bool) -> (String, bool) {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.fields {
            let typed = TYPES.iter().find(|(field, _)| field == name).map(|(_, text)| *text);
            form.append_pair(name, typed.unwrap_or(value));
        }
        let mut wanted = BUTTONS.iter().map(|pair| pair[usize::from(refuses)]);
        let has = |name: &str, value: &str| {
            self.buttons
                .iter()
                .any(|button| (button.0.as_str(), button.1.as_str()) == (name, value))
        };
        let pressed = wanted.find(|(name, value)| has(name, value));
        if let Some((name, value)) = pressed {
            form.append_pair(name, value);
        }
        (form.finish(), pressed.is_some())
    }
}

/// Returns an attribute of a tag. These pages write attributes in double quotes.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let text = &tag[start..start + tag[start..].find('"')?];
    let named =
        [("quot", "\""), ("#x27", "'"), ("#39", "'"), ("#x2F", "/"), ("#x3D", "="), ("lt", "<")];
    let text = named.iter().fold(text.to_owned(), |text, (name, character)| {
        text.replace(&format!("&{name};"), character)
    });
    Some(text.replace("&gt;", ">").replace("&amp;", "&"))
}
