//! The commands, and the code that they share.

pub(crate) mod call;
pub(crate) mod doctor;
pub(crate) mod generate;
pub(crate) mod get_tokens;
pub(crate) mod import;
pub(crate) mod keep_alive;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod moving;
pub(crate) mod providers;
pub(crate) mod status;
pub(crate) mod token;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use evergrant::backend::{LoginStore, TokenBackend};
use evergrant::ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use evergrant::{Client, ClientBuilder, Credentials, Provider};

use crate::credentials::{Found, Sources};
use crate::failure::{Failure, LATER, Outcome, file};
use crate::logins::{self, About, Login};
use crate::places::Places;
use crate::rescue;
use crate::service::{self, Service};
use crate::store::{Place, Store};
use crate::unsaved::Unsaved;
use crate::{shelf, show};

/// The options that all commands share, the folders, and the open databases.
pub(crate) struct Context {
    pub(crate) places: Places,
    /// The store of `--store`. This store replaces the store that the file about a login names.
    store: Option<String>,
    /// The store of `EVERGRANT_STORE`, for logins without files in the folder of the logins.
    usual_store: Option<String>,
    env_file: Option<PathBuf>,
    pub(crate) quiet: bool,
    /// The open databases by address.
    databases: RefCell<BTreeMap<String, Arc<dyn LoginStore>>>,
}

/// A login with everything that a client needs: the service, the store and the credentials.
pub(crate) struct Opened {
    pub(crate) login: Login,
    pub(crate) service: Service,
    pub(crate) place: Place,
    /// The store. If it fails to save a record, it passes the record to `unsaved`.
    pub(crate) store: Arc<dyn TokenBackend>,
    pub(crate) credentials: Credentials,
    pub(crate) places: Places,
    /// The new tokens that the store failed to save.
    pub(crate) unsaved: Unsaved,
}

impl Context {
    pub(crate) fn new(
        store: Option<String>,
        env_file: Option<PathBuf>,
        quiet: bool,
    ) -> Outcome<Context> {
        let places = Places::of_this_user()?;
        let usual_store = std::env::var("EVERGRANT_STORE").ok().filter(|s| !s.is_empty());
        if let Some(address) = &store
            && Place::parse(address, "x", &places.logins)?.has_password()
        {
            return Err(Failure::new(
                "the address of the store has a password, and other users of this machine can read arguments: \
                 put the address into the variable EVERGRANT_STORE",
            ));
        }
        let databases = RefCell::default();
        Ok(Context { places, store, usual_store, env_file, quiet, databases })
    }

    /// Prints a text for the person on the standard error, unless `--quiet` was given.
    pub(crate) fn tell(&self, text: &str) {
        if !self.quiet {
            show::note(text);
        }
    }

