//! The model: names, ARNs, principals, steps, needs. Pure.
