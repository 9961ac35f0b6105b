//! Policy values with the module's variables in place of this pipeline's names.
//!
//! The model's policies hold whole ARNs. A module that repeated them would fit one account and one
//! set of names only; so each part of an ARN that a variable of the module carries is written as
//! that variable. With the variables' values put back, the text is the model's again, letter for
//! letter, and the generated module's own tests show it.

use super::hcl;

/// A text that a policy may hold, and the expression that gives it in the module.
#[derive(Debug, Clone)]
struct Name {
    /// The service (`s3`) or the service and the kind of resource (`glue:table`) that it belongs to.
    scope: &'static str,
    literal: String,
    expression: String,
}

/// What stands for what in the policies of one module.
#[derive(Debug, Clone, Default)]
pub struct Substitutions {
    /// Whole ARNs, which may be followed by `/` and more.
    arns: Vec<Name>,
    /// Parts of the resource in an ARN, and values of conditions on object keys.
    names: Vec<Name>,
    partition: Option<Name>,
    region: Option<Name>,
    account: Option<Name>,
}

/// A piece of a value: as it is, or an expression.
#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Text(&'a str),
    Expression(&'a str),
}

impl Substitutions {
    /// The account, region and partition of the pipeline, as the variables of that name.
    #[must_use]
    pub fn new(partition: &str, region: &str, account: &str) -> Self {
        let name = |literal: &str, expression: &str| {
            Some(Name { scope: "", literal: literal.to_owned(), expression: expression.to_owned() })
        };
        Self {
            arns: Vec::new(),
            names: Vec::new(),
            partition: name(partition, "var.partition"),
            region: name(region, "var.region"),
            account: name(account, "var.account_id"),
        }
    }

    /// An ARN that an expression gives.
    #[must_use]
    pub fn arn(mut self, literal: impl Into<String>, expression: &str) -> Self {
        self.arns.push(Name {
            scope: "",
            literal: literal.into(),
            expression: expression.to_owned(),
        });
        self
    }

    /// A name that a variable gives, within a service (`s3`) or one of its kinds of resource
    /// (`glue:table`), since the database and the crawler may well bear the same name. An empty name
    /// stands nowhere and is left out.
    #[must_use]
    pub fn name(
        mut self,
        scope: &'static str,
        literal: impl Into<String>,
        expression: &str,
    ) -> Self {
        let literal = literal.into();
        if !literal.is_empty() {
            self.names.push(Name { scope, literal, expression: expression.to_owned() });
            // The longest name that fits is meant: `lake_staging` before `lake`.
            self.names.sort_by_key(|name| std::cmp::Reverse(name.literal.len()));
        }
        self
    }

    /// The HCL expression of a policy's value.
    #[must_use]
    pub fn expression(&self, value: &str) -> String {
        let mut pieces = Vec::new();
        self.pieces(value, &mut pieces);
        if let [Piece::Expression(only)] = pieces.as_slice() {
            return (*only).to_owned();
        }
        let mut text = "\"".to_owned();
        for piece in pieces {
            match piece {
                Piece::Text(literal) => text.push_str(&hcl::escape(literal)),
                Piece::Expression(expression) => {
                    text.push_str("${");
                    text.push_str(expression);
                    text.push('}');
                }
            }
        }
        text.push('"');
        text
    }

