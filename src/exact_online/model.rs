//! Converts a row to a struct and back.
//!
//! The macro [`model`](super::models) gives each struct its fields, the table of its properties, and two
//! lists of its fields. The functions of this module do everything else with these tables, and are compiled
//! once for all structs.

mod column;

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize as _, DeserializeOwned, DeserializeSeed, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::odata::Literal;

pub(crate) use self::column::Column;

/// A property of a [`Model`]: its name at Exact Online, and its possible types in OData (without `Edm.`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Property {
    /// The name, such as `VATNumber`.
    pub name: &'static str,
    /// The types, such as `Guid`; `Collection` for the rows of another endpoint.
    pub types: &'static [&'static str],
    /// Whether the service sets the property itself: the list of 2022 has the property, but neither for POST
    /// nor for PUT. [`Resource::create`](super::Resource::create) and
    /// [`Resource::update`](super::Resource::update) do not send the property.
    pub read_only: bool,
    /// The properties of the rows in the field.
    rows: &'static [Property],
}

impl Property {
    pub(crate) const fn of<C: Column>(name: &'static str) -> Property {
        Property { name, types: C::TYPES, read_only: false, rows: C::ROWS }
    }

    pub(crate) const fn read_only(mut self) -> Property {
        self.read_only = true;
        self
    }

    /// Whether the property is a list of other rows, which an answer has only with `expand`.
    pub fn is_collection(&self) -> bool {
        matches!(self.types, ["Collection"])
    }
}

/// A row of an endpoint as a struct. All fields are optional: a property that was not requested, or is
/// null, is `None`, and a field that is `None` is not sent.
///
/// The field `extra` keeps the properties that have no field, by their names; these properties are sent as
/// well. OData's own `{"__deferred": ..}` and `__metadata` are dropped. `Debug` shows the fields that have a
/// value.
pub trait Model: Columns + Default + DeserializeOwned + Serialize + 'static {
    /// The name of the endpoint for [`ExactOnline::call`](super::ExactOnline::call).
    const PATH: &'static str;
    /// The property that is the key.
    const KEY: &'static str;
    /// The type of the key.
    type Key: Into<Literal> + Clone;
    /// The properties, in the order of the fields.
    const PROPERTIES: &'static [Property];
}

/// The fields of each struct, written by the macro [`model`](super::models). Sealed: other crates cannot
/// name this trait.
pub trait Columns: Sized {
    /// Returns the fields in the order of [`Model::PROPERTIES`], their names in Rust, and `extra`.
    #[doc(hidden)]
    fn fields(&self) -> Fields<'_>;

    /// The same fields, mutable.
    #[doc(hidden)]
    fn fields_mut(&mut self) -> FieldsMut<'_>;

    /// The names of the fields in Rust.
    #[doc(hidden)]
    const NAMES: &'static [&'static str];
}

