//! A byte flipped inside a data page must not go live.

use snaplake::config;
use snaplake::pipeline::{Pipeline, Step};
use snaplake::rehearse::{Options, rehearse};
use snaplake::report::Status;
use snaplake::run::{Event, Progress};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::project::{self, Project};

/// Damages one file of a table when verification is about to begin.
struct Saboteur {
    objects: PathBuf,
    table: &'static str,
    damaged: Mutex<Option<PathBuf>>,
}

impl Progress for Saboteur {
    fn event(&self, event: &Event<'_>) {
        if let Event::StepStarted { step: Step::Verify } = event {
            let mut damaged = self.damaged.lock().unwrap();
            if damaged.is_none() {
                let file = parquet_file(&self.objects, self.table).expect("no file to damage");
                flip_a_page_byte(&file);
                *damaged = Some(file);
            }
        }
    }
}

fn parquet_file(folder: &Path, table: &str) -> Option<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let content = std::fs::read(&path).unwrap_or_default();
            if content.starts_with(b"PAR1") && path.to_string_lossy().contains(table) {
                return Some(path);
            }
        }
    }
    None
}

/// The first page's bytes come right behind the magic; the middle of the data is well inside a page.
fn flip_a_page_byte(file: &Path) {
    let mut content = std::fs::read(file).unwrap();
    let footer = content.len() - 8;
    let metadata = u32::from_le_bytes(content[footer..footer + 4].try_into().unwrap()) as usize;
    let data_end = footer - metadata;
    let middle = usize::midpoint(4, data_end);
    content[middle] ^= 0x40;
    std::fs::write(file, content).unwrap();
}

#[test]
fn a_byte_flipped_inside_a_data_page_fails_the_run_and_names_the_table() {
    let project = Project::new("direct");
    let config = config::parse(Path::new("snaplake.toml"), &project::config("direct")).unwrap();
    let pipeline = Pipeline::from(config.select(None).unwrap());
    let objects = project.path().join("objects");
    let options = Options {
        policies: project.path().join("terraform/policies"),
        source: None,
        folder: project.path().to_owned(),
        drills: true,
        keep: Some(objects.clone()),
    };
    let saboteur = Saboteur { objects, table: "orders", damaged: Mutex::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let report = runtime.block_on(rehearse(&pipeline, &options, &saboteur)).unwrap();
    assert!(saboteur.damaged.lock().unwrap().is_some());
    assert_eq!(report.result, Status::Failed);
    let failed = |name: &str| {
        report.tables.iter().any(|table| table.name == name && table.status == Status::Failed)
    };
    assert!(failed("orders"), "{report:#?}");
    assert!(!failed("customers"), "{report:#?}");
    let published = report.steps.iter().any(|s| s.id == "publish" && s.status == Status::Passed);
    assert!(!published, "a damaged export went live");
}
