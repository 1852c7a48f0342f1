//! Calls 1 to 4: locations and markers.

use std::collections::HashSet;
use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use ureq::http::Method;

use super::answer::Call;
use super::query::{Query, encoded};
use super::read::Read;
use super::{
    Answer, AuthorizationMethod, Bounds, ConnectorType, EvseStatus, Failure, FailureKind, Location,
    Marker, ShellEv,
};
use crate::Result;
use crate::paging::{Items, Page, Pages};

/// Locations on one page, where the caller does not say; Shell's largest.
const PER_PAGE: u32 = 500;
/// Results of a nearby search, where the caller does not say, as Shell's SDKs have it.
const LIMIT: u32 = 25;
const LATITUDE: (f64, f64) = (-90.0, 90.0);
const LONGITUDE: (f64, f64) = (-180.0, 180.0);

/// A GET, until it is sent.
struct Get<'a> {
    shell: &'a ShellEv,
    path: String,
    query: Query,
    request_id: Option<String>,
}

impl<'a> Get<'a> {
    fn new(shell: &'a ShellEv, path: &str) -> Get<'a> {
        Get { shell, path: path.to_owned(), query: Query::default(), request_id: None }
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

/// The locations of [`ShellEv::locations`].
#[derive(Clone, Copy, Debug)]
pub struct Locations<'a> {
    shell: &'a ShellEv,
}

impl<'a> Locations<'a> {
    pub(super) fn new(shell: &'a ShellEv) -> Locations<'a> {
        Locations { shell }
    }

    /// All locations (`GET /v2/locations`), page by page.
    pub fn list(&self) -> ListLocations<'a> {
        let get = Get::new(self.shell, "/v2/locations");
        ListLocations { get, first_page: 1, per_page: PER_PAGE }
    }

    /// One location by Shell's id, [`Location::uid`] (`GET /v2/locations/{id}`). Tariffs come with
    /// [`GetLocation::provider_id`] only.
    pub fn by_id(&self, uid: &str) -> GetLocation<'a> {
        let mut get = Get::new(self.shell, &format!("/v2/locations/{}", encoded(uid)));
        // These would name another path.
        if matches!(uid, "" | "." | "..") {
            get.query.refuse(format!("{uid:?} is no location's id"));
        }
        GetLocation { get }
    }

    /// The locations around a point, the nearest first (`GET /v2/locations/nearby`). Degrees: latitude
    /// -90 to 90, longitude -180 to 180.
    pub fn nearby(&self, latitude: f64, longitude: f64) -> NearbyLocations<'a> {
        let mut get = Get::new(self.shell, "/v2/locations/nearby");
        get.query.number("latitude", latitude, LATITUDE);
        get.query.number("longitude", longitude, LONGITUDE);
        get.query.count("limit", LIMIT, (1, 100));
        NearbyLocations { get }
    }

    /// The markers of a part of the map (`GET /v2/locations/markers`). `zoom` is the level of the map:
    /// 1 the world, 5 a continent, 10 a city, 15 streets, 20 buildings.
    pub fn markers(&self, bounds: Bounds, zoom: u32) -> Markers<'a> {
        let mut get = Get::new(self.shell, "/v2/locations/markers");
        get.query.number("west", bounds.west, LONGITUDE);
        get.query.number("south", bounds.south, LATITUDE);
        get.query.number("east", bounds.east, LONGITUDE);
        get.query.number("north", bounds.north, LATITUDE);
        get.query.text("zoom", &zoom.to_string());
        Markers { get }
    }
}

