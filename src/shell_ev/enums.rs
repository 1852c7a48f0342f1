//! Enums that keep unknown values.

use serde_json::Value;

use super::read::{Read, Reader};
use crate::sdk::open_enum;

open_enum! {
    /// Whether an EVSE (a charge point for one vehicle) can be used now.
    pub enum EvseStatus {
        /// Free.
        Available = "Available",
        /// In use.
        Occupied = "Occupied",
        /// Out of order or closed.
        Unavailable = "Unavailable",
        /// The operator does not know the status.
        NotKnown = "Unknown",
    }

    /// The type of a plug.
    pub enum ConnectorType {
        /// Avcon.
        Avcon = "Avcon",
        /// A household socket.
        Domestic = "Domestic",
        /// Industrial, two poles, direct current.
        Industrial2PDc = "Industrial2PDc",
        /// Industrial, one phase, alternating current.
        IndustrialPneAc = "IndustrialPneAc",
        /// Industrial, three phases without neutral, alternating current.
        Industrial3PEAc = "Industrial3PEAc",
        /// Industrial, three phases with neutral, alternating current.
        Industrial3PENAc = "Industrial3PENAc",
        /// Type 1.
        Type1 = "Type1",
        /// Type 1 combined with direct current.
        Type1Combo = "Type1Combo",
        /// Type 2.
        Type2 = "Type2",
        /// Type 2 combined with direct current.
        Type2Combo = "Type2Combo",
        /// Type 3.
        Type3 = "Type3",
        /// Large paddle, inductive.
        Lpi = "LPI",
        /// NEMA 5-20.
        Nema520 = "Nema520",
        /// SAE J1772.
        SaeJ1772 = "SAEJ1772",
        /// Small paddle, inductive.
        Spi = "SPI",
        /// CHAdeMO.
        TepcoChademo = "TepcoCHAdeMO",
        /// Tesla.
        Tesla = "Tesla",
        /// Not specified.
        Unspecified = "Unspecified",
    }

    /// How a session is authorized at an EVSE.
    pub enum AuthorizationMethod {
        /// The NewMotion app.
        NewMotionApp = "NewMotionApp",
        /// A card or tag.
        RfidToken = "RFIDToken",
        /// Plug and charge.
        PlugAndCharge = "PnC",
    }

    /// Who may use a location.
    pub enum AccessibilityStatus {
        /// Public and free to enter.
        FreePublic = "FreePublic",
        /// Public, with an entrance fee.
        PayingPublic = "PayingPublic",
        /// Restricted to some people.
        Restricted = "Restricted",
        /// Not specified.
        Unspecified = "Unspecified",
    }

    /// The kind of current.
    pub enum PowerType {
        /// Alternating current, one phase.
        Ac1Phase = "AC1Phase",
        /// Alternating current, three phases.
        Ac3Phase = "AC3Phase",
        /// Direct current.
        Dc = "DC",
    }

    /// A day of the week in opening hours.
    pub enum WeekDay {
        /// Sunday.
        Sunday = "Sun",
        /// Monday.
        Monday = "Mon",
        /// Tuesday.
        Tuesday = "Tue",
        /// Wednesday.
        Wednesday = "Wed",
        /// Thursday.
        Thursday = "Thu",
        /// Friday.
        Friday = "Fri",
        /// Saturday.
        Saturday = "Sat",
    }

    /// A day of the week in a tariff's restrictions.
    pub enum DayOfWeek {
        /// Monday.
        Monday = "MONDAY",
        /// Tuesday.
        Tuesday = "TUESDAY",
        /// Wednesday.
        Wednesday = "WEDNESDAY",
        /// Thursday.
        Thursday = "THURSDAY",
        /// Friday.
        Friday = "FRIDAY",
        /// Saturday.
        Saturday = "SATURDAY",
        /// Sunday.
        Sunday = "SUNDAY",
    }

    /// The group of customers that pays a tariff.
    pub enum TariffType {
        /// The driver.
        Driver = "DRIVER",
        /// A roaming partner.
        Roaming = "ROAMING",
        /// Reimbursement.
        Reimbursement = "REIMBURSEMENT",
        /// `VMSP`. Shell does not explain the name.
        Vmsp = "VMSP",
    }

    /// The quantity that a price is charged for, such as energy or time.
    pub enum PriceType {
        /// The time of charging.
        Time = "TIME",
        /// The energy.
        Energy = "ENERGY",
        /// The session as a whole.
        Flat = "FLAT",
        /// The time of parking.
        ParkingTime = "PARKING_TIME",
    }

    /// How a request ended.
    pub enum RequestStatus {
        /// The request succeeded.
        Success = "SUCCESS",
        /// The request failed. Such an answer is an [`crate::Error::Api`], whatever its HTTP status.
        Failed = "FAILED",
    }

    /// The status of a charge session. Shell sends free text; its documentation lists these words.
    pub enum SessionStatus {
        /// A start was requested.
        StartRequested = "start-requested",
        /// The session runs.
        Started = "started",
        /// The session did not start.
        FailedToStart = "failed-to-start",
        /// A stop was requested.
        StopRequested = "stop-requested",
        /// The session has ended.
        Stopped = "stopped",
        /// The session could not be stopped.
        FailedToStop = "failed-to-stop",
    }
}

macro_rules! read_as_text {
    ($($name:ident)+) => {$(
        impl Read for $name {
            fn read(value: Value, reader: &mut Reader) -> Result<$name, Value> {
                String::read(value, reader).map(|text| $name::from(text.as_str()))
            }

            fn write(&self) -> Value {
                self.as_str().into()
            }
        }
    )+};
}

read_as_text! {
    EvseStatus ConnectorType AuthorizationMethod AccessibilityStatus PowerType WeekDay DayOfWeek
    TariffType PriceType RequestStatus
}
