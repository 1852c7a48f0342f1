//! Teamleader Focus.
