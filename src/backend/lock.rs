//! A lock between processes.
