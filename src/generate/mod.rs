//! Files from the model and `templates/`.
//!
//! [`files`] is pure: one [`Pipeline`] in, the whole tree of Terraform modules, pages and policies
//! out, the same bytes each time. [`disk`] compares a tree with what is on disk and writes it.

pub mod adopt;
pub mod disk;
mod example;
mod format;
mod hcl;
mod module;
mod modules;
pub mod owners;
mod pages;
mod root;
mod statements;
mod substitute;
mod templates;
mod variables;

#[cfg(test)]
mod tests;

use crate::pipeline::Pipeline;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Why a tree could not be made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A template and its data do not fit: a mistake of snaplake's own.
    #[error("the template `{template}` cannot be rendered: {reason}")]
    Template {
        /// The template's name.
        template: String,
        /// What the template engine says.
        reason: String,
    },
    /// The model lacks a policy that a module needs: a mistake of snaplake's own.
    #[error("the model has no policy `{0}`")]
    MissingPolicy(String),
}

/// A tree of files: path relative to the folder that is generated, and text.
pub type Files = BTreeMap<PathBuf, String>;

/// Everything that is generated for one pipeline: a Terraform root module, its child modules, an
/// example that composes them, their tests and pages, and the policies as JSON.
///
/// # Errors
/// Only where snaplake contradicts itself; a pipeline that exists can be generated.
pub fn files(pipeline: &Pipeline) -> Result<Files, GenerateError> {
    let documents = pipeline.documents();
    let policies = modules::policies(&documents);
    let mut files = Files::new();
    for document in &documents {
        files.insert(PathBuf::from(&document.file), format!("{}\n", document.to_json()));
    }
    let modules = modules::all(pipeline, &policies)?;
    for module in &modules {
        module.write_to(&mut files)?;
    }
    root::write_to(pipeline, &documents, &policies, &modules, &mut files)?;
    Ok(files)
}
