//! `snaplake demo`: from an empty folder to a green report.

use crate::project::told;
use crate::support::snaplake;

#[test]
fn an_empty_folder_becomes_a_green_report() {
    let folder = tempfile::tempdir().unwrap();
    let output = snaplake(folder.path()).arg("demo").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let demo = folder.path().join("snaplake-demo");
    for file in ["snaplake.toml", "sample.db", "report.html", "terraform/main.tf"] {
        assert!(demo.join(file).is_file(), "no {file}");
    }
    let page = std::fs::read_to_string(demo.join("report.html")).unwrap();
    for part in ["order_lines", "150,000", "passed", "Timeline", "Permissions"] {
        assert!(page.contains(part), "the page lacks {part}");
    }

    // What the demo leaves is a project like any other.
    let check = snaplake(&demo).args(["generate", "--check"]).output().unwrap();
    assert_eq!(check.status.code(), Some(0), "{}", told(&check));

    // Somebody's own work is not overwritten.
    std::fs::write(demo.join("snaplake.toml"), "# mine\n").unwrap();
    let again = snaplake(folder.path()).arg("demo").output().unwrap();
    assert_eq!(again.status.code(), Some(2), "{}", told(&again));
    assert_eq!(std::fs::read_to_string(demo.join("snaplake.toml")).unwrap(), "# mine\n");
}
