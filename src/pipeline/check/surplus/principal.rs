//! Who statements let in, against who needs it: trust policies, and the policies of bucket and key.

use super::{Entry, Judge, Part, Place, SurplusKind};
use crate::iam::{Condition, Effect, Element, Operator, Principals, SetOperator, Statement};
use crate::pipeline::check::Setup;
use crate::pipeline::{KeyChoice, Pipeline, PrincipalKind, Trusted};

const TRUST: &str = "it says who may take the role";
const DELEGATES: &str = "it leaves the decision to the account's own policies";
const OTHERS: &str = "it is for others than the pipeline's principals";

/// A trust policy's statement, against those who are to take the role. Who else may take a role that
/// was there before is its owner's matter, as long as not everyone may.
pub(super) fn trust(pipeline: &Pipeline, kind: PrincipalKind, statement: &Statement) -> Entry {
    if statement.effect == Effect::Deny {
        return Entry::Exempt("it denies");
    }
    let principals = match &statement.principal {
        None => return Entry::Exempt(TRUST),
        Some(Element::AllBut(_)) => return negated(),
        Some(Element::Only(principals)) => principals,
    };
    let wanted = match pipeline.principal(kind).trusted {
        Trusted::Service(service) => vec![service.to_owned()],
        Trusted::Arns(arns) => arns,
    };
    if pinned(&statement.conditions, &wanted) {
        return Entry::Exempt(TRUST);
    }
    let by_owner = pipeline.existing_role(kind).is_some();
    let surplus = |principal: &str| {
        if wanted.iter().any(|it| same(it, principal)) {
            return None;
        }
        let everyone = principal == "*";
        let open = everyone && !closed(&statement.conditions);
        let needed: Vec<String> = wanted
            .iter()
            .filter(|it| everyone || account(principal).is_some_and(|of| account_in(it) == of))
            .cloned()
            .collect();
        let wide = everyone || !needed.is_empty();
        let principal = principal.to_owned();
        match (wide, by_owner && !open) {
            (true, owners) if !(owners && everyone) => {
                Some(SurplusKind::WidePrincipal { principal, open, needed })
            }
            (false, false) => Some(SurplusKind::Principal { principal, elsewhere: false }),
            _ => None,
        }
    };
    let found: Vec<_> = listed(principals).filter_map(surplus).collect();
    if found.is_empty() { Entry::Exempt(TRUST) } else { Entry::Only(found) }
}

/// A principal of the bucket's or the key's policy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Everyone,
    /// The account that owns bucket or key.
    Owner,
    /// Another account, that of a role of the pipeline.
    Account,
    Own(PrincipalKind),
    Other,
}

pub(super) fn who(pipeline: &Pipeline, setup: &Setup, place: Place, principal: &str) -> Who {
    if principal == "*" {
        return Who::Everyone;
    }
    let own = setup.roles.iter().find(|(_, role)| role.arn == principal);
    if let Some((kind, _)) = own {
        return Who::Own(*kind);
    }
    let owner = match place {
        Place::Key => pipeline.key_account(),
        Place::Bucket | Place::Identity(..) => pipeline.bucket_account(),
    };
    match account(principal) {
        Some(of) if of == owner => Who::Owner,
        Some(of) if setup.roles.values().any(|role| account_in(&role.arn) == of) => Who::Account,
        _ => Who::Other,
    }
}