    /// The places where the tool looks for the credentials of a login.
    pub(crate) fn sources<'a>(&'a self, login: &'a Login, service: &'a Service) -> Sources<'a> {
        Sources {
            asked: self.env_file.as_deref(),
            before: login.about.env_file.as_deref(),
            places: &self.places,
            login: &login.name,
            service: service.provider.name(),
            described: service.credentials.as_ref(),
        }
    }

    /// Finds the login `name`. If `--store` or `EVERGRANT_STORE` names a store, the login needs no
    /// files of its own.
    pub(crate) fn find(&self, name: &str) -> Outcome<Login> {
        if let Some(login) = logins::find(name, &self.places)? {
            return Ok(login);
        }
        match self.store.as_ref().or(self.usual_store.as_ref()) {
            Some(_) => self.new_login(name, None, None).map(|(login, _)| login),
            None => {
                // If the name is not a service either, the person probably mistyped it.
                let service =
                    service::find(name, &self.places).map_err(|failure| match failure.hint {
                        Some(_) => Failure::nobody(name).hint("evergrant status"),
                        None => failure,
                    })?;
                let login = self.spelled(name, &service)?;
                login.ok_or_else(|| Failure::nobody(name))
            }
        }
    }

    /// The login that has the default name of a service, if the person names the service in another spelling: `GitHub`
    /// for the login `github`. A login of another service with this name is not meant.
    fn spelled(&self, text: &str, service: &Service) -> Outcome<Option<Login>> {
        let name = logins::default_name(text, service.provider.name());
        let login = logins::find(&name, &self.places)?;
        Ok(login.filter(|login| {
            let known = service::find(&login.about.service, &self.places);
            known.is_ok_and(|known| known.provider == service.provider)
        }))
    }

    /// All logins of this user; with `--store`, those that are in this database.
    pub(crate) fn all(&self) -> Outcome<Vec<Login>> {
        let logins = logins::list(&self.places)?;
        let Some(address) = &self.store else { return Ok(logins) };
        let place = Place::parse(address, "x", &self.places.logins)?;
        let Some(database) = self.database(&place)? else {
            return Err(Failure::new(
                "the store is a file, which has one login: name the login, or leave out --store",
            ));
        };
        let names = shelf::names(&*database)?;
        Ok(logins.into_iter().filter(|login| names.contains(&login.name)).collect())
    }

    /// Opens the database at a place, once for the whole run. `None` if the place is a file.
    fn database(&self, place: &Place) -> Outcome<Option<Arc<dyn LoginStore>>> {
        let mut databases = self.databases.borrow_mut();
        if let Some(database) = databases.get(&place.address()) {
            return Ok(Some(Arc::clone(database)));
        }
        let Store::Many(database) = place.open("x")? else { return Ok(None) };
        databases.insert(place.address(), Arc::clone(&database));
        Ok(Some(database))
    }

    /// The store of a login. The logins in one database share its connections.
    pub(crate) fn store(&self, place: &Place, login: &str) -> Outcome<Arc<dyn TokenBackend>> {
        if let Some(database) = self.database(place)? {
            return Ok(database.account(login)?);
        }
        match place.open(login)? {
            Store::One(store) => Ok(store),
            Store::Many(database) => Ok(database.account(login)?),
        }
    }

    /// Describes a login before the person logs in. The settings of an earlier login with this name are
    /// used again.
    pub(crate) fn new_login(
        &self,
        provider: &str,
        name: Option<&str>,
        api_base: Option<&str>,
    ) -> Outcome<(Login, Service)> {
        let known = logins::find(name.unwrap_or(provider), &self.places)?;
        let spelling = match &known {
            // `login work` repeats the login that was made with `--name work`.
            Some(login) if name.is_none() => login.about.service.clone(),
            _ => provider.to_owned(),
        };
        let service = service::find(&spelling, &self.places)?;
        let name = match (name, &known) {
            (Some(name), _) => name.to_owned(),
            (None, Some(login)) => login.name.clone(),
            (None, None) => logins::default_name(provider, service.provider.name()),
        };
        logins::check_name(&name)?;
        let known =
            known.map_or_else(|| logins::find(&name, &self.places), |login| Ok(Some(login)))?;
        // A damaged file about the login is replaced.
        let mut login = match known.filter(|login| login.fault.is_none()) {
            Some(login) => login,
            None => Login::new(&name, About::default()),
        };
        let about = &mut login.about;
        about.service = service.spelling.clone();
        if let Some(base) = api_base {
            about.api_base = Some(base.to_owned());
        }
        let service = with_base(service, &login)?;
        let usual = self.usual_store.as_deref().filter(|_| !login.known);
        if let Some(address) = self.store.as_deref().or(usual) {
            let place = Place::parse(address, &login.name, &self.places.logins)?;
            login.remember(&place, Some("EVERGRANT_STORE"));
        }
        Ok((login, service))
    }

    /// Finds the service, the store and the credentials of a login.
    pub(crate) fn open(&self, login: Login) -> Outcome<Opened> {
        let service = with_base(service::find(&login.about.service, &self.places)?, &login)?;
        self.open_with(login, service)
    }

    pub(crate) fn open_with(&self, mut login: Login, service: Service) -> Outcome<Opened> {
        let place = self.place(&login)?;
        let Found { credentials, file } = self.sources(&login, &service).find(&service.provider)?;
        login.about.env_file = file.or(login.about.env_file);
        let (places, unsaved) = (self.places.clone(), Unsaved::default());
        let store = unsaved.watch(self.store(&place, &login.name)?);
        Ok(Opened { login, service, place, store, credentials, places, unsaved })
    }

    pub(crate) fn place(&self, login: &Login) -> Outcome<Place> {
        let usual = self.usual_store.as_deref().filter(|_| !login.known);
        let place = match self.store.as_deref().or(usual) {
            Some(address) => Place::parse(address, &login.name, &self.places.logins)?,
            None => login.place(&self.places)?,
        };
        self.check_alone(&login.name, &place)?;
        Ok(place)
    }

    /// Fails if the store is a file that another login uses.
    pub(crate) fn check_alone(&self, name: &str, place: &Place) -> Outcome<()> {
        if !matches!(place, Place::File(_) | Place::Keyring(_)) {
            return Ok(());
        }
        for other in logins::list(&self.places)? {
            if other.name != name && other.place(&self.places).is_ok_and(|theirs| theirs == *place)
            {
                return Err(Failure::new(format!(
                    "{} keeps the login `{}`, and a file keeps one login: name another file, or a database, which \
                     has a row for each login",
                    place.shown(),
                    other.name
                )));
            }
        }
        Ok(())
    }
}

