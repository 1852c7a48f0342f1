//! The three shapes that every resource repeats: a request, a list, a method.

/// A request: what it cannot do without is in `new`, every other field has a method, and a field
/// under `clear` can be emptied as well.
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
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
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
            /// With what it cannot do without, and nothing else.
            #[allow(clippy::new_without_default)]
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
                #[doc = concat!("Sets [`", stringify!($name), "::", stringify!($clear), "`]; `None` clears it.")]
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

/// Makes a type one that comes in a list.
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

/// The methods of a resource: `fetch` and `act` name what they send, `make` and `send` take a request;
/// `fetch` reads an object, `make` the reference to a new one.
macro_rules! methods {
    (
        impl $resource:ident;
        $( fetch { $(
            $(#[$fetch_about:meta])*
            $fetch:ident($($fetch_field:ident: $fetch_type:ty),*) -> $fetched:ty = $fetch_name:literal;
        )+ } )?
        $( make { $(
            $(#[$make_about:meta])*
            $make:ident($made:ty) = $make_name:literal;
        )+ } )?
        $( act { $(
            $(#[$act_about:meta])*
            $act:ident($($act_field:ident: $act_type:ty),*) = $act_name:literal;
        )+ } )?
        $( send { $(
            $(#[$send_about:meta])*
            $send:ident($sent:ty) = $send_name:literal;
        )+ } )?
    ) => {
        impl $resource<'_> {
            $($(
                $(#[$fetch_about])*
                ///
                /// # Errors
                ///
                /// As [`Teamleader::call`](crate::teamleader::Teamleader::call).
                pub fn $fetch(self, $($fetch_field: $fetch_type),*) -> Result<$fetched> {
                    let body = json!({ $( (stringify!($fetch_field)): $fetch_field ),* });
                    self.0.fetch($fetch_name, &body)
                }
            )+)?
            $($(
                $(#[$make_about])*
                ///
                /// # Errors
                ///
                /// As [`Teamleader::call`](crate::teamleader::Teamleader::call).
                pub fn $make(self, request: &$made) -> Result<Reference> {
                    self.0.fetch($make_name, request)
                }
            )+)?
            $($(
                $(#[$act_about])*
                ///
                /// # Errors
                ///
                /// As [`Teamleader::call`](crate::teamleader::Teamleader::call).
                pub fn $act(self, $($act_field: $act_type),*) -> Result<()> {
                    let body = json!({ $( (stringify!($act_field)): $act_field ),* });
                    self.0.act($act_name, &body)
                }
            )+)?
            $($(
                $(#[$send_about])*
                ///
                /// # Errors
                ///
                /// As [`Teamleader::call`](crate::teamleader::Teamleader::call).
                pub fn $send(self, request: &$sent) -> Result<()> {
                    self.0.act($send_name, request)
                }
            )+)?
        }
    };
}
pub(super) use methods;

/// A resource: a type that borrows the client, with `list` and `iter` for its objects.
macro_rules! resource {
    ($(#[$about:meta])* pub struct $resource:ident of $object:ty) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        pub struct $resource<'a>(pub(super) &'a crate::teamleader::Teamleader);

        impl<'a> $resource<'a> {
            /// The list.
            pub fn list(self) -> crate::teamleader::List<'a, $object> {
                crate::teamleader::List::new(self.0)
            }

            /// All of them, one by one.
            pub fn iter(self) -> crate::teamleader::Items<'a, $object> {
                self.list().iter()
            }
        }
    };
}
pub(super) use resource;
