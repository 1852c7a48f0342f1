//! Ids without a model in this module.

pub use crate::sdk::id::Id;

macro_rules! kinds {
    ($( $(#[$about:meta])* $kind:ident, )+) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $kind {}
    )+};
}

kinds! {
    /// The type parameter of [`EvseId`]: a type without values.
    ChargePoint,
    /// The type parameter of [`EmaId`]: a type without values.
    MobilityAccount,
    /// The type parameter of [`CardNumber`]: a type without values.
    ChargeCard,
    /// The type parameter of [`Session::user_id`](super::Session::user_id): a type without values.
    User,
}

/// The id of a charge point by ISO 15118, 18 to 36 characters, such as `NL*TNM*E02003451*0`. This id is not
/// the [`uid`](super::Evse::uid) that Shell gives the charge point.
pub type EvseId = Id<ChargePoint>;

/// An account for electric mobility, 14 to 19 characters, such as `NL-TNM-C00122045-K`.
pub type EmaId = Id<MobilityAccount>;

/// The number of a charge card, 1 to 50 characters, such as `NL-TNM-C00122045-K`.
pub type CardNumber = Id<ChargeCard>;
