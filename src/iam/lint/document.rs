//! Reads what can be read of a policy, and finds what is wrong with its frame
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>).

mod frame;

pub(super) use frame::check;

use super::checks;
use super::operator::{OPERATORS, Operator};
use super::{Findings, PolicyKind};
use crate::iam::json::{Member, Node, Value};
use std::ops::Range;

/// A policy as far as it could be read.
pub(super) struct Policy<'a> {
    pub(super) kind: PolicyKind,
    pub(super) span: Range<usize>,
    pub(super) version: Option<&'a str>,
    pub(super) statements: Vec<Statement<'a>>,
}

/// A text and its place.
#[derive(Clone)]
pub(super) struct Item<'a> {
    pub(super) text: &'a str,
    pub(super) span: Range<usize>,
    pub(super) path: String,
}

impl Item<'_> {
    pub(super) fn at(&self) -> (&Range<usize>, &str) {
        (&self.span, &self.path)
    }
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// A statement as far as it could be read.
pub(super) struct Statement<'a> {
    pub(super) span: Range<usize>,
    pub(super) path: String,
    pub(super) sid: Option<Item<'a>>,
    pub(super) effect: Option<Effect>,
    /// What stands in `Action`, or in `NotAction` when that is there.
    pub(super) actions: Vec<Item<'a>>,
    pub(super) not_action: bool,
    pub(super) resources: Vec<Item<'a>>,
    pub(super) not_resource: bool,
    pub(super) principals: Vec<Principal<'a>>,
    pub(super) not_principal: bool,
    pub(super) conditions: Vec<Condition<'a>>,
    /// Where each element stands, by name.
    pub(super) elements: Vec<(&'a str, Range<usize>)>,
}

/// One principal: `{"AWS": "…"}` or `*`.
pub(super) struct Principal<'a> {
    /// `None` for a bare `*`.
    pub(super) key: Option<&'a str>,
    pub(super) value: Item<'a>,
}

/// One operator, key and values of a condition block.
pub(super) struct Condition<'a> {
    pub(super) operator: Operator,
    pub(super) operator_text: &'a str,
    pub(super) key: Item<'a>,
    pub(super) values: Vec<Item<'a>>,
    pub(super) values_span: Range<usize>,
    /// An empty list stands there; values of a wrong type have been told of.
    pub(super) no_values: bool,
}

impl Statement<'_> {
    pub(super) fn at(&self) -> (&Range<usize>, &str) {
        (&self.span, &self.path)
    }

    fn element(&self, name: &str) -> Option<&Range<usize>> {
        self.elements.iter().find(|(element, _)| *element == name).map(|(_, span)| span)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.element(name).is_some()
    }

    pub(super) fn has_principal(&self) -> bool {
        self.has("Principal") || self.has("NotPrincipal")
    }

    pub(super) fn has_resource(&self) -> bool {
        self.has("Resource") || self.has("NotResource")
    }

    /// Where an element stands, or the statement when it is not there.
    pub(super) fn place(&self, name: &str) -> (Range<usize>, String) {
        self.element(name).map_or_else(
            || (self.span.clone(), self.path.clone()),
            |span| (span.clone(), format!("{}.{name}", self.path)),
        )
    }

    /// Whether a key stands in the conditions; case does not count.
    pub(super) fn has_condition(&self, key: &str) -> bool {
        self.conditions.iter().any(|condition| condition.key.text.eq_ignore_ascii_case(key))
    }
}

const POLICY_ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// "The `id_block` is allowed in resource-based policies, but not in identity-based policies"
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html#policies-grammar-notes>).
pub(super) fn check_id(root: &Node, kind: PolicyKind, findings: &mut Findings<'_>) {
    if kind == PolicyKind::Identity
        && let Some(id) = root.get("Id")
    {
        findings.add(
            &checks::INVALID_POLICY_ELEMENT,
            (&id.span, "Id"),
            "an identity-based policy takes no `Id`",
            Some("leave it out; only resource-based policies have one".into()),
        );
    }
}

