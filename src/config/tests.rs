use super::grammar::{Absent, FILE, Key, PIPELINE, Section, Shape};
use super::*;
use proptest::prelude::*;
use std::fmt::Write as _;

const EXAMPLE: &str = include_str!("../../examples/snapshot-to-athena/snaplake.toml");

fn read(text: &str) -> Result<Config, ConfigErrors> {
    parse(Path::new("snaplake.toml"), text)
}

fn problems(text: &str) -> Vec<String> {
    match read(text) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.errors.iter().map(ToString::to_string).collect(),
    }
}

/// Whether another key, which stands before it, leaves it no place: of some one is wanted, of others one at most,
/// where a crawler finds the tables there is no history, and a workgroup that exists has a limit of its own.
fn excluded(section: &Section, key: &Key) -> bool {
    section.one_of.iter().any(|group| group[1..].contains(&key.name))
        || ["slack_webhook_file", "partition", "time_zone", "scan_limit"].contains(&key.name)
}

/// A file with every key of the grammar at its example, but for what `leave_out` picks.
fn every_key(leave_out: impl Fn(&str, &str) -> bool) -> String {
    let mut text = String::new();
    let keys = |text: &mut String, path: &str, section: &Section| {
        for key in section.keys() {
            let below = matches!(key.shape, Shape::Table(_) | Shape::Tables(_));
            // Of keys that exclude each other, the first stands.
            if !below && !excluded(section, key) && !leave_out(path, key.name) {
                writeln!(text, "{} = {}", key.name, key.example).unwrap();
            }
        }
    };
    keys(&mut text, "", &PIPELINE);
    for key in PIPELINE.keys() {
        match key.shape {
            Shape::Table(below) => {
                writeln!(text, "[{}]", key.name).unwrap();
                keys(&mut text, key.name, below);
            }
            Shape::Tables(below) => {
                writeln!(text, "[[{}]]", key.name).unwrap();
                keys(&mut text, key.name, below);
            }
            _ => {}
        }
    }
    text
}

fn all_keys() -> Vec<(&'static str, &'static Section, &'static Key)> {
    let mut keys: Vec<_> = PIPELINE.keys().map(|key| ("", &PIPELINE, key)).collect();
    for key in PIPELINE.keys() {
        if let Shape::Table(below) | Shape::Tables(below) = key.shape {
            keys.extend(below.keys().map(|inner| (key.name, below, inner)));
        }
    }
    keys
}

#[test]
fn the_examples_of_all_keys_make_a_file_that_parses() {
    assert_eq!(problems(&every_key(|_, _| false)), Vec::<String>::new());
}

#[test]
fn every_key_makes_a_difference() {
    let whole = read(&every_key(|_, _| false)).unwrap().pipelines;
    for (path, section, key) in all_keys() {
        if matches!(key.shape, Shape::Table(_) | Shape::Tables(_)) {
            continue;
        }
        let text = every_key(|at, name| at == path && name == key.name);
        match read(&text) {
            Ok(without) => {
                let excluded = excluded(section, key);
                assert!(excluded || without.pipelines != whole, "{path}.{} is not read", key.name);
                assert!(!matches!(key.absent, Absent::Refused), "{path}.{}", key.name);
            }
            // Other keys lean on these, and say so.
            Err(errors) if path == "catalog" && key.name == "mode" => {
                assert!(errors.to_string().contains("no crawler"), "{errors}");
            }
            Err(errors) if path == "notify" && key.name == "sns_topic" => {
                assert!(errors.to_string().contains("no topic"), "{errors}");
            }
            Err(errors) if path == "lake_formation" && key.name == "enabled" => {
                assert!(errors.to_string().contains("governs nothing"), "{errors}");
            }
            Err(errors) if path == "source" && key.name == "tables" => {
                assert!(errors.to_string().contains("does not know"), "{errors}");
            }
            Err(errors) if path == "existing" && key.name == "bucket" => {
                assert!(errors.to_string().contains("another account"), "{errors}");
            }
            Err(errors) => {
                let chosen = section.one_of.iter().any(|group| group.contains(&key.name));
                assert!(matches!(key.absent, Absent::Refused) || chosen, "{path}.{}", key.name);
                assert!(errors.to_string().contains("missing"), "{errors}");
            }
        }
    }
}

