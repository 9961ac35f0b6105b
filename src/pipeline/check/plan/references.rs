//! What refers to what: the configuration in a plan names the references in each expression.

use super::tree::{Resource, Tree};
use serde_json::Value;

/// How many references are followed from one to the next: through variables and outputs of modules.
const MOST_HOPS: usize = 16;

/// What an attribute refers to.
pub(super) struct Referred<'t, 'a> {
    /// The resources of the wanted type.
    pub(super) found: Vec<&'t Resource<'a>>,
    /// It refers to something else, too, whose value the plan does not tell: a local, an item of
    /// `for_each`, a resource of another type.
    pub(super) open: bool,
}

/// References as they are followed.
#[derive(Default)]
struct Trail {
    /// The modules that a resource is in, and its type and name.
    bases: Vec<(Vec<String>, String)>,
    open: bool,
}

impl<'a> Tree<'a> {
    /// The resources of a type that an attribute refers to, through variables and outputs of modules.
    /// Of several instances only the one with the same key is meant, where there is one.
    pub(super) fn referred(
        &self,
        resource: &Resource<'_>,
        attribute: &str,
        kind: &str,
    ) -> Referred<'_, 'a> {
        let expression = self
            .resource_configuration(resource)
            .and_then(|found| found.get("expressions")?.get(attribute));
        let mut trail = Trail::default();
        match expression {
            Some(expression) => self.follow(expression, &resource.modules, 0, &mut trail),
            None => trail.open = true,
        }
        let bases = &trail.bases;
        let open = trail.open
            || bases.iter().any(|(_, base)| base.rsplit_once('.').is_none_or(|(of, _)| of != kind));
        let found: Vec<_> = self
            .resources
            .iter()
            .filter(|it| it.kind == kind)
            .filter(|it| bases.iter().any(|(at, base)| *at == it.modules && *base == it.base))
            .collect();
        let narrowed = |wanted: &dyn Fn(&Resource<'_>) -> bool| -> Option<Vec<&Resource<'a>>> {
            let some: Vec<_> = found.iter().copied().filter(|it| wanted(it)).collect();
            (!some.is_empty() && some.len() < found.len()).then_some(some)
        };
        let found = narrowed(&|it| it.instance == resource.instance && it.index == resource.index)
            .or_else(|| narrowed(&|it| it.index.is_some() && it.index == resource.index))
            .or_else(|| narrowed(&|it| it.instance == resource.instance))
            .unwrap_or(found);
        Referred { found, open }
    }

    fn module_configuration(&self, modules: &[String]) -> Option<&'a Value> {
        modules.iter().try_fold(self.configuration?, |module, name| {
            module.get("module_calls")?.get(name)?.get("module")
        })
    }

    pub(super) fn resource_configuration(&self, resource: &Resource<'_>) -> Option<&'a Value> {
        let module = self.module_configuration(&resource.modules)?;
        module
            .get("resources")?
            .as_array()?
            .iter()
            .find(|it| it.get("address").and_then(Value::as_str) == Some(resource.base.as_str()))
    }

    /// Collects the resources, as module and base address, that an expression refers to.
    fn follow(&self, expression: &Value, modules: &[String], hops: usize, trail: &mut Trail) {
        if hops > MOST_HOPS {
            trail.open = true;
            return;
        }
        match expression {
            Value::Object(members) => {
                for (key, value) in members {
                    if key != "references" {
                        self.follow(value, modules, hops + 1, trail);
                        continue;
                    }
                    for reference in value.as_array().into_iter().flatten() {
                        if let Some(reference) = reference.as_str() {
                            self.reference(reference, modules, hops, trail);
                        }
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.follow(item, modules, hops + 1, trail);
                }
            }
            _ => {}
        }
    }

    fn reference(&self, reference: &str, modules: &[String], hops: usize, trail: &mut Trail) {
        let mut parts = reference.split('.').map(bare);
        let (Some(first), Some(second)) = (parts.next(), parts.next()) else { return };
        match first {
            "var" => {
                let Some((name, parent)) = modules.split_last() else { return };
                let argument = self.module_configuration(parent).and_then(|module| {
                    module.get("module_calls")?.get(name)?.get("expressions")?.get(second)
                });
                if let Some(argument) = argument {
                    self.follow(argument, parent, hops + 1, trail);
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
                match output {
                    Some(output) => self.follow(output, &inner, hops + 1, trail),
                    // The module as a whole stands beside each of its outputs.
                    None => trail.open |= reference.matches('.').count() > 1,
                }
            }
            "data" => {
                let name = parts.next().unwrap_or_default();
                trail.add(modules, format!("data.{second}.{name}"));
            }
            kind if kind.starts_with("aws_") => {
                trail.add(modules, format!("{kind}.{second}"));
            }
            // Which instance it is says nothing of what it is.
            "each" if second == "key" => {}
            "count" | "path" | "terraform" => {}
            _ => trail.open = true,
        }
    }
}

impl Trail {
    fn add(&mut self, modules: &[String], base: String) {
        let entry = (modules.to_vec(), base);
        if !self.bases.contains(&entry) {
            self.bases.push(entry);
        }
    }
}

/// A part of an address without the key of an instance: `this["a"]` is `this`.
fn bare(part: &str) -> &str {
    part.split('[').next().unwrap_or(part)
}
