//! Custom fields: their definitions, and typed values.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use time::Date;

use super::json::Dated as _;
use super::macros::{listed, methods, model, request, resource};
use super::{Decimal, Id, Nothing, Reference};
use crate::error::Result;
use crate::sdk::open_enum;

/// The value of a custom field. Which kind it is depends on the field's definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum CustomFieldValue {
    /// Nothing is entered.
    Empty,
    /// A text, a date, an address of a page or of mail, or the choice of a single select.
    Text(String),
    /// A number or an amount of money.
    Number(Decimal),
    /// A yes or a no.
    Boolean(bool),
    /// The choices of a multiple select.
    Texts(Vec<String>),
    /// A contact, a company, a product or a user.
    Reference(Reference),
    /// Anything else, as it came.
    Other(Value),
}

impl CustomFieldValue {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            CustomFieldValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one, or a text that reads as one.
    pub fn as_number(&self) -> Option<Decimal> {
        match self {
            CustomFieldValue::Number(number) => Some(*number),
            CustomFieldValue::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The yes or no, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            CustomFieldValue::Boolean(yes) => Some(*yes),
            _ => None,
        }
    }

    /// The date, if it is a text that reads as one.
    pub fn as_date(&self) -> Option<Date> {
        Date::read(self.as_text()?)
    }

    /// The choices of a multiple select; a single text counts as one.
    pub fn as_texts(&self) -> Option<&[String]> {
        match self {
            CustomFieldValue::Texts(texts) => Some(texts),
            CustomFieldValue::Text(text) => Some(std::slice::from_ref(text)),
            _ => None,
        }
    }

    /// The thing it refers to, if it refers to one.
    pub fn as_reference(&self) -> Option<&Reference> {
        match self {
            CustomFieldValue::Reference(reference) => Some(reference),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for CustomFieldValue {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<CustomFieldValue, D::Error> {
        // From the text, so that a number keeps its digits.
        let raw = <Box<RawValue>>::deserialize(from)?;
        let text = raw.get();
        fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
            serde_json::from_str(text).ok()
        }
        let value = match text.as_bytes().first() {
            Some(b'n') => Some(CustomFieldValue::Empty),
            Some(b'"') => read(text).map(CustomFieldValue::Text),
            Some(b't' | b'f') => read(text).map(CustomFieldValue::Boolean),
            Some(b'[') => read(text).map(CustomFieldValue::Texts),
            Some(b'{') => read(text).map(CustomFieldValue::Reference),
            _ => read(text).map(CustomFieldValue::Number),
        };
        Ok(value
            .or_else(|| read(text).map(CustomFieldValue::Other))
            .unwrap_or(CustomFieldValue::Empty))
    }
}

macro_rules! value_from {
    ($($kind:ty => $variant:ident,)+) => {$(
        impl From<$kind> for CustomFieldValue {
            fn from(value: $kind) -> CustomFieldValue {
                CustomFieldValue::$variant(value.into())
            }
        }
    )+};
}

value_from! {
    &str => Text,
    String => Text,
    Decimal => Number,
    i64 => Number,
    bool => Boolean,
    Vec<String> => Texts,
    Reference => Reference,
}

impl From<Date> for CustomFieldValue {
    fn from(day: Date) -> CustomFieldValue {
        day.write().map_or(CustomFieldValue::Empty, CustomFieldValue::Text)
    }
}

model! {
    /// A custom field, as it is answered.
    pub struct CustomField {
        /// Which field it is.
        definition: Reference<CustomFieldDefinition>,
        /// What is entered.
        #[serde(default = "empty")]
        value: CustomFieldValue,
    }
}

fn empty() -> CustomFieldValue {
    CustomFieldValue::Empty
}

impl CustomField {
    /// The value of the field with that definition.
    pub fn find(fields: &[CustomField], definition: impl AsRef<str>) -> Option<&CustomFieldValue> {
        let definition = definition.as_ref();
        fields.iter().find(|field| field.definition.id == *definition).map(|field| &field.value)
    }
}

/// A custom field to be stored. Teamleader reads `{definition, value}` and writes `{id, value}`, so
/// this is another type than [`CustomField`], and one makes the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[non_exhaustive]
pub struct NewCustomField {
    /// The id of the definition.
    pub id: Id<CustomFieldDefinition>,
    /// What is entered.
    pub value: CustomFieldValue,
}

impl NewCustomField {
    /// This value in that field.
    pub fn new(
        definition: impl Into<Id<CustomFieldDefinition>>,
        value: impl Into<CustomFieldValue>,
    ) -> NewCustomField {
        NewCustomField { id: definition.into(), value: value.into() }
    }
}

impl From<CustomField> for NewCustomField {
    fn from(field: CustomField) -> NewCustomField {
        let CustomField { definition, mut value, .. } = field;
        // Unknown members of an answer are not sent.
        if let CustomFieldValue::Reference(reference) = &mut value {
            reference.extra.clear();
        }
        NewCustomField { id: definition.id, value }
    }
}

open_enum! {
    /// What a custom field belongs to.
    pub enum CustomFieldContext {
        /// Contacts.
        Contact = "contact",
        /// Companies.
        Company = "company",
        /// Deals, in the specification. Users report that it is refused, and `sale` is taken.
        Deal = "deal",
        /// Deals, as users report.
        Sale = "sale",
        /// Projects of the older kind.
        Project = "project",
        /// Milestones.
        Milestone = "milestone",
        /// Products.
        Product = "product",
        /// Invoices.
        Invoice = "invoice",
        /// Subscriptions.
        Subscription = "subscription",
        /// Tickets.
        Ticket = "ticket",
    }

    /// What a custom field holds.
    pub enum CustomFieldType {
        /// A line of text.
        SingleLine = "single_line",
        /// Text.
        MultiLine = "multi_line",
        /// One of several texts.
        SingleSelect = "single_select",
        /// Some of several texts.
        MultiSelect = "multi_select",
        /// A date.
        Date = "date",
        /// An amount.
        Money = "money",
        /// A number that Teamleader counts up.
        AutoIncrement = "auto_increment",
        /// A whole number.
        Integer = "integer",
        /// A number.
        Number = "number",
        /// A yes or no.
        Boolean = "boolean",
        /// An address of electronic mail.
        Email = "email",
        /// A telephone number.
        Telephone = "telephone",
        /// The address of a page.
        Url = "url",
        /// A company.
        Company = "company",
        /// A contact.
        Contact = "contact",
        /// A product.
        Product = "product",
        /// A user.
        User = "user",
    }

    /// What definitions can be sorted by.
    pub enum CustomFieldSort {
        /// The label.
        Label = "label",
        /// What they belong to.
        Context = "context",
    }
}

model! {
    /// The definition of a custom field.
    pub struct CustomFieldDefinition {
        /// Its id.
        id: Id<CustomFieldDefinition>,
        /// What it belongs to.
        context: Option<CustomFieldContext>,
        /// What it holds.
        #[serde(rename = "type")]
        kind: Option<CustomFieldType>,
        /// Its name.
        label: Option<String>,
        /// The group that it is in.
        group: Option<String>,
        /// Whether it must be filled in.
        required: Option<bool>,
        /// What can be chosen.
        configuration: Option<CustomFieldConfiguration>,
    }
}

impl CustomFieldDefinition {
    /// Its value among these.
    pub fn value_in<'a>(&self, fields: &'a [CustomField]) -> Option<&'a CustomFieldValue> {
        CustomField::find(fields, &self.id)
    }
}