/// Reads a document; `None` when it is nothing like a policy.
pub(super) fn read<'a>(root: &'a Node, findings: &mut Findings<'_>) -> Option<Policy<'a>> {
    let Some(members) = root.members() else {
        mismatch(root, "", "an object", findings);
        return None;
    };
    members_once(members, "", &POLICY_ELEMENTS, findings);
    if let Some(version) = root.get("Version") {
        check_version(version, findings);
    }
    if let Some(id) = root.get("Id").filter(|id| id.as_str().is_none()) {
        mismatch(id, "Id", "a string", findings);
    }
    let version = root.get("Version").and_then(Node::as_str);
    let mut policy =
        Policy { kind: PolicyKind::Identity, span: 0..0, version, statements: Vec::new() };
    policy.span = root.span.start..root.span.start + 1;
    match root.get("Statement") {
        None => findings.add(
            &checks::MISSING_STATEMENT,
            (&policy.span, ""),
            "the policy has no statement",
            Some(wrapper(root).map_or_else(
                || "add a `Statement` element".to_owned(),
                |name| format!("the policy seems to stand in `{name}`; lint what stands there"),
            )),
        ),
        Some(node) => match &node.value {
            Value::Array(items) => {
                if items.is_empty() {
                    let at = (&node.span, "Statement");
                    findings.add(
                        &checks::MISSING_STATEMENT,
                        at,
                        "the policy has no statement",
                        None,
                    );
                }
                for (index, item) in items.iter().enumerate() {
                    let path = format!("Statement[{index}]");
                    policy.statements.extend(statement(item, path, findings));
                }
            }
            _ => policy.statements.extend(statement(node, "Statement".into(), findings)),
        },
    }
    Some(policy)
}

/// Where the policy stands in what the AWS CLI prints around it, such as `aws s3api
/// get-bucket-policy` and `aws iam get-policy-version`.
fn wrapper(root: &Node) -> Option<&'static str> {
    let names = ["Policy", "PolicyDocument", "AssumeRolePolicyDocument", "Document"];
    let has = |node: &Node, name: &str| node.get(name).is_some();
    let within = [
        ("PolicyVersion", "Document", "PolicyVersion.Document"),
        ("Role", "AssumeRolePolicyDocument", "Role.AssumeRolePolicyDocument"),
    ];
    names.into_iter().find(|name| has(root, name)).or_else(|| {
        within
            .into_iter()
            .find(|(outer, inner, _)| root.get(outer).is_some_and(|node| has(node, inner)))
            .map(|(_, _, path)| path)
    })
}

fn check_version(version: &Node, findings: &mut Findings<'_>) {
    match version.as_str() {
        None => mismatch(version, "Version", "a string", findings),
        Some("2012-10-17" | "2008-10-17") => {}
        Some(other) => findings.add(
            &checks::INVALID_VERSION,
            (&version.span, "Version"),
            format!("there is no version `{}`", other.escape_debug()),
            Some("write `2012-10-17`".into()),
        ),
    }
}

fn mismatch(node: &Node, path: &str, expected: &str, findings: &mut Findings<'_>) {
    let message = format!("{expected} was expected here, not {}", node.kind());
    findings.add(&checks::DATA_TYPE_MISMATCH, (&node.span, path), message, None);
}

/// Finds keys that stand twice, and those that are none of the known elements.
fn members_once(members: &[Member], path: &str, known: &[&str], findings: &mut Findings<'_>) {
    for (index, member) in members.iter().enumerate() {
        let path = join(path, &member.key);
        if members.iter().take(index).any(|earlier| earlier.key == member.key) {
            let message = format!("`{}` stands here a second time", member.key.escape_debug());
            let at = (&member.key_span, path.as_str());
            findings.add(&checks::DUPLICATE_ELEMENT, at, message, Some("keep one".into()));
        }
        if !known.is_empty() && !known.contains(&member.key.as_str()) {
            let help = nearest(&member.key, known.iter().copied())
                .map(|near| format!("did you mean `{near}`?"));
            let message = format!("there is no policy element `{}`", member.key.escape_debug());
            let at = (&member.key_span, path.as_str());
            findings.add(&checks::INVALID_POLICY_ELEMENT, at, message, help);
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The known word that a typed one most likely means.
pub(super) fn nearest<'k>(typed: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let typed = typed.to_ascii_lowercase();
    known
        .map(|word| (strsim::jaro_winkler(&typed, &word.to_ascii_lowercase()), word))
        .filter(|(score, _)| *score > 0.85)
        .max_by(|(a, left), (b, right)| a.total_cmp(b).then_with(|| right.cmp(left)))
        .map(|(_, word)| word)
}

fn statement<'a>(
    node: &'a Node,
    path: String,
    findings: &mut Findings<'_>,
) -> Option<Statement<'a>> {
    let Some(members) = node.members() else {
        mismatch(node, &path, "an object", findings);
        return None;
    };
    members_once(members, &path, &STATEMENT_ELEMENTS, findings);
    let elements =
        members.iter().map(|member| (member.key.as_str(), member.key_span.clone())).collect();
    let not_action = node.get("NotAction").is_some();
    let not_resource = node.get("NotResource").is_some();
    let not_principal = node.get("NotPrincipal").is_some();
    let mut list = |name: &str| {
        node.get(name)
            .map(|node| strings(node, &format!("{path}.{name}"), findings))
            .unwrap_or_default()
    };
    let actions = list(if not_action { "NotAction" } else { "Action" });
    let resources = list(if not_resource { "NotResource" } else { "Resource" });
    let principal_name = if not_principal { "NotPrincipal" } else { "Principal" };
    let principals = node
        .get(principal_name)
        .map(|node| principals(node, &format!("{path}.{principal_name}"), findings))
        .unwrap_or_default();
    let conditions = node
        .get("Condition")
        .map(|node| conditions(node, &format!("{path}.Condition"), findings))
        .unwrap_or_default();
    Some(Statement {
        span: node.span.start..node.span.start + 1,
        sid: sid(node, &path, findings),
        effect: effect(node, &path, findings),
        actions,
        not_action,
        resources,
        not_resource,
        principals,
        not_principal,
        conditions,
        elements,
        path,
    })
}

