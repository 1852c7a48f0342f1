//! Types that name the type of an id, such as the `Project` in [`Id<Project>`](super::Id). Most of these types are empty
//! enums: this crate has no struct for the object itself.

pub use super::settings::{
    PaymentMethod, PriceList, ProductCategory, TaxRate, UnitOfMeasure, WithholdingTaxRate,
};
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
    /// An object of any type, for references that can lead to several types.
    Anything,
    /// A legal form of companies.
    BusinessType,
    /// A credit note.
    CreditNote,
    /// A template of invoices, quotations and other documents.
    DocumentTemplate,
    /// A region or a province.
    LevelTwoArea,
    /// A template of emails.
    MailTemplate,
    /// A project.
    Project,
    /// A subscription.
    Subscription,
}
