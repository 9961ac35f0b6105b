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

fn of(part: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{part}}}]}}"#)
}

#[test]
fn what_is_no_action_is_refused() {
    for action in ["s3:*", "*", "*:*", "s3*:Get?bject", "aws-portal:View*"] {
        let text = of(&format!(r#""Action":"{action}","Resource":"*""#));
        assert!(Policy::parse(&text).is_ok(), "{action}");
    }
    for action in
        ["", ":", ":Get", "s3:", "s3:Get Object", "s 3:Get", "s/3:Get", "é:Get", "GetObject", "s3*"]
    {
        let found = errors(&of(&format!(r#""Action":"{action}","Resource":"*""#)));
        assert_eq!((found.len(), found[0].1), (1, 65), "{action}: {found:?}");
        assert_eq!(found[0].2, format!("`{}` is no action", action.escape_debug()));
    }
}

#[test]
fn whoever_is_nobody_is_refused_as_a_principal() {
    let listed = |kind: &str, name: &str| {
        of(&format!(r#""Principal":{{"{kind}":"{name}"}},"Action":"s3:*","Resource":"*""#))
    };
    for (kind, name) in [
        ("AWS", "*"),
        ("AWS", "111122223333"),
        ("AWS", "AIDACKCEVSQ6C2EXAMPLE"),
        ("AWS", "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"),
        ("AWS", "arn:aws:sts::111122223333:federated-user/f"),
        ("Federated", "*"),
    ] {
        assert!(Policy::parse(&listed(kind, name)).is_ok(), "{kind} {name}");
    }
    assert!(Policy::parse(&listed("Service", "*")).is_err());
    let nobody = [
        "nobody",
        "abcdefghijkl",
        "11112222333",
        "1111222233334",
        "11112222333x",
        "AIDACKCEVSQ6C2",
        "BIDACKCEVSQ6C2EXAMPLE",
        "AIDACKCEVSQ6C2example",
        "AIDACKCEVSQ6C2-XAMPLE",
        "arn:aws:iam::11112222333x:root",
        "arn:aws:iam::1111:root",
        "arn:aws:s3::cloudfront:user/x",
        "arn:aws:iam::cloudfront:role/x",
        "arn:aws:iam::cloudwatch:user/x",
        "arn:aws:iam::111122223333:group/g",
        "arn:aws:sts::111122223333:assumed-role/r",
        "arn:aws:sts::111122223333:assumed-role//s",
        "arn:aws:sts::111122223333:assumed-role/r/",
    ];
    for name in nobody {
        let found = errors(&listed("AWS", name));
        assert_eq!((found.len(), found[0].1), (1, 75), "{name}: {found:?}");
        assert_eq!(found[0].2, format!("`{name}` names no account, user, role or session"));
    }
    for (kind, name) in [
        ("AWS", "arn:aws:iam::111122223333:role/*"),
        ("Service", "*.amazonaws.com"),
        ("Federated", "a?"),
    ] {
        let found = errors(&listed(kind, name));
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert_eq!(
            found[0].2,
            format!("`{name}` matches part of a principal's name with a wildcard")
        );
    }
    for kind in ["Service", "Federated", "CanonicalUser"] {
        assert_eq!(errors(&listed(kind, ""))[0].2, "a principal needs a name", "{kind}");
    }
}

#[test]
fn a_value_that_does_not_fit_its_operator_is_told() {
    let message = |operator: &str, value: &str| {
        let condition = format!(r#""Condition":{{"{operator}":{{"aws:k":"{value}"}}}}"#);
        errors(&of(&format!(r#""Action":"*","Resource":"*",{condition}"#)))[0].2.clone()
    };
    assert_eq!(message("NumericEquals", "ten"), "`ten` is not a number");
    assert_eq!(message("Null", "yes"), "`yes` is not `true` or `false`");
    assert_eq!(
        message("IpAddress", "${aws:SourceIp}"),
        "`${aws:SourceIp}` holds a policy variable, which this operator does not take: expected an IP address or a CIDR range"
    );
}

#[test]
fn policies_are_equal_when_they_say_the_same() {
    let read = |version: &str, id: &str, action: &str| {
        Policy::parse(&format!(
            r#"{{"Version":"{version}","Id":"{id}","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#
        ))
        .unwrap()
    };
    let policy = read("2012-10-17", "a", "s3:*");
    assert_eq!(policy, read("2012-10-17", "a", "s3:*"));
    assert_ne!(policy, read("2008-10-17", "a", "s3:*"));
    assert_ne!(policy, read("2012-10-17", "b", "s3:*"));
    assert_ne!(policy, read("2012-10-17", "a", "s3:Get*"));
    assert_eq!((policy.id(), policy.version()), (Some("a"), Version::V2012));
    assert_eq!(read("2008-10-17", "a", "s3:*").version(), Version::V2008);
    assert_eq!(
        policy.statements()[0].to_value(),
        serde_json::json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    );
}
