//! The handlebars templates, compiled once a process.

use super::{GenerateError, hcl};
use handlebars::{Context, Handlebars};
use serde_json::Value;
use std::sync::LazyLock;

/// Name and text of each template; the files under `templates/terraform`.
macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/terraform/", $name, ".hbs")))),*]
    };
}

const TEMPLATES: &[(&str, &str)] = templates![
    "athena/main.tf",
    "call.tf",
    "catalog/crawler.tf",
    "catalog/main.tf",
    "catalog/tables.tf",
    "compare.tf",
    "complete.md",
    "export/main.tf",
    "lake/key.tf",
    "lake/logs.tf",
    "lake/main.tf",
    "lake_formation/main.tf",
    "module.md",
    "outputs.tf",
    "policies.tftest.hcl",
    "policy",
    "principal.tf",
    "providers.tf",
    "readme.md",
    "validation.tftest.hcl",
    "variables.tf",
    "versions.tf",
];

/// Templates of Terraform files escape every `{{value}}` as the inside of a quoted HCL string.
static HCL: LazyLock<Result<Handlebars<'static>, String>> =
    LazyLock::new(|| registry(hcl::escape, |name| !is_page(name)));

/// Templates of Markdown files escape every `{{value}}` as text, also in a table's cell.
static MARKDOWN: LazyLock<Result<Handlebars<'static>, String>> =
    LazyLock::new(|| registry(markdown, is_page));

fn is_page(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending == "md")
}

/// Compiles the wanted templates only: most of the time of a small `generate` goes into compiling.
fn registry(
    escape: fn(&str) -> String,
    wanted: impl Fn(&str) -> bool,
) -> Result<Handlebars<'static>, String> {
    let mut registry = Handlebars::new();
    // A template that asks for a value that is not given is a mistake, not an empty text.
    registry.set_strict_mode(true);
    registry.register_escape_fn(escape);
    for (name, text) in TEMPLATES.iter().filter(|(name, _)| wanted(name)) {
        registry.register_template_string(name, text).map_err(|error| error.to_string())?;
    }
    Ok(registry)
}

/// What a template is given, by name. Unlike `json!`, it takes whole values over rather than copying them.
#[must_use]
pub fn data<const N: usize>(entries: [(&str, Value); N]) -> Value {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Renders a Terraform file or part of one.
///
/// # Errors
/// When the template asks for a value that `data` does not hold: a mistake of snaplake's own.
pub fn terraform(template: &str, data: Value) -> Result<String, GenerateError> {
    render(&HCL, template, data)
}

/// Renders a Markdown file.
///
/// # Errors
/// As [`terraform`].
pub fn page(template: &str, data: Value) -> Result<String, GenerateError> {
    render(&MARKDOWN, template, data)
}

fn render(
    registry: &Result<Handlebars<'static>, String>,
    template: &str,
    data: Value,
) -> Result<String, GenerateError> {
    let failed = |reason: String| GenerateError::Template { template: template.to_owned(), reason };
    registry
        .as_ref()
        .map_err(|error| failed(error.clone()))?
        .render_with_context(template, &Context::from(data))
        .map_err(|error| failed(error.to_string()))
}

/// Text for Markdown: nothing in it starts markup, a table's cell or a line.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' | '\r' => escaped.push(' '),
            '|' | '<' | '>' | '`' | '*' | '[' | ']' | '\\' | '#' => {
                escaped.push('\\');
                escaped.push(character);
            }
            control if control.is_control() => escaped.extend(control.escape_default()),
            plain => escaped.push(plain),
        }
    }
    escaped
}
