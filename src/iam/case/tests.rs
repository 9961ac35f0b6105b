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
    assert_eq!(split("").len(), 0);
    assert_eq!(split("[]").len(), 0);
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
