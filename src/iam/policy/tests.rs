use super::*;

fn errors(text: &str) -> Vec<(usize, usize, String)> {
    Policy::parse(text)
        .unwrap_err()
        .errors
        .into_iter()
        .map(|error| (error.line, error.column, error.message))
        .collect()
}

#[test]
fn every_error_is_reported_where_it_stands() {
    let found = errors(
        r#"{"Version": "2012-10-17", "Version": "2012-10-17", "Statements": [],
 "Statement": [
  {"Effect": "allow", "Action": "GetObject", "Resource": "bucket",
   "Condition": {"StringEqual": {"a:b": "c"}, "Bool": {"a:b": "yes"}, "NumericEquals": {"a:b": [1, {}]}}},
  {"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}, "Action": [], "NotAction": "s3:*",
   "Resource": ["*", 3]}
 ]}"#,
    );
    let places: Vec<(usize, usize)> = found.iter().map(|it| (it.0, it.1)).collect();
    assert_eq!(
        places,
        [
            (1, 27),
            (1, 52),
            (3, 14),
            (3, 33),
            (3, 58),
            (4, 18),
            (4, 63),
            (4, 100),
            (5, 43),
            (5, 90),
            (5, 107),
            (6, 22)
        ],
        "{found:#?}"
    );
}

#[test]
fn syntax_errors_have_a_place() {
    assert_eq!(errors("{\"Statement\": [}")[0].1, 16);
    assert_eq!(errors("")[0].2, "a value was expected here");
    assert_eq!(errors("[]")[0].2, "a policy must be an object, not an array");
    assert_eq!(errors("{}")[0].2, "the policy has no `Statement`");
}

#[test]
fn an_oversized_document_is_refused() {
    let text = format!("{{\"Id\": \"{}\"}}", "x".repeat(270_000));
    let found = errors(&text);
    assert_eq!(found.len(), 1);
    assert!(found[0].2.contains("262144 characters"), "{found:?}");
}

#[test]
fn printing_keeps_the_meaning_and_reads_as_people_write() {
    let text = r#"{"Version":"2012-10-17","Id":"i","Statement":{"Sid":"a","Effect":"Allow","NotPrincipal":{"AWS":["111122223333"],"Service":"glue.amazonaws.com"},"NotAction":["s3:*","kms:*"],"NotResource":"*","Condition":{"Bool":{"aws:SecureTransport":true},"NumericLessThan":{"s3:max-keys":10},"ForAnyValue:StringLikeIfExists":{"aws:TagKeys":["a","b"]}}}}"#;
    let policy = Policy::parse(text).unwrap();
    let printed = policy.to_json();
    assert_eq!(Policy::parse(&printed).unwrap(), policy);
    assert!(printed.contains("\"Service\": \"glue.amazonaws.com\""), "{printed}");
}

#[test]
fn variables_are_text_in_the_old_version() {
    let document = |version: &str| {
        format!(
            r#"{{{version}"Statement":{{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${{"}}}}"#
        )
    };
    assert!(Policy::parse(&document("")).is_ok());
    assert!(Policy::parse(&document("\"Version\":\"2008-10-17\",")).is_ok());
    assert!(Policy::parse(&document("\"Version\":\"2012-10-17\",")).is_err());
}