model! {
    /// What can be chosen in a custom field.
    pub struct CustomFieldConfiguration {
        /// The choices.
        options: Option<Vec<CustomFieldOption>>,
        /// Whether a text that is no choice will do.
        extra_option_allowed: Option<bool>,
    }
}

model! {
    /// A choice.
    pub struct CustomFieldOption {
        /// Its id.
        id: Option<Id<CustomFieldOption>>,
        /// Its text.
        value: Option<String>,
    }
}

/// What a new custom field begins with: which of these depends on what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(untagged)]
pub enum NewCustomFieldConfiguration {
    /// The choices of a select.
    Options {
        /// Their texts.
        options: Vec<String>,
    },
    /// The number that counting begins with.
    Default {
        /// The number.
        default_value: i64,
    },
    /// Whether it can be searched for.
    Searchable {
        /// Whether it can.
        searchable: bool,
    },
}

request! {
    /// A custom field to be defined.
    pub struct NewCustomFieldDefinition {
        /// Its name.
        label: String,
        /// What it holds.
        #[serde(rename = "type")]
        kind: CustomFieldType,
        /// What it belongs to.
        context: CustomFieldContext,
        ; set
        /// What it begins with.
        configuration: NewCustomFieldConfiguration,
    }
}

request! {
    /// Which definitions.
    pub struct CustomFieldFilter {
        ; set
        /// Those with these ids.
        ids: Vec<Id<CustomFieldDefinition>>,
        /// Those of these things.
        context: CustomFieldContext,
    }
}

listed! {
    CustomFieldDefinition =>
        "customFieldDefinitions.list", CustomFieldFilter, CustomFieldSort, Nothing;
}

resource! {
    /// The definitions of custom fields of an account:
    /// [`Teamleader::custom_fields`](super::Teamleader::custom_fields).
    pub struct CustomFields of CustomFieldDefinition
}

methods! {
    impl CustomFields of CustomFieldDefinition;
    fetch {
        /// One.
        get(id: CustomFieldDefinition) -> CustomFieldDefinition = "customFieldDefinitions.info";
    }
    make {
        /// Defines one; the answer is its reference. It needs the right `settings`.
        create(NewCustomFieldDefinition) = "customFieldDefinitions.create";
    }
}

impl CustomFields<'_> {
    /// The first definition for such things with that label.
    ///
    /// # Errors
    ///
    /// As [`Teamleader::call`](super::Teamleader::call).
    pub fn labelled(
        self,
        context: CustomFieldContext,
        label: &str,
    ) -> Result<Option<CustomFieldDefinition>> {
        let list = self.list().filter(CustomFieldFilter::new().context(context));
        for definition in list.iter() {
            let definition = definition?;
            if definition.label.as_deref() == Some(label) {
                return Ok(Some(definition));
            }
        }
        Ok(None)
    }
}
