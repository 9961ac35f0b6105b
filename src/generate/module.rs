//! A child module: its files, and what it takes and gives.

use super::variables::{self, Variable};
use super::{Files, GenerateError, format, templates};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::OnceLock;

/// An output of a module.
#[derive(Debug, Clone)]
pub struct Output {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// The HCL expression.
    pub value: String,
}

impl Output {
    /// An output.
    #[must_use]
    pub fn new(name: &'static str, description: &'static str, value: &str) -> Self {
        Self { name, description, value: value.to_owned() }
    }

    fn data(&self) -> Value {
        json!({ "name": self.name, "description": self.description, "value": self.value })
    }
}

/// A child module.
#[derive(Debug, Clone)]
pub struct Module {
    /// Its folder's name, and the name of the call in the root module.
    pub name: &'static str,
    /// What it makes, as a heading says it.
    pub title: &'static str,
    /// What it makes, in a paragraph.
    pub about: &'static str,
    /// The files that hold its resources: name and text.
    pub bodies: Vec<(&'static str, String)>,
    /// What it gives.
    pub outputs: Vec<Output>,
    /// Its policies: name of the output, and the file in `policies/` that it equals.
    pub policies: Vec<(&'static str, String)>,
    /// Where the root takes an input from, other than from its variable or local of the same name.
    pub sources: Vec<(&'static str, String)>,
}

impl Module {
    /// The variables that its files refer to.
    #[must_use]
    pub fn variables(&self) -> Vec<Variable> {
        let mut text = String::new();
        for (_, body) in &self.bodies {
            text.push_str(body);
        }
        for output in &self.outputs {
            text.push_str(&output.value);
            text.push('\n');
        }
        variables::used_in(&text)
    }

    /// The managed resources that it declares: `aws_s3_bucket.lake`.
    #[must_use]
    pub fn resources(&self) -> Vec<String> {
        let mut resources: Vec<String> = self
            .bodies
            .iter()
            .flat_map(|(_, body)| body.lines())
            .filter_map(|line| {
                let mut parts = line.strip_prefix("resource \"")?.split('"');
                Some(format!("{}.{}", parts.next()?, parts.nth(1)?))
            })
            .collect();
        resources.sort();
        resources
    }

    /// Where the root takes an input from.
    #[must_use]
    pub fn source<'a>(&'a self, input: &str) -> Option<&'a str> {
        self.sources.iter().find(|(name, _)| *name == input).map(|(_, source)| source.as_str())
    }

    /// Writes the module's files.
    ///
    /// # Errors
    /// When a template and its data do not fit.
    pub fn write_to(&self, files: &mut Files) -> Result<(), GenerateError> {
        let folder = PathBuf::from("modules").join(self.name);
        for (name, body) in &self.bodies {
            files.insert(folder.join(name), format::format(body));
        }
        let variables = self.variables();
        files.insert(
            folder.join("variables.tf"),
            variables_file(&variables, |v| v.default.map(str::to_owned))?,
        );
        files.insert(folder.join("outputs.tf"), outputs_file(&self.outputs)?);
        files.insert(folder.join("versions.tf"), versions_file()?);
        let policies: Vec<Value> = self
            .policies
            .iter()
            .map(|(output, file)| json!({ "output": output, "file": file }))
            .collect();
        let page = templates::data([
            ("name", self.name.into()),
            ("title", self.title.into()),
            ("about", self.about.into()),
            ("resources", self.resources().into()),
            ("inputs", inputs_table(&variables, |v| v.default.map(str::to_owned)).into()),
            ("outputs", outputs_table(&self.outputs).into()),
            ("policies", policies.into()),
        ]);
        files.insert(folder.join("README.md"), templates::page("module.md", page)?);
        Ok(())
    }
}

/// A `variables.tf`, with defaults as the function gives them.
///
/// # Errors
/// When the template and its data do not fit.
pub fn variables_file(
    variables: &[Variable],
    default: impl Fn(&Variable) -> Option<String>,
) -> Result<String, GenerateError> {
    let variables: Vec<Value> = variables
        .iter()
        .map(|variable| {
            let default = default(variable);
            json!({
                "name": variable.name,
                "description": variable.description,
                "type": variable.kind,
                "has_default": default.is_some(),
                "default": default.unwrap_or_default(),
                "nullable": variable.nullable,
                "validations": variable.validations.iter().map(|validation| json!({
                    "condition": validation.condition, "message": validation.message,
                })).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(format::format(&templates::terraform(
        "variables.tf",
        templates::data([("variables", variables.into())]),
    )?))
}

/// An `outputs.tf`.
///
/// # Errors
/// When the template and its data do not fit.
pub fn outputs_file(outputs: &[Output]) -> Result<String, GenerateError> {
    let outputs: Vec<Value> = outputs.iter().map(Output::data).collect();
    Ok(format::format(&templates::terraform(
        "outputs.tf",
        templates::data([("outputs", outputs.into())]),
    )?))
}

/// The `versions.tf` of every module, which is the same for all.
///
/// # Errors
/// When the template and its data do not fit.
pub fn versions_file() -> Result<String, GenerateError> {
    static TEXT: OnceLock<String> = OnceLock::new();
    if let Some(text) = TEXT.get() {
        return Ok(text.clone());
    }
    let text = format::format(&templates::terraform("versions.tf", json!({}))?);
    Ok(TEXT.get_or_init(|| text).clone())
}

/// The rows of a table of inputs.
#[must_use]
pub fn inputs_table(
    variables: &[Variable],
    default: impl Fn(&Variable) -> Option<String>,
) -> Vec<Value> {
    variables
        .iter()
        .map(|variable| {
            let default = default(variable);
            // A map's default takes lines of its own; a table's cell has one.
            let shown = default
                .as_deref()
                .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
            json!({
                "name": variable.name,
                "description": variable.description,
                "type": variable.kind,
                "required": default.is_none(),
                "default": shown.unwrap_or_default(),
            })
        })
        .collect()
}

/// The rows of a table of outputs.
#[must_use]
pub fn outputs_table(outputs: &[Output]) -> Vec<Value> {
    outputs.iter().map(Output::data).collect()
}
