//! Finds the error in an answer, wherever a service puts it.

use serde_json::Value;
use ureq::http::HeaderMap;

use super::body::{at, has};
use super::is_refusal;
use crate::provider::{ErrorRule, Provider};
use crate::substring;

/// The error in an answer.
#[derive(Default)]
pub(super) struct Fault {
    /// The code; `None` if the answer has no error.
    pub(super) code: Option<String>,
    /// Whether the code is a word that a program can understand. False for a bare number and for an
    /// error without a code.
    pub(super) named: bool,
    /// The descriptions, the best one first.
    pub(super) texts: Vec<String>,
    pub(super) uri: Option<String>,
}

impl Fault {
    /// Finds the error of an answer. Null, an empty string, `false` and 0 are not errors, because
    /// services write them into good answers. If `has_token`, members that mean an error only in a bad
    /// answer are ignored.
    pub(super) fn find(provider: &Provider, body: &Value, has_token: bool) -> Fault {
        let word_at = |path: &str| at(body, path).and_then(word);
        let text_at = |path: &str| Some(at(body, path)?.as_str()?.to_owned());
        let mut codes = provider.reply.error_code_paths.iter().filter_map(|path| word_at(path));
        let code = codes
            .next()
            .or_else(|| error_member(body.get("error")?))
            .or_else(|| word_at("errors[0].errorType"))
            .or_else(|| word_at("error_type"))
            .or_else(|| (body.get("ok") == Some(&Value::Bool(false))).then(|| UNNAMED.to_owned()));
        let less_sure = ["code", "errcode", "error_code", "errors[0].code"];
        // A word says more than the number beside the word, which is often the status.
        let is_number = |code: &String| code.bytes().all(|byte| byte.is_ascii_digit());
        let less_sure = || {
            let words = || less_sure.iter().filter_map(|path| word_at(path));
            words().find(|word| !is_number(word)).or_else(|| words().next())
        };
        let code = code.or_else(|| less_sure().filter(|_| !has_token));
        // HubSpot has its code in `status`; elsewhere `status` is a word like `fail`, or the HTTP
        // status.
        let from_status = code.is_none() && !has_token;
        let code = code.or_else(|| word_at("status").filter(|_| from_status));
        let usual = [
            "error_description",
            "error.message",
            "error_message",
            "errors[0].message",
            "message",
            "errmsg",
            "reason",
            "fault.faultstring",
            "detail",
            "title",
        ];
        let mut texts = Vec::new();
        let mut add = |path: &str| texts.extend(text_at(path));
        provider.reply.error_text_paths.iter().for_each(|path| add(path));
        usual.iter().for_each(|path| add(path));
        let named = |code: &String| code != UNNAMED && !code.bytes().all(|b| b.is_ascii_digit());
        Fault {
            named: code.as_ref().is_some_and(named) && !from_status,
            code,
            texts,
            uri: text_at("error_uri"),
        }
    }

    /// Whether all conditions of a rule hold.
    pub(super) fn matches(
        &self,
        rule: &ErrorRule,
        status: u16,
        headers: &HeaderMap,
        body: &Value,
    ) -> bool {
        let contains = |text: &str, part: &str| substring::has(&text.to_ascii_lowercase(), part);
        rule.status.is_none_or(|wanted| wanted == status)
            && rule.code.as_ref().is_none_or(|wanted| match &self.code {
                Some(code) => code.eq_ignore_ascii_case(wanted),
                None => format!("http_{status}").eq_ignore_ascii_case(wanted),
            })
            && rule
                .text
                .as_ref()
                .is_none_or(|part| self.texts.iter().any(|text| contains(text, part)))
            && rule.field.as_ref().is_none_or(|(path, wanted)| has(body, path, wanted))
            && rule.header.as_ref().is_none_or(|(name, part)| {
                let mut values = headers.get_all(name.as_str()).iter();
                values.any(|value| contains(&String::from_utf8_lossy(value.as_bytes()), part))
            })
    }
}

/// The code that stands for an error without a code.
const UNNAMED: &str = "error";

/// Reads the `error` member: a string in the standard; an object, a number or a list elsewhere.
fn error_member(error: &Value) -> Option<String> {
    match error {
        Value::Object(members) => ["code", "type"]
            .iter()
            // In `{"type":"invalid_request_error","code":"refresh_token_reused"}` the type is only the
            // class of the error.
            .find_map(|name| word(members.get(*name)?).filter(|code| is_refusal(code)))
            .or_else(|| ["type", "code"].iter().find_map(|name| word(members.get(*name)?)))
            .or_else(|| (!members.is_empty()).then(|| UNNAMED.to_owned())),
        Value::Array(list) => list.first().map(|first| word(first).unwrap_or(UNNAMED.to_owned())),
        Value::Bool(true) => Some(UNNAMED.to_owned()),
        other => word(other),
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
    .filter(|word| !word.is_empty() && word != "0")
}
