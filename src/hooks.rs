//! What the hooks of a [`ClientBuilder`](crate::ClientBuilder) see.

pub use crate::event::Event;
pub use crate::request::{Received, Sending};
