//! Reading documents.

use super::compiled;
use super::{
    Condition, Effect, Element, Policy, PolicyError, PolicyErrors, Principals, Statement, Version,
};
use crate::iam::condition::{Operator, Test};
use crate::iam::json::{self, Member, Node, Value};

/// Twice the longest document that the IAM API takes (`policyDocumentType` in its service model,
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html>): one that AWS manages,
/// `AWSSupportServiceRolePolicy`, is longer than what it takes from us. White space is not counted. The
/// quotas of each kind of policy are the linter's.
const MAX_SIZE: usize = 262_144;

const DOCUMENT: &[&str] = &["Version", "Id", "Statement"];
const STATEMENT: &[&str] = &[
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
const PRINCIPAL: &[&str] = &["AWS", "Service", "Federated", "CanonicalUser"];

/// Where an error is: the bytes from and to.
type Span = (usize, usize);

struct Parser<'a> {
    text: &'a str,
    errors: Vec<PolicyError>,
    variables: bool,
}

pub(super) fn parse(text: &str) -> Result<Policy, PolicyErrors> {
    let mut parser = Parser { text, errors: Vec::new(), variables: false };
    let policy = parser.document();
    parser.errors.sort_by_key(|error| error.offset);
    match policy {
        Some(policy) if parser.errors.is_empty() => Ok(policy),
        _ => Err(PolicyErrors { errors: parser.errors }),
    }
}

fn span(node: &Node) -> Span {
    (node.span.start, node.span.end)
}

