//! The protocol: builds requests and reads replies, with no input or output.
