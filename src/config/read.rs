//! Walks a file along the grammar: every key known, every value of the right kind and shape.

use super::error::{ConfigError, Text, quoted};
use super::grammar::{Absent, Key, Section, Shape};
use super::rules::Rule;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Something and where it stands.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub value: T,
    pub span: Range<usize>,
}

/// A value that passed its rule.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(At<String>),
    Number(At<i64>),
    Switch(bool),
    Texts(Vec<At<String>>),
    Map(Vec<(At<String>, At<String>)>),
    Table(Table),
    Tables(Vec<Table>),
}

/// A table whose keys are known.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    /// Where it starts.
    pub span: Range<usize>,
    /// Its values, by key.
    pub nodes: BTreeMap<&'static str, Node>,
    /// Keys that are there but wrong: they are not missing, and nothing more is said of them. A list or a map of
    /// which only some elements are wrong has the others.
    pub wrong: Vec<&'static str>,
}

impl Table {
    pub fn text(&self, key: &str) -> Option<&At<String>> {
        match self.nodes.get(key) {
            Some(Node::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub fn number(&self, key: &str) -> Option<i64> {
        match self.nodes.get(key) {
            Some(Node::Number(number)) => Some(number.value),
            _ => None,
        }
    }

    pub fn switch(&self, key: &str) -> bool {
        matches!(self.nodes.get(key), Some(Node::Switch(true)))
    }

    pub fn texts(&self, key: &str) -> &[At<String>] {
        match self.nodes.get(key) {
            Some(Node::Texts(texts)) => texts,
            _ => &[],
        }
    }

    pub fn map(&self, key: &str) -> &[(At<String>, At<String>)] {
        match self.nodes.get(key) {
            Some(Node::Map(map)) => map,
            _ => &[],
        }
    }

    pub fn table(&self, key: &str) -> Option<&Table> {
        match self.nodes.get(key) {
            Some(Node::Table(table)) => Some(table),
            _ => None,
        }
    }

    pub fn tables(&self, key: &str) -> &[Table] {
        match self.nodes.get(key) {
            Some(Node::Tables(tables)) => tables,
            _ => &[],
        }
    }
}

/// Reads a file, noting every problem.
pub(super) struct Reader<'a> {
    pub text: &'a Text,
    pub errors: Vec<ConfigError>,
}

impl Reader<'_> {
    pub fn error(&mut self, error: ConfigError) {
        self.errors.push(error);
    }

    /// Reads a table; `path` is how the user would name it: `source`, or nothing for the file.
    pub fn table(
        &mut self,
        section: &'static Section,
        table: &DeTable<'_>,
        span: Range<usize>,
        path: &str,
    ) -> Table {
        let mut read = Table { span, ..Table::default() };
        for (name, value) in table {
            let Some(key) = section.key(name.get_ref()) else {
                // The key that was meant is not missing, only misspelt.
                read.wrong.extend(self.unknown(section, name, path));
                continue;
            };
            let path =
                if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
            match self.node(key, value, &path) {
                Some(node) => {
                    read.nodes.insert(key.name, node);
                }
                None => read.wrong.push(key.name),
            }
        }
        read
    }

    fn unknown(
        &mut self,
        section: &'static Section,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        path: &str,
    ) -> Option<&'static str> {
        let place = if path.is_empty() { String::new() } else { format!(" in `{path}`") };
        let known: Vec<&str> = section.keys().map(|key| key.name).collect();
        let near = closest(name.get_ref(), &known);
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("keys{place} are: {}", listed(&known)),
        };
        let message = format!("unknown key {}{place}", quoted(name.get_ref()));
        self.error(ConfigError::new(self.text, &name.span(), message).help(help));
        near
    }

    fn node(
        &mut self,
        key: &'static Key,
        value: &Spanned<DeValue<'_>>,
        path: &str,
    ) -> Option<Node> {
        let span = value.span();
        match (key.shape, value.get_ref()) {
            (Shape::Text(rule), DeValue::String(text)) => {
                self.rule(rule, text, &span).map(Node::Text)
            }
            (Shape::Choice { words, or }, DeValue::String(text)) => {
                self.choice(path, words, or, text, &span).map(Node::Text)
            }
            (Shape::Number { min, max }, DeValue::Integer(number)) => {
                let digits = number.as_str().replace('_', "");
                match i64::from_str_radix(&digits, number.radix()) {
                    Ok(number) if (min..=max).contains(&number) => {
                        Some(Node::Number(At { value: number, span }))
                    }
                    _ => {
                        let message = format!("`{path}` is out of range");
                        let help = format!("write a number from {min} to {max}");
                        self.error(ConfigError::new(self.text, &span, message).help(help));
                        None
                    }
                }
            }
            (Shape::Switch, DeValue::Boolean(value)) => Some(Node::Switch(*value)),
            (Shape::Texts(rule), DeValue::Array(items)) => {
                // What is wrong with one hides nothing of the others.
                let mut texts = Vec::new();
                for item in items {
                    match item.get_ref() {
                        DeValue::String(text) => {
                            texts.extend(self.rule(rule, text, &item.span()));
                        }
                        other => {
                            self.kind(path, "a list of texts in quotes", other, &item.span(), key);
                        }
                    }
                }
                // Nothing is to follow from a list that is empty only because all of it is wrong.
                (items.is_empty() || !texts.is_empty()).then_some(Node::Texts(texts))
            }
            (Shape::Map { key: key_rule, value: value_rule, max }, DeValue::Table(table)) => {
                Some(Node::Map(self.map(path, key_rule, value_rule, max, table, &span)))
            }
            (Shape::Table(section), DeValue::Table(table)) => {
                Some(Node::Table(self.table(section, table, span, path)))
            }
            (Shape::Tables(section), DeValue::Array(items)) => {
                let mut tables = Vec::new();
                for item in items {
                    match item.get_ref() {
                        DeValue::Table(table) => {
                            tables.push(self.table(section, table, item.span(), path));
                        }
                        other => self.kind(path, "a list of tables", other, &item.span(), key),
                    }
                }
                Some(Node::Tables(tables))
            }
            (shape, other) => {
                let wanted = match shape {
                    Shape::Text(_) | Shape::Choice { .. } => "text in quotes",
                    Shape::Number { .. } => "a whole number",
                    Shape::Switch => "`true` or `false`",
                    Shape::Texts(_) => "a list of texts in quotes",
                    Shape::Map { .. } | Shape::Table(_) => "a table",
                    Shape::Tables(_) => "a list of tables",
                };
                self.kind(path, wanted, other, &span, key);
                None
            }
        }
    }

    fn kind(
        &mut self,
        path: &str,
        wanted: &str,
        found: &DeValue<'_>,
        span: &Range<usize>,
        key: &Key,
    ) {
        let name = path.rsplit('.').next().unwrap_or(path);
        let help = match key.shape {
            Shape::Table(_) => format!("write it as a table: `[{path}]`"),
            Shape::Tables(_) => format!("write each as a table: `[[{path}]]`"),
            _ => format!("write `{name} = {}`", key.example),
        };
        let message = format!("`{path}` must be {wanted}, not {}", kind_of(found));
        self.error(ConfigError::new(self.text, span, message).help(help));
    }

    fn rule(&mut self, rule: &'static Rule, text: &str, span: &Range<usize>) -> Option<At<String>> {
        match rule.check(text) {
            Ok(()) => Some(At { value: text.to_owned(), span: span.clone() }),
            Err(problem) => {
                let message = format!("{} {} {problem}", rule.noun, quoted(text));
                let help = format!("{}; see {}", rule.what, rule.source);
                self.error(ConfigError::new(self.text, span, message).help(help));
                None
            }
        }
    }

    fn choice(
        &mut self,
        path: &str,
        words: &[&str],
        or: Option<&'static Rule>,
        text: &str,
        span: &Range<usize>,
    ) -> Option<At<String>> {
        if words.contains(&text) {
            return Some(At { value: text.to_owned(), span: span.clone() });
        }
        if let Some(rule) = or
            && text.starts_with("arn:")
        {
            return self.rule(rule, text, span);
        }
        let name = path.rsplit('.').next().unwrap_or(path);
        let help = match (closest(text, words), or) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(rule)) => rule.what.to_owned(),
            (None, None) => format!("write one of {}", listed(words)),
        };
        let message = format!("unknown {name} {}", quoted(text));
        self.error(ConfigError::new(self.text, span, message).help(help));
        None
    }

    fn map(
        &mut self,
        path: &str,
        key_rule: &'static Rule,
        value_rule: &'static Rule,
        max: usize,
        table: &DeTable<'_>,
        span: &Range<usize>,
    ) -> Vec<(At<String>, At<String>)> {
        let mut map = Vec::new();
        for (name, value) in table {
            let key = self.rule(key_rule, name.get_ref(), &name.span());
            let value = match value.get_ref() {
                DeValue::String(text) => self.rule(value_rule, text, &value.span()),
                other => {
                    let name = quoted(&format!("{path}.{}", name.get_ref()));
                    let message = format!("{name} must be text in quotes, not {}", kind_of(other));
                    let help = "put the value in quotes".to_owned();
                    self.error(ConfigError::new(self.text, &value.span(), message).help(help));
                    None
                }
            };
            if let (Some(key), Some(value)) = (key, value) {
                map.push((key, value));
            }
        }
        if table.len() > max {
            let message = format!("`{path}` has {} entries", table.len());
            let help = format!("at most {max} fit");
            self.error(ConfigError::new(self.text, span, message).help(help));
        }
        map
    }
}

