//! The values of conditions: are they what their operator and key take.

use super::checks;
use super::document::{Condition, Effect, Item, Statement};
use super::operator::{Family, Qualifier};
use super::principal::is_service;
use super::region;
use super::variable::{has_variable, has_wildcard, variables};
use super::{Check, Findings};
use base64::Engine as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sensitive>
const SENSITIVE: [&str; 10] = [
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:vpceorgid",
];

pub(super) fn check(
    statement: &Statement<'_>,
    condition: &Condition<'_>,
    findings: &mut Findings<'_>,
) {
    for value in condition.values.iter().filter(|value| !has_variable(value.text)) {
        match condition.operator.family {
            Family::Bool | Family::Null => boolean(condition, value, findings),
            Family::Date => date(value, findings),
            Family::Numeric => number(condition, value, findings),
            Family::Binary => binary(condition, value, findings),
            Family::IpAddress => address(condition, value, findings),
            Family::String | Family::Arn => {}
        }
    }
    if matches!(condition.operator.family, Family::Bool | Family::Null)
        && condition.values.len() > 1
    {
        let at = (&condition.values_span, condition.key.path.as_str());
        let message = "a Boolean condition takes one value";
        findings.add(&checks::INVALID_CONDITION_MULTIPLE_BOOLEAN, at, message, None);
    }
    private(condition, findings);
    bounds(condition, findings);
    wildcards(statement, condition, findings);
    by_key(condition, findings);
}

fn boolean(condition: &Condition<'_>, value: &Item<'_>, findings: &mut Findings<'_>) {
    if !value.text.eq_ignore_ascii_case("true") && !value.text.eq_ignore_ascii_case("false") {
        let message = format!(
            "`{}` takes `true` or `false`, not `{}`",
            condition.operator_text.escape_debug(),
            value.text.escape_debug()
        );
        findings.add(&checks::TYPE_MISMATCH_BOOLEAN, value.at(), message, None);
    }
}

fn date(value: &Item<'_>, findings: &mut Findings<'_>) {
    let text = value.text;
    let shown = text.escape_debug();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() != 4 {
        let message = format!("`{shown}` counts seconds, which a reader cannot check");
        let help = Some("write YYYY-MM-DDThh:mm:ssZ".into());
        findings.add(&checks::INVALID_DATE_VALUE, value.at(), message, help);
    } else if !is_date(text) {
        let help = Some("write YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ".into());
        let message = format!("`{shown}` is no date");
        findings.add(&checks::TYPE_MISMATCH_DATE, value.at(), message, help);
    }
}

/// The W3C profile of ISO 8601 (<https://www.w3.org/TR/NOTE-datetime>): a year, a month, a day, or
/// a day with its time and zone.
fn is_date(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
        || text.parse::<jiff::civil::Date>().is_ok()
        || format!("{text}-01").parse::<jiff::civil::Date>().is_ok()
        || (text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn number(condition: &Condition<'_>, value: &Item<'_>, findings: &mut Findings<'_>) {
    if !value.text.trim().parse::<f64>().is_ok_and(f64::is_finite) {
        let message = format!(
            "`{}` takes a number, not `{}`",
            condition.operator_text.escape_debug(),
            value.text.escape_debug()
        );
        findings.add(&checks::TYPE_MISMATCH_NUMBER, value.at(), message, None);
    }
}

fn binary(condition: &Condition<'_>, value: &Item<'_>, findings: &mut Findings<'_>) {
    if base64::engine::general_purpose::STANDARD.decode(value.text).is_err() {
        let message = format!(
            "`{}` takes base64, not `{}`",
            condition.operator_text.escape_debug(),
            value.text.escape_debug()
        );
        findings.add(&checks::TYPE_MISMATCH_STRING, value.at(), message, None);
    }
}

/// An address and the length of its prefix.
pub(super) fn range(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) =
        text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        None => width,
        Some(bits) => bits.parse().ok().filter(|bits| *bits <= width)?,
    };
    Some((address, bits))
}

