//! One call of each typed operation, made from a request in JSON.

mod more;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Result;
use crate::teamleader::files::{FileSubject, Image, Location, NewFile};
use crate::teamleader::json::Dated as _;
use crate::teamleader::products::{NewProduct, ProductDetails};
use crate::teamleader::{List, Listed, Teamleader, companies, contacts, custom_fields};
use crate::teamleader::{departments, invoices, quotations, settings, tags, users, webhooks};

/// The name of an operation, and a function that sends a request with the typed method and returns the answer
/// as JSON.
pub(super) type Case = (&'static str, fn(&Teamleader, &Value) -> Result<Value>);

fn of<T: DeserializeOwned>(request: &Value) -> T {
    serde_json::from_value(request.clone()).expect("a request of this type")
}

fn text<'a>(request: &'a Value, name: &str) -> &'a str {
    request[name].as_str().expect("a string")
}

fn id(request: &Value) -> &str {
    text(request, "id")
}

fn texts<'a>(request: &'a Value, name: &str) -> Vec<&'a str> {
    request[name].as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

fn all<T: DeserializeOwned>(request: &Value, name: &str) -> Vec<T> {
    if request[name].is_null() { Vec::new() } else { of(&request[name]) }
}

fn split<T: for<'a> From<&'a str>>(request: &Value) -> Vec<T> {
    let includes = request["includes"].as_str().unwrap_or_default();
    includes.split(',').filter(|name| !name.is_empty()).map(T::from).collect()
}

fn json<T: Serialize>(result: Result<T>) -> Result<Value> {
    result.map(|value| serde_json::to_value(value).expect("JSON"))
}

/// Fetches the page that the request asks for.
fn page<T>(mut list: List<'_, T>, request: &Value) -> Result<Value>
where
    T: Listed + Serialize,
    T::Filter: DeserializeOwned,
    T::Sort: DeserializeOwned,
    T::Include: DeserializeOwned,
{
    if !request["filter"].is_null() {
        list = list.filter(of(&request["filter"]));
    }
    for sort in request["sort"].as_array().into_iter().flatten() {
        let order = sort["order"].as_str().unwrap_or("asc");
        list = list.sort(of(&sort["field"]), order.into());
    }
    for include in split::<Text>(request) {
        list = list.include(of(&include.0.into()));
    }
    let number = |name: &str| request["page"][name].as_u64().and_then(|n| u32::try_from(n).ok());
    if let (Some(size), Some(first)) = (number("size"), number("number")) {
        list = list.page_size(size).from_page(first);
    }
    let mut page = list.pages().next().expect("a page")?;
    match page.unread.pop() {
        Some(row) => Err(row.into()),
        None => json(Ok(page.items)),
    }
}

struct Text(String);

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text(text.to_owned())
    }
}

fn image(request: &Value) -> Option<(String, Vec<u8>)> {
    use base64::Engine as _;
    let (media_type, data) =
        request["image"].as_str()?.strip_prefix("data:")?.split_once(";base64,")?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(data).expect("base64");
    Some((media_type.to_owned(), bytes))
}

/// Every operation with a typed method.
pub(super) fn cases() -> Vec<Case> {
    CASES.iter().chain(more::CASES).copied().collect()
}