/// Setters, each of which sets a parameter of the query.
macro_rules! parameters {
    ($builder:ident: $( $(#[$doc:meta])* $name:ident($value:ident: $type:ty) => |$get:ident| $set:expr; )*) => {
        impl<'a> $builder<'a> {
            $( $(#[$doc])* pub fn $name(mut self, $value: $type) -> $builder<'a> {
                let $get = &mut self.get;
                $set;
                self
            } )*

            /// The id of the request, a UUID: for tracing it at Shell. A random one without this.
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

/// The filters of all three lists, and those of one.
macro_rules! filters {
    ($builder:ident: $($more:tt)*) => {
        parameters! { $builder:
            /// Only with an EVSE in this state.
            evse_status(status: EvseStatus) => |get| get.query.text("evseStatus", status.as_str());
            /// Only with one of these plugs. One is sent as it is and several as a list: Shell's SDKs
            /// declare one, and describe several.
            connector_types(types: &[ConnectorType]) => |get| match types {
                [one] => get.query.text("connectorTypes", one.as_str()),
                several => get.query.list("connectorTypes", texts(several.iter().map(ConnectorType::as_str))),
            };
            /// Only with a plug of at least this power, kW.
            connector_min_power(kilowatts: f64) => |get| get.query.number("connectorMinPower", kilowatts, (0.0, f64::MAX));
            /// Only where sessions are authorized so.
            authorization_methods(method: AuthorizationMethod) => |get| get.query.text("authorizationMethods", method.as_str());
            /// Whether operators' names come along; of markers, for those of one location.
            with_operator_name(yes: bool) => |get| get.query.flag("withOperatorName", yes);
            /// Only with this charge point: the id by ISO 15118, such as `NL*TNM*E01000401*0`.
            evse_id(id: &str) => |get| get.query.text("evseId", id);
            /// Only with this operator's id of the location.
            location_external_id(id: &str) => |get| get.query.text("locationExternalId", id);
            /// Only with this operator's id of a charge point.
            evse_external_id(id: &str) => |get| get.query.text("evseExternalId", id);
            /// Only in these countries: three letters each (ISO 3166-1 alpha-3).
            country(countries: &[&str]) => |get| get.query.list("country", texts(countries.iter().copied()));
            /// Not in these countries: three letters each (ISO 3166-1 alpha-3).
            exclude_country(countries: &[&str]) => |get| get.query.list("excludeCountry", texts(countries.iter().copied()));
            $($more)*
        }
    };
}

fn texts<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    texts.map(str::to_owned).collect()
}

/// All locations: [`Locations::list`].
#[must_use = "nothing is sent before `call` or `iter`"]
pub struct ListLocations<'a> {
    get: Get<'a>,
    first_page: u32,
    per_page: u32,
}

filters! { ListLocations:
    /// Only what has changed since.
    updated_since(date: OffsetDateTime) => |get| get.moment("updatedSince", date);
}

impl<'a> ListLocations<'a> {
    /// Which page [`ListLocations::call`] fetches, and where [`ListLocations::iter`] begins, from 1.
    pub fn page_number(mut self, number: u32) -> ListLocations<'a> {
        if number == 0 {
            self.get.query.refuse("pageNumber counts from 1".to_owned());
        }
        self.first_page = number;
        self
    }

    /// How many locations are on a page, 1 to 500; 500 without this.
    pub fn per_page(mut self, count: u32) -> ListLocations<'a> {
        self.get.query.count("perPage", count, (1, 500));
        self.per_page = count;
        self
    }

    /// Fetches one page.
    ///
    /// # Errors
    ///
    /// As [`crate::Request::call`], and [`crate::Error::Decode`] for an answer that is not Shell's;
    /// [`crate::Error::Config`] for a parameter outside its range, with nothing sent.
    pub fn call(mut self) -> Result<Answer<Location>> {
        self.get.query.count("pageNumber", self.first_page, (1, u32::MAX));
        self.get.query.count("perPage", self.per_page, (1, 500));
        self.get.answer()
    }

    /// Goes through all locations, each page fetched when it is needed. Answers name no total and no
    /// next page, so the end is a page that is shorter than the first one, or that brings nothing new;
    /// a page behind the last may also be answered with 404. Pages are no snapshot: a location that
    /// moves to a later page while they are fetched is given out once (their ids are kept in memory).
    ///
    /// Errors are those of [`ListLocations::call`]; [`crate::paging`] says which end the iteration. The
    /// request id, if one was given, goes with the first page.
    pub fn iter(self) -> AllLocations<'a> {
        let ListLocations { mut get, first_page, per_page } = self;
        get.query.count("perPage", per_page, (1, 500));
        // Each page needs the parameters again.
        let target = get.query.target(get.path, get.shell.arrays);
        let (shell, mut request_id) = (get.shell, get.request_id);
        let (mut seen, mut full) = (HashSet::new(), None);
        let fetch = move |number: &u32| {
            let target = match &target {
                Ok(target) => format!("{target}&pageNumber={number}"),
                Err(error) => return Err(crate::Error::Config(error.to_string().into())),
            };
            let call = Call {
                shell,
                method: Method::GET,
                target,
                request_id: request_id.take(),
                body: None,
            };
            let answer = match call.answer::<Location>() {
                Ok(answer) => answer,
                Err(error) if *number > first_page && is_not_found(&error) => {
                    return Ok(Page { items: Vec::new(), next: None });
                }
                Err(error) => return Err(error),
            };
            for unread in &answer.unread {
                log::warn!(target: "evergrant", "page {number}: {} could not be read", unread.at);
            }
            let elements = answer.elements();
            let mut items = answer.data;
            items.retain(|item| item.uid.as_ref().is_none_or(|uid| seen.insert(uid.clone())));
            // A service may give fewer than it was asked for: how many it gives is seen on the first.
            let ends = items.is_empty() || elements < *full.get_or_insert(elements);
            let next = if ends { None } else { number.checked_add(1) };
            Ok(Page { items, next })
        };
        let fetch: Fetch<'a> = Box::new(fetch);
        AllLocations(Pages::new(first_page, fetch).items())
    }
}

