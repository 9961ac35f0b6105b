use super::*;
use crate::iam::Decision;

const CASE: &str = r#"{"name": "a", "request": {"principal": "anonymous", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}}"#;

fn error(text: &str) -> CaseError {
    Case::parse(text, &mut Documents::new()).unwrap_err()
}

#[test]
fn a_case_without_policies_is_denied() {
    let case = Case::parse(CASE, &mut Documents::new()).unwrap();
    assert_eq!(case.decide().decision, Decision::ImplicitlyDenied);
}

#[test]
fn what_is_wrong_is_said_with_the_name() {
    for (text, wanted) in [
        (r#"{"name": "x"}"#, "a case needs a `request`"),
        (r#"{"name": "x", "request": {"action": "s3:GetObject"}}"#, "needs a `resource`"),
        (r#"{"name": "x", "request": {"action": "s3", "resource": "*"}}"#, "`s3` is no action"),
        (r#"{"name": "x", "request": {"action": "s3:X", "resource": "b"}}"#, "`b` is no resource"),
        (r#"{"name": "x", "identity_policy": []}"#, "did you mean `identity_policies`?"),
        (r#"{"name": "x", "name": "y"}"#, "duplicate key `name`"),
        (r#"{"session_policy": {"Statement": {}}, "name": "x"}"#, "`session_policy`: line 1"),
        (
            r#"{"session_policy": {"Statement": {"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}}, "name": "x"}"#,
            "`session_policy`: statement 0 has a `Principal`",
        ),
        (r#"{"name": "x", "request": 3}"#, "line 1, column 26: expected an object, found `3`"),
    ] {
        let error = error(text);
        assert!(error.message.contains(wanted), "{text}: {}", error.message);
        assert_eq!(error.name.as_deref(), Some("x"), "{text}");
    }
}

#[test]
fn no_field_stands_twice() {
    for field in [
        "request",
        "identity_policies",
        "resource_policy",
        "session_policy",
        "permission_boundaries",
        "service_control_policies",
        "resource_control_policies",
        "endpoint_policies",
        "grants",
    ] {
        let text = format!(r#"{{"name": "x", "{field}": null, "{field}": null}}"#);
        assert_eq!(error(&text).message, format!("duplicate key `{field}`"));
    }
    for field in ["principal", "action", "resource", "resource_account", "context"] {
        let text = format!(r#"{{"name": "x", "request": {{"{field}": null, "{field}": null}}}}"#);
        assert_eq!(error(&text).message, format!("duplicate key `{field}`"));
    }
}

#[test]
fn a_request_is_one_that_aws_could_get() {
    let with = |from: &str, to: &str| {
        assert!(CASE.contains(from));
        Case::parse(&CASE.replace(from, to), &mut Documents::new()).map_err(|it| it.message)
    };
    for action in ["s3:", ":GetObject", "s3"] {
        let message = with("s3:GetObject", action).unwrap_err();
        assert!(message.contains("is no action"), "{action}: {message}");
    }
    for resource in ["arn:aws:s3", "b:aws:s3:::k", "arn"] {
        let message = with("arn:aws:s3:::b/k", resource).unwrap_err();
        assert!(message.contains("is no resource"), "{resource}: {message}");
    }
    let account = |account: &str| {
        with("\"action\"", &format!("\"resource_account\": \"{account}\", \"action\""))
    };
    assert_eq!(account("111122223333").unwrap().request.resource_account.unwrap(), "111122223333");
    for wrong in ["11112222333", "1111222233334", "11112222333a", ""] {
        let message = account(wrong).unwrap_err();
        assert!(message.contains("is no account"), "{wrong}: {message}");
    }
    let context = |value: &str| {
        with("\"action\"", &format!("\"context\": {{\"aws:k\": {value}}}, \"action\""))
    };
    assert!(context(r#"["a", 1, true]"#).is_ok());
    for wrong in [r#"{"a": 1}"#, "null", r#"[["a"]]"#, "[null]", r#"[{"a": 1}]"#] {
        let message = context(wrong).unwrap_err();
        assert!(message.contains("`aws:k` must have a string or a list"), "{wrong}: {message}");
    }
}

#[test]
fn only_what_is_much_like_a_field_is_taken_for_it() {
    let with = |field: &str| {
        let text = CASE.replacen('{', &format!("{{\"{field}\": 1, "), 1);
        Case::parse(&text, &mut Documents::new()).map_err(|it| it.message)
    };
    assert!(with("names").unwrap_err().contains("did you mean `name`?"));
    assert!(with("Session-Policy").unwrap_err().contains("did you mean `session_policy`?"));
    for other in ["game", "expect", "why", "source", "layers", "id"] {
        assert!(with(other).is_ok(), "{other}");
    }
}

#[test]
fn a_document_is_called_by_its_name_or_its_place() {
    let document = |name: &str| {
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#;
        let text = CASE.replacen(
            '{',
            &format!(
                r#"{{"endpoint_policies": [{{{name}"policy": {}}}], "#,
                policy.replace("Allow", "Deny")
            ),
            1,
        );
        let case = Case::parse(&text, &mut Documents::new()).unwrap();
        case.decide().statement.unwrap().document.to_owned()
    };
    assert_eq!(document(r#""name": "p", "#), "p");
    assert_eq!(document(""), "endpoint_policies[0]");
}

#[test]
fn a_grant_says_who_may_do_what() {
    let with = |grant: &str| {
        let text = CASE.replacen('{', &format!("{{\"grants\": [{{{grant}}}], "), 1);
        Case::parse(&text, &mut Documents::new()).map_err(|it| it.message)
    };
    let who = r#""GranteePrincipal": "rds.amazonaws.com""#;
    let what = r#""Operations": ["Decrypt"]"#;
    assert!(with(&format!("{who}, {what}")).is_ok());
    for lacking in [who, what, &format!("{who}, \"Operations\": []"), ""] {
        let message = with(lacking).unwrap_err();
        assert!(message.contains("needs `GranteePrincipal` and `Operations`"), "{message}");
    }
}

#[test]
fn a_case_ends_where_it_ends_and_escapes_are_read() {
    let after = format!("{CASE} x");
    assert!(error(&after).message.contains("expected nothing after the case"));
    let text = CASE.replace(r#""name": "a""#, r#""name": "\u0061\"\n""#);
    assert_eq!(Case::parse(&text, &mut Documents::new()).unwrap().name, "a\"\n");
}

#[test]
fn a_name_is_told_of_what_is_no_case() {
    assert_eq!(Case::name_of(r#"{"name": "x", "request" 3}"#).as_deref(), Some("x"));
    assert_eq!(Case::name_of(r#"{"name": 3}"#), None);
    assert_eq!(Case::name_of("nonsense"), None);
}

#[test]
fn other_fields_nest_as_deep_as_policies_may() {
    let with = |open: &str, close: &str, levels: usize| {
        let value = format!("{}1{}", open.repeat(levels), close.repeat(levels));
        let text = CASE.replacen('{', &format!("{{\"why\": {value}, "), 1);
        Case::parse(&text, &mut Documents::new()).map_err(|it| it.message)
    };
    for (open, close) in [("[", "]"), ("{\"a\": ", "}")] {
        assert!(with(open, close, 64).is_ok());
        assert!(with(open, close, 65).unwrap_err().contains("expected fewer levels"));
    }
}

#[test]
fn other_fields_are_left_alone_but_must_be_json() {
    let with = |field: &str| CASE.replacen('{', &format!("{{{field}, "), 1);
    assert!(
        Case::parse(&with(r#""expect": {"decision": "allowed"}"#), &mut Documents::new()).is_ok()
    );
    assert!(error(&with(r#""why": [1,]"#)).message.contains("no JSON"));
}

#[test]
fn a_grant_without_an_id_is_called_by_its_place() {
    let grant = |id: &str| {
        format!(r#"{{{id}"GranteePrincipal": "rds.amazonaws.com", "Operations": ["Decrypt"]}}"#)
    };
    let text = format!(
        r#"{{"name": "a", "grants": [{}, {}], "request": {{"principal": "rds.amazonaws.com",
            "action": "kms:Decrypt", "resource": "arn:aws:kms:eu-west-1:111122223333:key/k"}}}}"#,
        grant(r#""KeyId": "other", "#),
        grant("")
    );
    let named = |text: &str| {
        let case = Case::parse(text, &mut Documents::new()).unwrap();
        case.decide().statement.map(|it| it.document.to_owned())
    };
    assert_eq!(named(&text).as_deref(), Some("grants[1]"));
    let text = text.replace(&grant(""), &grant(r#""GrantId": "g", "#));
    assert_eq!(named(&text).as_deref(), Some("g"));
}

#[test]
fn what_is_null_is_left_out() {
    let with = |field: &str| CASE.replacen('{', &format!("{{{field}, "), 1);
    let plain = Case::parse(CASE, &mut Documents::new()).unwrap();
    for field in [
        "identity_policies",
        "resource_policy",
        "session_policy",
        "permission_boundaries",
        "service_control_policies",
        "resource_control_policies",
        "endpoint_policies",
        "grants",
    ] {
        let text = with(&format!("\"{field}\": null"));
        assert_eq!(Case::parse(&text, &mut Documents::new()), Ok(plain.clone()), "{field}");
    }
    let text =
        CASE.replace("\"action\"", "\"resource_account\": null, \"context\": null, \"action\"");
    assert_eq!(Case::parse(&text, &mut Documents::new()), Ok(plain));
    let text = CASE.replace("\"s3:GetObject\"", "null");
    assert!(error(&text).message.contains("needs an `action`"));
    assert!(error(&with("\"grants\": nul")).message.contains("no JSON"));
}

#[test]
fn files_are_taken_apart() {
    let cases = |text: &str| split(text).iter().filter(|it| matches!(it, Piece::Case(_))).count();
    assert_eq!(cases(CASE), 1);
    assert_eq!(cases(&format!("[{CASE}, {CASE}]")), 2);
    assert_eq!(cases(&format!("\u{feff}{CASE}\r\n\n{CASE}\n")), 2);
    assert_eq!(cases(&CASE.replace(", ", ",\n")), 1);
    // Lines that begin, or end, as a case of their own would.
    assert_eq!(cases(&CASE.replace(r#""request": "#, "\"request\":\n")), 1);
    assert_eq!(cases(&CASE.replace(r#""name""#, "\"why\": {}\n, \"name\"")), 1);
    let pieces = split("{\"a\" 1} x");
    assert!(matches!(&pieces[..], [Piece::Case("{\"a\" 1}"), Piece::Broken("x", _)]), "{pieces:?}");
    assert_eq!(split("").len(), 0);
    assert_eq!(split("[]").len(), 0);
    let pieces = split("[{\"a\": 1}] {\"a\": 2}");
    assert!(matches!(&pieces[..], [Piece::Case(_), Piece::Broken("{\"a\": 2}", _)]), "{pieces:?}");
}

#[test]
fn a_broken_line_hides_no_other() {
    for broken in ["{\"name\": \"open\"", "{\"name\": \"open", "nonsense", "}", "{\"a\" 1}"] {
        let text = format!("{CASE}\n{broken}\n{CASE}\n");
        let pieces = split(&text);
        let good = pieces.iter().filter(|piece| match piece {
            Piece::Case(text) => Case::parse(text, &mut Documents::new()).is_ok(),
            Piece::Broken(..) => false,
        });
        assert_eq!((good.count(), pieces.len()), (2, 3), "{broken}: {pieces:#?}");
    }
    let pieces = split("{\n  \"name\": \"x\",\n  \"request\": {\n}\n");
    assert!(matches!(&pieces[..], [Piece::Broken(..)]), "{pieces:?}");
}