/// The service with the API base that the person gave for this login.
fn with_base(service: Service, login: &Login) -> Outcome<Service> {
    match &login.about.api_base {
        Some(base) => {
            let provider = service.provider.to_builder().api_base(base).build()?;
            Ok(Service { provider, ..service })
        }
        None => Ok(service),
    }
}

impl Opened {
    pub(crate) fn name(&self) -> &str {
        &self.login.name
    }

    pub(crate) fn provider(&self) -> &Provider {
        &self.service.provider
    }

    pub(crate) fn has_redirect_uri(&self) -> bool {
        let by_service = &self.provider().authorization_rules().redirect_uri;
        self.credentials.redirect_uri().is_some() || by_service.is_some()
    }

    pub(crate) fn builder(&self) -> Outcome<ClientBuilder> {
        self.builder_on(Arc::clone(&self.store))
    }

    fn builder_on(&self, store: Arc<dyn TokenBackend>) -> Outcome<ClientBuilder> {
        let builder = Client::builder(self.provider().clone(), self.credentials.clone(), store);
        Ok(self.service.set(builder, authorities()?))
    }

    pub(crate) fn client(&self) -> Outcome<Client> {
        Ok(self.builder()?.build())
    }

    /// A client with a store in memory only.
    pub(crate) fn forgetful(&self) -> Outcome<ClientBuilder> {
        self.builder_on(Arc::new(evergrant::MemoryBackend::new()))
    }

    /// Saves the client's new token, if an earlier save failed. Returns whether the token was saved only now.
    pub(crate) fn finish(&self, client: &Client) -> Outcome<bool> {
        let waited = self.unsaved.record().is_some();
        rescue::insist(self, client)?;
        let saved = waited && self.unsaved.record().is_none();
        self.unsaved.clear();
        Ok(saved)
    }

    /// Turns the error of a call into a message with advice. Before that, saves the client's new token if an
    /// earlier save failed.
    pub(crate) fn failed(&self, client: &Client, error: &evergrant::Error) -> Failure {
        match (self.finish(client), error) {
            (Err(failure), _) => failure,
            (Ok(_), evergrant::Error::NotSaved(_)) => Failure {
                code: LATER,
                text: "the new login was saved late, and nothing is lost: run the command again"
                    .to_owned(),
                hint: None,
            },
            (Ok(_), error) => Failure::of(self.name(), error),
        }
    }

    /// Runs a call. If the call fails because the new token could not be saved, saves the token and runs the
    /// call again.
    pub(crate) fn tried<T>(
        &self,
        client: &Client,
        call: impl Fn(&Client) -> evergrant::Result<T>,
    ) -> Outcome<T> {
        let result = match call(client) {
            Err(evergrant::Error::NotSaved(_)) => {
                self.finish(client)?;
                call(client)
            }
            result => result,
        };
        let result = result.map_err(|error| self.failed(client, &error))?;
        self.finish(client)?;
        Ok(result)
    }
}

/// The TLS settings with the authorities in the file that `SSL_CERT_FILE` names, as OpenSSL reads it: a company's
/// proxy may have an authority of its own.
pub(crate) fn authorities() -> Outcome<Option<TlsConfig>> {
    let Some(path) = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let path = PathBuf::from(path);
    let pem = std::fs::read(&path).map_err(|error| file("read SSL_CERT_FILE,", &path, &error))?;
    let items = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let found: Vec<_> = items.collect();
    if found.is_empty() {
        let path = path.display();
        return Err(Failure::new(format!("SSL_CERT_FILE names {path}, which has no certificate")));
    }
    let roots = RootCerts::new_with_certs(&found);
    Ok(Some(TlsConfig::builder().root_certs(roots).build()))
}
