//! Locations and markers: the calls below `/v2/locations`, or `/v1/locations` in version 1.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use ureq::http::Method;

use super::answer::{Call, incomplete};
use super::query::{Query, encoded};
use super::read::Read;
use super::{
    Answer, AuthorizationMethod, Bounds, ConnectorType, Decimal, EvseId, EvseStatus, Id, Location,
    Marker, ShellEv,
};
use crate::Result;

/// The default number of locations on a page, which is also the largest that Shell allows.
const PAGE_SIZE: u32 = 500;
/// How many results a nearby search has by default, as in Shell's SDKs.
const LIMIT: u32 = 25;
const LATITUDE: (f64, f64) = (-90.0, 90.0);
const LONGITUDE: (f64, f64) = (-180.0, 180.0);

/// A GET request that has not been sent yet.
#[derive(Clone)]
struct Get<'a> {
    shell: &'a ShellEv,
    path: String,
    query: Query,
    request_id: Option<String>,
}

impl<'a> Get<'a> {
    fn new(shell: &'a ShellEv, path: &str) -> Get<'a> {
        Get { shell, path: shell.version.path(path), query: Query::default(), request_id: None }
    }

    fn moment(&mut self, name: &'static str, date: OffsetDateTime) {
        let utc = date.checked_to_offset(time::UtcOffset::UTC).unwrap_or(date);
        match utc.format(&Rfc3339) {
            Ok(text) => self.query.text(name, &text),
            Err(_) => self.query.refuse(format!("{name} is a date outside the calendar")),
        }
    }

    fn answer<T: Read>(self) -> Result<Answer<T>> {
        Call {
            shell: self.shell,
            method: Method::GET,
            target: self.query.target(self.path, self.shell.arrays)?,
            request_id: self.request_id,
            body: None,
        }
        .answer()
    }
}

/// The calls for charging locations: [`ShellEv::locations`] returns this type.
#[derive(Clone, Copy, Debug)]
pub struct Locations<'a> {
    shell: &'a ShellEv,
}

impl<'a> Locations<'a> {
    pub(super) fn new(shell: &'a ShellEv) -> Locations<'a> {
        Locations { shell }
    }

    /// Fetches the location with this id, [`Location::uid`] (`GET /v2/locations/{id}`).
    ///
    /// # Errors
    ///
    /// The errors of [`ListLocations::page`]; [`Error::Decode`](crate::Error::Decode) when the answer has no location.
    pub fn get(&self, uid: impl Into<Id<Location>>) -> Result<Location> {
        let get = self.get_with(uid);
        let path = get.get.path.clone();
        let answer = get.call()?;
        let request_id = answer.request_id.clone();
        let found = answer.into_iter().next();
        found.ok_or_else(|| incomplete(&path, &request_id, "it has no location"))
    }

    /// Makes a request for the location with this id, with options: the answer has tariffs only with
    /// [`GetLocation::provider_id`].
    pub fn get_with(&self, uid: impl Into<Id<Location>>) -> GetLocation<'a> {
        let uid = uid.into();
        let mut get = Get::new(self.shell, &format!("/locations/{}", encoded(uid.as_str())));
        // An empty id, `.` and `..` would name another path.
        if matches!(uid.as_str(), "" | "." | "..") {
            get.query.refuse(format!("{uid:?} is not the id of a location"));
        }
        GetLocation { get }
    }

    /// Makes a request for all locations (`GET /v2/locations`), with filters.
    pub fn list(&self) -> ListLocations<'a> {
        ListLocations::new(Get::new(self.shell, "/locations"))
    }

    /// Iterates over every location: [`ListLocations::iter`].
    pub fn iter(&self) -> Iter<'a> {
        self.list().iter()
    }

    /// Iterates over every page of locations: [`ListLocations::pages`].
    pub fn pages(&self) -> Pages<'a> {
        self.list().pages()
    }

    /// Makes a request for all locations, with this many on a page: [`ListLocations::page_size`].
    pub fn page_size(&self, locations: u32) -> ListLocations<'a> {
        self.list().page_size(locations)
    }

    /// Fetches the first location: [`ListLocations::first`].
    ///
    /// # Errors
    ///
    /// The errors of [`ListLocations::page`].
    pub fn first(&self) -> Result<Option<Location>> {
        self.list().first()
    }

    /// Makes a request for the locations around a point, the nearest first (`GET /v2/locations/nearby`).
    /// Latitude from -90 to 90, longitude from -180 to 180 degrees.
    pub fn nearby(&self, latitude: f64, longitude: f64) -> NearbyLocations<'a> {
        let mut get = Get::new(self.shell, "/locations/nearby");
        get.query.number("latitude", latitude, LATITUDE);
        get.query.number("longitude", longitude, LONGITUDE);
        get.query.count("limit", LIMIT, (1, 100));
        NearbyLocations { get }
    }

    /// Makes a request for the markers of a part of the map (`GET /v2/locations/markers`). `zoom` is the
    /// level of the map: 1 shows the world, 5 a continent, 10 a city, 15 streets, 20 buildings.
    pub fn markers(&self, bounds: Bounds, zoom: u32) -> Markers<'a> {
        let mut get = Get::new(self.shell, "/locations/markers");
        get.query.number("west", bounds.west, LONGITUDE);
        get.query.number("south", bounds.south, LATITUDE);
        get.query.number("east", bounds.east, LONGITUDE);
        get.query.number("north", bounds.north, LATITUDE);
        get.query.text("zoom", &zoom.to_string());
        Markers { get }
    }
}

