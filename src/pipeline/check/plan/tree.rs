//! Terraform's JSON: resources of all modules, what of them is unknown, and what refers to what
//! (<https://developer.hashicorp.com/terraform/internals/json-format>).

use serde_json::Value;
use std::collections::BTreeMap;

/// How many references are followed from one to the next: through variables and outputs of modules.
const MOST_HOPS: usize = 16;

/// The type of documents that are read, as references name it.
pub(super) const DOCUMENT: &str = "data.aws_iam_policy_document";

/// The managed resources of a plan or a state.
pub(super) struct Tree<'a> {
    pub(super) resources: Vec<Resource<'a>>,
    configuration: Option<&'a Value>,
}

/// One instance of a resource.
pub(super) struct Resource<'a> {
    /// Its full address: `module.export.aws_iam_role.this["a"]`.
    pub(super) address: &'a str,
    /// Its type: `aws_iam_role`.
    pub(super) kind: &'a str,
    /// The names of the modules that it is in, without the keys of their instances.
    modules: Vec<String>,
    /// The modules with the keys of their instances: `module.export["a"]`.
    instance: &'a str,
    /// Its type and name: `aws_iam_role.this`.
    base: String,
    /// Which instance it is of a resource with `count` or `for_each`.
    index: Option<&'a Value>,
    values: &'a Value,
    unknown: Option<&'a Value>,
}

/// The value of an attribute.
pub(super) enum Known<'a> {
    /// It has this value.
    Text(&'a str),
    /// It has none.
    Nothing,
    /// It comes with `terraform apply`.
    Unknown,
}

impl<'a> Resource<'a> {
    /// A text attribute.
    pub(super) fn text(&self, name: &str) -> Known<'a> {
        match self.values.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Known::Text(text),
            _ if self.is_unknown(name) => Known::Unknown,
            _ => Known::Nothing,
        }
    }

    /// A text attribute, when it is known.
    pub(super) fn known(&self, name: &str) -> Option<&'a str> {
        match self.text(name) {
            Known::Text(text) => Some(text),
            Known::Nothing | Known::Unknown => None,
        }
    }

    /// The items of an attribute that is a list or a set.
    pub(super) fn list(&self, name: &str) -> &'a [Value] {
        self.values.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Whether an attribute has a value: a text, or a list with something in it.
    pub(super) fn has(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(items)) => !items.is_empty(),
            _ => false,
        }
    }

    /// What of each item of a list is unknown.
    pub(super) fn unknown_items(&self, name: &str) -> &'a [Value] {
        let items = self.unknown.and_then(|unknown| unknown.get(name)).and_then(Value::as_array);
        items.map_or(&[], Vec::as_slice)
    }

    /// An attribute, or a part of it, comes with `terraform apply`.
    pub(super) fn is_unknown(&self, name: &str) -> bool {
        self.unknown.and_then(|unknown| unknown.get(name)).is_some_and(any_true)
    }
}

/// `after_unknown` marks what is unknown with `true`, at any depth.
fn any_true(value: &Value) -> bool {
    match value {
        Value::Bool(is) => *is,
        Value::Array(items) => items.iter().any(any_true),
        Value::Object(members) => members.values().any(any_true),
        Value::Null | Value::Number(_) | Value::String(_) => false,
    }
}

