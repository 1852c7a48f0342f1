//! The markers of a map.

use serde_json::{Map, Value};

use super::read::{Read, Reader};
use super::{AuthorizationMethod, Coordinates, Decimal, EvseStatus, Id, Location};

/// A marker of a map: one location, or several locations that are close together at this zoom.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Marker {
    /// One location.
    Single(SingleLocation),
    /// Several locations.
    Multi(MultiLocation),
    /// A kind that this version does not know, unchanged.
    Unknown(Value),
}

impl Marker {
    /// Returns the point of the marker.
    pub fn coordinates(&self) -> Option<&Coordinates> {
        match self {
            Marker::Single(one) => one.coordinates.as_ref(),
            Marker::Multi(several) => several.coordinates.as_ref(),
            Marker::Unknown(_) => None,
        }
    }
}

model! {
    /// A marker of one location.
    pub struct SingleLocation {
        /// The point of the marker.
        coordinates: Option<Coordinates> = "coordinates",
        /// How many locations the marker stands for.
        location_count: Option<i64> = "locationCount",
        /// How many charge points the location has.
        evse_count: Option<i64> = "evseCount",
        /// The highest power in kW, if the request asked for this value.
        max_power: Option<Decimal> = "maxPower",
        /// The operator's name, if the request asked for this value.
        operator_name: Option<String> = "operatorName",
        /// The best status among the charge points.
        status: Option<EvseStatus> = "status",
        /// The location, such as `2057411`.
        location_uid: Option<Id<Location>> = "locationUid",
        /// How sessions are authorized.
        authorization_methods: Vec<AuthorizationMethod> = "authorizationMethods",
        /// The id of the operator; only in version 1 of the API.
        operator_id: Option<String> = "operatorId",
        /// An id of the marker; only in version 1 of the API.
        unique_key: Option<String> = "uniqueKey",
        /// The coordinates as a geohash; only in version 1 of the API.
        geo_hash: Option<String> = "geoHash",
    }

    /// A marker of several locations.
    pub struct MultiLocation {
        /// The point of the marker.
        coordinates: Option<Coordinates> = "coordinates",
        /// How many locations the marker stands for.
        location_count: Option<i64> = "locationCount",
        /// How many charge points the locations have.
        evse_count: Option<i64> = "evseCount",
        /// The highest power in kW, if the request asked for this value.
        max_power: Option<Decimal> = "maxPower",
        /// The operator's name, if the request asked for this value.
        operator_name: Option<String> = "operatorName",
        /// An id of the marker; only in version 1 of the API.
        unique_key: Option<String> = "uniqueKey",
        /// The coordinates as a geohash; only in version 1 of the API.
        geo_hash: Option<String> = "geoHash",
    }
}

const TYPE: &str = "markerType";

/// Returns the kind of a marker without `markerType`, which Shell's document about the change to version 2
/// removes from the answer.
fn untold(marker: &Map<String, Value>) -> &'static str {
    let several = marker.get("locationCount").and_then(Value::as_f64).is_some_and(|n| n > 1.0);
    if marker.contains_key(TYPE) {
        ""
    } else if marker.contains_key("locationUid") {
        "SingleLocation"
    } else if several {
        "MultiLocation"
    } else {
        ""
    }
}

impl Read for Marker {
    fn read(mut value: Value, reader: &mut Reader) -> Result<Marker, Value> {
        let Value::Object(object) = &mut value else { return Err(value) };
        let kind = object.get(TYPE).and_then(Value::as_str).unwrap_or_else(|| untold(object));
        if kind == "SingleLocation" {
            object.remove(TYPE);
            SingleLocation::read(value, reader).map(Marker::Single)
        } else if kind == "MultiLocation" {
            object.remove(TYPE);
            MultiLocation::read(value, reader).map(Marker::Multi)
        } else {
            Ok(Marker::Unknown(value))
        }
    }

    fn write(&self) -> Value {
        let (kind, mut value) = match self {
            Marker::Single(one) => ("SingleLocation", one.write()),
            Marker::Multi(several) => ("MultiLocation", several.write()),
            Marker::Unknown(value) => return value.clone(),
        };
        if let Value::Object(object) = &mut value {
            object.insert(TYPE.to_owned(), kind.into());
        }
        value
    }
}

serde_of!(Marker);