/// A field of a struct.
pub(crate) type Field<'a> = &'a (dyn Slot + 'static);
/// A mutable field of a struct.
pub(crate) type FieldMut<'a> = &'a mut (dyn Slot + 'static);

/// A field of any type: an `Option` of a [`Column`].
pub trait Slot: Any {
    /// Sets the field from JSON. The error says what is expected and, inside a list of rows, where.
    ///
    /// # Errors
    ///
    /// JSON of another type.
    fn read(&mut self, json: &str) -> Result<(), Cow<'static, str>>;

    /// Returns the JSON of a field that has a value.
    fn write(&self) -> Option<String>;

    /// Returns the value for `Debug`.
    fn shown(&self) -> Option<&dyn fmt::Debug>;

    /// Whether the two fields have the same type and value.
    fn is_same(&self, other: Field<'_>) -> bool;

    /// Takes the value of a field of the same type.
    fn copy(&mut self, from: Field<'_>);
}

impl<C: Column> Slot for Option<C> {
    fn read(&mut self, json: &str) -> Result<(), Cow<'static, str>> {
        *self = if json == "null" { None } else { C::read(json)? };
        Ok(())
    }

    fn write(&self) -> Option<String> {
        self.as_ref().map(C::write)
    }

    fn shown(&self) -> Option<&dyn fmt::Debug> {
        self.as_ref().map(|value| value as &dyn fmt::Debug)
    }

    fn is_same(&self, other: Field<'_>) -> bool {
        (other as &dyn Any).downcast_ref::<Self>() == Some(self)
    }

    fn copy(&mut self, from: Field<'_>) {
        if let Some(from) = (from as &dyn Any).downcast_ref::<Self>() {
            self.clone_from(from);
        }
    }
}

/// The rows that can be inside another row.
pub(crate) trait Inner {
    /// The properties of these rows.
    const ROW: &'static [Property];
}

impl Inner for Value {
    const ROW: &'static [Property] = &[];
}

/// Sets a field from JSON. The error names the field.
fn read_field(field: FieldMut<'_>, name: &str, json: &str) -> Result<(), String> {
    field.read(json).map_err(|wanted| match wanted {
        Cow::Borrowed(wanted) => format!("{name}: {wanted} is expected"),
        // The path inside a list of rows.
        Cow::Owned(inside) => [name, &inside].concat(),
    })
}

/// Keeps a property that the struct does not have, unless it is OData's own.
fn keep(extra: &mut Map<String, Value>, name: &str, json: &str) -> Result<(), String> {
    if name == "__metadata" {
        return Ok(());
    }
    let value: Value =
        serde_json::from_str(json).map_err(|_| format!("{name}: JSON is expected"))?;
    if value.get("__deferred").is_none() {
        extra.insert(name.to_owned(), value);
    }
    Ok(())
}

fn json(value: &impl Serialize) -> String {
    // Strings, numbers and values read from JSON always serialize.
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// Returns a copy of a row.
pub(crate) fn copy<M: Model>(row: &M) -> M {
    let mut copy = M::default();
    copy_fields(row.fields(), copy.fields_mut());
    copy
}

/// The fields of a row, and `extra`.
pub(crate) type Fields<'a> = (Vec<Field<'a>>, &'a Map<String, Value>);
/// The fields of a row, and `extra`, mutable.
pub(crate) type FieldsMut<'a> = (Vec<FieldMut<'a>>, &'a mut Map<String, Value>);

// The functions below that have no type parameter are compiled once, not once for each struct.

fn copy_fields((from, extra): Fields<'_>, (to, extra_to): FieldsMut<'_>) {
    extra_to.clone_from(extra);
    for (to, from) in to.into_iter().zip(from) {
        to.copy(from);
    }
}

/// Whether two rows of one type have the same values.
pub(crate) fn is_same((fields, extra): Fields<'_>, (others, other_extra): Fields<'_>) -> bool {
    extra == other_extra && fields.into_iter().zip(others).all(|(one, other)| one.is_same(other))
}

/// Shows the fields that have a value.
pub(crate) fn show(
    (fields, extra): Fields<'_>,
    (name, names): (&str, &[&str]),
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    for (name, field) in names.iter().zip(fields) {
        if let Some(value) = field.shown() {
            shown.field(name, &value);
        }
    }
    if !extra.is_empty() {
        shown.field("extra", extra);
    }
    shown.finish_non_exhaustive()
}

/// Reads the members of a row.
struct Row<'a> {
    properties: &'static [Property],
    fields: Vec<FieldMut<'a>>,
    extra: &'a mut Map<String, Value>,
    /// The index of the field to try first: the service sends the properties in a fixed order, so this is the
    /// field after the one that was set last.
    next: usize,
}

impl Row<'_> {
    fn set(&mut self, name: &str, json: &str) -> Result<(), String> {
        let is_next = self.properties.get(self.next).is_some_and(|next| next.name == name);
        let found = match is_next {
            true => Some(self.next),
            false => self.properties.iter().position(|property| property.name == name),
        };
        match found.and_then(|at| Some((at, self.fields.get_mut(at)?))) {
            Some((at, field)) => {
                self.next = at + 1;
                read_field(&mut **field, name, json)
            }
            None => keep(self.extra, name, json),
        }
    }
}

/// Sets the field with this name.
struct Set<'a, 'b> {
    row: &'a mut Row<'b>,
    name: &'a str,
}

impl<'de> DeserializeSeed<'de> for Set<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let value = <Box<RawValue>>::deserialize(from)?;
        self.row.set(self.name, value.get()).map_err(de::Error::custom)
    }
}

