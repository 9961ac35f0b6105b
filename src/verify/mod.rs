//! The checks of an export, each one named and explained.
