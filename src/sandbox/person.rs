//! Plays a person with a browser, over HTTP.

use std::io;
use std::time::Duration;

/// Opens the page, presses a button, and returns the address to which the browser is sent.
pub(super) fn decide(sandbox: &str, address: &str, decision: &str) -> io::Result<String> {
    if !address.starts_with(&format!("{sandbox}/authorize")) {
        return Err(io::Error::other("the address is not this sandbox's"));
    }
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(120)))
        .build()
        .into();
    let mut page = agent.get(address).call().map_err(io::Error::other)?;
    if let Some(location) = location(&page) {
        return Ok(location);
    }
    let text = page.body_mut().read_to_string().map_err(io::Error::other)?;
    let number = text.split("name=\"request\" value=\"").nth(1).and_then(|t| t.split('"').next());
    let Some(number) = number else {
        let text = text.split("<p>").nth(1).and_then(|t| t.split("</p>").next());
        let text = text.unwrap_or("no form");
        return Err(io::Error::other(format!("the sandbox shows no form: {text}")));
    };
    let form = [("request", number), ("decision", decision)];
    let answer =
        agent.post(format!("{sandbox}/authorize")).send_form(form).map_err(io::Error::other)?;
    location(&answer).ok_or_else(|| io::Error::other("the sandbox did not send the browser back"))
}

fn location(answer: &ureq::http::Response<ureq::Body>) -> Option<String> {
    Some(answer.headers().get("location")?.to_str().ok()?.to_owned())
}