impl<'a> IntoIterator for &Locations<'a> {
    type Item = Result<Location>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Defines a setter for each parameter of a query.
macro_rules! parameters {
    ($builder:ident: $( $(#[$doc:meta])* $name:ident($value:ident: $type:ty) => |$get:ident| $set:expr; )*) => {
        impl<'a> $builder<'a> {
            $( $(#[$doc])* pub fn $name(mut self, $value: $type) -> $builder<'a> {
                let $get = &mut self.get;
                $set;
                self
            } )*

            /// Sets the id of the request, a UUID with which Shell traces the request; random by default.
            pub fn request_id(mut self, id: &str) -> $builder<'a> {
                self.get.request_id = Some(id.to_owned());
                self
            }
        }

        impl fmt::Debug for $builder<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($builder)).field("path", &self.get.path).finish_non_exhaustive()
            }
        }
    };
}

/// The filters that all three lists have, and the filters of one list.
macro_rules! filters {
    ($builder:ident: $($more:tt)*) => {
        parameters! { $builder:
            /// Selects only locations with a charge point in this status.
            evse_status(status: EvseStatus) => |get| get.query.text("evseStatus", status.as_str());
            /// Selects only locations with one of these connectors. A single type is sent as a value,
            /// several types as a list, because Shell's SDKs declare a single type but describe several.
            connector_types(types: &[ConnectorType]) => |get| match types {
                [one] => get.query.text("connectorTypes", one.as_str()),
                several => get.query.list("connectorTypes", texts(several.iter().map(ConnectorType::as_str))),
            };
            /// Selects only locations with a connector of at least this power, in kW.
            connector_min_power(kilowatts: impl Into<Decimal>) => |get| get.query.amount("connectorMinPower", kilowatts.into());
            /// Selects only locations where sessions are authorized with this method.
            authorization_methods(method: AuthorizationMethod) => |get| get.query.text("authorizationMethods", method.as_str());
            /// Sets whether the answer has the names of operators. Only markers of single locations have an
            /// operator's name.
            with_operator_name(yes: bool) => |get| get.query.flag("withOperatorName", yes);
            /// Selects only the location with the charge point that has this id by ISO 15118, such as
            /// `NL*TNM*E01000401*0`.
            evse_id(id: impl Into<EvseId>) => |get| get.query.text("evseId", id.into().as_str());
            /// Selects only the location to which the operator gave this id.
            location_external_id(id: &str) => |get| get.query.text("locationExternalId", id);
            /// Selects only the location with the charge point to which the operator gave this id.
            evse_external_id(id: &str) => |get| get.query.text("evseExternalId", id);
            /// Selects only locations in these countries: three letters each (ISO 3166-1 alpha-3).
            country(countries: &[&str]) => |get| get.query.list("country", texts(countries.iter().copied()));
            /// Selects only locations outside these countries: three letters each (ISO 3166-1 alpha-3).
            exclude_country(countries: &[&str]) => |get| get.query.list("excludeCountry", texts(countries.iter().copied()));
            $($more)*
        }
    };
}

fn texts<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    texts.map(str::to_owned).collect()
}

mod list;

pub use self::list::{Iter, ListLocations, Pages};

/// A request for one location, with options: [`Locations::get_with`].
#[must_use = "nothing is sent before `call`"]
pub struct GetLocation<'a> {
    get: Get<'a>,
}

parameters! { GetLocation:
    /// Sets the provider of the tariffs in the answer, such as `Shell_RP_2`. Without a provider the answer
    /// has no tariffs.
    provider_id(id: &str) => |get| get.query.text("providerId", id);
    /// Requests the location only if it has changed since this date.
    since(date: OffsetDateTime) => |get| get.moment("since", date);
}

/// A request for the locations around a point: [`Locations::nearby`].
#[must_use = "nothing is sent before `call`"]
pub struct NearbyLocations<'a> {
    get: Get<'a>,
}

filters! { NearbyLocations:
    /// Sets the largest number of results, 1 to 100; 25 by default.
    limit(count: u32) => |get| get.query.count("limit", count, (1, 100));
    /// Selects only locations of this operator.
    operator_name(name: &str) => |get| get.query.text("operatorName", name);
    /// Sets whether the answer has the highest power of each location.
    with_max_power(yes: bool) => |get| get.query.flag("withMaxPower", yes);
}

/// A request for the markers of a part of the map: [`Locations::markers`].
#[must_use = "nothing is sent before `call`"]
pub struct Markers<'a> {
    get: Get<'a>,
}

filters! { Markers:
    /// Selects only locations of this operator.
    operator_name(name: &str) => |get| get.query.text("operatorName", name);
    /// Sets whether the answer has the highest power of each location.
    with_max_power(yes: bool) => |get| get.query.flag("withMaxPower", yes);
}

macro_rules! calls {
    ($($builder:ident => $item:ty;)+) => {$(
        impl $builder<'_> {
            /// Sends the request.
            ///
            /// # Errors
            ///
            /// The errors of [`ListLocations::page`].
            pub fn call(self) -> Result<Answer<$item>> {
                self.get.answer()
            }
        }
    )+};
}

calls! {
    GetLocation => Location;
    NearbyLocations => Location;
    Markers => Marker;
}
