//! What is wrong in `snaplake.toml` is said all at once, with its place and what to write instead;
//! the exit code is 2.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use crate::support::snaplake;

const GOOD: &str = r#"name = "shop"
account = "123456789012"
region = "ap-northeast-1"
[source]
engine = "aurora-mysql"
cluster = "shop-prod"
database = "shop"
tables = ["shop.orders"]
[lake]
bucket = "example-shop-lake"
"#;

/// What `generate --check` says of a configuration: exit code and stderr.
fn said(config: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("snaplake.toml"), config).unwrap();
    let output = snaplake(folder.path()).args(["generate", "--check"]).output().unwrap();
    assert!(output.stdout.is_empty() || output.status.code() == Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    format!("exit code: {}\n{stderr}", output.status.code().unwrap())
}

/// The same configuration with some of its text replaced.
fn with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(GOOD.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

#[test]
fn broken_toml() {
    insta::assert_snapshot!(said(&with(&[
        ("\"ap-northeast-1\"", "\"ap-northeast-1"),
        ("[lake]", "[lake"),
        ("example-shop-lake", "Example_Lake"),
    ])));
}

#[test]
fn unknown_keys() {
    insta::assert_snapshot!(said(&with(&[
        ("account", "acount"),
        ("database", "databse"),
        ("bucket", "colour = \"blue\"\nbucket"),
    ])));
}

#[test]
fn nothing_at_all() {
    insta::assert_snapshot!(said(""));
}

#[test]
fn values_of_the_wrong_kind() {
    insta::assert_snapshot!(said(&with(&[
        ("\"123456789012\"", "123456789012"),
        ("[\"shop.orders\"]", "[\"shop.orders\", 3]"),
        ("[lake]\nbucket = \"example-shop-lake\"", "lake = \"example-shop-lake\""),
    ])));
}

#[test]
fn unknown_engine() {
    insta::assert_snapshot!(said(&with(&[("aurora-mysql", "aurora-mysq")])));
}

#[test]
fn an_aurora_instance() {
    insta::assert_snapshot!(said(&with(&[("cluster", "instance")])));
}

#[test]
fn both_a_cluster_and_an_instance() {
    insta::assert_snapshot!(said(&with(&[("database", "instance = \"shop\"\ndatabase")])));
}

#[test]
fn bucket_names_that_s3_refuses() {
    let names = ["Lake", "a", "a..b", "192.168.5.4", "xn--lake", "lake--x-s3", "-lake", "lake_1"];
    let said: Vec<String> = names
        .iter()
        .map(|name| said(&with(&[("example-shop-lake", name)])))
        .map(|text| text.lines().take(2).collect::<Vec<_>>().join(" |"))
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn arns_of_something_else() {
    insta::assert_snapshot!(said(&format!(
        "{}key = \"arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\"\n\
         [iam]\n\
         permissions_boundary = \"arn:aws:iam::123456789012:role/boundary\"\n\
         runners = [\"arn:aws:s3:::bucket-of-mine\"]\n",
        with(&[(
            "database",
            "snapshot = \"arn:aws:rds:ap-northeast-1:123456789012:snapshot:x\"\ndatabase"
        )])
    )));
}

#[test]
fn names_that_would_leave_their_quotes() {
    insta::assert_snapshot!(said(&with(&[
        ("\"shop\"\naccount", "\"shop\\\"${x}\"\naccount"),
        ("shop-prod", "shop\\nprod"),
        ("shop.orders", "shop.orders; DROP TABLE orders"),
        ("example-shop-lake", "lake%{if true}"),
    ])));
}

#[test]
fn a_file_that_would_steer_the_terminal() {
    let text = said(&with(&[("name = \"shop\"", "name = \"\u{202e}shop\" # \u{1b}[31m\u{9b}31m")]));
    assert!(text.chars().all(|c| !c.is_control() || c == '\n'), "{text:?}");
    assert!(!text.contains('\u{202e}'), "{text:?}");
    insta::assert_snapshot!(text);
}

#[test]
fn tables_of_postgresql() {
    insta::assert_snapshot!(said(&with(&[
        ("aurora-mysql", "postgres"),
        ("cluster", "instance"),
        (
            "[\"shop.orders\"]",
            "[\"orders\", \"shop.orders\", \"crm.public.people\", \"sales.orders\", \
             \"shop.sales.orders\"]"
        ),
    ])));
}

#[test]
fn views_that_can_not_be() {
    let views = r#"
[[views]]
name = "orders"
sql = "SELECT 1"
[[views]]
name = "Daily"
sql = "SELECT 1"
[[views]]
name = "two"
sql = "SELECT 1; DROP TABLE orders"
[[views]]
name = "made"
sql = "CREATE VIEW made AS SELECT 1"
[[views]]
name = "first"
sql = "SELECT * FROM second"
[[views]]
name = "second"
sql = "SELECT * FROM orders JOIN first USING (id)"
[[views]]
name = "nowhere"
file = "views/nowhere.sql"
"#;
    insta::assert_snapshot!(said(&(GOOD.to_owned() + views)));
}

#[test]
fn checks_that_can_not_be() {
    let checks = r#"
[catalog]
mode = "history"
time_zone = "tokyo"
new_columns = "forbid"
[typed_views]
enabled = true
[verify]
row_change = "a lot"
row_change_of = { nothing = "5%" }
[[checks]]
name = "one"
sql = "DELETE FROM orders"
[[checks]]
name = "one"
sql = "SELECT 1"
[[freshness]]
table = "orders"
column = "at"
max_age = "soon"
[[views]]
name = "orders_typed"
sql = "SELECT 1"
"#;
    insta::assert_snapshot!(said(&(GOOD.to_owned() + checks)));
}

#[test]
fn names_and_keys_that_would_go_unheeded_or_clash() {
    let more = r#"
[catalog]
partition = "exported_on"
time_zone = "Asia/Tokyo"
[existing]
crawler_role = "arn:aws:iam::123456789012:role/crawler"
[typed_views]
enabled = true
suffix = "_lines"
[lake_formation]
enabled = true
location = "arn:aws:iam::123456789012:role/aws-service-role/lakeformation.amazonaws.com/AWSServiceRoleForLakeFormationDataAccess"
"#;
    let text = with(&[("\"shop.orders\"", "\"shop.order\", \"shop.order_lines\"")]);
    insta::assert_snapshot!(said(&(text + more)));
}

/// A name that no run would find is found out before anything is paid for.
#[test]
fn time_zones_that_do_not_exist() {
    let zone = |name: &str| {
        said(&format!("{GOOD}[catalog]\nmode = \"history\"\ntime_zone = \"{name}\"\n"))
    };
    insta::assert_snapshot!(zone("Asia/Tokio"));
    for (typed, help) in [
        ("Berlin", "did you mean `Europe/Berlin`?"),
        ("Nowhere/At-all", "write a name of the IANA database"),
    ] {
        let said = zone(typed);
        assert!(said.starts_with("exit code: 2\n"), "{said}");
        assert!(said.contains(&format!("there is no time zone `{typed}`")), "{said}");
        assert!(said.contains(help), "{said}");
    }
    // All is well, and nothing has been generated yet.
    for right in ["Asia/Tokyo", "US/Eastern", "UTC"] {
        assert!(zone(right).starts_with("exit code: 1\n"), "{right}");
    }
}

#[test]
fn what_others_keep_is_not_the_configurations_to_set() {
    let linked =
        "arn:aws:iam::123456789012:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS";
    let roles: Vec<String> = ["export_role", "runner_role", "analyst_role"]
        .iter()
        .map(|role| format!("{role} = \"{linked}\"\n"))
        .collect();
    insta::assert_snapshot!(said(&format!(
        "{GOOD}[athena]\nscan_limit = \"10 GB\"\n[existing]\nworkgroup = true\n{}\
         [tags]\n\"snaplake:pipeline\" = \"other\"\n",
        roles.concat()
    )));
    // One pipeline that makes its workgroup heeds the limit.
    let shared = "
athena = { scan_limit = \"10 GB\" }
[[pipelines]]
name = \"one\"
lake = { bucket = \"example-one\" }
[[pipelines]]
name = \"two\"
lake = { bucket = \"example-two\" }
existing = { workgroup = true }
";
    let (head, rest) = GOOD.split_once("[source]").unwrap();
    let (source, _) = rest.split_once("[lake]").unwrap();
    let (limit, pipelines) = shared.split_once("[[").unwrap();
    let head = head.replace("name = \"shop\"", "");
    let file = format!("{head}{limit}[source]{source}[[{pipelines}");
    assert!(said(&file).starts_with("exit code: 1\n"), "{}", said(&file));
}

/// Whoever writes the webhook where its variable's name belongs reads no part of it in a log of CI.
#[test]
fn a_webhook_in_the_wrong_place_is_not_repeated() {
    let notify = r#"
[notify]
slack_webhook_env = "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXX"
"#;
    let said = said(&(GOOD.to_owned() + notify));
    assert!(!said.contains("T0000") && !said.contains("XXX"), "{said}");
    insta::assert_snapshot!(said);
}

#[test]
fn pipelines_that_would_get_in_each_others_way() {
    let two = r#"
[[pipelines]]
name = "one"
[[pipelines]]
name = "one"
athena = { workgroup = "w" }
"#;
    insta::assert_snapshot!(said(&(GOOD.to_owned() + two)));
}

#[test]
fn there_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let output = snaplake(folder.path()).args(["generate", "--check"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap());
}

#[test]
fn one_bad_element_hides_nothing_of_the_others() {
    let views = r#"
[tags]
team = "data"
"aws:x" = "y"
Team = "lake"
[[views]]
name = "daily"
sql = "SELECT 1;"
[[views]]
name = "daily"
sql = "SELECT 2"
[[views]]
name = "Orders"
sql = "DELETE FROM orders"
"#;
    let tables =
        ("[\"shop.orders\"]", "[\"shop.orders\", \"orders\", \"bad table\", \"a.b.c\", 3]");
    insta::assert_snapshot!(said(&(with(&[tables]) + views)));
}

#[test]
fn folders_that_would_hold_two_things_at_once() {
    insta::assert_snapshot!(said(&with(&[(
        "[lake]",
        "[athena]\nresults = \"exports/results\"\n[lake]"
    )])));
    insta::assert_snapshot!(said(&with(&[("bucket =", "prefix = \"journal\"\nbucket =")])));
}

#[test]
fn pipelines_that_share_a_bucket_share_no_folder_of_it() {
    let shared = |one: &str, other: &str| {
        said(&format!(
            r#"account = "123456789012"
region = "ap-northeast-1"
existing = {{ bucket = true }}
[[pipelines]]
name = "one"
source = {{ engine = "mysql", instance = "one", database = "one" }}
lake = {{ bucket = "example-platform-lake", prefix = "{one}" }}
[[pipelines]]
name = "two"
source = {{ engine = "mysql", instance = "two", database = "two" }}
lake = {{ bucket = "example-platform-lake", prefix = "{other}" }}
"#
        ))
    };
    // Both are right, and nothing has been generated yet.
    assert!(shared("rds/one", "rds/two").starts_with("exit code: 1\n"));
    assert!(shared("rds/one", "rds/one-more").starts_with("exit code: 1\n"));
    insta::assert_snapshot!(shared("rds", "rds/two"));
    // What one's analysts may read must not be the other's exports.
    let results = shared("rds/one\" }\nathena = { results = \"rds/two", "rds/two");
    assert!(results.starts_with("exit code: 2\n"), "{results}");
    assert!(results.contains("meets the folder `rds/two` of another"), "{results}");
    // One that makes the bucket admits its own key only.
    let made = shared("rds/one\" }\nexisting = { bucket = false }\nathena = { results = \"a", "b");
    assert!(made.contains("another pipeline makes the bucket"), "{made}");
}

#[test]
fn terraform_makes_no_tables_that_it_does_not_know() {
    insta::assert_snapshot!(said(&with(&[
        ("tables = [\"shop.orders\"]\n", ""),
        ("[lake]", "[catalog]\ntables = \"terraform\"\n[lake]"),
    ])));
}

#[test]
fn a_bad_name_of_the_only_table_is_one_problem() {
    let said = said(&with(&[
        ("shop.orders", "shop.or;ders"),
        ("[lake]", "[catalog]\ntables = \"terraform\"\n[lake]"),
    ]));
    assert!(said.starts_with("exit code: 2\n") && !said.contains("problems"), "{said}");
    assert!(said.contains("shop.or;ders") && !said.contains("Terraform"), "{said}");
}

#[test]
fn lake_formation_governs_or_does_not() {
    insta::assert_snapshot!(said(&with(&[(
        "[lake]",
        "[lake_formation]\nlocation = \"registered\"\n[lake]"
    )])));
    insta::assert_snapshot!(said(&with(&[(
        "[lake]",
        "[lake_formation]\nenabled = true\nlocation = \"arn:aws:iam::999999999999:role/lf\"\n[lake]"
    )])));
}
