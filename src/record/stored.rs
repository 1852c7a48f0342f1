//! The stored form of a record and its parts.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::note::{Binding, Holder, Note, Refused, Seen};
use super::{Record, Replaces, VERSION};
use crate::stored_json::{Fields, Members, date, flag, list, number, secret, text, wipe};
use crate::token::Token;

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Record, D::Error> {
        Record::from_value(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The least members of a record.
const LEAST: &str =
    r#"{"version":1,"login":"","revision":1,"generation":1,"token":{"access_token":""}}"#;

/// Names the first member of a wrong type in the text of a record. A date without an offset from UTC is one.
pub(super) fn wrong_member(text: &str) -> Option<String> {
    let mut record: Value = text.parse().ok()?;
    let wrong = wrong_member_of(&record);
    wipe(&mut record);
    wrong
}

fn wrong_member_of(record: &Value) -> Option<String> {
    let reads = |change: &dyn Fn(&mut Value)| {
        let mut least: Value = LEAST.parse().ok()?;
        change(&mut least);
        Record::read(Members::of(least)?)
    };
    for (name, value) in record.as_object()? {
        if reads(&|least| least[name.as_str()] = value.clone()).is_some() {
            continue;
        }
        for (inner, value) in value.as_object().filter(|_| name == "token").into_iter().flatten() {
            if reads(&|least| least["token"][inner.as_str()] = value.clone()).is_none() {
                return Some(format!("token.{inner}"));
            }
        }
        return Some(name.clone());
    }
    None
}

impl Record {
    pub(super) fn read(mut stored: Members) -> Option<Record> {
        let _: u32 = stored.must("version", number)?;
        Some(Record {
            version: VERSION,
            binding: stored.may("binding", Binding::read)?,
            login: stored.must("login", text)?,
            revision: stored.must("revision", number)?,
            generation: stored.must("generation", number)?,
            token: stored.must("token", Token::read)?,
            rotated_at: stored.may("rotated_at", date)?,
            note: stored.may("note", Note::read)?,
            spare: stored.may("spare", secret)?,
            refused: stored.may("refused", Refused::read)?,
            superseded: stored.may("superseded", secret)?,
            consented_at: stored.may("consented_at", date)?,
            refresh_expires_at: stored.may("refresh_expires_at", date)?,
            refusals: stored.may("refusals", |value| list(value, date))?.unwrap_or_default(),
            seeded: stored.may("seeded", text)?,
            unknown: stored.rest(),
            replaces: Replaces::default(),
        })
    }

    pub(super) fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.put("version", self.version.into());
        fields.may_object("binding", self.binding.as_ref().map(Binding::fields));
        fields.text("login", &self.login);
        fields.put("revision", self.revision.into());
        fields.put("generation", self.generation.into());
        fields.object("token", self.token.fields());
        fields.may_date("rotated_at", self.rotated_at);
        fields.may_object("note", self.note.as_ref().map(Note::fields));
        fields.may_secret("spare", self.spare.as_ref());
        fields.may_object("refused", self.refused.as_ref().map(Refused::fields));
        fields.may_secret("superseded", self.superseded.as_ref());
        fields.may_date("consented_at", self.consented_at);
        fields.may_date("refresh_expires_at", self.refresh_expires_at);
        let refusals = self.refusals.iter().map(|date| fields.dated(*date)).collect();
        fields.may_list("refusals", refusals);
        fields.may_text("seeded", self.seeded.as_deref());
        fields.rest(&self.unknown);
        fields
    }
}

impl Binding {
    fn read(value: Value) -> Option<Binding> {
        let mut stored = Members::of(value)?;
        Some(Binding {
            token_endpoint: stored.must("token_endpoint", text)?,
            client_id: stored.must("client_id", text)?,
            grant: stored.must("grant", text)?,
            scope: stored.may("scope", text)?,
            audience: stored.may("audience", text)?,
            unknown: stored.rest(),
        })
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.text("token_endpoint", &self.token_endpoint);
        fields.text("client_id", &self.client_id);
        fields.text("grant", &self.grant);
        fields.may_text("scope", self.scope.as_deref());
        fields.may_text("audience", self.audience.as_deref());
        fields.rest(&self.unknown);
        fields
    }
}

impl Note {
    fn read(value: Value) -> Option<Note> {
        let mut stored = Members::of(value)?;
        Some(Note {
            fingerprint: stored.must("fingerprint", text)?,
            nonce: stored.must("nonce", text)?,
            holder: stored.must("holder", Holder::read)?,
            sent_at: stored.must("sent_at", date)?,
            deadline: stored.must("deadline", date)?,
            attempts: stored.may("attempts", number)?.unwrap_or_default(),
            answered: stored.may("answered", flag)?.unwrap_or_default(),
            not_before: stored.may("not_before", date)?,
            unanswered_since: stored.may("unanswered_since", date)?,
            early: stored.may("early", flag)?.unwrap_or_default(),
            seen: stored.may("seen", |value| list(value, Seen::read))?.unwrap_or_default(),
            unknown: stored.rest(),
        })
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.text("fingerprint", &self.fingerprint);
        fields.text("nonce", &self.nonce);
        fields.object("holder", self.holder.fields());
        fields.date("sent_at", self.sent_at);
        fields.date("deadline", self.deadline);
        fields.put("attempts", self.attempts.into());
        fields.may_flag("answered", self.answered);
        fields.may_date("not_before", self.not_before);
        fields.may_date("unanswered_since", self.unanswered_since);
        fields.may_flag("early", self.early);
        let mut seen = Vec::new();
        for Seen { host, at, unknown } in &self.seen {
            let mut member = unknown.clone();
            member.insert("host".to_owned(), Value::String(host.clone()));
            member.insert("at".to_owned(), fields.dated(*at));
            seen.push(Value::Object(member));
        }
        fields.may_list("seen", seen);
        fields.rest(&self.unknown);
        fields
    }
}

impl Seen {
    fn read(value: Value) -> Option<Seen> {
        let mut stored = Members::of(value)?;
        Some(Seen {
            host: stored.must("host", text)?,
            at: stored.must("at", date)?,
            unknown: stored.rest(),
        })
    }
}

impl Holder {
    fn read(value: Value) -> Option<Holder> {
        let mut stored = Members::of(value)?;
        Some(Holder {
            host: stored.must("host", text)?,
            pid: stored.must("pid", number)?,
            unknown: stored.rest(),
        })
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.text("host", &self.host);
        fields.put("pid", self.pid.into());
        fields.rest(&self.unknown);
        fields
    }
}

impl Refused {
    fn read(value: Value) -> Option<Refused> {
        let mut stored = Members::of(value)?;
        Some(Refused {
            fingerprint: stored.must("fingerprint", text)?,
            at: stored.must("at", date)?,
            code: stored.must("code", text)?,
            description: stored.may("description", text)?,
            status: stored.may("status", number)?.unwrap_or_default(),
            unanswered_since: stored.may("unanswered_since", date)?,
            unknown: stored.rest(),
        })
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.text("fingerprint", &self.fingerprint);
        fields.date("at", self.at);
        fields.text("code", &self.code);
        fields.may_text("description", self.description.as_deref());
        fields.put("status", self.status.into());
        fields.may_date("unanswered_since", self.unanswered_since);
        fields.rest(&self.unknown);
        fields
    }
}

macro_rules! as_fields {
    ($($type:ty)*) => { $(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut value = self.fields().into_value().map_err(S::Error::custom)?;
                let done = value.serialize(serializer);
                wipe(&mut value);
                done
            }
        }
    )* };
}

