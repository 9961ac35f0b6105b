use super::{list, object, quoted};
use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;
use hcl_edit::template::Element;
use proptest::prelude::*;

/// Reads `a = <text>` back as HCL does, and gives the string that it means.
fn read_back(text: &str) -> String {
    let body: Body = format!("a = {text}\n").parse().expect("the text is HCL");
    let attributes: Vec<_> = body.into_iter().collect();
    assert_eq!(attributes.len(), 1, "one argument, not several: {text}");
    let attribute = attributes[0].as_attribute().expect("an argument and no block");
    match &attribute.value {
        Expression::String(value) => value.as_str().to_owned(),
        Expression::StringTemplate(template) => template
            .iter()
            .map(|element| match element {
                Element::Literal(literal) => literal.as_str().to_owned(),
                other => panic!("{text} holds a template: {other:?}"),
            })
            .collect(),
        other => panic!("{text} is no string: {other:?}"),
    }
}

#[test]
fn what_terraform_would_read_as_its_own_is_escaped() {
    for (value, expected) in [
        ("plain", r#""plain""#),
        (r#"a "b" \c"#, r#""a \"b\" \\c""#),
        ("${x}", r#""$${x}""#),
        ("%{ if x }", r#""%%{ if x }""#),
        ("$${x}", r#""$$${x}""#),
        ("100% $5 $$ %%", r#""100% $5 $$ %%""#),
        ("a\nb\r\tc", r#""a\nb\r\tc""#),
        ("\u{1b}[31m", r#""\U0000001b[31m""#),
        ("\u{202e}", r#""\U0000202e""#),
        ("顧客", "\"顧客\""),
    ] {
        assert_eq!(quoted(value), expected);
    }
}

#[test]
fn lists_and_objects_take_the_lines_they_need() {
    assert_eq!(list(&[], 1), "[]");
    assert_eq!(list(&["a".to_owned()], 1), "[a]");
    assert_eq!(list(&["a".to_owned(), "b".to_owned()], 1), "[\n    a,\n    b,\n  ]");
    let entries = [("plain", quoted("1")), ("with space", quoted("2"))];
    assert_eq!(object(&entries, 0), "{\n  plain = \"1\"\n  \"with space\" = \"2\"\n}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_is_read_back_as_it_was(value in ".*") {
        prop_assert_eq!(read_back(&quoted(&value)), value);
    }

    #[test]
    fn text_made_of_what_hcl_knows_is_read_back_as_it_was(value in "[$%{}\"\\\\\n\r\t#/*<~a é\u{1b}\u{202e}]{0,24}") {
        prop_assert_eq!(read_back(&quoted(&value)), value);
    }
}
