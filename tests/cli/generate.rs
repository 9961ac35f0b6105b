//! `snaplake generate`.

use crate::support::snaplake;
use insta::assert_snapshot;
use std::path::Path;

const CONFIG: &str = r#"
name = "shop"
account = "123456789012"
region = "ap-northeast-1"

[source]
engine = "aurora-mysql"
cluster = "shop-prod"
snapshot = "latest-automated"
database = "shop"
tables = ["shop.orders"]

[lake]
bucket = "example-shop-lake"

[catalog]
database = "shop"

[athena]
workgroup = "shop"
"#;

fn project(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("snaplake.toml"), config)
        .expect("the configuration is written");
    folder
}

/// Exit code, stdout and stderr of `snaplake generate` with these arguments.
fn generate(folder: &Path, arguments: &[&str]) -> String {
    let output = snaplake(folder).arg("generate").args(arguments).output().expect("snaplake runs");
    format!(
        "exit code: {}\n--- stdout\n{}--- stderr\n{}",
        output.status.code().expect("an exit code"),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    )
}

fn bind() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\b\d+ (of \d+ )?files", "[N] files");
    settings.bind_to_scope()
}

#[test]
fn writes_once_and_then_has_nothing_to_write() {
    let _filters = bind();
    let folder = project(CONFIG);
    assert_snapshot!(generate(folder.path(), &[]), @r"
    exit code: 0
    --- stdout
    wrote [N] files to ./terraform
    --- stderr
    ");
    assert_snapshot!(generate(folder.path(), &[]), @r"
    exit code: 0
    --- stdout
    [N] files in ./terraform are up to date
    --- stderr
    ");
    assert_snapshot!(generate(folder.path(), &["--check"]), @r"
    exit code: 0
    --- stdout
    --- stderr
    all [N] files are up to date
    ");
}

#[test]
fn check_shows_what_an_edit_of_the_configuration_changes() {
    let _filters = bind();
    let folder = project(CONFIG);
    generate(folder.path(), &[]);
    let edited = CONFIG.replace("workgroup = \"shop\"", "workgroup = \"shop-queries\"");
    std::fs::write(folder.path().join("snaplake.toml"), edited)
        .expect("the configuration is written");
    let text = generate(folder.path(), &["--check"]);
    assert!(text.starts_with("exit code: 1"), "{text}");
    assert!(text.contains("\n--- ./terraform/main.tf\n+++ ./terraform/main.tf\n"), "{text}");
    assert!(
        text.contains(
            "\n-  workgroup            = \"shop\"\n+  workgroup            = \"shop-queries\"\n"
        ),
        "{text}"
    );
    let unchanged =
        std::fs::read_to_string(folder.path().join("terraform/main.tf")).expect("the file");
    assert!(!unchanged.contains("shop-queries"), "--check writes nothing");
}

#[test]
fn files_of_the_user_are_neither_touched_nor_overwritten() {
    let _filters = bind();
    let folder = project(CONFIG);
    let terraform = folder.path().join("terraform");
    std::fs::create_dir(&terraform).expect("a folder");
    std::fs::write(terraform.join("backend.tf"), "# mine").expect("a file");
    std::fs::write(terraform.join("main.tf"), "# mine too").expect("a file");
    assert_snapshot!(generate(folder.path(), &[]), @r"
    exit code: 2
    --- stdout
    --- stderr
      × in `./terraform`, a file that snaplake did not write would be overwritten: `main.tf`
      help: move them away, or generate into another folder with `--out DIR`
    ");
    assert!(
        !terraform.join("variables.tf").exists(),
        "nothing is written beside a file in the way"
    );
    std::fs::remove_file(terraform.join("main.tf")).expect("the file goes");
    assert!(generate(folder.path(), &[]).starts_with("exit code: 0"));
    assert_eq!(std::fs::read_to_string(terraform.join("backend.tf")).expect("the file"), "# mine");
}

#[test]
fn files_that_are_no_longer_generated_are_named_and_kept() {
    let _filters = bind();
    let folder = project(&CONFIG.replace("[catalog]", "[catalog]\nmode = \"crawler\""));
    generate(folder.path(), &[]);
    std::fs::write(folder.path().join("snaplake.toml"), CONFIG)
        .expect("the configuration is written");
    assert_snapshot!(generate(folder.path(), &[]), @r"
    exit code: 0
    --- stdout
    wrote [N] files to ./terraform; the others are up to date
    --- stderr
    no longer generated, and left where it is: ./terraform/modules/catalog/crawler.tf
    no longer generated, and left where it is: ./terraform/policies/crawler-trust.json
    no longer generated, and left where it is: ./terraform/policies/crawler.json
    ");
    assert!(folder.path().join("terraform/modules/catalog/crawler.tf").exists());
    std::fs::remove_file(folder.path().join("terraform/modules/catalog/crawler.tf"))
        .expect("it goes");
    std::fs::remove_file(folder.path().join("terraform/policies/crawler.json")).expect("it goes");
    std::fs::remove_file(folder.path().join("terraform/policies/crawler-trust.json"))
        .expect("it goes");
    assert!(generate(folder.path(), &["--check"]).starts_with("exit code: 0"));
}

#[test]
fn a_configuration_with_mistakes_writes_nothing() {
    let folder = project(&CONFIG.replace("example-shop-lake", "Example_Lake"));
    let text = generate(folder.path(), &[]);
    assert!(text.starts_with("exit code: 2"), "{text}");
    assert!(!folder.path().join("terraform").exists());
}

#[test]
fn several_pipelines_have_a_folder_each() {
    let _filters = bind();
    let several = format!(
        "{}\n[[pipelines]]\nname = \"one\"\n[pipelines.lake]\nbucket = \"example-one\"\n[pipelines.catalog]\ndatabase = \"one\"\n[pipelines.athena]\nworkgroup = \"one\"\n\n[[pipelines]]\nname = \"two\"\n[pipelines.lake]\nbucket = \"example-two\"\n[pipelines.catalog]\ndatabase = \"two\"\n[pipelines.athena]\nworkgroup = \"two\"\n",
        CONFIG.replace("name = \"shop\"\n", "")
    );
    let folder = project(CONFIG);
    generate(folder.path(), &[]);
    std::fs::write(folder.path().join("snaplake.toml"), several)
        .expect("the configuration is written");
    assert_snapshot!(generate(folder.path(), &["--pipeline", "two"]), @r"
    exit code: 0
    --- stdout
    wrote [N] files to ./terraform/two
    --- stderr
    ");
    assert_snapshot!(generate(folder.path(), &[]), @r"
    exit code: 0
    --- stdout
    wrote [N] files to ./terraform/one
    [N] files in ./terraform/two are up to date
    --- stderr
    no pipeline is generated here any more, and nothing is deleted: ./terraform
    ");
    assert!(generate(folder.path(), &["--check"]).starts_with("exit code: 0"));
}
