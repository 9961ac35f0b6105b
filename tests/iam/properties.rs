//! What holds of every request under every set of policies.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};
use snaplake::iam::{
    Decision, NamedPolicy, Policies, Policy, Request, RequestPrincipal, decide, evaluate,
};

const ACTIONS: &[&str] = &["s3:GetObject", "s3:PutObject", "kms:Decrypt", "sts:AssumeRole"];
const ACTION_PATTERNS: &[&str] =
    &["*", "s3:*", "s3:Get*", "S3:PUTOBJECT", "kms:*", "sts:AssumeRole"];
const RESOURCES: &[&str] = &[
    "arn:aws:s3:::lake/a",
    "arn:aws:s3:::lake/ana/b",
    "arn:aws:kms:eu-west-1:111122223333:key/k",
    "arn:aws:iam::111122223333:role/x",
    "*",
];
const RESOURCE_PATTERNS: &[&str] = &[
    "*",
    "arn:aws:s3:::lake/*",
    "arn:aws:s3:::lake/${aws:username}/*",
    "arn:aws:s3:::l?ke/a",
    "arn:aws:kms:*:111122223333:key/*",
    "arn:aws:iam::*",
];
const PRINCIPALS: &[&str] = &[
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:iam::111122223333:role/r",
    "arn:aws:iam::111122223333:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS",
    "arn:aws:sts::111122223333:assumed-role/r/s",
    "arn:aws:sts::111122223333:federated-user/fed",
    "arn:aws:sts::444455556666:assumed-role/other/s",
    "arn:aws:iam::111122223333:saml-provider/idp",
    "glue.amazonaws.com",
    "anonymous",
];
const NAMED: &[&str] = &[
    "*",
    "111122223333",
    "arn:aws:iam::444455556666:root",
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:iam::111122223333:role/r",
    "arn:aws:sts::111122223333:assumed-role/r/s",
    "arn:aws:sts::111122223333:federated-user/fed",
];
const CONDITIONS: &[(&str, &str, &[&str])] = &[
    ("StringEquals", "aws:PrincipalAccount", &["111122223333"]),
    ("StringNotEqualsIfExists", "aws:SourceVpc", &["vpc-1"]),
    ("ForAllValues:StringLike", "aws:TagKeys", &["a*", "b"]),
    ("ForAnyValue:StringNotEquals", "aws:TagKeys", &["a"]),
    ("ArnLike", "aws:PrincipalArn", &["arn:aws:iam::*:role/*"]),
    ("Bool", "aws:PrincipalIsAWSService", &["false"]),
    ("Null", "aws:SourceVpc", &["true"]),
    ("NumericLessThanEquals", "s3:max-keys", &["10"]),
    ("DateGreaterThan", "aws:CurrentTime", &["2026-01-01T00:00:00Z"]),
    ("IpAddress", "aws:SourceIp", &["203.0.113.0/24", "2001:db8::/32"]),
];

/// Where a document stands decides which elements its statements have.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Principal,
    Resource,
}

fn some(from: &'static [&'static str]) -> impl Strategy<Value = Value> {
    subsequence(from, 1..=2).prop_map(|texts| json!(texts))
}

fn principal() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("*")),
        some(NAMED).prop_map(|names| json!({"AWS": names})),
        Just(json!({"Service": "glue.amazonaws.com", "AWS": "111122223333"})),
        Just(json!({"Federated": "arn:aws:iam::111122223333:saml-provider/idp"})),
    ]
}

fn conditions() -> impl Strategy<Value = Option<Value>> {
    proptest::option::of(subsequence(CONDITIONS, 1..=2).prop_map(|conditions| {
        let mut block = Map::new();
        for (operator, key, values) in conditions {
            block.insert((*operator).to_owned(), json!({*key: values}));
        }
        Value::Object(block)
    }))
}

fn statement(place: Place, effect: Option<&'static str>) -> impl Strategy<Value = Value> {
    let effect = match effect {
        Some(effect) => Just(effect).boxed(),
        None => prop_oneof![3 => Just("Allow"), 1 => Just("Deny")].boxed(),
    };
    let not = || prop_oneof![5 => Just(""), 1 => Just("Not")];
    (
        effect,
        (not(), some(ACTION_PATTERNS)),
        (not(), some(RESOURCE_PATTERNS)),
        (not(), principal()),
        conditions(),
    )
        .prop_map(move |(effect, action, resource, principal, conditions)| {
            let mut statement = Map::new();
            statement.insert("Effect".to_owned(), json!(effect));
            statement.insert(format!("{}Action", action.0), action.1);
            statement.insert(format!("{}Resource", resource.0), resource.1);
            if place == Place::Resource {
                statement.insert(format!("{}Principal", principal.0), principal.1);
            }
            if let Some(conditions) = conditions {
                statement.insert("Condition".to_owned(), conditions);
            }
            Value::Object(statement)
        })
}