fn sid<'a>(node: &'a Node, path: &str, findings: &mut Findings<'_>) -> Option<Item<'a>> {
    let sid = node.get("Sid")?;
    let path = format!("{path}.Sid");
    let Some(text) = sid.as_str() else {
        mismatch(sid, &path, "a string", findings);
        return None;
    };
    Some(Item { text, span: sid.span.clone(), path })
}

fn effect(node: &Node, path: &str, findings: &mut Findings<'_>) -> Option<Effect> {
    let effect = node.get("Effect")?;
    let path = format!("{path}.Effect");
    match effect.as_str() {
        Some("Allow") => return Some(Effect::Allow),
        Some("Deny") => return Some(Effect::Deny),
        Some(other) => findings.add(
            &checks::INVALID_EFFECT,
            (&effect.span, &path),
            format!("there is no effect `{}`", other.escape_debug()),
            Some("write `Allow` or `Deny`".into()),
        ),
        None => mismatch(effect, &path, "a string", findings),
    }
    None
}

/// A string, or an array of strings.
fn strings<'a>(node: &'a Node, path: &str, findings: &mut Findings<'_>) -> Vec<Item<'a>> {
    match &node.value {
        Value::String(text) => {
            vec![Item { text, span: node.span.clone(), path: path.to_owned() }]
        }
        Value::Array(items) => {
            let mut texts = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                let path = format!("{path}[{index}]");
                match item.as_str() {
                    Some(text) => texts.push(Item { text, span: item.span.clone(), path }),
                    None => mismatch(item, &path, "a string", findings),
                }
            }
            texts
        }
        _ => {
            mismatch(node, path, "a string or an array of strings", findings);
            Vec::new()
        }
    }
}

fn principals<'a>(node: &'a Node, path: &str, findings: &mut Findings<'_>) -> Vec<Principal<'a>> {
    match &node.value {
        Value::String(text) => {
            let value = Item { text, span: node.span.clone(), path: path.to_owned() };
            vec![Principal { key: None, value }]
        }
        Value::Object(members) => {
            members_once(members, path, &[], findings);
            if members.is_empty() {
                let at = (&node.span, path);
                findings.add(
                    &checks::EMPTY_OBJECT_PRINCIPAL,
                    at,
                    "this names no principal, so the statement has no effect",
                    None,
                );
            }
            let mut all = Vec::new();
            for member in members {
                let path = join(path, &member.key);
                let values = strings(&member.value, &path, findings);
                if values.is_empty() && member.value.items().is_some_and(<[_]>::is_empty) {
                    findings.add(
                        &checks::EMPTY_ARRAY_PRINCIPAL,
                        (&member.value.span, &path),
                        "this names no principal, so the statement has no effect",
                        None,
                    );
                }
                let key = Some(member.key.as_str());
                all.extend(values.into_iter().map(|value| Principal { key, value }));
            }
            all
        }
        Value::Array(items) if items.is_empty() => {
            findings.add(
                &checks::EMPTY_ARRAY_PRINCIPAL,
                (&node.span, path),
                "this names no principal, so the statement has no effect",
                None,
            );
            Vec::new()
        }
        _ => {
            mismatch(node, path, "`*` or an object", findings);
            Vec::new()
        }
    }
}