fn read_members<'de, A: MapAccess<'de>>(mut row: Row<'_>, mut map: A) -> Result<(), A::Error> {
    while let Some(name) = map.next_key::<String>()? {
        map.next_value_seed(Set { row: &mut row, name: &name })?;
    }
    Ok(())
}

/// Reads an object field by field.
pub(crate) fn read<'de, M: Model, D: Deserializer<'de>>(from: D) -> Result<M, D::Error> {
    struct Members<M>(PhantomData<M>);

    impl<'de, M: Model> Visitor<'de> for Members<M> {
        type Value = M;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a row")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<M, A::Error> {
            let mut model = M::default();
            let (fields, extra) = model.fields_mut();
            read_members(Row { properties: M::PROPERTIES, fields, extra, next: 0 }, map)?;
            Ok(model)
        }
    }

    from.deserialize_map(Members(PhantomData))
}

/// Returns the names and the JSON of the fields that have a value, and of `extra`.
fn members<'a>(properties: &[Property], (fields, extra): Fields<'a>) -> Vec<(&'a str, String)> {
    let fields = properties.iter().zip(fields);
    let mut members: Vec<(&str, String)> =
        fields.filter_map(|(property, field)| Some((property.name, field.write()?))).collect();
    for (name, value) in extra {
        // If a field and a member of `extra` have the same name, only the field is written.
        if members.iter().all(|(known, _)| known != name) {
            members.push((name, json(value)));
        }
    }
    members
}

/// Writes the fields that have a value.
pub(crate) fn write<S: Serializer>(
    properties: &[Property],
    fields: Fields<'_>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let members = members(properties, fields);
    let mut map = to.serialize_map(Some(members.len()))?;
    for (name, json) in members {
        map.serialize_entry(name, &RawValue::from_string(json).map_err(S::Error::custom)?)?;
    }
    map.end()
}

/// Returns the properties of `after` that `before` does not have with the same value. A property that only
/// `before` has is cleared: `extra` has its name with `null`.
pub(crate) fn difference<M: Model>(before: &M, after: &M) -> M {
    let mut changes = M::default();
    let (fields, extra) = changes.fields_mut();
    let row = Row { properties: M::PROPERTIES, fields, extra, next: 0 };
    fill(row, before.fields(), after.fields());
    changes
}

fn fill(mut row: Row<'_>, before: Fields<'_>, after: Fields<'_>) {
    let by_name = |fields| members(row.properties, fields).into_iter().collect::<BTreeMap<_, _>>();
    let (old, new) = (by_name(before), by_name(after));
    for (name, json) in &new {
        // The field itself wrote this JSON. If the field cannot read the JSON again, the value goes into
        // `extra`.
        if old.get(name) != Some(json) && row.set(name, json).is_err() {
            row.extra.insert((*name).to_owned(), serde_json::from_str(json).unwrap_or_default());
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        row.extra.insert((*name).to_owned(), Value::Null);
    }
}

/// Returns the JSON without the properties that the service sets itself, also in the rows inside the row.
/// `None` if the JSON has no such property.
pub(crate) fn settable(json: &RawValue, properties: &[Property]) -> Option<Box<RawValue>> {
    // A name with an escape, such as `\"`, cannot be borrowed from the JSON.
    let mut members: BTreeMap<String, Cow<'_, RawValue>> =
        serde_json::from_str::<BTreeMap<String, &RawValue>>(json.get())
            .ok()?
            .into_iter()
            .map(|(name, value)| (name, Cow::Borrowed(value)))
            .collect();
    let mut changed = false;
    for property in properties {
        if property.read_only {
            changed |= members.remove(property.name).is_some();
        } else if !property.rows.is_empty()
            && let Some(value) = members.get_mut(property.name)
            && let Ok(rows) = serde_json::from_str::<Vec<&RawValue>>(value.get())
        {
            let inner: Vec<_> = rows.iter().map(|row| settable(row, property.rows)).collect();
            if inner.iter().any(Option::is_some) {
                let rows =
                    rows.iter().zip(&inner).map(|(row, inner)| inner.as_deref().unwrap_or(row));
                let rows: Vec<_> = rows.collect();
                *value = Cow::Owned(serde_json::value::to_raw_value(&rows).ok()?);
                changed = true;
            }
        }
    }
    if changed { serde_json::value::to_raw_value(&members).ok() } else { None }
}
