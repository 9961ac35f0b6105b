//! The outside view of `rehearse` and `demo`.

#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod damage;
mod demo;
mod denied;
mod flights;
mod killed;
mod project;
mod run;
