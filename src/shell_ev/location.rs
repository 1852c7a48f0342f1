//! Locations with their charge points and connectors.

use time::OffsetDateTime;

use super::{
    AccessibilityStatus, AuthorizationMethod, ConnectorType, Decimal, EvseId, EvseStatus, Id,
    PowerType, Tariff, WeekDay,
};

model! {
    /// A place with charge points.
    pub struct Location {
        /// Shell's own id, for [`super::Locations::get`], such as `NL*MKS*E0000001*0`. In version 1 of
        /// the API the id is a number.
        uid: Option<Id<Location>> = "uid",
        /// The id that the operator gave the location.
        external_id: Option<String> = "externalId",
        /// The coordinates of the location.
        coordinates: Option<Coordinates> = "coordinates",
        /// The operator's name, if the request asked for names.
        operator_name: Option<String> = "operatorName",
        /// The operator's id, such as `AT-HTB`.
        operator_id: Option<String> = "operatorId",
        /// The address.
        address: Option<Address> = "address",
        /// Who may use the location.
        accessibility: Option<Accessibility> = "accessibility",
        /// The charge points.
        evses: Vec<Evse> = "evses",
        /// The opening hours. Many locations have none.
        opening_hours: Vec<OpeningHours> = "openingHours",
        /// Whether the location is always open.
        open_twenty_four_seven: Option<bool> = "openTwentyFourSeven",
        /// When the data was last changed, UTC.
        updated: Option<OffsetDateTime> = "updated",
        /// The kind of location, as free text.
        location_type: Option<String> = "locationType",
        /// A comment of the operator; only in version 1 of the API.
        operator_comment: Option<String> = "operatorComment",
    }

    /// A point on the earth. Coordinates are `f64`: they are measured, not counted, and libraries for maps
    /// take `f64`.
    pub struct Coordinates {
        /// The latitude in degrees north, -90 to 90.
        latitude: Option<f64> = "latitude",
        /// The longitude in degrees east, -180 to 180.
        longitude: Option<f64> = "longitude",
    }

    /// An address.
    pub struct Address {
        /// The street and the number.
        street_and_number: Option<String> = "streetAndNumber",
        /// The postal code.
        postal_code: Option<String> = "postalCode",
        /// The city.
        city: Option<String> = "city",
        /// The country: two letters in Shell's description, three (`NLD`) in its samples.
        country: Option<String> = "country",
    }

    /// Who may use a location.
    pub struct Accessibility {
        /// The group of people that may use the location.
        status: Option<AccessibilityStatus> = "status",
        /// A remark; only in version 1 of the API.
        remark: Option<String> = "remark",
    }

    /// Opening hours of one day, in local time.
    pub struct OpeningHours {
        /// The day.
        week_day: Option<WeekDay> = "weekDay",
        /// The start, `HH:MM`.
        start_time: Option<String> = "startTime",
        /// The end, `HH:MM`.
        end_time: Option<String> = "endTime",
    }

    /// A charge point for one vehicle.
    pub struct Evse {
        /// Shell's own id.
        uid: Option<Id<Evse>> = "uid",
        /// The id that the operator gave the charge point.
        external_id: Option<String> = "externalId",
        /// The id by ISO 15118, for [`super::Charging::start`], such as `NL*TNM*E02003451*0`.
        evse_id: Option<EvseId> = "evseId",
        /// Whether the charge point is free.
        status: Option<EvseStatus> = "status",
        /// When the data was last changed, UTC.
        updated: Option<OffsetDateTime> = "updated",
        /// The label on the charge point.
        physical_reference: Option<String> = "physicalReference",
        /// The connectors.
        connectors: Vec<Connector> = "connectors",
        /// How a session is authorized at this charge point.
        authorization_methods: Vec<AuthorizationMethod> = "authorizationMethods",
        /// When the charge point was removed, as Shell writes it; only in version 1 of the API.
        deleted: Option<String> = "deleted",
    }

    /// A connector of a charge point.
    pub struct Connector {
        /// Shell's own id.
        uid: Option<Id<Connector>> = "uid" | "uuid",
        /// The id that the operator gave the connector.
        external_id: Option<String> = "externalId",
        /// The type of the plug.
        connector_type: Option<ConnectorType> = "connectorType",
        /// The electrical properties.
        electrical_properties: Option<ElectricalProperties> = "electricalProperties",
        /// The tariffs, if the request named a [`provider`](super::GetLocation::provider_id).
        tariffs: Vec<Tariff> = "tariffs",
        /// The price; only in version 1 of the API.
        tariff: Option<FlatTariff> = "tariff",
        /// Whether the cable is fixed to the charge point; only in version 1 of the API.
        fixed_cable: Option<bool> = "fixedCable",
        /// When the data was last changed, UTC; only in version 1 of the API.
        updated: Option<OffsetDateTime> = "updated",
        /// What changed the data, such as `Feed`; only in version 1 of the API.
        updated_by: Option<String> = "updatedBy",
        /// When the connector was removed, as Shell writes it; only in version 1 of the API.
        deleted: Option<String> = "deleted",
    }

    /// The price of a connector in version 1 of the API.
    pub struct FlatTariff {
        /// The price of a start.
        start_fee: Option<Decimal> = "startFee",
        /// The price of a minute.
        per_minute: Option<Decimal> = "perMinute",
        /// The price of a kilowatt-hour.
        per_kwh: Option<Decimal> = "perKWh",
        /// The currency, ISO 4217.
        currency: Option<String> = "currency",
        /// When the price was last changed, UTC.
        updated: Option<OffsetDateTime> = "updated",
        /// What changed the price: `Feed`, `Admin`, `TariffService` or `Defaults`.
        updated_by: Option<String> = "updatedBy",
        /// How the price is made up, as Shell writes it.
        structure: Option<String> = "structure",
    }

    /// The electrical properties of a connector.
    pub struct ElectricalProperties {
        /// The kind of current.
        power_type: Option<PowerType> = "powerType",
        /// The voltage, in volts.
        voltage: Option<Decimal> = "voltage",
        /// The current, in amperes.
        amperage: Option<Decimal> = "amperage",
        /// The highest power, in kilowatts.
        max_electric_power: Option<Decimal> = "maxElectricPower",
    }
}
