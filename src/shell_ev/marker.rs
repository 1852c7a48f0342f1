//! Markers of a map.

use serde_json::Value;

use super::read::{Read, Reader};
use super::{AuthorizationMethod, Coordinates, EvseStatus};

/// A marker of a map: one location, or several that stand close at this zoom.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Marker {
    /// One location.
    Single(SingleLocation),
    /// Several.
    Multi(MultiLocation),
    /// A kind that this version does not know, as it came.
    Unknown(Value),
}

impl Marker {
    /// Where it is.
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
        /// Where it is.
        coordinates: Option<Coordinates> = "coordinates",
        /// How many locations it stands for.
        location_count: Option<i64> = "locationCount",
        /// How many charge points it has.
        evse_count: Option<i64> = "evseCount",
        /// The most power, kW, if it was asked for.
        max_power: Option<f64> = "maxPower",
        /// The operator's name, if it was asked for.
        operator_name: Option<String> = "operatorName",
        /// The best state of its charge points.
        status: Option<EvseStatus> = "status",
        /// The location; sample `2057411`.
        location_uid: Option<String> = "locationUid",
        /// How sessions are authorized.
        authorization_methods: Vec<AuthorizationMethod> = "authorizationMethods",
    }

    /// A marker of several locations.
    pub struct MultiLocation {
        /// Where it is.
        coordinates: Option<Coordinates> = "coordinates",
        /// How many locations it stands for.
        location_count: Option<i64> = "locationCount",
        /// How many charge points they have.
        evse_count: Option<i64> = "evseCount",
        /// The most power, kW, if it was asked for.
        max_power: Option<f64> = "maxPower",
        /// The operator's name, if it was asked for.
        operator_name: Option<String> = "operatorName",
    }
}

const TYPE: &str = "markerType";

impl Read for Marker {
    fn read(mut value: Value, reader: &mut Reader) -> Result<Marker, Value> {
        let Value::Object(object) = &mut value else { return Err(value) };
        let kind = object.get(TYPE).and_then(Value::as_str).unwrap_or_default();
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
