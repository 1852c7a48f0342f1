//! Tests of the server's decisions, with a manual clock.

mod grants;
mod par;
mod registration;
mod rotation;

use std::sync::Arc;

use super::http::Reply;
use super::server::Server;
use super::settings::Settings;
use super::token_endpoint::{self, TokenCall};
use super::tokens::{Issued, Now, Owner, Refused};
use crate::clock::{Clock, ManualClock};
use crate::provider::Rotation;

struct Desk {
    server: Server,
    clock: ManualClock,
}

impl Desk {
    fn new(rotation: Rotation, set: impl FnOnce(&mut Settings)) -> Desk {
        let mut settings = Settings { rotation, ..Settings::default() };
        set(&mut settings);
        Desk {
            server: Server::new(Arc::new(settings), "http://127.0.0.1"),
            clock: ManualClock::new(),
        }
    }

    fn now(&self) -> Now {
        Now { monotonic: self.clock.monotonic(), wall: self.clock.now_utc() }
    }

    fn login(&mut self) -> Issued {
        let now = self.now();
        self.server.begin_login(now, "read write")
    }

    fn refresh(&mut self, pair: Issued) -> Result<Issued, Refused> {
        let (now, text) = (self.now(), self.refresh_text(pair));
        self.server.refresh(now, &text, None)
    }

    fn refused(&mut self, pair: Issued) -> bool {
        matches!(self.refresh(pair), Err(Refused { code: "invalid_grant", .. }))
    }

    fn owner(&mut self, pair: Issued) -> Option<Owner> {
        let text = self.server.access_tokens[pair.access].text.clone();
        let now = self.now();
        self.server.owner(now, &text)
    }

    fn refresh_text(&self, pair: Issued) -> String {
        self.server.refresh_tokens[pair.refresh.unwrap()].text.clone()
    }

    fn call(&mut self, call: &TokenCall) -> Reply {
        let now = self.now();
        token_endpoint::answer(&mut self.server, now, call, None).0
    }
}

fn unchanged(_: &mut Settings) {}