impl<'a> Tree<'a> {
    /// Reads a plan or a state; `None` when it is neither.
    pub(super) fn read(root: &'a Value) -> Option<Self> {
        let values = root.get("planned_values").or_else(|| root.get("values"))?;
        root.get("format_version")?;
        let unknown: BTreeMap<&str, &Value> = root
            .get("resource_changes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|change| {
                let address = change.get("address")?.as_str()?;
                Some((address, change.get("change")?.get("after_unknown")?))
            })
            .collect();
        let mut tree = Self {
            resources: Vec::new(),
            configuration: root.pointer("/configuration/root_module"),
        };
        if let Some(module) = values.get("root_module") {
            tree.module(module, &unknown);
        }
        Some(tree)
    }

    fn module(&mut self, module: &'a Value, unknown: &BTreeMap<&str, &'a Value>) {
        let instance = module.get("address").and_then(Value::as_str).unwrap_or_default();
        let modules = module_names(instance);
        let resources = module.get("resources").and_then(Value::as_array);
        for resource in resources.into_iter().flatten() {
            let text = |name: &str| resource.get(name).and_then(Value::as_str);
            let (Some(address), Some(kind), Some(name)) =
                (text("address"), text("type"), text("name"))
            else {
                continue;
            };
            // Of what is read rather than managed, only documents that are put off matter.
            let kind = match text("mode") {
                Some("managed") => kind,
                Some("data") if kind == "aws_iam_policy_document" => DOCUMENT,
                _ => continue,
            };
            self.resources.push(Resource {
                address,
                kind,
                modules: modules.clone(),
                instance,
                base: format!("{kind}.{name}"),
                index: resource.get("index"),
                values: resource.get("values").unwrap_or(&Value::Null),
                unknown: unknown.get(address).copied(),
            });
        }
        let children = module.get("child_modules").and_then(Value::as_array);
        for child in children.into_iter().flatten() {
            self.module(child, unknown);
        }
    }

    /// The resources of a type.
    pub(super) fn of(&self, kind: &'static str) -> impl Iterator<Item = &Resource<'a>> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }

    /// Whether the configuration sets an attribute; `None` when there is no configuration, as in a
    /// state.
    pub(super) fn sets(&self, resource: &Resource<'_>, attribute: &str) -> Option<bool> {
        let expressions = self.resource_configuration(resource)?.get("expressions");
        Some(expressions.is_some_and(|all| all.get(attribute).is_some()))
    }

    /// The resources of a type that an attribute refers to, through variables and outputs of modules.
    /// Of several instances only the one with the same key is meant, where there is one.
    pub(super) fn referred(
        &self,
        resource: &Resource<'_>,
        attribute: &str,
        kind: &'static str,
    ) -> Vec<&Resource<'a>> {
        let expression = self
            .resource_configuration(resource)
            .and_then(|found| found.get("expressions")?.get(attribute));
        let mut bases = Vec::new();
        if let Some(expression) = expression {
            self.follow(expression, &resource.modules, 0, &mut bases);
        }
        let found: Vec<_> = self
            .of(kind)
            .filter(|it| bases.iter().any(|(at, base)| *at == it.modules && *base == it.base))
            .collect();
        let narrowed = |wanted: &dyn Fn(&Resource<'_>) -> bool| -> Option<Vec<&Resource<'a>>> {
            let some: Vec<_> = found.iter().copied().filter(|it| wanted(it)).collect();
            (!some.is_empty() && some.len() < found.len()).then_some(some)
        };
        narrowed(&|it| it.instance == resource.instance && it.index == resource.index)
            .or_else(|| narrowed(&|it| it.index.is_some() && it.index == resource.index))
            .or_else(|| narrowed(&|it| it.instance == resource.instance))
            .unwrap_or(found)
    }

    fn module_configuration(&self, modules: &[String]) -> Option<&'a Value> {
        modules.iter().try_fold(self.configuration?, |module, name| {
            module.get("module_calls")?.get(name)?.get("module")
        })
    }

    fn resource_configuration(&self, resource: &Resource<'_>) -> Option<&'a Value> {
        let module = self.module_configuration(&resource.modules)?;
        module
            .get("resources")?
            .as_array()?
            .iter()
            .find(|it| it.get("address").and_then(Value::as_str) == Some(resource.base.as_str()))
    }

    /// Collects the resources, as module and base address, that an expression refers to.
    fn follow(
        &self,
        expression: &Value,
        modules: &[String],
        hops: usize,
        found: &mut Vec<(Vec<String>, String)>,
    ) {
        if hops > MOST_HOPS {
            return;
        }
        match expression {
            Value::Object(members) => {
                for (key, value) in members {
                    if key != "references" {
                        self.follow(value, modules, hops + 1, found);
                        continue;
                    }
                    for reference in value.as_array().into_iter().flatten() {
                        if let Some(reference) = reference.as_str() {
                            self.reference(reference, modules, hops, found);
                        }
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.follow(item, modules, hops + 1, found);
                }
            }
            _ => {}
        }
    }

    fn reference(
        &self,
        reference: &str,
        modules: &[String],
        hops: usize,
        found: &mut Vec<(Vec<String>, String)>,
    ) {
        let mut parts = reference.split('.').map(bare);
        let (Some(first), Some(second)) = (parts.next(), parts.next()) else { return };
        match first {
            "var" => {
                let Some((name, parent)) = modules.split_last() else { return };
                let argument = self.module_configuration(parent).and_then(|module| {
                    module.get("module_calls")?.get(name)?.get("expressions")?.get(second)
                });
                if let Some(argument) = argument {
                    self.follow(argument, parent, hops + 1, found);
                }
            }
            "module" => {
                let mut inner = modules.to_vec();
                inner.push(second.to_owned());
                let output = parts.next().and_then(|output| {
                    self.module_configuration(&inner)?
                        .get("outputs")?
                        .get(output)?
                        .get("expression")
                });
                if let Some(output) = output {
                    self.follow(output, &inner, hops + 1, found);
                }
            }
            "data" => {
                let name = parts.next().unwrap_or_default();
                let entry = (modules.to_vec(), format!("data.{second}.{name}"));
                if !found.contains(&entry) {
                    found.push(entry);
                }
            }
            kind if kind.starts_with("aws_") => {
                let entry = (modules.to_vec(), format!("{kind}.{second}"));
                if !found.contains(&entry) {
                    found.push(entry);
                }
            }
            _ => {}
        }
    }
}

/// A part of an address without the key of an instance: `this["a"]` is `this`.
fn bare(part: &str) -> &str {
    part.split('[').next().unwrap_or(part)
}

/// The names in `module.a["x"].module.b`.
fn module_names(address: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = address;
    while let Some(after) = rest.strip_prefix("module.") {
        let end = after.find(['.', '[']).unwrap_or(after.len());
        let (name, tail) = after.split_at(end);
        names.push(name.to_owned());
        // A key may itself have dots and brackets; it ends before the next `.module.`.
        rest = match tail.find("].module.") {
            Some(at) if tail.starts_with('[') => tail.get(at + 2..).unwrap_or_default(),
            _ => tail.strip_prefix('.').unwrap_or_default(),
        };
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_addresses_are_taken_apart() {
        assert_eq!(module_names(""), Vec::<String>::new());
        assert_eq!(module_names("module.a.module.b"), ["a", "b"]);
        assert_eq!(module_names("module.a[\"x.y\"].module.b[0]"), ["a", "b"]);
    }
}