    fn pieces<'a>(&'a self, value: &'a str, pieces: &mut Vec<Piece<'a>>) {
        for arn in &self.arns {
            if let Some(rest) = value.strip_prefix(arn.literal.as_str())
                && (rest.is_empty() || rest.starts_with('/'))
            {
                pieces.push(Piece::Expression(&arn.expression));
                if let Some(path) = rest.strip_prefix('/') {
                    pieces.push(Piece::Text("/"));
                    self.names_in("s3", path, pieces);
                }
                return;
            }
        }
        let mut parts = value.splitn(6, ':');
        if let (
            Some("arn"),
            Some(partition),
            Some(service),
            Some(region),
            Some(account),
            Some(resource),
        ) = (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        {
            pieces.push(Piece::Text("arn:"));
            pieces.push(whole(partition, self.partition.as_ref()));
            pieces.push(Piece::Text(":"));
            pieces.push(Piece::Text(service));
            pieces.push(Piece::Text(":"));
            pieces.push(whole(region, self.region.as_ref()));
            pieces.push(Piece::Text(":"));
            pieces.push(whole(account, self.account.as_ref()));
            pieces.push(Piece::Text(":"));
            // The first word of a resource, such as `table` or `cluster-snapshot`, is AWS's and no name.
            match resource.find([':', '/']) {
                Some(end) if service != "s3" => {
                    let (kind, rest) = resource.split_at(end + 1);
                    pieces.push(Piece::Text(kind));
                    let scope = format!("{service}:{}", kind.trim_end_matches([':', '/']));
                    self.names_in(&scope, rest, pieces);
                }
                _ => pieces.push(Piece::Text(resource)),
            }
            return;
        }
        if let Some(account) = self.account.as_ref().filter(|account| account.literal == value) {
            pieces.push(Piece::Expression(&account.expression));
            return;
        }
        // `s3.ap-northeast-1.amazonaws.com`, the value of kms:ViaService.
        if let Some(region) = &self.region
            && let Some((service, rest)) = value.split_once('.')
            && let Some(suffix) = rest.strip_prefix(region.literal.as_str())
            && suffix.starts_with(".amazonaws.")
        {
            pieces.push(Piece::Text(service));
            pieces.push(Piece::Text("."));
            pieces.push(Piece::Expression(&region.expression));
            pieces.push(Piece::Text(suffix));
            return;
        }
        self.names_in("s3", value, pieces);
    }

    /// Names that stand at the start of the text or after a separator, and end where the text does or
    /// before a separator.
    fn names_in<'a>(&'a self, scope: &str, text: &'a str, pieces: &mut Vec<Piece<'a>>) {
        let mut rest = text;
        let mut plain = 0;
        let mut at_start = true;
        while let Some(here) = rest.get(plain..).filter(|here| !here.is_empty()) {
            let found = if at_start { self.name_at(scope, here) } else { None };
            if let Some(name) = found {
                let (before, after) = rest.split_at(plain);
                if !before.is_empty() {
                    pieces.push(Piece::Text(before));
                }
                pieces.push(Piece::Expression(&name.expression));
                rest = after.get(name.literal.len()..).unwrap_or_default();
                plain = 0;
                at_start = false;
            } else {
                let character = here.chars().next().unwrap_or_default();
                at_start = matches!(character, '/' | ':');
                plain += character.len_utf8();
            }
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest));
        }
    }

    fn name_at(&self, scope: &str, text: &str) -> Option<&Name> {
        let service = scope.split_once(':').map_or(scope, |(service, _)| service);
        let mut names =
            self.names.iter().filter(|name| name.scope == scope || name.scope == service);
        names.find(|name| {
            text.strip_prefix(name.literal.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':', '-', '*', '?']))
        })
    }
}

fn whole<'a>(value: &'a str, name: Option<&'a Name>) -> Piece<'a> {
    match name {
        Some(name) if name.literal == value => Piece::Expression(&name.expression),
        _ => Piece::Text(value),
    }
}

#[cfg(test)]
mod tests {
    use super::Substitutions;

    fn substitutions() -> Substitutions {
        Substitutions::new("aws", "eu-west-1", "123456789012")
            .arn("arn:aws:s3:::lake", "var.bucket_arn")
            .name("glue", "lake", "var.database")
            .name("glue:table", "lake_staging", "var.staging_database")
            .name("s3", "exports", "var.prefix")
    }

    #[test]
    fn parts_that_variables_carry_become_variables() {
        for (value, expected) in [
            ("arn:aws:s3:::lake", "var.bucket_arn"),
            ("arn:aws:s3:::lake/exports/*", "\"${var.bucket_arn}/${var.prefix}/*\""),
            ("arn:aws:s3:::lake-other/x", "\"arn:${var.partition}:s3:::lake-other/x\""),
            (
                "arn:aws:glue:eu-west-1:123456789012:table/lake_staging/*",
                "\"arn:${var.partition}:glue:${var.region}:${var.account_id}:table/${var.staging_database}/*\"",
            ),
            ("123456789012", "var.account_id"),
            ("s3.eu-west-1.amazonaws.com", "\"s3.${var.region}.amazonaws.com\""),
            ("exports/*", "\"${var.prefix}/*\""),
            ("${aws:username}", "\"$${aws:username}\""),
            ("*", "\"*\""),
        ] {
            assert_eq!(substitutions().expression(value), expected, "{value}");
        }
    }

    #[test]
    fn a_name_equal_to_a_word_of_aws_replaces_no_word_of_aws() {
        let substitutions = Substitutions::new("aws", "eu-west-1", "123456789012").name(
            "glue",
            "table",
            "var.database",
        );
        assert_eq!(
            substitutions.expression("arn:aws:glue:eu-west-1:1:table/table/*"),
            "\"arn:${var.partition}:glue:${var.region}:1:table/${var.database}/*\""
        );
    }
}
