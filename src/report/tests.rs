use super::*;

fn report() -> Report {
    let at = |second: i64| Timestamp::from_second(1_735_689_600 + second).unwrap();
    Report {
        version: VERSION,
        snaplake: "0.1.0".into(),
        kind: Kind::Rehearsal,
        pipeline: "shop".into(),
        result: Status::Failed,
        started: at(0),
        ended: at(5_400),
        facts: vec![Fact { name: "export".into(), value: "shop-20250101".into() }],
        steps: vec![StepRow {
            id: "await".into(),
            title: "wait for the export".into(),
            status: Status::Passed,
            started: at(1_350),
            ended: at(4_050),
            detail: "2 tables".into(),
        }],
        checks: vec![],
        tables: vec![TableRow {
            name: "orders".into(),
            source: "shop.orders".into(),
            rows: Some(60_000),
            bytes: Some(1_536),
            files: Some(1),
            status: Status::Failed,
            checks: vec![CheckRow {
                id: "athena-count".into(),
                title: "rows through Athena".into(),
                status: Status::Failed,
                expected: "60,000".into(),
                found: "<script>alert(1)</script>\u{1b}[2J".into(),
                help: "read the file again".into(),
            }],
        }],
        views: vec![],
        principals: vec![PrincipalRow {
            name: "export".into(),
            arn: "arn:aws:iam::123456789012:role/shop-export".into(),
            grants: [("s3:PutObject*", 3), ("s3:DeleteObject*", 0)]
                .map(|(action, uses)| GrantRow {
                    file: "policies/export.json".into(),
                    sid: "Objects".into(),
                    action: action.into(),
                    uses,
                    exempt: false,
                })
                .into(),
        }],
        denials: vec![],
        problems: vec![],
        warnings: vec![],
    }
}

#[test]
fn the_page_takes_nothing_from_a_network_and_runs_nothing() {
    let page = html(&report()).unwrap();
    assert!(!page.contains("<script"), "data became markup");
    assert!(page.contains("&lt;script&gt;"));
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "the page has {outside}");
    }
}

#[test]
fn the_page_draws_a_step_where_it_lies() {
    let page = html(&report()).unwrap();
    assert!(page.contains("left: 25.00%; width: 50.00%"), "{page}");
}

#[test]
fn the_terminal_names_table_values_and_help() {
    let text = text(&report(), false);
    for part in ["orders: rows through Athena", "60,000", "read the file again", "s3:DeleteObject*"]
    {
        assert!(text.contains(part), "no {part} in:\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "an escape from data or without colour");
    assert!(text.contains("export: 1 of 2 granted actions used"));
}

#[test]
fn the_schema_knows_every_field_of_the_json_form() {
    let schema = schema();
    let form = serde_json::to_value(report()).unwrap();
    let known = schema["properties"].as_object().unwrap();
    for field in form.as_object().unwrap().keys() {
        assert!(known.contains_key(field), "the schema lacks {field}");
    }
    assert_eq!(schema["required"].as_array().unwrap().len(), known.len());
}

#[test]
fn a_build_server_sees_steps_checks_and_denials() {
    let mut report = report();
    report.denials.push(Denial {
        principal: "runner".into(),
        action: "glue:GetTable".into(),
        resource: "*".into(),
        step: "publish".into(),
        reason: "why".into(),
        file: "policies/runner.json".into(),
        statement: "{}".into(),
        message: "User: x is not authorized".into(),
    });
    let xml = report_junit(&report);
    assert!(xml.contains("<testsuite name=\"shop: checks\" tests=\"1\" failures=\"1\""), "{xml}");
    assert!(xml.contains("classname=\"orders\" name=\"athena-count\""), "{xml}");
    assert!(xml.contains("expected 60,000, found &lt;script&gt;"), "{xml}");
    assert!(xml.contains("name=\"runner: glue:GetTable on *\""), "{xml}");
    assert!(xml.contains("name=\"await: wait for the export\"/>"), "{xml}");
    assert!(!xml.contains('\u{1b}'));
}

#[test]
fn earlier_runs_are_drawn_and_nothing_is_fetched_for_it() {
    let row = |at: u64| HistoryRow {
        run: format!("20261126-03000{at}-<b>"),
        began: "2026-11-26 03:00".into(),
        seconds: at * 60,
        rows: at,
        bytes: at << 20,
        cost: None,
        succeeded: at != 2,
    };
    let page = html_with_history(&report(), &[row(1), row(2), row(3)]).unwrap();
    assert_eq!(page.matches("<svg").count(), 3, "a chart without values is left out");
    assert_eq!(page.matches("<rect").count(), 9);
    assert!(page.contains("class=\"bar bad\"") && page.contains("did not come to its end"));
    assert!(!page.contains("<b>,") && !page.contains("http://") && !page.contains("https://"));
}