impl Parser<'_> {
    fn error(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        let json::Position { line, column } = json::position(self.text, span.0);
        self.errors.push(PolicyError {
            message: message.into(),
            help,
            line,
            column,
            offset: span.0,
            length: span.1.saturating_sub(span.0),
        });
    }

    fn document(&mut self) -> Option<Policy> {
        let size = self.text.chars().filter(|it| !it.is_whitespace()).take(MAX_SIZE + 1).count();
        if size > MAX_SIZE {
            let message =
                format!("the document has more than {MAX_SIZE} characters without white space");
            let end = self.text.char_indices().filter(|(_, it)| !it.is_whitespace()).nth(MAX_SIZE);
            let at = end.map_or(0, |(at, _)| at);
            self.error(
                (at, at),
                message,
                Some("IAM takes no larger document; split it".to_owned()),
            );
            return None;
        }
        let node = match json::parse(self.text) {
            Ok(node) => node,
            Err(error) => {
                self.error((error.offset, error.offset), error.expected, None);
                return None;
            }
        };
        let members = self.object(&node, "a policy", DOCUMENT)?;
        let version = match find(members, "Version") {
            None => None,
            Some(node) => Some(self.version(node)?),
        };
        self.variables = version == Some(Version::V2012);
        let id = find(members, "Id").and_then(|node| self.string(node, "`Id`"));
        let Some(statement) = find(members, "Statement") else {
            self.error(span(&node), "the policy has no `Statement`", None);
            return None;
        };
        let nodes: &[Node] = match &statement.value {
            Value::Array(nodes) => nodes,
            _ => std::slice::from_ref(statement),
        };
        if nodes.is_empty() {
            // "Arrays can take one or more values."
            self.error(span(statement), "the policy has no statements", None);
        }
        let statements: Vec<Statement> =
            nodes.iter().filter_map(|node| self.statement(node)).collect();
        self.unique_sids(nodes);
        if !self.errors.is_empty() {
            return None;
        }
        match Policy::assemble(version, id, statements) {
            Ok(policy) => Some(policy),
            Err(message) => {
                self.error(span(&node), message, None);
                None
            }
        }
    }

    /// The members of an object, after complaining of unknown and duplicate keys.
    fn object<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<&'n [Member]> {
        let Value::Object(members) = &node.value else {
            self.error(span(node), format!("{what} must be an object, not {}", node.kind()), None);
            return None;
        };
        for (index, member) in members.iter().enumerate() {
            let at = (member.key_span.start, member.key_span.end);
            if !known.is_empty() && !known.contains(&member.key.as_str()) {
                let help = suggest(&member.key, known);
                self.error(
                    at,
                    format!("{what} has no element `{}`", member.key.escape_debug()),
                    help,
                );
            }
            if members.iter().take(index).any(|earlier| earlier.key == member.key) {
                self.error(at, format!("duplicate key `{}`", member.key.escape_debug()), None);
            }
        }
        Some(members)
    }

    fn version(&mut self, node: &Node) -> Option<Version> {
        let help = Some("write `2012-10-17`, or `2008-10-17` for the old language".to_owned());
        match &node.value {
            Value::String(text) if text == "2012-10-17" => Some(Version::V2012),
            Value::String(text) if text == "2008-10-17" => Some(Version::V2008),
            Value::String(text) => {
                let message = format!("there is no version `{}`", text.escape_debug());
                self.error(span(node), message, help);
                None
            }
            _ => {
                self.error(
                    span(node),
                    format!("`Version` must be a string, not {}", node.kind()),
                    help,
                );
                None
            }
        }
    }

    fn string(&mut self, node: &Node, what: &str) -> Option<String> {
        if let Value::String(text) = &node.value {
            return Some(text.clone());
        }
        self.error(span(node), format!("{what} must be a string, not {}", node.kind()), None);
        None
    }

    fn statement(&mut self, node: &Node) -> Option<Statement> {
        let members = self.object(node, "a statement", STATEMENT)?;
        let sid = find(members, "Sid").and_then(|node| self.string(node, "`Sid`"));
        let effect = self.effect(node, members);
        let principal =
            self.either(members, "Principal", |parser, node, _| parser.principals(node));
        let action = self.either(members, "Action", |parser, node, name| {
            parser.strings(node, name, |_, text| {
                let help = "write `service:Name`, such as `s3:GetObject`, or `*`";
                compiled::action(text)
                    .map(|_| ())
                    .map_err(|message| (message, Some(help.to_owned())))
            })
        });
        if action.is_none()
            && !members.iter().any(|it| matches!(it.key.as_str(), "Action" | "NotAction"))
        {
            self.error(span(node), "the statement has neither `Action` nor `NotAction`", None);
        }
        let variables = self.variables;
        let resource = self.either(members, "Resource", |parser, node, name| {
            parser.strings(node, name, |_, text| {
                let help = "write `arn:partition:service:region:account:resource`, or `*`";
                compiled::resource(text, variables)
                    .map(|_| ())
                    .map_err(|message| (message, Some(help.to_owned())))
            })
        });
        let conditions =
            find(members, "Condition").map_or(Some(Vec::new()), |it| self.conditions(it));
        Some(Statement {
            sid,
            effect: effect?,
            principal,
            action: action?,
            resource,
            conditions: conditions?,
        })
    }

    fn effect(&mut self, node: &Node, members: &[Member]) -> Option<Effect> {
        let Some(effect) = find(members, "Effect") else {
            self.error(span(node), "the statement has no `Effect`", None);
            return None;
        };
        match &effect.value {
            Value::String(text) if text == "Allow" => Some(Effect::Allow),
            Value::String(text) if text == "Deny" => Some(Effect::Deny),
            _ => {
                self.error(span(effect), "`Effect` must be `Allow` or `Deny`", None);
                None
            }
        }
    }

    /// An element or its `Not…` form, which exclude each other.
    fn either<T>(
        &mut self,
        members: &[Member],
        name: &str,
        mut read: impl FnMut(&mut Self, &Node, &str) -> Option<T>,
    ) -> Option<Element<T>> {
        let not = format!("Not{name}");
        let only = find(members, name);
        let all_but = find(members, &not);
        if let (Some(_), Some(node)) = (only, all_but) {
            let message = format!("the statement has both `{name}` and `{not}`");
            self.error(span(node), message, Some("keep one of them".to_owned()));
        }
        match (only, all_but) {
            (Some(node), _) => read(self, node, &format!("`{name}`")).map(Element::Only),
            (None, Some(node)) => read(self, node, &format!("`{not}`")).map(Element::AllBut),
            (None, None) => None,
        }
    }

    /// A string or a list of strings.
    fn strings(
        &mut self,
        node: &Node,
        what: &str,
        check: impl Fn(usize, &str) -> Result<(), (String, Option<String>)>,
    ) -> Option<Vec<String>> {
        let nodes = match &node.value {
            Value::Array(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        if nodes.is_empty() {
            self.error(span(node), format!("{what} is an empty list"), None);
            return None;
        }
        let mut texts = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            let Value::String(text) = &node.value else {
                let kind = node.kind();
                let message = format!("{what} must be a string or a list of strings, not {kind}");
                self.error(span(node), message, None);
                continue;
            };
            if let Err((message, help)) = check(index, text) {
                self.error(span(node), message, help);
            }
            texts.push(text.clone());
        }
        Some(texts)
    }

    fn principals(&mut self, node: &Node) -> Option<Principals> {
        if let Value::String(text) = &node.value {
            if text == "*" {
                return Some(Principals { everyone: true, ..Principals::default() });
            }
            let help = format!("write `{{\"AWS\": \"{}\"}}`", text.escape_debug());
            self.error(span(node), "`Principal` must be `*` or an object", Some(help));
            return None;
        }
        let members = self.object(node, "a principal", PRINCIPAL)?;
        let mut principals = Principals::default();
        if members.is_empty() {
            self.error(span(node), "the principal names nobody", None);
        }
        for member in members {
            let key = member.key.as_str();
            let names = self.strings(&member.value, &format!("`{key}`"), |_, name| {
                let help = (key == "AWS").then(|| {
                    "name an account, a user, a role or a session in full, or write `*`".to_owned()
                });
                compiled::check_principal(key, name).map_err(|message| (message, help))
            });
            let place = match key {
                "AWS" => &mut principals.aws,
                "Service" => &mut principals.service,
                "Federated" => &mut principals.federated,
                "CanonicalUser" => &mut principals.canonical_user,
                _ => continue,
            };
            *place = names.unwrap_or_default();
        }
        Some(principals)
    }

    fn conditions(&mut self, node: &Node) -> Option<Vec<Condition>> {
        let operators = self.object(node, "a condition", &[])?;
        let mut conditions = Vec::new();
        for member in operators {
            let Some((set, operator, if_exists)) = Operator::parse(&member.key) else {
                let names: Vec<&str> = Operator::ALL.iter().map(|it| it.name()).collect();
                let message =
                    format!("there is no condition operator `{}`", member.key.escape_debug());
                self.error(
                    (member.key_span.start, member.key_span.end),
                    message,
                    suggest(&member.key, &names),
                );
                continue;
            };
            let Some(keys) = self.object(&member.value, "a condition operator", &[]) else {
                continue;
            };
            for (index, member) in keys.iter().enumerate() {
                let key = member.key.clone();
                let earlier = keys.iter().take(index);
                if key.is_empty() {
                    self.error(
                        (member.key_span.start, member.key_span.end),
                        "the condition key is empty",
                        None,
                    );
                } else if earlier
                    .filter(|it| it.key != member.key)
                    .any(|it| it.key.eq_ignore_ascii_case(&key))
                {
                    let message = format!(
                        "duplicate condition key `{}` (case does not matter)",
                        key.escape_debug()
                    );
                    self.error((member.key_span.start, member.key_span.end), message, None);
                }
                let Some((values, spans)) = self.values(&member.value) else { continue };
                if let Err(error) =
                    Test::new(set, operator, if_exists, &key, &values, self.variables)
                {
                    let at = spans.get(error.value).copied().unwrap_or_else(|| span(&member.value));
                    self.error(at, error.message, None);
                }
                conditions.push(Condition { set, operator, if_exists, key, values });
            }
        }
        Some(conditions)
    }

    /// A condition's values: strings, numbers and booleans, one or a list.
    fn values(&mut self, node: &Node) -> Option<(Vec<String>, Vec<Span>)> {
        let nodes = match &node.value {
            Value::Array(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut values = Vec::with_capacity(nodes.len());
        for node in nodes {
            values.push(match &node.value {
                Value::String(text) | Value::Number(text) => text.clone(),
                Value::Bool(value) => value.to_string(),
                _ => {
                    let message = format!(
                        "a condition's value must be a string, a number or a boolean, not {}",
                        node.kind()
                    );
                    self.error(span(node), message, None);
                    return None;
                }
            });
        }
        Some((values, nodes.iter().map(span).collect()))
    }

    /// "The Sid value must be unique within a JSON policy."
    fn unique_sids(&mut self, statements: &[Node]) {
        let mut seen: Vec<String> = Vec::new();
        for statement in statements {
            let Value::Object(members) = &statement.value else { continue };
            let Some(node) = find(members, "Sid") else { continue };
            let Value::String(sid) = &node.value else { continue };
            if sid.is_empty() {
                continue;
            }
            if seen.iter().any(|earlier| earlier == sid) {
                let message = format!("two statements have the id `{}`", sid.escape_debug());
                self.error(span(node), message, None);
            }
            seen.push(sid.clone());
        }
    }
}

fn find<'n>(members: &'n [Member], key: &str) -> Option<&'n Node> {
    members.iter().find(|member| member.key == key).map(|member| &member.value)
}

fn suggest(found: &str, known: &[&str]) -> Option<String> {
    let found = found.to_ascii_lowercase();
    known
        .iter()
        .map(|known| (strsim::jaro_winkler(&found, &known.to_ascii_lowercase()), known))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, known)| format!("did you mean `{known}`?"))
}