#[test]
fn the_schema_knows_the_same_keys() {
    fn same(section: &Section, schema: &serde_json::Value, path: &str) {
        let known: Vec<&str> = section.keys().map(|key| key.name).collect();
        let properties = schema["properties"].as_object().unwrap();
        assert_eq!(known, properties.keys().collect::<Vec<_>>(), "{path}");
        assert_eq!(schema["additionalProperties"], false, "{path}");
        for key in section.keys() {
            let property = &properties[key.name];
            match key.shape {
                Shape::Table(below) => same(below, property, key.name),
                Shape::Tables(below) => same(below, &property["items"], key.name),
                Shape::Choice { words, or: None } => {
                    assert_eq!(property["enum"], serde_json::json!(words));
                }
                Shape::Choice { words, .. } => {
                    assert_eq!(property["anyOf"][0]["enum"], serde_json::json!(words));
                }
                Shape::Switch => assert_eq!(property["type"], "boolean"),
                Shape::Number { .. } => assert_eq!(property["type"], "integer"),
                Shape::Text(_) => assert_eq!(property["type"], "string"),
                Shape::Texts(_) => assert_eq!(property["items"]["type"], "string"),
                Shape::Map { .. } => assert_eq!(property["type"], "object"),
            }
        }
    }
    same(&FILE, &json_schema(), "");
}

#[test]
fn the_words_for_engines_are_the_engines() {
    let source = PIPELINE.key("source").unwrap();
    let Shape::Table(source) = source.shape else { panic!() };
    let Shape::Choice { words, .. } = source.key("engine").unwrap().shape else { panic!() };
    assert_eq!(words, Engine::ALL.map(Engine::as_str));
}

#[test]
fn the_reference_page_is_up_to_date() {
    let page = include_str!("../../docs/configuration.md");
    assert!(page == super::page(), "run `snaplake schema --page > docs/configuration.md`");
}

#[test]
fn everything_wrong_is_told_at_once_and_in_order() {
    let text = EXAMPLE
        .replace("aurora-mysql", "oracle")
        .replace("example-shop-lake", "Example")
        .replace("scan_limit", "scan_limits");
    let errors = read(&text).unwrap_err().errors;
    assert_eq!(errors.len(), 3);
    assert!(errors.is_sorted_by_key(ConfigError::offset));
}

