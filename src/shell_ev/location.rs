//! Locations, their charge points and plugs.

use time::OffsetDateTime;

use super::{
    AccessibilityStatus, AuthorizationMethod, ConnectorType, EvseStatus, PowerType, Tariff, WeekDay,
};

model! {
    /// A place with charge points.
    pub struct Location {
        /// Shell's own id, for [`super::Locations::by_id`]; sample `NL*MKS*E0000001*0`. A number in
        /// version 1 of the API.
        uid: Option<String> = "uid",
        /// The operator's id.
        external_id: Option<String> = "externalId",
        /// Where it is.
        coordinates: Option<Coordinates> = "coordinates",
        /// The operator's name, if it was asked for.
        operator_name: Option<String> = "operatorName",
        /// The operator; sample `AT-HTB`.
        operator_id: Option<String> = "operatorId",
        /// Its address.
        address: Option<Address> = "address",
        /// Who may use it.
        accessibility: Option<Accessibility> = "accessibility",
        /// Its charge points.
        evses: Vec<Evse> = "evses",
        /// When it is open; missing for many.
        opening_hours: Vec<OpeningHours> = "openingHours",
        /// Whether it is always open.
        open_twenty_four_seven: Option<bool> = "openTwentyFourSeven",
        /// When this was last changed, UTC.
        updated: Option<OffsetDateTime> = "updated",
        /// What kind of place it is: free text.
        location_type: Option<String> = "locationType",
    }

    /// A point on the earth.
    pub struct Coordinates {
        /// Degrees north, -90 to 90.
        latitude: Option<f64> = "latitude",
        /// Degrees east, -180 to 180.
        longitude: Option<f64> = "longitude",
    }

    /// An address.
    pub struct Address {
        /// Street and number.
        street_and_number: Option<String> = "streetAndNumber",
        /// Postal code.
        postal_code: Option<String> = "postalCode",
        /// City.
        city: Option<String> = "city",
        /// Country; two letters by its description, three (`NLD`) in samples.
        country: Option<String> = "country",
    }

    /// Who may use a location.
    pub struct Accessibility {
        /// Who.
        status: Option<AccessibilityStatus> = "status",
    }

    /// Opening hours of one day, in local time.
    pub struct OpeningHours {
        /// The day.
        week_day: Option<WeekDay> = "weekDay",
        /// From, `HH:MM`.
        start_time: Option<String> = "startTime",
        /// Until, `HH:MM`.
        end_time: Option<String> = "endTime",
    }

    /// A charge point for one vehicle.
    pub struct Evse {
        /// Shell's id.
        uid: Option<String> = "uid",
        /// The operator's id.
        external_id: Option<String> = "externalId",
        /// The id by ISO 15118, for [`super::Charging::start`]; sample `NL*TNM*E02003451*0`.
        evse_id: Option<String> = "evseId",
        /// Whether it is free.
        status: Option<EvseStatus> = "status",
        /// When this was last changed, UTC.
        updated: Option<OffsetDateTime> = "updated",
        /// The label on it.
        physical_reference: Option<String> = "physicalReference",
        /// Its plugs.
        connectors: Vec<Connector> = "connectors",
        /// How a session is authorized here.
        authorization_methods: Vec<AuthorizationMethod> = "authorizationMethods",
    }

    /// A plug.
    pub struct Connector {
        /// Shell's id.
        uid: Option<String> = "uid",
        /// The operator's id.
        external_id: Option<String> = "externalId",
        /// Its type.
        connector_type: Option<ConnectorType> = "connectorType",
        /// What it delivers.
        electrical_properties: Option<ElectricalProperties> = "electricalProperties",
        /// What it costs: with [`super::GetLocation::provider_id`] only.
        tariffs: Vec<Tariff> = "tariffs",
    }

    /// What a plug delivers.
    pub struct ElectricalProperties {
        /// The kind of current.
        power_type: Option<PowerType> = "powerType",
        /// Volts.
        voltage: Option<f64> = "voltage",
        /// Amperes.
        amperage: Option<f64> = "amperage",
        /// Kilowatts at most.
        max_electric_power: Option<f64> = "maxElectricPower",
    }
}
