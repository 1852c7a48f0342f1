//! Kinds of things that have an id at Teamleader, and no model in this module. Each is a name for the
//! compiler only: the `User` in [`Id<User>`](super::Id).

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
    /// Anything: the object of a reference that can lead to several kinds.
    Anything,
    /// A legal form of companies.
    BusinessType,
    /// A credit note.
    CreditNote,
    /// A template of invoices, quotations and other documents.
    DocumentTemplate,
    /// A region or a province.
    LevelTwoArea,
    /// A template of e-mails.
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
