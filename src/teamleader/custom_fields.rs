//! Custom fields: their definitions, and typed values.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use time::Date;

use super::form::Sent;
use super::json::Dated as _;
use super::macros::{listed, methods, model, request, resource};
use super::{Decimal, Id, Nothing, Reference};
use crate::error::Result;
use crate::sdk::open_enum;

/// The value of a custom field. The field's definition decides the type of the value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum CustomFieldValue {
    /// The field has no value.
    Empty,
    /// Text, a date, a URL, an email address, a telephone number, or the option of a single select.
    Text(String),
    /// A number or an amount of money.
    Number(Decimal),
    /// A boolean.
    Boolean(bool),
    /// The options of a multiple select.
    Texts(Vec<String>),
    /// A contact, a company, a product or a user.
    Reference(Reference),
    /// Any other value, unchanged.
    Other(Value),
}

impl CustomFieldValue {
    /// Returns the string, if the value is a string.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            CustomFieldValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the number, if the value is a number or a string that holds a number.
    pub fn as_number(&self) -> Option<Decimal> {
        match self {
            CustomFieldValue::Number(number) => Some(*number),
            CustomFieldValue::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Returns the boolean, if the value is a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            CustomFieldValue::Boolean(yes) => Some(*yes),
            _ => None,
        }
    }

    /// Returns the date, if the value is a string that holds a date.
    pub fn as_date(&self) -> Option<Date> {
        Date::read(self.as_text()?)
    }

    /// Returns the options of a multiple select. A single string is treated as one option.
    pub fn as_texts(&self) -> Option<&[String]> {
        match self {
            CustomFieldValue::Texts(texts) => Some(texts),
            CustomFieldValue::Text(text) => Some(std::slice::from_ref(text)),
            _ => None,
        }
    }

