//! The stored form of a record and its parts.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::note::{Binding, Holder, Note, Refused, Seen};
use super::{Record, Replaces, VERSION};
use crate::stored_json::{Fields, Members, date, flag, list, number, secret, text, wipe};
use crate::token::Token;

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Record, D::Error> {
        Record::from_value(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
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
        })
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.text("token_endpoint", &self.token_endpoint);
        fields.text("client_id", &self.client_id);
        fields.text("grant", &self.grant);
        fields.may_text("scope", self.scope.as_deref());
        fields.may_text("audience", self.audience.as_deref());
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
            unlocked: stored.may("unlocked", flag)?.unwrap_or_default(),
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
        fields.may_flag("unlocked", self.unlocked);
        let mut seen = Vec::new();
        for Seen { host, at } in &self.seen {
            let mut member = Map::new();
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
        Some(Seen { host: stored.must("host", text)?, at: stored.must("at", date)? })
    }
}

impl Holder {
    fn read(value: Value) -> Option<Holder> {
        let mut stored = Members::of(value)?;
        Some(Holder { host: stored.must("host", text)?, pid: stored.must("pid", number)? })
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.text("host", &self.host);
        fields.put("pid", self.pid.into());
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