fn read(statements: &[Value]) -> Policy {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    Policy::parse(&text).unwrap_or_else(|errors| panic!("{text}: {errors}"))
}

fn document(place: Place) -> impl Strategy<Value = Policy> {
    proptest::collection::vec(statement(place, None), 1..4).prop_map(|it| read(&it))
}

fn documents(place: Place, most: usize) -> impl Strategy<Value = Vec<NamedPolicy>> {
    proptest::collection::vec(document(place), 0..=most).prop_map(|policies| {
        policies
            .into_iter()
            .enumerate()
            .map(|(index, policy)| NamedPolicy::new(format!("p{index}"), policy))
            .collect()
    })
}

fn maybe(place: Place) -> impl Strategy<Value = Option<NamedPolicy>> {
    proptest::option::of(document(place).prop_map(|policy| NamedPolicy::new("single", policy)))
}

fn policies() -> impl Strategy<Value = Policies> {
    let levels = |place| {
        prop_oneof![
            3 => Just(Vec::new()),
            1 => proptest::collection::vec(documents(place, 2), 1..3),
        ]
    };
    let rarely = |place| prop_oneof![3 => Just(Vec::new()), 1 => documents(place, 2)];
    let rare = |place| prop_oneof![3 => Just(None), 1 => maybe(place)];
    (
        documents(Place::Principal, 3),
        maybe(Place::Resource),
        rare(Place::Principal),
        rarely(Place::Principal),
        levels(Place::Principal),
        levels(Place::Resource),
        rarely(Place::Resource),
    )
        .prop_map(|(identity, resource, session, boundaries, scps, rcps, endpoint)| Policies {
            identity,
            resource,
            session,
            boundaries,
            scps,
            rcps,
            endpoint,
            grants: Vec::new(),
        })
}

fn request() -> impl Strategy<Value = Request> {
    let context = subsequence(
        &[
            ("aws:SourceVpc", "vpc-1"),
            ("s3:max-keys", "10"),
            ("aws:CurrentTime", "2026-06-01T00:00:00Z"),
            ("aws:SourceIp", "203.0.113.9"),
        ][..],
        0..=4,
    );
    let tags = proptest::option::of(subsequence(&["a", "ab", "c"][..], 0..=3));
    (select(PRINCIPALS), select(ACTIONS), select(RESOURCES), context, tags).prop_map(
        |(principal, action, resource, context, tags)| {
            let mut request =
                Request::new(RequestPrincipal::parse(principal).unwrap(), action, resource);
            if resource.contains(":s3:") {
                request.resource_account = Some("111122223333".to_owned());
            }
            for (key, value) in context {
                request = request.with(key, value);
            }
            if let Some(tags) = tags {
                let tags: Vec<String> = tags.into_iter().map(str::to_owned).collect();
                request = request.with("aws:TagKeys", tags);
            }
            request
        },
    )
}

/// Each document of the policies, to be changed in place.
fn each(policies: &mut Policies) -> Vec<(Place, &mut NamedPolicy)> {
    let principal = policies
        .identity
        .iter_mut()
        .chain(&mut policies.session)
        .chain(&mut policies.boundaries)
        .chain(policies.scps.iter_mut().flatten());
    let resource = policies
        .resource
        .iter_mut()
        .chain(policies.rcps.iter_mut().flatten())
        .chain(&mut policies.endpoint);
    principal
        .map(|it| (Place::Principal, it))
        .chain(resource.map(|it| (Place::Resource, it)))
        .collect()
}

/// Adds a statement to the document at a place among those of its kind, wrapping around.
fn add(policies: &mut Policies, place: Place, at: usize, statement: &Value) -> bool {
    let mut documents = each(policies);
    documents.retain(|(kind, _)| *kind == place);
    let count = documents.len();
    let Some((_, document)) = documents.into_iter().nth(at.checked_rem(count).unwrap_or(0)) else {
        return false;
    };
    let mut statements = document.policy.statements().to_vec();
    statements.extend(read(std::slice::from_ref(statement)).statements().to_vec());
    document.policy = document.policy.with_statements(statements).unwrap().into();
    true
}

fn place() -> impl Strategy<Value = Place> {
    select(&[Place::Principal, Place::Resource][..])
}

