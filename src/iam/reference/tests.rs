use super::*;

/// The whole file decodes: nothing in it is passed over.
#[test]
fn every_service_decodes() {
    let blocks = decode::blocks(DATA).expect("the file has its documented form");
    assert!(blocks.len() > 450, "{} services", blocks.len());
    assert!(blocks.is_sorted_by_key(|block| block.prefix));
    for block in &blocks {
        let service = decode::service(block).unwrap_or_else(|| panic!("{}", block.prefix));
        assert!(block.prefix == "*" || block.lines.is_empty() || !service.actions.is_empty());
        assert!(
            service.actions.windows(2).all(|pair| !pair[0].name.eq_ignore_ascii_case(pair[1].name))
        );
    }
    let actions: usize = services().map(|service| service.actions.len()).sum();
    assert!(actions > 20_000, "{actions} actions");
    assert!(DATA.len() < 1 << 20, "{} bytes are embedded", DATA.len());
}

#[test]
fn an_action_is_found_whatever_its_case() {
    let action = action("S3:getobject").expect("known");
    assert_eq!(action.to_string(), "s3:GetObject");
    assert_eq!(action.access_level, AccessLevel::Read);
    assert!(action.resource_types.iter().any(|kind| kind.name == "object"));
    assert!(action.receives("s3:ExistingObjectTag/owner"));
    assert!(!action.receives("s3:prefix"));
    assert!(super::action("s3:GetObjects").is_none());
    assert!(super::action("GetObject").is_none());
    assert!(super::action("*:GetObject").is_none());
}

/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html>: one
/// package lacks this action's dependent `iam:PassRole`.
#[test]
fn packages_fill_each_others_gaps() {
    let export = action("rds:StartExportTask").expect("known");
    assert_eq!(export.all_dependent_actions().collect::<Vec<_>>(), ["iam:PassRole"]);
    assert!(action("rds:CancelExportTask").expect("known").resource_types.is_empty());
}

#[test]
fn patterns_expand() {
    let names: Vec<_> = expand("athena:*QueryExecution").iter().map(ToString::to_string).collect();
    assert!(names.contains(&"athena:StartQueryExecution".to_owned()), "{names:?}");
    assert!(names.iter().all(|name| name.ends_with("QueryExecution")));
    assert_eq!(expand("s3:get*").len(), expand("S3:Get*").len());
    assert!(expand("*").len() > 20_000);
    assert_eq!(expand("*").len(), expand("*:*").len());
    assert!(expand("nope:*").is_empty());
}

#[test]
fn resource_types_know_their_arns() {
    let s3 = service("s3").expect("known");
    let object = s3.resource_type("object").expect("known");
    assert_eq!(object.arn_pattern, "arn:${Partition}:s3:::${BucketName}/${ObjectName}");
    assert!(object.may_match("arn:aws:s3:::lake/exports/*"));
    assert!(object.may_match("*"));
    assert!(!object.may_match("arn:aws:s3:::lake"));
}

#[test]
fn global_keys_are_known_with_their_kind() {
    let tag = global_condition_key("AWS:requesttag/team").expect("known");
    assert_eq!(tag.kind, KeyKind { of: KeyType::String, multivalued: false });
    assert!(global_condition_key("aws:PrincipalOrgPaths").expect("known").kind.multivalued);
    assert!(global_condition_key("aws:RequestTag/").is_none());
    assert!(global_condition_key("aws:Nonsense").is_none());
}

#[test]
fn overlap_is_symmetric_and_exact() {
    let cases = [
        ("a*b", "ab", true),
        ("a*b", "a*c", false),
        ("a*", "*b", true),
        ("a?c", "a*c", true),
        ("?", "", false),
        ("*", "", true),
        ("**", "*x*", true),
        ("abc", "abd", false),
        ("a*c*e", "ab*de", true),
    ];
    for (left, right, expected) in cases {
        assert_eq!(overlaps(left, right), expected, "{left} {right}");
        assert_eq!(overlaps(right, left), expected, "{right} {left}");
    }
}