impl Judge<'_> {
    /// A statement of the bucket's or the key's policy that allows, as it stands. What Terraform makes is
    /// the pipeline's alone. A bucket or key that was there before serves others, too: a statement that
    /// names none of the pipeline's roles is theirs, unless it lets in everyone.
    pub(super) fn entry(&self, part: &Part<'_>, statement: &Statement) -> Entry {
        let all = part.kinds.clone();
        let principals = match &statement.principal {
            None => return Entry::Judge(Vec::new(), all),
            Some(Element::AllBut(_)) => return negated(),
            Some(Element::Only(principals)) => principals,
        };
        let roles: Vec<String> = self.setup.roles.values().map(|role| role.arn.clone()).collect();
        if pinned(&statement.conditions, &roles) {
            return Entry::Judge(Vec::new(), all);
        }
        let named: Vec<(&str, Who)> = listed(principals)
            .map(|it| (it, who(self.pipeline, self.setup, part.place, it)))
            .collect();
        let owner = named.iter().any(|(_, who)| *who == Who::Owner);
        let ours: Vec<PrincipalKind> = named
            .iter()
            .filter_map(|(_, who)| if let Who::Own(kind) = who { Some(*kind) } else { None })
            .collect();
        let existing = match part.place {
            Place::Bucket => self.pipeline.existing.bucket,
            Place::Key => self.pipeline.lake.key != KeyChoice::Create,
            Place::Identity(..) => false,
        };
        let dependents = self.dependents.get(&(part.place, part.index));
        let mut found = Vec::new();
        let (mut others, mut wide) = (false, false);
        for (text, who) in &named {
            let principal = (*text).to_owned();
            match who {
                Who::Own(kind) if named.len() > 1 => {
                    let own = Part { kinds: vec![*kind], ..*part };
                    let actions = statement.action.listed();
                    if self.needless(part, text)
                        && let Some(elsewhere) = self.elsewhere(&own, actions, part.resources())
                    {
                        found.push(SurplusKind::Principal { principal, elsewhere });
                    }
                }
                Who::Owner | Who::Own(_) => {}
                Who::Everyone | Who::Account => {
                    let open = *who == Who::Everyone && !closed(&statement.conditions);
                    let needed: Vec<String> = dependents
                        .into_iter()
                        .flatten()
                        .filter_map(|kind| self.setup.roles.get(kind))
                        .map(|role| role.arn.clone())
                        .collect();
                    if *who == Who::Everyone && !open && existing && needed.is_empty() {
                        others = true;
                        continue;
                    }
                    wide = true;
                    found.push(SurplusKind::WidePrincipal { principal, open, needed });
                }
                Who::Other if existing && ours.is_empty() => others = true,
                Who::Other => found.push(SurplusKind::Principal { principal, elsewhere: false }),
            }
        }
        if !owner && !wide && !ours.is_empty() {
            return Entry::Judge(found, ours);
        }
        match (found.is_empty(), others) {
            (false, _) => Entry::Only(found),
            (true, true) => Entry::Exempt(OTHERS),
            (true, false) => Entry::Exempt(DELEGATES),
        }
    }

    /// Whether every need stays allowed when a statement does not name a principal any more.
    fn needless(&self, part: &Part<'_>, principal: &str) -> bool {
        let Some(Element::Only(principals)) = &part.statement.principal else { return false };
        let mut rest = principals.clone();
        rest.aws.retain(|it| it != principal);
        let changed = Statement { principal: Some(Element::Only(rest)), ..part.statement.clone() };
        self.harmless(part, Some(&changed))
    }
}

fn negated() -> Entry {
    Entry::Only(vec![SurplusKind::Negated { element: "NotPrincipal" }])
}

/// Every principal as it stands.
pub(super) fn listed(principals: &Principals) -> impl Iterator<Item = &str> {
    let everyone = principals.everyone.then_some("*");
    let named =
        [&principals.aws, &principals.service, &principals.federated, &principals.canonical_user];
    everyone.into_iter().chain(named.into_iter().flatten().map(String::as_str))
}

fn same(one: &str, other: &str) -> bool {
    one == other || account(one).is_some_and(|it| account(other) == Some(it))
}

/// The account that a principal stands for as a whole: its digits, or its root's ARN
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-accounts>).
fn account(principal: &str) -> Option<&str> {
    let digits = principal.len() == 12 && principal.bytes().all(|it| it.is_ascii_digit());
    if digits { Some(principal) } else { principal.strip_suffix(":root")?.rsplit(':').next() }
}

/// The account in a principal's ARN.
fn account_in(arn: &str) -> &str {
    account(arn).or_else(|| arn.split(':').nth(4)).unwrap_or_default()
}

/// Whether conditions let in nobody but these.
pub(super) fn pinned(conditions: &[Condition], arns: &[String]) -> bool {
    conditions.iter().any(|it| {
        it.key.eq_ignore_ascii_case("aws:PrincipalArn")
            && holds_fixed(it)
            && it.values.iter().all(|value| arns.contains(value))
    })
}

/// Whether some condition draws a circle around those who are let in, by a value that is fixed, so that
/// `*` does not mean everyone: the keys by which S3 tells, too, and their like of KMS
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-caller-account>).
fn closed(conditions: &[Condition]) -> bool {
    const FIXED: [&str; 10] = [
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceorgid",
        "aws:userid",
        "kms:calleraccount",
        "s3:dataaccesspointaccount",
    ];
    conditions.iter().any(|it| {
        let key = it.key.to_ascii_lowercase();
        let fixed = |value: &String| match key.as_str() {
            "aws:principalarn" | "aws:sourcearn" => {
                value.split(':').nth(4).is_some_and(|of| !of.is_empty() && !open_ended(of))
            }
            "aws:principalorgpaths" | "aws:sourceorgpaths" => {
                value.split('/').next().is_some_and(|of| !of.is_empty() && !open_ended(of))
            }
            "aws:sourceip" => !value.ends_with("/0"),
            _ => FIXED.contains(&key.as_str()) && !open_ended(value),
        };
        holds_fixed(it) && !it.values.is_empty() && it.values.iter().all(fixed)
    })
}

fn open_ended(value: &str) -> bool {
    value.contains(['*', '?', '$'])
}

/// Whether a condition holds only for requests that carry one of its values.
fn holds_fixed(condition: &Condition) -> bool {
    !condition.if_exists
        && condition.set != Some(SetOperator::ForAllValues)
        && !condition.operator.negated()
        && matches!(
            condition.operator,
            Operator::StringEquals
                | Operator::StringEqualsIgnoreCase
                | Operator::StringLike
                | Operator::ArnEquals
                | Operator::ArnLike
                | Operator::IpAddress
        )
}