fn conditions<'a>(node: &'a Node, path: &str, findings: &mut Findings<'_>) -> Vec<Condition<'a>> {
    let Some(operators) = node.members() else {
        mismatch(node, path, "an object", findings);
        return Vec::new();
    };
    members_once(operators, path, &[], findings);
    if operators.is_empty() {
        let message = "this condition block is empty and has no effect";
        findings.add(&checks::EMPTY_OBJECT_CONDITION, (&node.span, path), message, None);
    }
    let mut all = Vec::new();
    for member in operators {
        let path = join(path, &member.key);
        let operator = operator(member, &path, findings);
        let Some(keys) = member.value.members() else {
            mismatch(&member.value, &path, "an object", findings);
            continue;
        };
        members_once(keys, &path, &[], findings);
        if keys.is_empty() {
            let message = "this condition block is empty and has no effect";
            let at = (&member.value.span, path.as_str());
            findings.add(&checks::EMPTY_OBJECT_CONDITION, at, message, None);
        }
        for (index, key) in keys.iter().enumerate() {
            let path = join(&path, &key.key);
            let twice = keys.iter().take(index).any(|earlier| {
                earlier.key != key.key && earlier.key.eq_ignore_ascii_case(&key.key)
            });
            if twice {
                let message = format!(
                    "the condition key `{}` stands in this block twice, spelled differently",
                    key.key.escape_debug()
                );
                let help = Some("give one key all the values".into());
                let at = (&key.key_span, path.as_str());
                findings.add(&checks::DUPLICATE_KEYS_WITH_DIFFERENT_CASE, at, message, help);
            }
            let values = scalars(&key.value, &path, findings);
            if let Some(operator) = operator {
                all.push(Condition {
                    operator,
                    operator_text: &member.key,
                    key: Item { text: &key.key, span: key.key_span.clone(), path },
                    values,
                    values_span: key.value.span.clone(),
                    no_values: key.value.items().is_some_and(<[_]>::is_empty),
                });
            }
        }
    }
    all
}

fn operator(member: &Member, path: &str, findings: &mut Findings<'_>) -> Option<Operator> {
    let operator = Operator::parse(&member.key);
    let at = (&member.key_span, path);
    match operator {
        None => {
            let bare = member.key.rsplit(':').next().unwrap_or_default();
            let suffix = "IfExists";
            let split = bare.len().saturating_sub(suffix.len());
            let (name, suffix) = match bare.split_at_checked(split) {
                Some((name, end)) if end.eq_ignore_ascii_case(suffix) => (name, suffix),
                _ => (bare, ""),
            };
            let help = nearest(name, OPERATORS.into_iter().map(|(name, _)| name))
                .map(|near| format!("did you mean `{near}{suffix}`?"));
            let message = format!("there is no condition operator `{}`", member.key.escape_debug());
            findings.add(&checks::INVALID_CONDITION_OPERATOR, at, message, help);
        }
        Some(found) if found.name == "Null" && found.if_exists => findings.add(
            &checks::NULL_WITH_IF_EXISTS,
            at,
            "`Null` asks whether a key is there and takes no `IfExists`",
            Some("write `Null`".into()),
        ),
        Some(found) if found.name == "Null" && found.qualifier.is_some() => findings.add(
            &checks::NULL_WITH_QUALIFIER,
            at,
            "`Null` with a set qualifier is always true or always false",
            Some("write `Null`".into()),
        ),
        Some(_) => {}
    }
    operator
}

/// The values of a condition: strings, numbers and booleans, one or several.
fn scalars<'a>(node: &'a Node, path: &str, findings: &mut Findings<'_>) -> Vec<Item<'a>> {
    let single = std::slice::from_ref(node);
    let (items, list) = match &node.value {
        Value::Array(items) => (items.as_slice(), true),
        _ => (single, false),
    };
    let mut texts = Vec::with_capacity(items.len());
    let mut first: Option<&'static str> = None;
    for (index, item) in items.iter().enumerate() {
        let path = if list { format!("{path}[{index}]") } else { path.to_owned() };
        let text = match &item.value {
            Value::String(text) | Value::Number(text) => text.as_str(),
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            Value::Null | Value::Array(_) | Value::Object(_) => {
                mismatch(item, &path, "a string, a number or a boolean", findings);
                continue;
            }
        };
        let kind = item.kind();
        if *first.get_or_insert(kind) != kind {
            let message = format!("{kind} stands here among values of another type");
            let at = (&item.span, path.as_str());
            let help = Some("write all values as strings".into());
            findings.add(&checks::INVALID_CONDITION_DATA_TYPE, at, message, help);
        }
        texts.push(Item { text, span: item.span.clone(), path });
    }
    texts
}
