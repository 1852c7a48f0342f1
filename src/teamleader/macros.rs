//! Macros for what every resource has: models, requests, lists, methods.

/// A model: an object in an answer of Teamleader. A model keeps unknown members.
macro_rules! model {
    ($(
        $(#[$about:meta])*
        pub struct $name:ident $(<$of:ident>)? {
            $( $(#[$field_about:meta])* $field:ident: $type:ty, )*
        }
    )+) => {$(
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        pub struct $name $(<$of>)? {
            $( $(#[$field_about])* pub $field: $type, )*
            /// The members that this version does not know, unchanged.
            #[serde(flatten)]
            pub extra: serde_json::Map<String, serde_json::Value>,
        }
    )+};
}
pub(super) use model;

/// A request. Its required fields are the parameters of `new`. Every other field has a method. The
/// fields under `clear` can also be cleared: they are a `Change`.
macro_rules! request {
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            $( $(#[$must_about:meta])* $must:ident: $must_type:ty, )*
            $(; set $( $(#[$set_about:meta])* $set:ident: $set_type:ty, )* )?
            $(; clear $( $(#[$clear_about:meta])* $clear:ident: $clear_type:ty, )* )?
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        // Only the comparison with the specification's examples reads a request.
        #[cfg_attr(test, derive(serde::Deserialize))]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$must_about])* pub $must: $must_type, )*
            $($(
                $(#[$set_about])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $set: Option<$set_type>,
            )*)?
            $($(
                $(#[$clear_about])*
                #[serde(default, skip_serializing_if = "Change::is_keep")]
                pub $clear: Change<$clear_type>,
            )*)?
        }

        impl $name {
            /// Makes a request with the required fields only.
            #[allow(clippy::new_without_default)]
            #[must_use]
            pub fn new($( $must: impl Into<$must_type>, )*) -> $name {
                $name {
                    $( $must: $must.into(), )*
                    $($( $set: None, )*)?
                    $($( $clear: Change::Keep, )*)?
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
                pub fn $clear(mut self, $clear: impl Into<Change<$clear_type>>) -> $name {
                    self.$clear = $clear.into();
                    self
                }
            )*)?
        }
    };
}
pub(super) use request;

/// Names the operation that lists a type, and the types of its filter, sort field and includes.
macro_rules! listed {
    ($($name:ty => $operation:literal, $filter:ty, $sort:ty, $include:ty;)+) => {$(
        impl $crate::teamleader::lists::sealed::Sealed for $name {}
        impl $crate::teamleader::Listed for $name {
            type Filter = $filter;
            type Sort = $sort;
            type Include = $include;
            const OPERATION: &'static str = $operation;
        }
    )+};
}
pub(super) use listed;

/// The methods of a resource, by what they send and read:
///
/// - `fetch` sends ids and plain values and reads an object;
/// - `make` sends a request and reads a reference to the new object;
/// - `act` sends ids and plain values and reads nothing;
/// - `change` sends an id and a request and reads nothing;
/// - `credit` sends an id and a request and reads a reference to the new object;
/// - `put` sends a request and reads nothing.
///
/// Only the conversion to an id is generic. The methods are `#[inline]`: a program compiles the models that it uses,
/// and this crate compiles none of them.
macro_rules! methods {
    (
        impl $resource:ident of $object:ty;
        $( fetch { $(
            $(#[$fetch_about:meta])*
            $fetch:ident($($fetch_id:ident: $fetch_of:ty),* $(; $($fetch_field:ident: $fetch_type:ty),+)?)
                -> $fetched:ty = $fetch_name:literal;
        )+ } )?
        $( make { $(
            $(#[$make_about:meta])*
            $make:ident($made:ty) = $make_name:literal;
        )+ } )?
        $( credit { $(
            $(#[$credit_about:meta])*
            $credit:ident($credited:ty) -> $credit_note:ty = $credit_name:literal;
        )+ } )?
        $( act { $(
            $(#[$act_about:meta])*
            $act:ident($($act_id:ident: $act_of:ty),* $(; $($act_field:ident: $act_type:ty),+)?)
                = $act_name:literal;
        )+ } )?
        $( change { $(
            $(#[$change_about:meta])*
            $change:ident($changes:ty) = $change_name:literal;
        )+ } )?
        $( put { $(
            $(#[$put_about:meta])*
            $put:ident($putting:ty) = $put_name:literal;
        )+ } )?
    ) => {
        impl $resource<'_> {
            $($(
                $(#[$fetch_about])*
                ///
                /// # Errors
                ///
                /// The errors of [`Teamleader::call`](crate::teamleader::Teamleader::call).
                pub fn $fetch(
                    self,
                    $($fetch_id: impl Into<$crate::teamleader::Id<$fetch_of>>,)*
                    $($($fetch_field: $fetch_type,)+)?
                ) -> Result<$fetched> {
                    $( let $fetch_id = $fetch_id.into(); )*
                    let body = serde_json::json!({
                        $( (stringify!($fetch_id)): $fetch_id.as_str(), )*
                        $($( (stringify!($fetch_field)): $fetch_field, )+)?
                    });
                    #[inline]
                    fn send(
                        teamleader: &$crate::teamleader::Teamleader,
                        body: &serde_json::Value,
                    ) -> Result<$fetched> {
                        teamleader.fetch($fetch_name, body)
                    }
                    send(self.0, &body)
                }
            )+)?
            $($(
                $(#[$make_about])*
                ///
                /// # Errors
                ///
                /// The errors of [`Teamleader::call`](crate::teamleader::Teamleader::call).
                #[inline]
                pub fn $make(self, request: &$made) -> Result<$crate::teamleader::Reference<$object>> {
                    self.0.fetch($make_name, request)
                }
            )+)?
            $($(
                $(#[$credit_about])*
                ///
                /// # Errors
                ///
                /// The errors of [`Teamleader::call`](crate::teamleader::Teamleader::call).
                pub fn $credit(
                    self,
                    id: impl Into<$crate::teamleader::Id<$object>>,
                    request: &$credited,
                ) -> Result<$crate::teamleader::Reference<$credit_note>> {
                    self.0.fetch_from($credit_name, id.into().as_str(), request)
                }
            )+)?
            $($(
                $(#[$act_about])*
                ///
                /// # Errors
                ///
                /// The errors of [`Teamleader::call`](crate::teamleader::Teamleader::call).
                pub fn $act(
                    self,
                    $($act_id: impl Into<$crate::teamleader::Id<$act_of>>,)*
                    $($($act_field: $act_type,)+)?
                ) -> Result<()> {
                    $( let $act_id = $act_id.into(); )*
                    let body = serde_json::json!({
                        $( (stringify!($act_id)): $act_id.as_str(), )*
                        $($( (stringify!($act_field)): $act_field, )+)?
                    });
                    self.0.act($act_name, &body)
                }
            )+)?
            $($(
                $(#[$change_about])*
                ///
                /// # Errors
                ///
                /// The errors of [`Teamleader::call`](crate::teamleader::Teamleader::call).
                pub fn $change(
                    self,
                    id: impl Into<$crate::teamleader::Id<$object>>,
                    changes: &$changes,
                ) -> Result<()> {
                    self.0.change($change_name, id.into().as_str(), changes)
                }
            )+)?
            $($(
                $(#[$put_about])*
                ///
                /// # Errors
                ///
                /// The errors of [`Teamleader::call`](crate::teamleader::Teamleader::call).
                #[inline]
                pub fn $put(self, request: &$putting) -> Result<()> {
                    self.0.act($put_name, request)
                }
            )+)?
        }
    };
}
pub(super) use methods;

/// A resource: a type that borrows the client and has the methods of its list.
macro_rules! resource {
    ($(#[$about:meta])* pub struct $resource:ident of $object:ty) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        pub struct $resource<'a>(pub(super) &'a crate::teamleader::Teamleader);

        impl<'a> $resource<'a> {
            /// Returns an iterator over all objects of the list. Each page is fetched when the
            /// iterator reaches it.
            #[inline]
            pub fn iter(self) -> crate::teamleader::Items<'a, $object> {
                self.list().iter()
            }

            /// Returns an iterator over the pages of the list.
            #[inline]
            pub fn pages(self) -> crate::teamleader::Pages<'a, $object> {
                self.list().pages()
            }

            /// Sets the number of objects on a page, from 1 to 100.
            #[inline]
            pub fn page_size(self, objects: u32) -> crate::teamleader::List<'a, $object> {
                self.list().page_size(objects)
            }

            /// Starts at this page. Page 1 is the first page and the default.
            #[inline]
            pub fn from_page(self, number: u32) -> crate::teamleader::List<'a, $object> {
                self.list().from_page(number)
            }

            /// Narrows the list to the objects that match the filter.
            #[inline]
            pub fn filter(
                self,
                filter: <$object as crate::teamleader::Listed>::Filter,
            ) -> crate::teamleader::List<'a, $object> {
                self.list().filter(filter)
            }

            /// Sorts the list.
            #[inline]
            pub fn sort(
                self,
                by: <$object as crate::teamleader::Listed>::Sort,
                order: crate::teamleader::Order,
            ) -> crate::teamleader::List<'a, $object> {
                self.list().sort(by, order)
            }

            /// Asks for fields that the list leaves out by default.
            #[inline]
            pub fn include(
                self,
                what: <$object as crate::teamleader::Listed>::Include,
            ) -> crate::teamleader::List<'a, $object> {
                self.list().include(what)
            }

            /// Fetches the first object of the list. Returns `None` if the list is empty.
            ///
            /// # Errors
            ///
            /// The errors of [`Teamleader::call`](crate::teamleader::Teamleader::call).
            #[inline]
            pub fn first(self) -> Result<Option<$object>> {
                self.list().first()
            }

            /// Fetches the number of objects in the list. Returns `None` if Teamleader does not send
            /// the number. See [`List::count`](crate::teamleader::List::count).
            ///
            /// # Errors
            ///
            /// The errors of [`Teamleader::call`](crate::teamleader::Teamleader::call).
            #[inline]
            pub fn count(self) -> Result<Option<u64>> {
                self.list().count()
            }

            pub(in crate::teamleader) fn list(self) -> crate::teamleader::List<'a, $object> {
                crate::teamleader::List::new(self.0)
            }
        }
    };
}
pub(super) use resource;

/// A resource without a list of all its objects.
macro_rules! bare {
    ($(#[$about:meta])* pub struct $resource:ident) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        pub struct $resource<'a>(pub(super) &'a crate::teamleader::Teamleader);
    };
}
pub(super) use bare;

/// The method that fetches an object with optional parts.
macro_rules! included {
    ($resource:ident of $object:ty, $include:ident = $name:literal) => {
        impl $resource<'_> {
            /// Fetches one object with optional parts.
            ///
            /// # Errors
            ///
            /// The errors of [`Teamleader::call`](crate::teamleader::Teamleader::call).
            #[inline]
            pub fn get_with(
                self,
                id: impl Into<crate::teamleader::Id<$object>>,
                include: &[$include],
            ) -> Result<$object> {
                let includes: Vec<&str> = include.iter().map($include::as_str).collect();
                let body = serde_json::json!({ "id": id.into(), "includes": includes.join(",") });
                self.0.fetch($name, &body)
            }
        }
    };
}
pub(super) use included;
