//! Terraform's JSON: resources of all modules, what of them is unknown, and what refers to what
//! (<https://developer.hashicorp.com/terraform/internals/json-format>).

use serde_json::Value;
use std::collections::BTreeMap;

/// The type of documents that are read, as references name it.
pub(super) const DOCUMENT: &str = "data.aws_iam_policy_document";

/// The managed resources of a plan or a state.
pub(super) struct Tree<'a> {
    pub(super) resources: Vec<Resource<'a>>,
    /// What the plan takes out of the state and leaves in AWS, by address.
    pub(super) forgotten: Vec<&'a str>,
    /// What else there may be in the end, when the plan is not the whole of it.
    pub(super) put_off: Option<String>,
    pub(super) configuration: Option<&'a Value>,
}

/// Why something is no plan and no state.
pub(super) enum Misread {
    /// It is something else.
    Other,
    /// It is of a version whose meaning is not known.
    Version(String),
    /// Something in it is not what it should be: what, and what it should be.
    Shape(String, &'static str),
}

/// One instance of a resource.
pub(super) struct Resource<'a> {
    /// Its full address: `module.export.aws_iam_role.this["a"]`.
    pub(super) address: &'a str,
    /// Its type: `aws_iam_role`.
    pub(super) kind: &'a str,
    /// The names of the modules that it is in, without the keys of their instances.
    pub(super) modules: Vec<String>,
    /// The modules with the keys of their instances: `module.export["a"]`.
    pub(super) instance: &'a str,
    /// Its type and name: `aws_iam_role.this`.
    pub(super) base: String,
    /// Which instance it is of a resource with `count` or `for_each`.
    pub(super) index: Option<&'a Value>,
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

    /// An attribute as it stands.
    pub(super) fn value(&self, name: &str) -> &'a Value {
        self.values.get(name).unwrap_or(&Value::Null)
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

    /// The texts of an attribute that is a list or a set.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.list(name).iter().filter_map(Value::as_str)
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
    /// Reads a plan or a state.
    pub(super) fn read(root: &'a Value) -> Result<Self, Misread> {
        let version = root.get("format_version").and_then(Value::as_str).ok_or(Misread::Other)?;
        if !supported(version) {
            return Err(Misread::Version(version.to_owned()));
        }
        let planned = root.get("planned_values").map(|values| ("planned_values", values));
        let known = || root.get("values").map(|values| ("values", values));
        let (name, values) = planned.or_else(known).ok_or(Misread::Other)?;
        object(values, name)?;
        let mut tree = Self {
            resources: Vec::new(),
            forgotten: Vec::new(),
            put_off: put_off(root)?,
            configuration: root.pointer("/configuration/root_module"),
        };
        let mut unknown = BTreeMap::new();
        let mut forgotten = Vec::new();
        for change in list(root, "resource_changes")? {
            let address = text(change, "address", "resource_changes")?;
            let Some(what) = change.get("change") else { continue };
            if list(what, "actions")?.iter().any(|action| action == "forget") {
                forgotten.push((address, change, what.get("before").unwrap_or(&Value::Null)));
            }
            if let Some(open) = what.get("after_unknown") {
                unknown.insert(address, open);
            }
        }
        if let Some(module) = values.get("root_module") {
            tree.module(module, &unknown)?;
        }
        // "removed from the state, but not destroyed": it goes on to be in force as it was.
        for (address, change, before) in forgotten {
            let instance = change.get("module_address").and_then(Value::as_str).unwrap_or_default();
            if tree.resource(change, instance, before, None)? {
                tree.forgotten.push(address);
            }
        }
        Ok(tree)
    }

    fn module(
        &mut self,
        module: &'a Value,
        unknown: &BTreeMap<&str, &'a Value>,
    ) -> Result<(), Misread> {
        object(module, "module")?;
        let instance = module.get("address").and_then(Value::as_str).unwrap_or_default();
        for resource in list(module, "resources")? {
            let address = text(resource, "address", "resources")?;
            let values = resource.get("values").unwrap_or(&Value::Null);
            self.resource(resource, instance, values, unknown.get(address).copied())?;
        }
        for child in list(module, "child_modules")? {
            self.module(child, unknown)?;
        }
        Ok(())
    }

    /// Takes a resource in, if it may matter.
    fn resource(
        &mut self,
        described: &'a Value,
        instance: &'a str,
        values: &'a Value,
        unknown: Option<&'a Value>,
    ) -> Result<bool, Misread> {
        let address = text(described, "address", "resources")?;
        let kind = text(described, "type", address)?;
        let name = text(described, "name", address)?;
        // Of what is read rather than managed, only documents that are put off matter.
        let kind = match text(described, "mode", address)? {
            "managed" => kind,
            "data" if kind == "aws_iam_policy_document" => DOCUMENT,
            _ => return Ok(false),
        };
        if !values.is_null() {
            object(values, address)?;
        }
        self.resources.push(Resource {
            address,
            kind,
            modules: module_names(instance),
            instance,
            base: format!("{kind}.{name}"),
            index: described.get("index"),
            values,
            unknown,
        });
        Ok(true)
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

/// "Reject any input which reports an unsupported major version", says the page. Terraform before 1.1 wrote
/// `0.1` and `0.2`, which mean the same: HashiCorp's own reader takes `>= 0.1, < 2.0`
/// (<https://github.com/hashicorp/terraform-json/blob/main/plan.go>).
fn supported(version: &str) -> bool {
    let number = |text: &str| text.parse::<u32>().ok();
    let Some((major, minor)) = version.split_once('.') else { return false };
    match (number(major), number(minor)) {
        (Some(0), Some(minor)) => minor > 0,
        (Some(major), Some(_)) => major == 1,
        _ => false,
    }
}

/// What a plan says of itself when applying it does not reach what the configuration says: parts were
/// put off, or left out with `-target`.
fn put_off(root: &Value) -> Result<Option<String>, Misread> {
    let deferred = list(root, "deferred_changes")?;
    let names: Vec<_> = deferred
        .iter()
        .filter_map(|it| it.pointer("/resource_change/address").and_then(Value::as_str))
        .map(|address| format!("`{address}`"))
        .collect();
    if !deferred.is_empty() {
        return Ok(Some(format!("the plan puts {} off", names.join(", "))));
    }
    let whole = root.get("complete").and_then(Value::as_bool) != Some(false);
    Ok((!whole).then(|| "the plan is not complete: another has to follow it".to_owned()))
}

fn object(value: &Value, name: &str) -> Result<(), Misread> {
    if value.is_object() { Ok(()) } else { Err(Misread::Shape(name.to_owned(), "an object")) }
}

fn list<'a>(of: &'a Value, name: &str) -> Result<&'a [Value], Misread> {
    match of.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(Misread::Shape(name.to_owned(), "a list")),
    }
}

fn text<'a>(of: &'a Value, name: &str, place: &str) -> Result<&'a str, Misread> {
    let found = of.get(name).and_then(Value::as_str);
    found.ok_or_else(|| Misread::Shape(format!("{name} of {place}"), "a text"))
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