fn network(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

fn address(condition: &Condition<'_>, value: &Item<'_>, findings: &mut Findings<'_>) {
    let shown = value.text.escape_debug();
    match range(value.text) {
        None => {
            let message = format!(
                "`{}` takes an IP address or a range, not `{shown}`",
                condition.operator_text.escape_debug()
            );
            let help = Some("write `203.0.113.0/24` or `2001:db8::/32`".into());
            findings.add(&checks::TYPE_MISMATCH_IP_RANGE, value.at(), message, help);
        }
        Some((address, bits)) if network(address, bits) != address => {
            let message = format!("`{shown}` has bits beyond its prefix, which do not count");
            let help = Some(format!("write `{}/{bits}`", network(address, bits)));
            findings.add(&checks::IMPROVE_IP_RANGE, value.at(), message, help);
        }
        Some(_) => {}
    }
}

pub(super) fn is_private(text: &str) -> bool {
    range(text).is_some_and(|(address, bits)| match address {
        IpAddr::V4(v4) => match v4.octets() {
            [10, ..] => bits >= 8,
            [172, second, ..] => (16..32).contains(&second) && bits >= 12,
            [192, 168, ..] => bits >= 16,
            _ => false,
        },
        IpAddr::V6(v6) => v6.is_unique_local() && bits >= 7,
    })
}

/// `aws:SourceIp` never holds a private address
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceip>).
fn private(condition: &Condition<'_>, findings: &mut Findings<'_>) {
    let of_ip = condition.operator.family == Family::IpAddress;
    if !of_ip || !condition.key.text.eq_ignore_ascii_case("aws:SourceIp") {
        return;
    }
    let private = condition.values.iter().filter(|value| is_private(value.text)).count();
    if private == 0 {
        return;
    }
    let all = private == condition.values.len();
    let check: &'static Check = match (condition.operator.negated(), all) {
        (false, true) => &checks::PRIVATE_IP_ADDRESS,
        (true, true) => &checks::PRIVATE_NOT_IP_ADDRESS,
        (false, false) => &checks::PRIVATE_IP_ADDRESS_SUBSET,
        (true, false) => &checks::PRIVATE_NOT_IP_ADDRESS_SUBSET,
    };
    let message = if all {
        "`aws:SourceIp` never holds a private address, and these all are"
    } else {
        "`aws:SourceIp` never holds a private address, and some of these are"
    };
    let help = Some("use `aws:VpcSourceIp` for private addresses".into());
    findings.add(check, (&condition.values_span, &condition.key.path), message, help);
}

/// Of several bounds only the widest counts.
fn bounds(condition: &Condition<'_>, findings: &mut Findings<'_>) {
    let which = match condition.operator.name {
        "NumericLessThan" | "NumericLessThanEquals" => "greatest",
        "NumericGreaterThan" | "NumericGreaterThanEquals" => "least",
        _ => return,
    };
    if condition.values.len() > 1 {
        let message = format!(
            "of several values of `{}` only the {which} counts",
            condition.operator_text.escape_debug()
        );
        let at = (&condition.values_span, condition.key.path.as_str());
        findings.add(&checks::REDUNDANT_CONDITION_VALUE_NUM, at, message, None);
    }
}

fn wildcards(statement: &Statement<'_>, condition: &Condition<'_>, findings: &mut Findings<'_>) {
    let operator = condition.operator;
    let key = condition.key.text;
    let shown = key.escape_debug();
    if operator.family == Family::String && !operator.takes_wildcards() {
        for value in condition.values.iter().filter(|value| has_wildcard(value.text)) {
            let message = format!(
                "`{}` takes the wildcard in `{}` literally",
                condition.operator_text.escape_debug(),
                value.text.escape_debug()
            );
            let help = Some("use the operator's `Like` form if a wildcard is meant".into());
            findings.add(&checks::WILDCARD_WITHOUT_LIKE_OPERATOR, value.at(), message, help);
        }
        return sensitive(statement, condition, findings);
    }
    if operator.takes_wildcards() && condition.values.iter().any(|value| value.text == "*") {
        // With a set operator these mean something else again.
        let any = operator.qualifier != Some(Qualifier::ForAllValues);
        let (check, message) = match (operator.negated(), operator.if_exists) {
            (false, true) => (
                &checks::REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION,
                format!("`{shown}` may have any value or none, so this is always true"),
            ),
            (false, false) => (
                &checks::EQUIVALENT_TO_NULL_FALSE,
                format!("this only asks whether the request carries `{shown}`"),
            ),
            (true, false) => (
                &checks::EQUIVALENT_TO_NULL_TRUE,
                format!("this only asks whether the request lacks `{shown}`"),
            ),
            (true, true) => (
                &checks::REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION,
                format!("no value of `{shown}` can make this true"),
            ),
        };
        if any {
            let help = (!operator.if_exists)
                .then(|| format!("write `\"Null\": {{\"{shown}\": \"{}\"}}`", operator.negated()));
            findings.add(check, condition.key.at(), message, help);
        }
    }
    sensitive(statement, condition, findings);
}

