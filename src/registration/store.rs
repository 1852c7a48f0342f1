//! Keeps a registration, so that a program registers once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use super::{ClientMetadata, Registrar, Registration};
use crate::backend::{BackendError, Binding, Guard, Record, TokenBackend};
use crate::clock;
use crate::error::{Busy, Error, Result};
use crate::secret::Secret;
use crate::token::Token;

/// How long a process waits while another process registers: longer than one request may take.
const WAIT: Duration = Duration::from_secs(45);

/// A secret that expires within this time counts as expired: a login takes a few minutes.
const MARGIN: Duration = Duration::from_secs(600);

/// The grant in the binding of a record that is a registration and no login.
const GRANT: &str = "client_registration";

/// Keeps one registration in a store for logins: a file, a database, an encrypted store. The store has
/// the same locks and the same durability for a registration as for a login, and its file is as
/// private. A registration needs a separate place, such as `example.client.json` beside `example.json`.
///
/// Clones share the store.
#[derive(Clone)]
pub struct RegistrationStore(Arc<dyn TokenBackend>);

/// A stored registration, and the redirect URIs that the client asked for.
struct Kept {
    record: Record,
    registration: Registration,
    asked: Vec<String>,
}

impl RegistrationStore {
    /// Keeps the registration in this store.
    pub fn new(backend: impl TokenBackend + 'static) -> RegistrationStore {
        RegistrationStore(Arc::new(backend))
    }

    /// Returns the stored registration, or registers and stores the result. Processes and threads that call
    /// this at the same time register one client together, if the store has a lock.
    ///
    /// A stored registration is not used if it was made at another endpoint, if its secret has expired
    /// or expires within ten minutes, or if it lacks one of the redirect URIs. If only the secret has
    /// expired, the server is asked for a new secret first (RFC 7592 section 2.1), so that the logins
    /// of the client stay valid. Otherwise the client registers anew, and the new registration replaces
    /// the stored registration. A login that was made with the earlier client id does not work with the
    /// new client id: empty the store of the login, and let the person log in again.
    ///
    /// # Errors
    ///
    /// The errors of [`Registrar::register`], and the errors of [`Registrar::read`] other than a
    /// refusal; the store does not change then. [`Error::Backend`]; [`Error::Busy`] when another
    /// process is registering and takes longer than 45 seconds; [`Error::Config`] for a store that
    /// holds a login, or whose content [`move_login`](crate::backend::move_login) has begun to move.
    /// [`Error::Backend`] after the registration when it could not be stored: the server then has a
    /// client that nobody uses.
    pub fn get_or_register(
        &self,
        registrar: &Registrar,
        metadata: &ClientMetadata,
    ) -> Result<Registration> {
        if let Some(kept) = self.fit(registrar, metadata)? {
            return Ok(kept.registration);
        }
        let _guard = self.lock()?;
        if let Some(kept) = self.fit(registrar, metadata)? {
            return Ok(kept.registration);
        }
        let before = self.load()?;
        // Do not register a client that cannot be stored.
        self.0.probe().map_err(|error| Error::backend("write", self.0.describe(), error))?;
        let renewed = before.as_ref().map(|kept| kept.renewed(registrar, metadata)).transpose()?;
        let registration = match renewed.flatten() {
            Some(renewed) => renewed,
            None => registrar.register(metadata)?,
        };
        let asked = metadata.redirect_uris().into_iter().map(str::to_owned).collect();
        self.save(&registration, Some(asked), registrar, before.map(|kept| kept.record))?;
        for warning in self.0.warnings() {
            log::warn!(target: "evergrant", "{warning}");
        }
        Ok(registration)
    }

    /// Returns the stored registration.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`], and [`Error::Config`] for a store that holds a login or is being moved.
    pub fn get(&self) -> Result<Option<Registration>> {
        Ok(self.load()?.map(|kept| kept.registration))
    }

    /// Stores a registration in place of any other: the answer of [`Registrar::read`] or
    /// [`Registrar::update`], or a registration that was made by hand.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`], [`Error::Busy`], and [`Error::Config`] for a store that holds a login or is being
    /// moved.
    pub fn put(&self, registrar: &Registrar, registration: &Registration) -> Result<()> {
        let _guard = self.lock()?;
        let before = self.load()?;
        // The server may have changed the spelling of the redirect URIs; keep the program's own
        // spelling for the same client.
        let same = |kept: &&Kept| kept.registration.client_id() == registration.client_id();
        let asked = before.as_ref().filter(same).map(|kept| kept.asked.clone());
        self.save(registration, asked, registrar, before.map(|kept| kept.record))
    }

    fn lock(&self) -> Result<Guard> {
        self.0.lock(WAIT).map_err(|error| {
            if !BackendError::is_busy(&error) {
                return Error::backend("lock", self.0.describe(), error);
            }
            Error::Busy(Box::new(Busy { store: self.0.describe(), holder: None, waited: WAIT }))
        })
    }

