//! How fast the IAM engine is: `cargo bench --bench iam`.

#![allow(clippy::pedantic, reason = "tests may be plainer than what is shipped")]
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use snaplake::iam::case::{Case, Documents, Piece, split};
use snaplake::iam::{NamedPolicy, Policies, Policy, Request, RequestPrincipal, decide, evaluate};
use std::hint::black_box;

/// Five statements, each with conditions.
const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "DenyPlain", "Effect": "Deny", "Action": "s3:*", "Resource": "*",
     "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    {"Sid": "Catalog", "Effect": "Allow", "Action": ["glue:GetTable", "glue:GetDatabase", "glue:GetPartitions"],
     "Resource": ["arn:aws:glue:eu-west-1:111122223333:catalog", "arn:aws:glue:eu-west-1:111122223333:table/lake/*"],
     "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}},
    {"Sid": "Home", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
     "Resource": "arn:aws:s3:::lake/home/${aws:username}/*",
     "Condition": {"StringLike": {"aws:PrincipalTag/team": ["data-*", "platform"]}}},
    {"Sid": "List", "Effect": "Allow", "Action": "s3:List*", "Resource": "arn:aws:s3:::lake",
     "Condition": {"StringLike": {"s3:prefix": ["exports/*", "home/${aws:username}/*"]},
                   "NumericLessThanEquals": {"s3:max-keys": "1000"}}},
    {"Sid": "Exports", "Effect": "Allow", "Action": "s3:GetObject*", "Resource": "arn:aws:s3:::lake/exports/*",
     "Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]},
                   "StringEquals": {"aws:PrincipalAccount": "111122223333"}}}
  ]
}"#;

fn policies() -> Policies {
    let policy = Policy::parse(POLICY).expect("the policy is in order");
    Policies { identity: vec![NamedPolicy::new("reader", policy)], ..Policies::default() }
}

fn request(action: &str, resource: &str) -> Request {
    let principal =
        RequestPrincipal::parse("arn:aws:sts::111122223333:assumed-role/reader/session")
            .expect("the principal is in order");
    Request::new(principal, action, resource)
        .with("aws:SecureTransport", "true")
        .with("aws:SourceIp", "203.0.113.7")
        .with("aws:RequestedRegion", "eu-west-1")
        .with("aws:PrincipalTag/team", "data-lake")
        .with("s3:prefix", "exports/2026/")
        .with("s3:max-keys", "100")
}

fn decisions(criterion: &mut Criterion) {
    let policies = policies();
    let mut group = criterion.benchmark_group("five statements with conditions");
    group.throughput(Throughput::Elements(1));
    for (name, action, resource) in [
        (
            "allowed by the last",
            "s3:GetObject",
            "arn:aws:s3:::lake/exports/run-1/orders/part-0.parquet",
        ),
        (
            "allowed by the second",
            "glue:GetTable",
            "arn:aws:glue:eu-west-1:111122223333:table/lake/orders",
        ),
        ("denied", "s3:DeleteObject", "arn:aws:s3:::lake/exports/run-1/orders/part-0.parquet"),
        ("allowed, conditions on lists", "s3:ListBucket", "arn:aws:s3:::lake"),
    ] {
        let request = request(action, resource);
        group.bench_function(name, |bencher| {
            bencher.iter(|| decide(black_box(&request), black_box(&policies)));
        });
    }
    let request = request("s3:GetObject", "arn:aws:s3:::lake/exports/run-1/orders/part-0.parquet");
    group.bench_function("allowed by the last, with an owned answer", |bencher| {
        bencher.iter(|| evaluate(black_box(&request), black_box(&policies)));
    });
    group.finish();
}

fn hostile(criterion: &mut Criterion) {
    let policy = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::{}b"}}}}"#,
        "a*".repeat(500)
    );
    let policies = Policies {
        identity: vec![NamedPolicy::new("hostile", Policy::parse(&policy).expect("a policy"))],
        ..Policies::default()
    };
    let request = request("s3:GetObject", &format!("arn:aws:s3:::{}", "a".repeat(1000)));
    criterion.bench_function("a*a*…b against a thousand a", |bencher| {
        bencher.iter(|| decide(black_box(&request), black_box(&policies)));
    });
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reading");
    group.throughput(Throughput::Bytes(POLICY.len() as u64));
    group.bench_function("a policy", |bencher| bencher.iter(|| Policy::parse(black_box(POLICY))));
    let compact: serde_json::Value = serde_json::from_str(POLICY).expect("it is JSON");
    let lines: String = (0..1000)
        .map(|index| {
            let case = serde_json::json!({
                "name": format!("case {index}"),
                "request": {
                    "principal": "arn:aws:sts::111122223333:assumed-role/reader/session",
                    "action": "s3:GetObject",
                    "resource": format!("arn:aws:s3:::lake/exports/run-{index}/orders/part-0.parquet"),
                    "context": {"aws:SecureTransport": "true", "aws:SourceIp": "203.0.113.7"},
                },
                "identity_policies": [{"name": "reader", "policy": compact}],
            });
            format!("{case}\n")
        })
        .collect();
    group.throughput(Throughput::Elements(1000));
    group.bench_function("a thousand cases a line each, decided", |bencher| {
        bencher.iter_batched(
            Documents::new,
            |mut documents| {
                split(&lines)
                    .into_iter()
                    .filter_map(|piece| match piece {
                        Piece::Case(text) => Case::parse(text, &mut documents).ok(),
                        Piece::Broken(..) => None,
                    })
                    .filter(|case| case.decide().statement.is_some())
                    .count()
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, decisions, hostile, reading);
criterion_main!(benches);
