use super::*;

#[test]
fn a_context_knows_its_keys_whatever_their_case() {
    let context = Context::new().with("aws:SourceVpc", "vpc-1").with("aws:TagKeys", ["a", "b"]);
    assert_eq!(context.get("AWS:sourcevpc"), Some(&ContextValue::One("vpc-1".to_owned())));
    assert_eq!(context.get("aws:SourceIp"), None);
    assert!(!context.is_empty() && Context::new().is_empty());
    let collected: Context = [("b", "2"), ("a", "1"), ("B", "3")].into_iter().collect();
    let pairs: Vec<(&str, &ContextValue)> = collected.iter().collect();
    let one = |text: &str| ContextValue::One(text.to_owned());
    assert_eq!(pairs, [("a", &one("1")), ("B", &one("3"))]);
}

#[test]
fn principals_are_read_and_written() {
    for text in [
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:user/path/name",
        "arn:aws:sts::111122223333:assumed-role/role/session",
        "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1",
        "glue.amazonaws.com",
        "accounts.google.com",
        "anonymous",
    ] {
        assert_eq!(RequestPrincipal::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(RequestPrincipal::Unnamed.to_string(), "unnamed");
}

#[test]
fn whoever_is_nobody_asks_nothing() {
    for text in [
        "",
        "*",
        "glue",
        "glue amazonaws.com",
        "glue.amazonaws.com?",
        "user:iam::cloudfront:user/x",
        "arn:aws:iam::11112222333x:user/a",
        "arn:aws:iam::1111:user/a",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:iam::111122223333:user/a b",
        "arn:aws:iam::111122223333:group/g",
        "arn:aws:s3:::bucket",
        "arn:aws:sts::111122223333:assumed-role/role",
        "arn:aws:sts::111122223333:assumed-role/role/",
        "arn:aws:sts::111122223333:assumed-role//session",
    ] {
        let error = RequestPrincipal::parse(text).unwrap_err();
        assert_eq!(error, RequestError::Principal(text.to_owned()));
    }
}

#[test]
fn an_arn_tells_who_somebody_is() {
    let arn = |text: &str| match RequestPrincipal::parse(text).unwrap() {
        RequestPrincipal::Arn(arn) => arn,
        other => panic!("{other}"),
    };
    let session = arn("arn:aws-cn:sts::111122223333:assumed-role/AWSServiceRoleForRDS/s");
    assert_eq!(session.principal_arn(), "arn:aws-cn:iam::111122223333:role/AWSServiceRoleForRDS");
    assert_eq!((session.name(), session.user_id()), ("AWSServiceRoleForRDS", None));
    assert!(session.service_linked());
    assert!(!arn("arn:aws:iam::111122223333:role/AWSServiceRoleForRDS").service_linked());
    assert!(!arn("arn:aws:iam::111122223333:user/AWSServiceRoleForRDS").service_linked());
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/rds.amazonaws.com/X";
    assert!(arn(linked).service_linked());
    assert_eq!((arn(linked).name(), arn(linked).principal_arn()), ("X", linked));
    let federated = arn("arn:aws:sts::111122223333:federated-user/f");
    assert_eq!(federated.user_id(), Some("111122223333:f"));
    assert_eq!(arn("arn:aws:iam::111122223333:root").user_id(), Some("111122223333"));
}
