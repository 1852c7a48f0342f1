//! How a record and its parts stand in a store.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::parts::{Binding, Holder, Note, Refused, Seen};
use super::{Record, Replaces, VERSION};
use crate::members::{Field, Fields, Members, date, flag, list, number, secret, text};
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
            unknown: stored.rest(),
            replaces: Replaces::default(),
        })
    }

    fn fields(&self) -> Fields<'_> {
        let mut fields = Fields::default();
        fields.put("version", Field::Number(self.version.into()));
        fields.may("binding", self.binding.as_ref().map(|binding| Field::Object(binding.fields())));
        fields.text("login", &self.login);
        fields.put("revision", Field::Number(self.revision));
        fields.put("generation", Field::Number(self.generation));
        fields.put("token", Field::Object(self.token.fields()));
        fields.may_date("rotated_at", self.rotated_at);
        fields.may("note", self.note.as_ref().map(|note| Field::Object(note.fields())));
        fields.may_secret("spare", self.spare.as_ref());
        fields.may("refused", self.refused.as_ref().map(|refused| Field::Object(refused.fields())));
        fields.may_secret("superseded", self.superseded.as_ref());
        fields.may_date("consented_at", self.consented_at);
        fields.may_date("refresh_expires_at", self.refresh_expires_at);
        fields.may_list("refusals", self.refusals.iter().copied().map(Field::Date).collect());
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

    fn fields(&self) -> Fields<'_> {
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
            seen: stored.may("seen", |value| list(value, Seen::read))?.unwrap_or_default(),
            unknown: stored.rest(),
        })
    }

    fn fields(&self) -> Fields<'_> {
        let mut fields = Fields::default();
        fields.text("fingerprint", &self.fingerprint);
        fields.text("nonce", &self.nonce);
        fields.put("holder", Field::Object(self.holder.fields()));
        fields.put("sent_at", Field::Date(self.sent_at));
        fields.put("deadline", Field::Date(self.deadline));
        fields.put("attempts", Field::Number(self.attempts.into()));
        fields.may_flag("answered", self.answered);
        fields.may_date("not_before", self.not_before);
        fields.may_date("unanswered_since", self.unanswered_since);
        fields.may_flag("early", self.early);
        let seen = self.seen.iter().map(|seen| Field::Object(seen.fields()));
        fields.may_list("seen", seen.collect());
        fields.rest(&self.unknown);
        fields
    }
}

impl Seen {
    fn read(value: Value) -> Option<Seen> {
        let mut stored = Members::of(value)?;
        Some(Seen { host: stored.must("host", text)?, at: stored.must("at", date)? })
    }

    fn fields(&self) -> Fields<'_> {
        let mut fields = Fields::default();
        fields.text("host", &self.host);
        fields.put("at", Field::Date(self.at));
        fields
    }
}

impl Holder {
    fn read(value: Value) -> Option<Holder> {
        let mut stored = Members::of(value)?;
        Some(Holder { host: stored.must("host", text)?, pid: stored.must("pid", number)? })
    }

    fn fields(&self) -> Fields<'_> {
        let mut fields = Fields::default();
        fields.text("host", &self.host);
        fields.put("pid", Field::Number(self.pid.into()));
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

    fn fields(&self) -> Fields<'_> {
        let mut fields = Fields::default();
        fields.text("fingerprint", &self.fingerprint);
        fields.put("at", Field::Date(self.at));
        fields.text("code", &self.code);
        fields.may_text("description", self.description.as_deref());
        fields.put("status", Field::Number(self.status.into()));
        fields.may_date("unanswered_since", self.unanswered_since);
        fields
    }
}

macro_rules! as_fields {
    ($($type:ty)*) => { $(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.fields().serialize(serializer)
            }
        }
    )* };
}

as_fields! { Record Token Binding Note Holder Refused }