/// Turns every list around: statements, documents, levels.
fn reversed(policies: &Policies) -> Policies {
    let mut turned = policies.clone();
    for (_, document) in each(&mut turned) {
        let mut statements = document.policy.statements().to_vec();
        statements.reverse();
        document.policy = document.policy.with_statements(statements).unwrap().into();
    }
    turned.identity.reverse();
    turned.boundaries.reverse();
    turned.endpoint.reverse();
    for levels in [&mut turned.scps, &mut turned.rcps] {
        levels.reverse();
        for level in levels {
            level.reverse();
        }
    }
    turned
}

/// Policies that allow whatever policies can.
fn everything() -> Policies {
    let allow = |more: &str| {
        let text = format!(
            r#"{{"Statement": {{"Effect": "Allow", "Action": "*", "Resource": "*"{more}}}}}"#
        );
        NamedPolicy::new("all", Policy::parse(&text).unwrap())
    };
    Policies {
        identity: vec![allow("")],
        resource: Some(allow(r#", "Principal": "*""#)),
        session: Some(allow("")),
        ..Policies::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn order_decides_nothing(request in request(), policies in policies(), turns in 0_usize..3) {
        let decision = decide(&request, &policies).decision;
        let mut other = reversed(&policies);
        for list in [&mut other.identity, &mut other.boundaries, &mut other.endpoint] {
            let turns = turns.checked_rem(list.len()).unwrap_or(0);
            list.rotate_left(turns);
        }
        prop_assert_eq!(decide(&request, &other).decision, decision);
    }

    #[test]
    fn a_denial_more_allows_nothing(
        request in request(),
        policies in policies(),
        (place, statement) in place().prop_flat_map(|it| (Just(it), statement(it, Some("Deny")))),
        at in 0_usize..8,
    ) {
        let before = decide(&request, &policies).decision;
        let mut after = policies.clone();
        prop_assume!(add(&mut after, place, at, &statement));
        if before != Decision::Allowed {
            prop_assert_ne!(decide(&request, &after).decision, Decision::Allowed);
        }
        if before == Decision::ExplicitlyDenied {
            prop_assert_eq!(decide(&request, &after).decision, before);
        }
    }

    #[test]
    fn an_allowance_more_denies_nothing(
        request in request(),
        policies in policies(),
        (place, statement) in place().prop_flat_map(|it| (Just(it), statement(it, Some("Allow")))),
        at in 0_usize..8,
    ) {
        let before = decide(&request, &policies).decision;
        let mut after = policies.clone();
        prop_assume!(add(&mut after, place, at, &statement));
        if before == Decision::Allowed {
            prop_assert_eq!(decide(&request, &after).decision, before);
        }
        if before == Decision::ExplicitlyDenied {
            prop_assert_eq!(decide(&request, &after).decision, before);
        }
    }

    #[test]
    fn what_is_printed_is_what_was_read(mut policies in policies()) {
        for (_, document) in each(&mut policies) {
            let printed = document.policy.to_json();
            let again = Policy::parse(&printed).unwrap();
            prop_assert_eq!(&again, &*document.policy, "{}", printed);
            prop_assert_eq!(again.to_json(), printed);
        }
    }

    /// The answer names a statement that does what the answer says.
    #[test]
    fn the_statement_that_decided_has_the_effect(request in request(), policies in policies()) {
        let mut policies = policies;
        let verdict = evaluate(&request, &policies);
        if let Some(found) = &verdict.statement {
            let effects: Vec<bool> = each(&mut policies)
                .into_iter()
                .filter(|(_, it)| it.name == found.document)
                .filter_map(|(_, it)| it.policy.statements().get(found.index))
                .map(|it| it.effect == snaplake::iam::Effect::Allow)
                .collect();
            prop_assert!(effects.contains(&(verdict.decision == Decision::Allowed)));
        } else {
            prop_assert_ne!(verdict.decision, Decision::ExplicitlyDenied);
        }
    }

    /// The changes that an explanation proposes allow the request, all of them together and no fewer.
    #[test]
    fn proposed_changes_allow(request in request(), policies in policies()) {
        let evaluation = evaluate(&request, &policies);
        let explanation = evaluation.explain(&request, &policies);
        prop_assert!(!explanation.to_string().is_empty());
        if evaluation.allowed() {
            prop_assert!(explanation.changes.is_empty());
            return Ok(());
        }
        // What AWS takes from no such caller, no change of a policy allows.
        if !decide(&request, &everything()).decision.eq(&Decision::Allowed) {
            prop_assert!(explanation.changes.is_empty());
            return Ok(());
        }
        prop_assert!(!explanation.changes.is_empty(), "{}", explanation);
        let mut mended = policies;
        for change in &explanation.changes {
            prop_assert!(!decide(&request, &mended).decision.eq(&Decision::Allowed));
            mended = change.apply(&mended).unwrap();
        }
        prop_assert_eq!(decide(&request, &mended).decision, Decision::Allowed);
    }
}
