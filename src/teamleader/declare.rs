//! Macros that declare models, requests and enums. Each macro makes one small function for an object. The
//! function calls `form.rs` for each member.

/// The name of a member in JSON: the name of its field, unless the declaration gives another name.
macro_rules! member {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $wire:literal) => {
        $wire
    };
}
pub(super) use member;

/// A model: an object in an answer of Teamleader. A model keeps unknown members.
macro_rules! object {
    ($(
        $(#[$about:meta])*
        pub struct $name:ident {
            $( $(#[$field_about:meta])* $field:ident $(as $wire:literal)?: $type:ty, )*
        }
    )+) => {$(
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$field_about])* pub $field: $type, )*
            /// The members that this version does not know, unchanged.
            pub extra: serde_json::Map<String, serde_json::Value>,
        }

        impl $crate::teamleader::form::Read for $name {
            #[inline]
            fn read(json: &str) -> Result<$name, $crate::teamleader::form::Wrong> {
                use $crate::teamleader::declare::member;
                use $crate::teamleader::form::{Field, Members};
                let mut members = Members::of(json)?;
                Ok($name {
                    $( $field: Field::take(&mut members, member!($field $($wire)?))?, )*
                    extra: members.rest()?,
                })
            }
        }

        impl $crate::teamleader::form::Write for $name {
            fn write<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                use $crate::teamleader::declare::member;
                use $crate::teamleader::form::Field;
                let mut map = to.serialize_map(None)?;
                $( Field::put(&self.$field, member!($field $($wire)?), &mut map)?; )*
                for (name, value) in &self.extra {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }

            fn send<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                use $crate::teamleader::declare::member;
                use $crate::teamleader::form::Field;
                let mut map = to.serialize_map(None)?;
                $( Field::put(&self.$field, member!($field $($wire)?), &mut map)?; )*
                map.end()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                $crate::teamleader::form::Write::write(self, to)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                $crate::teamleader::form::from_raw(from)
            }
        }
    )+};
}
pub(super) use object;

/// A request. Its required fields are the parameters of `new`. Every other field has a method. The fields
/// under `clear` can also be cleared: they are a `Change`. With `own new;`, `new` is not public, because the
/// type has other constructors.
macro_rules! body {
    (
        own new;
        $(#[$about:meta])*
        pub struct $name:ident { $($fields:tt)* }
    ) => {
        $crate::teamleader::declare::body! { pub(super) new; $(#[$about])* pub struct $name { $($fields)* } }
    };
    (
        $(#[$about:meta])*
        pub struct $name:ident { $($fields:tt)* }
    ) => {
        $crate::teamleader::declare::body! { pub new; $(#[$about])* pub struct $name { $($fields)* } }
    };
    (
        $new:vis new;
        $(#[$about:meta])*
        pub struct $name:ident {
            $( $(#[$must_about:meta])* $must:ident $(as $must_wire:literal)?: $must_type:ty, )*
            $(; set $( $(#[$set_about:meta])* $set:ident $(as $set_wire:literal)?: $set_type:ty, )* )?
            $(; clear $( $(#[$clear_about:meta])* $clear:ident: $clear_type:ty, )* )?
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$must_about])* pub $must: $must_type, )*
            $($( $(#[$set_about])* pub $set: Option<$set_type>, )*)?
            $($( $(#[$clear_about])* pub $clear: $crate::teamleader::Change<$clear_type>, )*)?
        }

        impl $name {
            /// Makes a request with the required fields only.
            #[allow(clippy::new_without_default, clippy::too_many_arguments)]
            #[must_use]
            $new fn new($( $must: impl Into<$must_type>, )*) -> $name {
                $name {
                    $( $must: $must.into(), )*
                    $($( $set: None, )*)?
                    $($( $clear: $crate::teamleader::Change::Keep, )*)?
                }
            }
            $($(
                #[doc = concat!("Sets [`", stringify!($name), "::", stringify!($set), "`].")]
                #[must_use]
                pub fn $set(mut self, $set: impl Into<$set_type>) -> $name {
                    self.$set = Some($set.into());
                    self
                }
            )*)?
            $($(
                #[doc = concat!("Sets [`", stringify!($name), "::", stringify!($clear), "`]; `None` clears the field.")]
                #[must_use]
                pub fn $clear(
                    mut self,
                    $clear: impl Into<$crate::teamleader::Change<$clear_type>>,
                ) -> $name {
                    self.$clear = $clear.into();
                    self
                }
            )*)?
        }

        impl $crate::teamleader::form::Write for $name {
            fn write<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                #[allow(unused_imports)]
                use $crate::teamleader::declare::member;
                #[allow(unused_imports)]
                use $crate::teamleader::form::{Optional, Sent};
                let mut map = to.serialize_map(None)?;
                $( map.serialize_entry(member!($must $($must_wire)?), &Sent(&self.$must))?; )*
                $($( Optional::put(&self.$set, member!($set $($set_wire)?), &mut map)?; )*)?
                $($( Optional::put(&self.$clear, stringify!($clear), &mut map)?; )*)?
                map.end()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                $crate::teamleader::form::Write::write(self, to)
            }
        }

        // Only the comparison with examples reads a request.
        #[cfg(test)]
        impl $crate::teamleader::form::Read for $name {
            fn read(json: &str) -> Result<$name, $crate::teamleader::form::Wrong> {
                #[allow(unused_imports)]
                use $crate::teamleader::declare::member;
                #[allow(unused_mut)]
                let mut members = $crate::teamleader::form::Members::of(json)?;
                let request = $name {
                    $( $must: members.must(member!($must $($must_wire)?))?, )*
                    $($( $set: members.set(member!($set $($set_wire)?))?, )*)?
                    $($( $clear: members.clear(stringify!($clear))?, )*)?
                };
                // The comparison reports a member that the type does not have.
                Ok(request)
            }
        }

        #[cfg(test)]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                $crate::teamleader::form::from_raw(from)
            }
        }
    };
}
pub(super) use body;

/// Makes enums of strings with `open_enum!`, which objects can have as members.
macro_rules! enums {
    ($(
        $(#[$about:meta])*
        pub enum $name:ident { $($variants:tt)* }
    )+) => {
        $crate::sdk::open_enum! { $( $(#[$about])* pub enum $name { $($variants)* } )+ }
        $crate::teamleader::form::with_serde! { $($name),+ }
    };
}
pub(super) use enums;