as_fields! { Record Token Binding Note Holder Refused }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::BoxError;

    #[test]
    fn unknown_members_are_kept_at_each_depth() -> Result<(), BoxError> {
        let text = r#"{"version":1,"login":"l","revision":1,"generation":1,"x":1,
            "token":{"access_token":"at","x":1,"extra":{"y":{"x":1}}},
            "binding":{"token_endpoint":"t","client_id":"c","grant":"g","x":1},
            "note":{"fingerprint":"f","nonce":"n","sent_at":"2026-01-01T00:00:00Z","x":1,
                "deadline":"2026-01-01T00:00:00Z","holder":{"host":"h","pid":1,"x":1},
                "seen":[{"host":"h","at":"2026-01-01T00:00:00Z","x":1}]},
            "refused":{"fingerprint":"f","at":"2026-01-01T00:00:00Z","code":"c","x":1}}"#;
        let again = Record::from_json(text.as_bytes())?.next().to_json()?;
        assert_eq!(String::from_utf8(again)?.matches("\"x\":1").count(), 8);
        Ok(())
    }

    #[test]
    fn an_error_names_the_member_and_shows_no_value() {
        let whole = LEAST.replace("\"\"", "\"sesame\"");
        for (from, to, named) in [
            ("\"revision\":1", "\"revision\":\"1\"", "revision"),
            ("\"login\":\"sesame\"", "\"login\":7", "login"),
            (
                "{\"access_token\"",
                "{\"expires_at\":\"2026-01-01T00:00:00\",\"access_token\"",
                "token.expires_at",
            ),
            (
                "{\"access_token\"",
                "{\"expires_at\":1767225600,\"access_token\"",
                "token.expires_at",
            ),
            ("{\"access_token\":\"sesame\"}", "{}", "token"),
            ("{\"access_token\":\"sesame\"}", "\"sesame\"", "token"),
            ("\"version\":1", "\"version\":1,\"note\":\"sesame\"", "note"),
        ] {
            let text = whole.replacen(from, to, 1);
            let error = Record::from_json(text.as_bytes()).unwrap_err().to_string();
            assert!(error.ends_with(&format!("wrong type: {named}")), "{text}: {error}");
        }
    }
}
