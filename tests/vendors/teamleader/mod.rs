//! Teamleader Focus.

mod distil;