    /// Forgets the registration, so that the next [`RegistrationStore::get_or_register`] registers
    /// anew: for a server that answers `invalid_client`, because it has deleted the client. The
    /// registration at the server stays; [`Registrar::delete`] deletes it.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`], [`Error::Busy`], and [`Error::Config`] for a store that holds a login or is being
    /// moved.
    pub fn clear(&self) -> Result<()> {
        let _guard = self.lock()?;
        self.load()?;
        self.0.clear().map_err(|error| Error::backend("clear", self.0.describe(), error))
    }

    /// The stored registration, if it can be used.
    fn fit(&self, registrar: &Registrar, metadata: &ClientMetadata) -> Result<Option<Kept>> {
        let now = registrar.now().now_utc();
        Ok(self.load()?.filter(|kept| kept.fits(registrar, metadata, now)))
    }

    fn load(&self) -> Result<Option<Kept>> {
        let failed = |error| Error::backend("load", self.0.describe(), error);
        let record = match self.0.load() {
            Err(error) if BackendError::is_empty(&error) => return Ok(None),
            loaded => loaded.map_err(failed)?,
        };
        let Some(record) = record else { return Ok(None) };
        // The record may be sealed, or may be on its way to another store.
        record.check_usable(&self.0.describe())?;
        let wrong = |what: &str| {
            Err(Error::config(format!("{} {what}: use another place", self.0.describe())))
        };
        if record.binding().is_none_or(|binding| binding.grant != GRANT) {
            return wrong("holds a login, and no registration");
        }
        let member = |name: &str| record.token().extra().get(name).cloned();
        let registration = member("registration").and_then(|value| match value {
            Value::Object(members) => Registration::read(members),
            _ => None,
        });
        let Some(registration) = registration else {
            return wrong("holds a registration that cannot be read");
        };
        let asked = member("asked").and_then(|value| serde_json::from_value(value).ok());
        Ok(Some(Kept { registration, asked: asked.unwrap_or_default(), record }))
    }

    fn save(
        &self,
        registration: &Registration,
        asked: Option<Vec<String>>,
        registrar: &Registrar,
        before: Option<Record>,
    ) -> Result<()> {
        let mut extra = serde_json::Map::new();
        extra.insert("registration".to_owned(), registration.to_members().into());
        let registered =
            || registration.metadata().redirect_uris().into_iter().map(str::to_owned).collect();
        extra.insert("asked".to_owned(), asked.unwrap_or_else(registered).into());
        let none = Secret::new(registration.client_id());
        let token = Token::new(none).with_token_type(GRANT).with_extra(extra);
        let mut record = Record::new_login(token, before.as_ref());
        record.binding = Some(Binding {
            token_endpoint: registrar.endpoint().to_owned(),
            client_id: registration.client_id().to_owned(),
            grant: GRANT.to_owned(),
            scope: None,
            audience: None,
            unknown: Default::default(),
        });
        self.0
            .save(&record)
            .map_err(|error| Error::backend_after("write", self.0.describe(), error))
    }
}

impl Kept {
    fn fits(&self, registrar: &Registrar, metadata: &ClientMetadata, now: OffsetDateTime) -> bool {
        self.is_for(registrar, metadata) && self.registration.is_valid_at(clock::later(now, MARGIN))
    }

    /// The same client with a secret that works, if the server gives one. A temporary failure is an
    /// error: a new client could not use the logins of this client.
    fn renewed(
        &self,
        registrar: &Registrar,
        metadata: &ClientMetadata,
    ) -> Result<Option<Registration>> {
        if !self.is_for(registrar, metadata) || self.registration.access_token().is_none() {
            return Ok(None);
        }
        let until = clock::later(registrar.now().now_utc(), MARGIN);
        match registrar.read(&self.registration) {
            Ok(renewed) => Ok(Some(renewed).filter(|renewed| renewed.is_valid_at(until))),
            Err(error) if refuses(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the registration was made at this registration endpoint, with these redirect URIs.
    fn is_for(&self, registrar: &Registrar, metadata: &ClientMetadata) -> bool {
        let endpoint = self.record.binding().map(|binding| binding.token_endpoint.as_str());
        let registered = self.registration.metadata().redirect_uris();
        let has = |uri: &&str| registered.contains(uri) || self.asked.iter().any(|own| own == uri);
        endpoint == Some(registrar.endpoint()) && metadata.redirect_uris().iter().all(has)
    }
}

/// Whether the server refused the request permanently.
fn refuses(error: &Error) -> bool {
    let refused = |status: u16| (400..500).contains(&status) && status != 429;
    match error {
        Error::OAuth(error) => refused(error.status),
        Error::Api(error) => refused(error.status),
        Error::Config(_) => true,
        _ => false,
    }
}

impl fmt::Debug for RegistrationStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RegistrationStore").field(&self.0.describe()).finish()
    }
}
