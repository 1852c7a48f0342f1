//! Types that name the type of an id, such as the `Project` in [`Id<Project>`](super::Id).

pub use super::credit_notes::CreditNote;
pub use super::lookups::{BusinessType, LevelTwoArea};
pub use super::notes::{DocumentTemplate, MailTemplate};
pub use super::projects::Project;
pub use super::settings::{
    PaymentMethod, PriceList, ProductCategory, TaxRate, UnitOfMeasure, WithholdingTaxRate,
};
pub use super::subscriptions::Subscription;
pub use super::users::User;

macro_rules! kinds {
    ($( $(#[$about:meta])* $name:ident, )+) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {}
    )+};
}

kinds! {
    /// A customer's account at Teamleader.
    Account,
    /// An object of any type, for references that can point to several types.
    Anything,
}