/// Puts a pipeline's own keys over the file's.
pub(super) fn over(section: &'static Section, own: &Table, file: &Table) -> Table {
    let mut merged = own.clone();
    for (name, node) in &file.nodes {
        let excluded = section.one_of.iter().any(|group| {
            group.contains(name) && group.iter().any(|other| own.nodes.contains_key(other))
        });
        if *name == "pipelines" || own.wrong.contains(name) || excluded {
            continue;
        }
        let below = section.key(name).map(|key| key.shape);
        match (merged.nodes.get_mut(name), node, below) {
            (Some(Node::Table(mine)), Node::Table(theirs), Some(Shape::Table(section))) => {
                *mine = over(section, mine, theirs);
            }
            (Some(Node::Map(mine)), Node::Map(theirs), _) => {
                let kept: Vec<_> = theirs
                    .iter()
                    .filter(|(key, _)| mine.iter().all(|(other, _)| other.value != key.value))
                    .cloned()
                    .collect();
                mine.extend(kept);
            }
            (None, node, _) => {
                merged.nodes.insert(name, node.clone());
            }
            (Some(_), _, _) => {}
        }
    }
    merged.wrong.extend(file.wrong.iter().filter(|name| !own.nodes.contains_key(*name)));
    merged
}

/// Fills in what was left out, and notes what must not be.
pub(super) fn complete(
    reader: &mut Reader<'_>,
    section: &'static Section,
    table: &mut Table,
    path: &str,
) {
    let place = if path.is_empty() { String::new() } else { format!(" in `{path}`") };
    for key in section.keys() {
        if table.wrong.contains(&key.name) {
            continue;
        }
        let nobody = table.span.end..table.span.end;
        match (table.nodes.get_mut(key.name), key.shape, key.absent) {
            (Some(Node::Table(below)), Shape::Table(section), _) => {
                complete(reader, section, below, key.name);
            }
            (Some(Node::Tables(all)), Shape::Tables(section), _) => {
                for below in all {
                    complete(reader, section, below, key.name);
                }
            }
            (None, Shape::Table(section), Absent::Fine) => {
                // A table that may be left out stands for its defaults, unless it demands a key.
                if section.keys().all(|key| !matches!(key.absent, Absent::Refused)) {
                    let mut below = Table { span: nobody, ..Table::default() };
                    complete(reader, section, &mut below, key.name);
                    table.nodes.insert(key.name, Node::Table(below));
                }
            }
            (None, _, Absent::Text(text)) => {
                let node = Node::Text(At { value: text.to_owned(), span: nobody });
                table.nodes.insert(key.name, node);
            }
            (None, _, Absent::Number(value)) => {
                table.nodes.insert(key.name, Node::Number(At { value, span: nobody }));
            }
            (None, shape, Absent::Refused) => {
                let help = if matches!(shape, Shape::Table(_)) {
                    format!("add a table: `[{}]`", key.name)
                } else {
                    format!("write `{} = {}`", key.name, key.example)
                };
                let message = format!("`{}` is missing{place}", key.name);
                reader.error(ConfigError::new(reader.text, &table.span, message).help(help));
            }
            (Some(_), ..) | (None, _, Absent::Fine | Absent::False | Absent::Derived(_)) => {}
        }
    }
    for group in section.one_of {
        exactly_one(reader, group, table, &place);
    }
}

fn exactly_one(reader: &mut Reader<'_>, group: &[&str], table: &Table, place: &str) {
    let given: Vec<&At<String>> = group.iter().filter_map(|name| table.text(name)).collect();
    let names = group.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
    match given.as_slice() {
        [] if group.iter().all(|name| !table.wrong.contains(name)) => {
            let message = format!("{names} is missing{place}");
            let help = format!("write one of {names}");
            reader.error(ConfigError::new(reader.text, &table.span, message).help(help));
        }
        [first, second, ..] => {
            let message = format!("only one of {names} can be given{place}");
            let error = ConfigError::new(reader.text, &second.span, message)
                .and_at(&first.span, "the other one")
                .help("take one of them away");
            reader.error(error);
        }
        _ => {}
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The word that the user may have meant.
pub(super) fn closest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    known
        .iter()
        .map(|word| (strsim::jaro_winkler(&typed, word), *word))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, word)| word)
}

pub(super) fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