type Fetch<'a> = Box<dyn FnMut(&u32) -> Result<Page<Location, u32>> + Send + 'a>;

fn is_not_found(error: &crate::Error) -> bool {
    Failure::of(error).is_some_and(|failure| failure.kind == FailureKind::NotFound)
}

/// Goes through all locations: [`ListLocations::iter`].
pub struct AllLocations<'a>(Items<Location, u32, Fetch<'a>>);

impl Iterator for AllLocations<'_> {
    type Item = Result<Location>;

    fn next(&mut self) -> Option<Result<Location>> {
        self.0.next()
    }
}

impl fmt::Debug for AllLocations<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllLocations").finish_non_exhaustive()
    }
}

/// One location: [`Locations::by_id`].
#[must_use = "nothing is sent before `call`"]
pub struct GetLocation<'a> {
    get: Get<'a>,
}

parameters! { GetLocation:
    /// Whose tariffs come along, such as `Shell_RP_2`. Without it there are none.
    provider_id(id: &str) => |get| get.query.text("providerId", id);
    /// Only if it has changed since.
    since(date: OffsetDateTime) => |get| get.moment("since", date);
}

/// The locations around a point: [`Locations::nearby`].
#[must_use = "nothing is sent before `call`"]
pub struct NearbyLocations<'a> {
    get: Get<'a>,
}

filters! { NearbyLocations:
    /// How many at most, 1 to 100; 25 without this.
    limit(count: u32) => |get| get.query.count("limit", count, (1, 100));
    /// Only of this operator.
    operator_name(name: &str) => |get| get.query.text("operatorName", name);
    /// Whether the largest power of each comes along.
    with_max_power(yes: bool) => |get| get.query.flag("withMaxPower", yes);
}

/// The markers of a part of the map: [`Locations::markers`].
#[must_use = "nothing is sent before `call`"]
pub struct Markers<'a> {
    get: Get<'a>,
}

filters! { Markers:
    /// Only of this operator.
    operator_name(name: &str) => |get| get.query.text("operatorName", name);
    /// Whether the largest power of each comes along.
    with_max_power(yes: bool) => |get| get.query.flag("withMaxPower", yes);
}

macro_rules! calls {
    ($($builder:ident => $item:ty;)+) => {$(
        impl $builder<'_> {
            /// Sends the request.
            ///
            /// # Errors
            ///
            /// As [`ListLocations::call`].
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
