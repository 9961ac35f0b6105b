use super::*;
use proptest::prelude::*;

fn grant(sid: &str, action: &str, resources: &[&str]) -> Grant {
    Grant {
        sid: sid.into(),
        action: action.into(),
        resources: resources.iter().map(|text| (*text).to_owned()).collect(),
        conditions: Vec::new(),
    }
}

#[test]
fn covers_what_it_should() {
    for (wide, narrow, expected) in [
        ("*", "", true),
        ("*", "a*b", true),
        ("a*", "a*", true),
        ("a*", "ab*c", true),
        ("a?", "a*", false),
        ("a*", "a?", true),
        ("a?", "a?", true),
        ("a*c", "ab*", false),
        ("s3:GetObject*", "s3:getobjectversion", true),
        ("s3:GetObject", "s3:GetObject*", false),
        ("", "", true),
        ("", "a", false),
        ("*a", "*ba", true),
        ("a*a", "a", false),
    ] {
        assert_eq!(covers(wide, narrow), expected, "{wide} covers {narrow}");
    }
}

#[test]
fn actions_on_the_same_resources_share_a_statement() {
    let composed = compose(&[
        grant("A", "s3:PutObject", &["b/*"]),
        grant("A", "s3:GetObject", &["b/*"]),
        grant("C", "s3:ListBucket", &["b"]),
    ]);
    assert_eq!(composed.len(), 2);
    assert_eq!(composed[0].sid, "A");
    assert_eq!(composed[0].actions, ["s3:GetObject", "s3:PutObject"]);
}

#[test]
fn what_is_allowed_already_is_not_said_again() {
    let mut narrow = grant("Narrow", "s3:GetObject", &["b/x/*"]);
    narrow.conditions = vec![("Bool".into(), "k".into(), vec!["true".into()])];
    let composed = compose(&[
        grant("Wide", "s3:Get*", &["b/*"]),
        grant("Wide", "s3:GetObject", &["b/*"]),
        narrow,
    ]);
    assert_eq!(composed.len(), 1);
    assert_eq!(composed[0].actions, ["s3:Get*"]);
}

#[test]
fn ids_are_unique() {
    let composed = compose(&[grant("A", "x:One", &["a"]), grant("A", "x:Two", &["b"])]);
    assert_eq!(composed.iter().map(|one| one.sid.as_str()).collect::<Vec<_>>(), ["A", "A2"]);
}

fn some_grant() -> impl Strategy<Value = Grant> {
    let resources = prop::collection::btree_set("[ab]/[xy*]{1,2}", 1..3);
    let conditions = prop::option::of("[pq]");
    ("[ST]", "s:[GP]et?[*]?", resources, conditions).prop_map(|(sid, action, resources, key)| {
        Grant {
            sid,
            action,
            resources,
            conditions: key
                .into_iter()
                .map(|key| ("Bool".into(), key, vec!["true".into()]))
                .collect(),
        }
    })
}

/// Whether a statement allows an action on a resource under conditions at least as strict.
fn allows(one: &Composed, action: &str, resource: &str, conditions: &[Condition]) -> bool {
    one.conditions.iter().all(|condition| conditions.contains(condition))
        && one.actions.iter().any(|pattern| covers(pattern, action))
        && one.resources.iter().any(|pattern| covers(pattern, resource))
}

/// What `covers` means, word for word.
fn covers_by_definition(wide: &[char], narrow: &[char]) -> bool {
    match (wide, narrow) {
        ([], _) => narrow.is_empty(),
        (['*', behind @ ..], _) => {
            (0..=narrow.len()).any(|taken| covers_by_definition(behind, &narrow[taken..]))
        }
        ([w, behind @ ..], [n, rest @ ..]) => {
            (w.eq_ignore_ascii_case(n) || *w == '?' && *n != '*')
                && covers_by_definition(behind, rest)
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn covers_as_it_is_defined(wide in "[abB*?é]{0,9}", narrow in "[abA*?é]{0,12}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let expected = covers_by_definition(&chars(&wide), &chars(&narrow));
        prop_assert_eq!(covers(&wide, &narrow), expected);
    }

    #[test]
    fn sufficient_minimal_and_the_same_in_any_order(
        mut grants in prop::collection::vec(some_grant(), 1..8),
    ) {
        let composed = compose(&grants);
        let granted = |statements: &[Composed]| {
            grants.iter().all(|grant| grant.resources.iter().all(|resource| {
                statements.iter().any(|one| {
                    allows(one, &grant.action, resource, &grant.conditions)
                })
            }))
        };
        prop_assert!(granted(&composed));
        for one in &composed {
            for action in &one.actions {
                for resource in &one.resources {
                    prop_assert!(grants.iter().any(|grant| {
                        grant.action == *action
                            && grant.resources.contains(resource)
                            && grant.conditions == one.conditions
                    }), "{action} on {resource} was not asked for");
                }
            }
        }
        let rights: Vec<_> = composed
            .iter()
            .flat_map(|one| one.actions.iter().map(move |action| (one, action)))
            .flat_map(|(one, action)| one.resources.iter().map(move |resource| Right {
                action,
                resource,
                conditions: &one.conditions,
            }))
            .collect();
        for (at, right) in rights.iter().enumerate() {
            for (other_at, other) in rights.iter().enumerate() {
                prop_assert!(at == other_at || !other.covers(right), "{right:?} is there twice");
            }
        }
        grants.reverse();
        prop_assert_eq!(composed, compose(&grants));
    }
}
