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
    /// The kind of [`EvseId`]. It has no values.
    ChargePoint,
    /// The kind of [`EmaId`]. It has no values.
    MobilityAccount,
    /// The kind of [`CardNumber`]. It has no values.
    ChargeCard,
    /// The kind of [`Session::user_id`](super::Session::user_id). It has no values.
    User,
}

/// The id of a charge point by ISO 15118, 18 to 36 characters, such as `NL*TNM*E02003451*0`. It is not the
/// [`uid`](super::Evse::uid) that Shell gives the charge point.
pub type EvseId = Id<ChargePoint>;

/// An account for electric mobility, 14 to 19 characters, such as `NL-TNM-C00122045-K`.
pub type EmaId = Id<MobilityAccount>;

/// The number of a charge card, 1 to 50 characters, such as `NL-TNM-C00122045-K`.
pub type CardNumber = Id<ChargeCard>;
