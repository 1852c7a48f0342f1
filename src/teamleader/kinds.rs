//! Types of objects that have an id at Teamleader but no model in this crate. These types have no values.
//! These types only name the type of an id, such as the `User` in [`Id<User>`](super::Id).

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
    /// One of the account's payment methods.
    PaymentMethod,
    /// A price list.
    PriceList,
    /// A category of products.
    ProductCategory,
    /// A project.
    Project,
    /// A subscription.
    Subscription,
    /// A tax rate.
    TaxRate,
    /// A unit of measure.
    UnitOfMeasure,
    /// A user.
    User,
    /// A rate of withholding tax.
    WithholdingTaxRate,
}