    /// Returns the reference, if the value is a reference.
    pub fn as_reference(&self) -> Option<&Reference> {
        match self {
            CustomFieldValue::Reference(reference) => Some(reference),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for CustomFieldValue {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<CustomFieldValue, D::Error> {
        // The value is read from the text of the JSON, so that a number keeps its digits.
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
    /// A custom field in an answer.
    pub struct CustomField {
        /// The definition of the field.
        definition: Reference<CustomFieldDefinition>,
        /// The value.
        #[serde(default = "empty")]
        value: CustomFieldValue,
    }
}

fn empty() -> CustomFieldValue {
    CustomFieldValue::Empty
}

impl CustomField {
    /// Returns the value of the field with this definition.
    pub fn find(fields: &[CustomField], definition: impl AsRef<str>) -> Option<&CustomFieldValue> {
        let definition = definition.as_ref();
        fields.iter().find(|field| field.definition.id == *definition).map(|field| &field.value)
    }
}

/// A new value of a custom field. Teamleader sends `{definition, value}` but accepts `{id, value}`, so
/// this type differs from [`CustomField`]. A [`CustomField`] converts to this type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[non_exhaustive]
pub struct NewCustomField {
    /// The id of the definition.
    pub id: Id<CustomFieldDefinition>,
    /// The value.
    #[serde(serialize_with = "sent")]
    pub value: CustomFieldValue,
}

/// Writes a value into a request. The unknown members of a reference are not sent.
fn sent<S: Serializer>(value: &CustomFieldValue, to: S) -> Result<S::Ok, S::Error> {
    match value {
        CustomFieldValue::Reference(reference) => Sent(reference).serialize(to),
        other => other.serialize(to),
    }
}

impl NewCustomField {
    /// Makes a value for the field with this definition.
    pub fn new(
        definition: impl Into<Id<CustomFieldDefinition>>,
        value: impl Into<CustomFieldValue>,
    ) -> NewCustomField {
        NewCustomField { id: definition.into(), value: value.into() }
    }
}

impl From<CustomField> for NewCustomField {
    fn from(field: CustomField) -> NewCustomField {
        let CustomField { definition, value, .. } = field;
        NewCustomField { id: definition.id, value }
    }
}

open_enum! {
    /// The type of object that a custom field belongs to.
    pub enum CustomFieldContext {
        /// Contacts.
        Contact = "contact",
        /// Companies.
        Company = "company",
        /// Deals, by the specification. Users report that Teamleader refuses this value and accepts `sale`.
        Deal = "deal",
        /// Deals, by reports of users.
        Sale = "sale",
        /// Projects of the older type.
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

    /// The type of a custom field.
    pub enum CustomFieldType {
        /// A line of text.
        SingleLine = "single_line",
        /// Text of several lines.
        MultiLine = "multi_line",
        /// One option out of several.
        SingleSelect = "single_select",
        /// Any number of options out of several.
        MultiSelect = "multi_select",
        /// A date.
        Date = "date",
        /// An amount of money.
        Money = "money",
        /// A number that Teamleader assigns, counting up.
        AutoIncrement = "auto_increment",
        /// A whole number.
        Integer = "integer",
        /// A number.
        Number = "number",
        /// A boolean.
        Boolean = "boolean",
        /// An email address.
        Email = "email",
        /// A telephone number.
        Telephone = "telephone",
        /// A URL.
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

    /// The fields that definitions can be sorted by.
    pub enum CustomFieldSort {
        /// The label.
        Label = "label",
        /// The type of object that the field belongs to.
        Context = "context",
    }
}

model! {
    /// The definition of a custom field.
    pub struct CustomFieldDefinition {
        /// The id.
        id: Id<CustomFieldDefinition>,
        /// The type of object that the field belongs to.
        context: Option<CustomFieldContext>,
        /// The type of the field's values.
        #[serde(rename = "type")]
        kind: Option<CustomFieldType>,
        /// The label: the name of the field in Teamleader.
        label: Option<String>,
        /// The group of fields that the field belongs to.
        group: Option<String>,
        /// Whether a value is required.
        required: Option<bool>,
        /// The configuration of the field.
        configuration: Option<CustomFieldConfiguration>,
    }
}

impl CustomFieldDefinition {
    /// Finds the value of this field in the custom fields of an object.
    pub fn value_in<'a>(&self, fields: &'a [CustomField]) -> Option<&'a CustomFieldValue> {
        CustomField::find(fields, &self.id)
    }
}

model! {
    /// The configuration of a custom field.
    pub struct CustomFieldConfiguration {
        /// The options of a select; only for single and multiple selects.
        options: Option<Vec<CustomFieldOption>>,
        /// Whether a value that is not among the options is allowed.
        extra_option_allowed: Option<bool>,
    }
}

model! {
    /// An option of a select.
    pub struct CustomFieldOption {
        /// The id.
        id: Option<Id<CustomFieldOption>>,
        /// The text of the option.
        value: Option<String>,
    }
}

/// The configuration of a new custom field. The type of the field decides which variant applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(untagged)]
pub enum NewCustomFieldConfiguration {
    /// The options of a single or multiple select.
    Options {
        /// The text of each option.
        options: Vec<String>,
    },
    /// The default value of a number.
    Default {
        /// The default value.
        default_value: i64,
    },
    /// Whether the field can be searched.
    Searchable {
        /// Whether the field can be searched.
        searchable: bool,
    },
}

request! {
    /// A new definition of a custom field.
    pub struct NewCustomFieldDefinition {
        /// The label: the name of the field in Teamleader.
        label: String,
        /// The type of the field's values.
        #[serde(rename = "type")]
        kind: CustomFieldType,
        /// The type of object that the field belongs to.
        context: CustomFieldContext,
        ; set
        /// The configuration of the field.
        configuration: NewCustomFieldConfiguration,
    }
}

request! {
    /// A filter for definitions of custom fields.
    pub struct CustomFieldFilter {
        ; set
        /// Definitions with one of these ids.
        ids: Vec<Id<CustomFieldDefinition>>,
        /// Definitions for this type of object.
        context: CustomFieldContext,
    }
}

listed! {
    CustomFieldDefinition =>
        "customFieldDefinitions.list", CustomFieldFilter, CustomFieldSort, Nothing;
}

resource! {
    /// The operations on definitions of custom fields, from
    /// [`Teamleader::custom_fields`](super::Teamleader::custom_fields).
    pub struct CustomFields of CustomFieldDefinition
}

methods! {
    impl CustomFields of CustomFieldDefinition;
    fetch {
        /// Fetches one definition.
        get(id: CustomFieldDefinition) -> CustomFieldDefinition = "customFieldDefinitions.info";
    }
    make {
        /// Creates a definition and returns a reference to the definition. The integration needs
        /// the scope `settings`.
        create(NewCustomFieldDefinition) = "customFieldDefinitions.create";
    }
}

impl CustomFields<'_> {
    /// Finds the first definition with this label for this type of object.
    ///
    /// # Errors
    ///
    /// The errors of [`Teamleader::call`](super::Teamleader::call).
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