/// Contacts, companies, deals, quotations, invoices, products, files and short lists.
const CASES: &[Case] = &[
    ("users.me", |t, _| json(t.me())),
    ("users.list", |t, r| page::<users::User>(t.users().list(), r)),
    ("users.info", |t, r| match &*split(r) {
        [] => json(t.users().get(id(r))),
        includes => json(t.users().get_with(id(r), includes)),
    }),
    ("teams.list", |t, r| page::<users::Team>(t.teams().list(), r)),
    ("taxRates.list", |t, r| page::<settings::TaxRate>(t.tax_rates().list(), r)),
    ("withholdingTaxRates.list", |t, r| {
        page::<settings::WithholdingTaxRate>(t.withholding_tax_rates().list(), r)
    }),
    ("paymentMethods.list", |t, r| page::<settings::PaymentMethod>(t.payment_methods().list(), r)),
    ("productCategories.list", |t, r| {
        page::<settings::ProductCategory>(t.product_categories().list(), r)
    }),
    ("unitsOfMeasure.list", |t, r| page::<settings::UnitOfMeasure>(t.units_of_measure().list(), r)),
    ("priceLists.list", |t, r| page::<settings::PriceList>(t.price_lists().list(), r)),
    ("workTypes.list", |t, r| page::<settings::WorkType>(t.work_types().list(), r)),
    ("activityTypes.list", |t, r| page::<settings::ActivityType>(t.activity_types().list(), r)),
    ("callOutcomes.list", |t, r| page::<settings::CallOutcome>(t.call_outcomes().list(), r)),
    ("dayOffTypes.list", |t, r| page::<settings::DayOffType>(t.day_off_types().list(), r)),
    ("departments.list", |t, r| page::<departments::Department>(t.departments().list(), r)),
    ("departments.info", |t, r| json(t.departments().get(id(r)))),
    ("tags.list", |t, r| page::<tags::Tag>(t.tags().list(), r)),
    ("products.list", |t, r| page(t.products().list(), r)),
    ("products.info", |t, r| match &*split(r) {
        [] => json(t.products().get(id(r))),
        includes => json(t.products().get_with(id(r), includes)),
    }),
    ("products.add", |t, r| {
        let details: ProductDetails = of(r);
        let product = NewProduct::named(text(r, "name")).details(details);
        json(t.products().create(&product))
    }),
    ("products.update", |t, r| json(t.products().update(id(r), &of(r)))),
    ("products.delete", |t, r| json(t.products().delete(id(r)))),
    ("files.list", |t, r| {
        let subject: FileSubject = of(&r["filter"]["subject"]);
        page(t.files().of(subject), r)
    }),
    ("files.info", |t, r| json(t.files().get(id(r)))),
    ("files.download", |t, r| json(t.files().download(id(r)))),
    // The upload itself would go to the address in the example, so the test makes the first step only.
    ("files.upload", |t, r| json(t.fetch::<Location>("files.upload", &of::<NewFile>(r)))),
    ("files.delete", |t, r| json(t.files().delete(id(r)))),
    ("webhooks.register", |t, r| {
        let types: Vec<webhooks::WebhookType> = of(&r["types"]);
        json(t.webhooks().register(text(r, "url"), &types))
    }),
    ("webhooks.list", |t, r| page(t.webhooks().list(), r)),
    ("webhooks.unregister", |t, r| {
        let types: Vec<webhooks::WebhookType> = of(&r["types"]);
        json(t.webhooks().unregister(text(r, "url"), &types))
    }),
    ("customFieldDefinitions.list", |t, r| {
        page::<custom_fields::CustomFieldDefinition>(t.custom_fields().list(), r)
    }),
    ("customFieldDefinitions.info", |t, r| json(t.custom_fields().get(id(r)))),
    ("customFieldDefinitions.create", |t, r| json(t.custom_fields().create(&of(r)))),
    ("contacts.list", |t, r| page::<contacts::Contact>(t.contacts().list(), r)),
    ("contacts.info", |t, r| json(t.contacts().get(id(r)))),
    ("contacts.add", |t, r| json(t.contacts().create(&of(r)))),
    ("contacts.update", |t, r| json(t.contacts().update(id(r), &of(r)))),
    ("contacts.delete", |t, r| json(t.contacts().delete(id(r)))),
    ("contacts.tag", |t, r| json(t.contacts().tag(id(r), &texts(r, "tags")))),
    ("contacts.untag", |t, r| json(t.contacts().untag(id(r), &texts(r, "tags")))),
    ("contacts.linkToCompany", |t, r| json(t.contacts().link_to_company(id(r), &of(r)))),
    ("contacts.unlinkFromCompany", |t, r| {
        json(t.contacts().unlink_from_company(id(r), text(r, "company_id")))
    }),
    ("contacts.updateCompanyLink", |t, r| json(t.contacts().update_company_link(id(r), &of(r)))),
    ("contacts.uploadAvatar", |t, r| {
        let image = image(r);
        let image = image.as_ref().map(|(kind, bytes)| Image::new(kind, bytes));
        json(t.contacts().upload_avatar(id(r), image))
    }),
    ("companies.list", |t, r| page::<companies::Company>(t.companies().list(), r)),
    ("companies.info", |t, r| match &*split(r) {
        [] => json(t.companies().get(id(r))),
        includes => json(t.companies().get_with(id(r), includes)),
    }),
    ("companies.add", |t, r| json(t.companies().create(&of(r)))),
    ("companies.update", |t, r| json(t.companies().update(id(r), &of(r)))),
    ("companies.delete", |t, r| json(t.companies().delete(id(r)))),
    ("companies.tag", |t, r| json(t.companies().tag(id(r), &texts(r, "tags")))),
    ("companies.untag", |t, r| json(t.companies().untag(id(r), &texts(r, "tags")))),
    ("companies.uploadLogo", |t, r| {
        let image = image(r);
        let image = image.as_ref().map(|(kind, bytes)| Image::new(kind, bytes));
        json(t.companies().upload_logo(id(r), image))
    }),
    ("deals.list", |t, r| page(t.deals().list(), r)),
    ("deals.info", |t, r| json(t.deals().get(id(r)))),
    ("deals.create", |t, r| json(t.deals().create(&of(r)))),
    ("deals.update", |t, r| json(t.deals().update(id(r), &of(r)))),
    ("deals.move", |t, r| json(t.deals().move_to_phase(id(r), text(r, "phase_id")))),
    ("deals.win", |t, r| json(t.deals().win(id(r)))),
    ("deals.lose", |t, r| json(t.deals().lose(id(r), &of(r)))),
    ("deals.delete", |t, r| json(t.deals().delete(id(r)))),
    ("lostReasons.list", |t, r| page(t.lost_reasons().list(), r)),
    ("dealSources.list", |t, r| page(t.deal_sources().list(), r)),
    ("dealPipelines.list", |t, r| page(t.deal_pipelines().list(), r)),
    ("dealPipelines.create", |t, r| json(t.deal_pipelines().create(text(r, "name")))),
    ("dealPipelines.update", |t, r| json(t.deal_pipelines().update(id(r), text(r, "name")))),
    ("dealPipelines.markAsDefault", |t, r| json(t.deal_pipelines().mark_as_default(id(r)))),
    ("dealPipelines.duplicate", |t, r| json(t.deal_pipelines().duplicate(id(r)))),
    ("dealPipelines.delete", |t, r| {
        json(t.deal_pipelines().delete(id(r), &all(r, "migrate_phases")))
    }),
    ("dealPhases.list", |t, r| page(t.deal_phases().list(), r)),
    ("dealPhases.create", |t, r| json(t.deal_phases().create(&of(r)))),
    ("dealPhases.update", |t, r| json(t.deal_phases().update(id(r), &of(r)))),
    ("dealPhases.duplicate", |t, r| json(t.deal_phases().duplicate(id(r)))),
    ("dealPhases.move", |t, r| json(t.deal_phases().move_after(id(r), text(r, "after_phase_id")))),
    ("dealPhases.delete", |t, r| match r["new_phase_id"].as_str() {
        Some(phase) => json(t.deal_phases().delete_into(id(r), phase)),
        None => json(t.deal_phases().delete(id(r))),
    }),
    ("quotations.list", |t, r| page(t.quotations().list(), r)),
    ("quotations.info", |t, r| json(t.quotations().get(id(r)))),
    ("quotations.create", |t, r| json(t.quotations().create(&of(r)))),
    ("quotations.update", |t, r| json(t.quotations().update(id(r), &of(r)))),
    ("quotations.send", |t, r| json(t.quotations().send(&of::<quotations::QuotationMail>(r)))),
    ("quotations.accept", |t, r| json(t.quotations().accept(id(r)))),
    ("quotations.delete", |t, r| json(t.quotations().delete(id(r)))),
    ("quotations.download", |t, r| json(t.quotations().download(id(r), &text(r, "format").into()))),
    ("invoices.list", |t, r| page::<invoices::Invoice>(t.invoices().list(), r)),
    ("invoices.info", |t, r| match &*split(r) {
        [] => json(t.invoices().get(id(r))),
        includes => json(t.invoices().get_with(id(r), includes)),
    }),
    ("invoices.draft", |t, r| json(t.invoices().create(&of(r)))),
    ("invoices.update", |t, r| json(t.invoices().update(id(r), &of(r)))),
    ("invoices.updateBooked", |t, r| json(t.invoices().update_booked(id(r), &of(r)))),
    ("invoices.copy", |t, r| json(t.invoices().copy(id(r)))),
    ("invoices.book", |t, r| {
        json(t.invoices().book(id(r), time::Date::read(text(r, "on")).expect("a date")))
    }),
    ("invoices.delete", |t, r| json(t.invoices().delete(id(r)))),
    ("invoices.registerPayment", |t, r| json(t.invoices().register_payment(id(r), &of(r)))),
    ("invoices.removePayments", |t, r| json(t.invoices().remove_payments(id(r)))),
    ("invoices.credit", |t, r| {
        json(t.invoices().credit(id(r), r["credit_note_date"].as_str().and_then(time::Date::read)))
    }),
    ("invoices.creditPartially", |t, r| json(t.invoices().credit_partially(id(r), &of(r)))),
    ("invoices.send", |t, r| json(t.invoices().send(id(r), &of(r)))),
    ("invoices.sendViaPeppol", |t, r| json(t.invoices().send_via_peppol(id(r)))),
    ("invoices.download", |t, r| json(t.invoices().download(id(r), &text(r, "format").into()))),
];