/// Keys in which a wildcard or a variable may let in anybody.
fn sensitive(statement: &Statement<'_>, condition: &Condition<'_>, findings: &mut Findings<'_>) {
    let lower = condition.key.text.to_ascii_lowercase();
    let of_user = lower == "aws:userid";
    let loosens = (statement.effect == Some(Effect::Allow)) != condition.operator.negated();
    if !loosens || !(of_user || SENSITIVE.contains(&lower.as_str())) {
        return;
    }
    let shown = condition.key.text.escape_debug();
    for value in &condition.values {
        let too_wide = |text: &str| {
            !of_user
                || text
                    .split_once(':')
                    .is_none_or(|(left, _)| left.contains(['*', '?']) && left != "*")
        };
        let like = condition.operator.takes_wildcards();
        if like && has_wildcard(value.text) && too_wide(value.text) {
            let message = format!("a wildcard in `{shown}` may let in anybody");
            let check = &checks::WILDCARD_USAGE_TOO_PERMISSIVE;
            findings.add(check, value.at(), message, Some("name the values".into()));
        } else if has_loose_variable(value.text) && !(of_user && value.text.contains(':')) {
            let message = format!("a policy variable in `{shown}` may let in anybody");
            let check = &checks::VARIABLE_USAGE_TOO_PERMISSIVE;
            findings.add(check, value.at(), message, Some("name the values".into()));
        }
    }
}

/// Whether a text has a variable that a caller may have a say in. What AWS sets alone, such as the
/// caller's own account, is as good as a fixed value.
fn has_loose_variable(text: &str) -> bool {
    variables(text).filter_map(|variable| variable.name()).any(|name| {
        let name = name.to_ascii_lowercase();
        !SENSITIVE.contains(&name.as_str())
    })
}

/// Forms that the values of some keys have.
fn by_key(condition: &Condition<'_>, findings: &mut Findings<'_>) {
    if !matches!(condition.operator.family, Family::String | Family::Arn) {
        return;
    }
    let lower = condition.key.text.to_ascii_lowercase();
    for value in &condition.values {
        let text = value.text;
        let shown = text.escape_debug();
        if has_wildcard(text) || has_variable(text) {
            continue;
        }
        match lower.as_str() {
            // Services without Regions are asked for in this one.
            "aws:requestedregion" if text != "aws-global" => {
                if let Some(wrong) = region::judge(text, None, &checks::INVALID_REGION) {
                    let (check, message, help) = wrong;
                    findings.add(check, value.at(), message, help);
                }
            }
            "aws:sourcevpc" if !is_id(text, "vpc-") => {
                let message = format!("`{shown}` is no VPC");
                let help = Some("write `vpc-` and 8 or 17 letters and digits".into());
                findings.add(&checks::INVALID_VPC_FORMAT, value.at(), message, help);
            }
            "aws:sourcevpce" if !is_id(text, "vpce-") => {
                let message = format!("`{shown}` is no VPC endpoint");
                let help = Some("write `vpce-` and 8 or 17 letters and digits".into());
                findings.add(&checks::INVALID_VPCE_FORMAT, value.at(), message, help);
            }
            "iam:passedtoservice"
            | "aws:calledvia"
            | "aws:calledviafirst"
            | "aws:calledvialast"
            | "aws:principalservicename"
            | "aws:principalservicenameslist"
            | "kms:viaservice"
                if !is_service(text) =>
            {
                let message = format!("`{shown}` is no service principal");
                let form = if lower == "kms:viaservice" {
                    "service.region.amazonaws.com"
                } else {
                    "service.amazonaws.com"
                };
                let help = Some(format!("write `{form}`"));
                findings.add(&checks::INVALID_SERVICE_PRINCIPAL_FORMAT, value.at(), message, help);
            }
            "s3:x-amz-server-side-encryption-aws-kms-key-id" if !is_key(text) => {
                let message = format!("`{shown}` is no KMS key's ARN");
                let help = Some("write `arn:aws:kms:region:account:key/key-id`".into());
                findings.add(&checks::INVALID_KMS_KEY_VALUE, value.at(), message, help);
            }
            _ => {}
        }
    }
}

fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        matches!(rest.len(), 8 | 17) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn is_key(text: &str) -> bool {
    let fields: Vec<_> = text.splitn(6, ':').collect();
    matches!(fields.as_slice(), ["arn", _, "kms", region, account, name]
        if !region.is_empty() && account.len() == 12 && name.starts_with("key/"))
}
