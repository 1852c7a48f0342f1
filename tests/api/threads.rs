//! Tests that public types, those of the SDKs included, can be shared between threads or sent to another
//! thread.

use std::sync::Arc;

use evergrant::backend::Durability;

use crate::shared;

/// Checks that each type of the list is [`shared`].
macro_rules! shared {
    ($($name:ty),* $(,)?) => { $(shared::<$name>();)* };
}

const _: () = {
    use evergrant::{backend, clock, error, health, hooks, paging, provider};
    shared![error::Challenge, error::BackendError, error::Refusal, error::CallbackError];
    shared![provider::ClientAuth, provider::TokenFormat, provider::Pkce, provider::RefreshGrant];
    shared![provider::Verdict, provider::RevocationStyle, provider::TokenTypeHint];
    shared![provider::AnswerRule, provider::LoginHost, provider::ReplyMember];
    shared![provider::SecondExchange, hooks::TokenAnswer<'_>, hooks::TokenDraft];
    shared![hooks::Sending<'_>, hooks::Received<'_>, health::Health, health::LoginState];
    shared![paging::Page<u8, u8>, paging::Pages<u8, fn()>, paging::Items<u8, u8, fn()>];
    shared![backend::Binding, backend::Holder, backend::Refused, backend::LockKind];
    shared![Arc<dyn clock::Clock>, Durability];
    #[cfg(feature = "device")]
    shared![evergrant::device::DeviceCode, evergrant::device::DevicePoll];
    #[cfg(feature = "discovery")]
    shared![
        evergrant::discovery::Connect,
        evergrant::discovery::Connection,
        evergrant::discovery::Discovery,
        evergrant::discovery::Form,
        evergrant::discovery::Metadata,
        evergrant::discovery::ResourceDiscovery,
        evergrant::discovery::ResourceMetadata
    ];
    #[cfg(feature = "registration")]
    shared![
        evergrant::registration::ClientMetadata,
        evergrant::registration::Form,
        evergrant::registration::Registrar,
        evergrant::registration::Registration,
        evergrant::registration::RegistrationStore
    ];
    #[cfg(feature = "token-exchange")]
    shared![evergrant::token_exchange::TokenExchange, evergrant::token_exchange::TokenType];
    #[cfg(feature = "identity")]
    shared![evergrant::identity::Identity, provider::Profile];
    #[cfg(feature = "introspection")]
    shared![evergrant::introspection::Introspection];
    #[cfg(feature = "jwt")]
    shared![
        evergrant::jwt::Algorithm,
        evergrant::jwt::AssertionAudience,
        evergrant::jwt::JwtBearer,
        evergrant::jwt::ServiceAccount,
        evergrant::jwt::SigningKey
    ];
    #[cfg(feature = "oidc")]
    shared![evergrant::oidc::UnverifiedClaims, evergrant::oidc::VerifiedClaims];
};

#[cfg(feature = "teamleader")]
const _: () = {
    use evergrant::teamleader::*;
    shared![
        ActiveStatus,
        Address,
        AddressEntry,
        AddressType,
        Change<u8>,
        Currency,
        CustomFieldsUpdate,
        Customer,
        Decimal,
        DocumentCurrency,
        Email,
        EmailType,
        ExchangeRate,
        Limits,
        Money,
        NewAddress,
        NotADecimal,
        Order,
        PaymentTerm,
        Problem,
        Reference,
        Tax,
        Teamleader,
        Telephone,
        TelephoneType,
        Answer<u8>,
        Nothing,
        ListPage<u8>,
        ChangedPage<u8>,
        Position,
        users::Me,
        users::User,
        users::Team,
        settings::TaxRate,
        settings::PaymentMethod,
        UnreadRow,
        Unconfirmed,
        users::Preferences,
        users::Span,
        departments::Department,
        tags::Tag,
        companies::Company,
        companies::RelatedContact,
        contacts::Contact,
        contacts::CompanyLink,
        custom_fields::CustomFieldValue,
        custom_fields::CustomField,
        custom_fields::NewCustomField,
        custom_fields::CustomFieldDefinition,
        custom_fields::CustomFieldConfiguration,
        custom_fields::CustomFieldOption,
        custom_fields::NewCustomFieldConfiguration,
        deals::Deal,
        deals::Lead,
        deals::PhaseVisit,
        deals::LostBecause,
        deal_sources::DealSource,
        lost_reasons::LostReason,
        deals::Users,
        files::File,
        files::FileSubject,
        files::Location,
        files::Image<'_>,
        files::Files<'_>,
        invoices::Invoice,
        invoices::Invoicee,
        invoices::ForAttentionOf,
        invoices::InvoiceTotal,
        invoices::WithheldTax,
        invoices::Payment,
        invoices::PaymentMethod,
        lines::Section,
        lines::UnitPrice,
        lines::Discount,
        lines::CommercialDiscount,
        lines::Periodicity,
        lines::LineItem,
        lines::LineTotal,
        lines::Expiry,
        operations::Kind,
        operations::Returns,
        operations::Operation,
        products::Product,
        products::Supplier,
        products::PriceListPrice,
        products::Stock,
        products::ProductConfiguration,
        products::StockThreshold,
        products::NewPriceListPrice,
        products::NewProduct,
        quotations::Quotation,
        quotations::QuotationTotal,
        quotations::SenderReference,
        webhooks::Webhook,
        webhooks::WebhookEvent,
        webhooks::Webhooks<'_>
    ];
    crate::sent::<TeamleaderBuilder>();
};

#[cfg(feature = "shell-ev")]
const _: () = {
    use evergrant::shell_ev::*;
    shared![
        AccessibilityStatus,
        Accessibility,
        ActiveSessions<'_>,
        Address,
        AltText,
        Answer<u8>,
        ArrayEncoding,
        AuthorizationMethod,
        Bounds,
        Charging<'_>,
        Connector,
        ConnectorType,
        Coordinates,
        DayOfWeek,
        ElectricalProperties,
        Environment,
        Evse,
        EvseStatus,
        ShellEvError,
        ErrorKind,
        GetLocation<'_>,
        GetSession<'_>,
        ListLocations<'_>,
        Location,
        Locations<'_>,
        Marker,
        Markers<'_>,
        MultiLocation,
        NearbyLocations<'_>,
        OpeningHours,
        PowerRange,
        PowerType,
        PriceComponent,
        PriceType,
        RequestStatus,
        Restrictions,
        Session,
        SessionError,
        SessionState,
        SessionStatus,
        ShellEv,
        SingleLocation,
        StartSession<'_>,
        Started,
        StopSession<'_>,
        Stopped,
        Tariff,
        TariffElement,
        TariffType,
        Unread,
        WeekDay
    ];

    crate::sent::<ShellEvBuilder>();
};

#[cfg(feature = "exact-online")]
const _: () = {
    use evergrant::exact_online::*;
    shared![
        AccountStatus,
        Action,
        Answers,
        Batch,
        Part<u8>,
        Limits,
        ApprovalStatus,
        Country,
        Decimal,
        Endpoint,
        EntityType,
        ExactOnline,
        Guid,
        Id<u8>,
        Window,
        NotADecimal,
        Position,
        Property,
        Reason,
        SalesOrderStatus,
        ShopOrderStatus,
        StockCountStatus,
        Topic,
        WarehouseTransferSource,
        WarehouseTransferStatus,
        odata::Filter,
        odata::Query,
        odata::Order,
        webhooks::WebhookEvent
    ];
    crate::sent::<ExactOnlineBuilder>();
};
