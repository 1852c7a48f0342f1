//! The common parts of the pages of all lists: a page dereferences to a slice of its rows, and converts to an
//! iterator over them.

/// Implements `Deref` and `IntoIterator` for a page whose rows are in the field `$rows`.
macro_rules! page_of_rows {
    ($page:ident, $rows:ident) => {
        impl<T> std::ops::Deref for $page<T> {
            type Target = [T];

            fn deref(&self) -> &[T] {
                &self.$rows
            }
        }

        impl<T> IntoIterator for $page<T> {
            type Item = T;
            type IntoIter = std::vec::IntoIter<T>;

            fn into_iter(self) -> Self::IntoIter {
                self.$rows.into_iter()
            }
        }

        impl<'a, T> IntoIterator for &'a $page<T> {
            type Item = &'a T;
            type IntoIter = std::slice::Iter<'a, T>;

            fn into_iter(self) -> Self::IntoIter {
                self.$rows.iter()
            }
        }
    };
}
pub(crate) use page_of_rows;

/// Implements `Debug` for iterators, whose content is not shown.
#[cfg(any(feature = "exact-online", feature = "teamleader"))]
macro_rules! shown {
    ($($name:ident $(<$life:lifetime>)?)+) => {$(
        impl<T> std::fmt::Debug for $name<$($life,)? T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}
#[cfg(any(feature = "exact-online", feature = "teamleader"))]
pub(crate) use shown;