#[test]
fn broken_toml_is_told_together_with_what_else_is_wrong() {
    let text = EXAMPLE
        .replace("name = \"shop\"", "name = \"shop")
        .replace("example-shop-lake", "Example")
        .replace("exports = 3", "exports = = 3");
    let problems = problems(&text);
    assert_eq!(problems.iter().filter(|one| one.starts_with("broken TOML")).count(), 2);
    assert!(problems.iter().any(|one| one.contains("`Example`")), "{problems:?}");
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn several_pipelines_share_what_stands_outside() {
    let text = r#"
account = "123456789012"
region = "ap-northeast-1"
tags = { team = "data", kind = "shared" }
[source]
engine = "postgres"
instance = "main"
database = "app"
[retention]
exports = 5
[[pipelines]]
name = "one"
lake = { bucket = "example-one" }
[[pipelines]]
name = "two"
lake = { bucket = "example-two" }
source = { cluster = "other", engine = "aurora-postgresql" }
tags = { kind = "own" }
"#;
    let config = read(text).unwrap();
    let [one, two] = config.pipelines.as_slice() else { panic!() };
    assert_eq!(one.source.kind, SourceKind::Instance("main".into()));
    assert_eq!(two.source.kind, SourceKind::Cluster("other".into()));
    assert_eq!((two.source.database.as_str(), two.retention.exports), ("app", 5));
    assert_eq!((two.tags["team"].as_str(), two.tags["kind"].as_str()), ("data", "own"));
    assert_eq!((one.catalog.database.as_str(), two.athena.workgroup.as_str()), ("one", "two"));
    assert!(config.select(None).unwrap_err().to_string().contains("2 pipelines"));
    assert_eq!(config.select(Some("two")).unwrap().name, "two");
    assert!(config.select(Some("tow")).is_err());

    let clash = text.replace("example-two", "example-one").replace("\"two\"", "\"one\"");
    let problems = problems(&clash);
    assert!(problems.iter().any(|one| one.contains("`lake.bucket`")), "{problems:?}");
    assert!(problems.iter().any(|one| one.contains("`name`")), "{problems:?}");
}

#[test]
fn views_come_after_what_they_read_and_files_are_read() {
    let mut text = EXAMPLE.split("[[views]]").next().unwrap().to_owned();
    for (name, sql) in [("a", "SELECT * FROM b JOIN c USING (x)"), ("b", "SELECT * FROM c")] {
        write!(text, "[[views]]\nname = {name:?}\nsql = {sql:?}\n").unwrap();
    }
    text.push_str("[[views]]\nname = \"c\"\nfile = \"c.sql\"\n");
    let files = |file: &Path| {
        assert_eq!(file, Path::new("c.sql"));
        Ok("\n-- of orders\nSELECT * FROM orders\n".to_owned())
    };
    let config = parse_with(Path::new("snaplake.toml"), &text, &files).unwrap();
    let views: Vec<_> = config.pipelines[0].views.iter().map(|view| view.name.as_str()).collect();
    assert_eq!(views, ["c", "b", "a"]);
    assert!(problems(&text)[0].contains("`c.sql` can not be read"));
}

/// Text that would like to get out of whatever quotes it ends up in.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9\"'`$%{}\\\\;\n\r\t *?:/.<>&-]{1,24}",
        "[a-z]{2,8}(\\$\\{|%\\{|\"|\\\\|\n|;|'|`|--|/\\*)[a-z]{0,8}",
        "[a-z][a-z0-9-]{1,20}[a-z0-9]",
        "\\PC{1,12}",
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is written anywhere is refused, or can not leave quotes in HCL, JSON, SQL or a path.
    #[test]
    fn hostile_text_is_refused_or_harmless(
        text in hostile(),
        at in any::<prop::sample::Index>(),
    ) {
        let keys: Vec<_> = all_keys()
            .into_iter()
            .filter(|(_, section, key)| {
                !excluded(section, key) && matches!(key.shape, Shape::Text(_) | Shape::Choice { .. } | Shape::Texts(_))
            })
            .collect();
        let (path, _, key) = at.get(&keys);
        let value = toml::Value::String(text.clone()).to_string();
        let value =
            if matches!(key.shape, Shape::Texts(_)) { format!("[{value}]") } else { value };
        let file = every_key(|_, _| false)
            .replacen(&line(path, key), &format!("{} = {value}\n", key.name), 1);
        if let Ok(config) = read(&file) {
            // A file's name reaches the disk only, and may be anything that a folder may be called.
            let of_a_file = matches!(key.shape, Shape::Text(rule) if rule.noun == "file name");
            if key.name != "sql" && !of_a_file {
                for bad in ["\"", "'", "`", "\\", "${", "%{", "\n", "\r", ";"] {
                    prop_assert!(!text.contains(bad), "{path}.{} takes {text:?}", key.name);
                }
                prop_assert!(!text.chars().any(char::is_control));
            }
            let pipeline = crate::pipeline::Pipeline::from_config(&config).unwrap();
            for document in pipeline.documents() {
                prop_assert!(document.policy().is_ok(), "{}", document.to_json());
            }
        }
    }

    /// No text at all makes the parser fail in any other way than with errors that point into it.
    #[test]
    fn any_text_is_an_answer(text in "(\\PC|\n|\"|=|\\[){0,80}") {
        if let Err(errors) = read(&text) {
            prop_assert!(!errors.errors.is_empty());
            for error in errors.errors {
                prop_assert!(error.offset() <= text.len());
                let mut shown = String::new();
                let handler = miette::GraphicalReportHandler::new_themed(
                    miette::GraphicalTheme::unicode_nocolor(),
                );
                prop_assert!(handler.render_report(&mut shown, &error).is_ok());
                prop_assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
            }
        }
    }
}

/// The line of `every_key` that gives the key; names that several tables have are told apart by
/// their examples.
fn line(_path: &str, key: &Key) -> String {
    format!("{} = {}\n", key.name, key.example)
}
