//! `snaplake cost`: what a run costs, and a month of runs, before there is any.

use super::project::Project;
use super::session::{Session, journal_folder};
use super::{Exit, Failure, Global, Outcome, OutputFormat, Printer};
use crate::config;
use crate::pipeline::cost::{Basis, Money, Prices, SHIPPED, percent};
use crate::pipeline::{CatalogMode, JournalPlace, Pipeline, SnapshotChoice};
use crate::report::{self, BasisRow, CostReport};
use crate::run::{self, RunError, RunReport, RunSummary};
use crate::verify::Verification;
use std::path::{Path, PathBuf};

/// What an export takes as Parquet when nothing is known of it, in percent of the snapshot.
const PARQUET: u64 = 50;
/// How many tables a database has when nothing is known of it.
const TABLES: u64 = 20;
/// The part of an export that one query of a view or of a check reads, in percent.
const VIEW_SCAN: u64 = 25;
/// How long a crawler takes, in minutes.
const CRAWL: u64 = 10;

/// Arguments of `snaplake cost`.
#[derive(Debug, clap::Args)]
pub struct CostArgs {
    /// The snapshot's size, `100 GiB` or `2 TB`; asked from RDS by default
    #[arg(long, value_name = "SIZE", value_parser = size)]
    size: Option<u64>,
    /// What one export takes in the lake; what the last run measured, or half of the tables' share by
    /// default
    #[arg(long, value_name = "SIZE", value_parser = size)]
    export_size: Option<u64>,
    /// The part of the data that the exported tables are, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 100,
          value_parser = clap::value_parser!(u64).range(0..=100))]
    share: u64,
    /// How many tables are exported, when the configuration does not list them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    tables: Option<u64>,
    /// Runs in a month; `[cost] runs_per_month` by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3000))]
    runs: Option<u64>,
    /// The part of an export that one query of a view or of a check reads, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = VIEW_SCAN,
          value_parser = clap::value_parser!(u64).range(0..=100))]
    view_scan: u64,
    /// How long a crawler takes, in minutes; AWS charges ten at least
    #[arg(long, value_name = "MINUTES", default_value_t = CRAWL,
          value_parser = clap::value_parser!(u64).range(1..=1440))]
    crawl: u64,
    /// Prices of your own, TOML or JSON; `[cost] prices` by default
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Print the table of prices that is shipped, and do nothing else
    #[arg(long)]
    show_prices: bool,
}

/// Reads a size that was typed.
pub(super) fn size(text: &str) -> Result<u64, String> {
    config::size(text)
        .filter(|size| *size <= 1 << 55)
        .ok_or_else(|| "write a number and a unit: `100 GiB`, `2 TB`".to_owned())
}

pub(super) fn run(args: &CostArgs, global: &Global, printer: &Printer) -> Outcome {
    if args.show_prices {
        printer.out(SHIPPED)?;
        return Ok(Exit::Done);
    }
    let project = Project::load(global)?;
    let pipeline = project.pipeline()?;
    let prices = prices(&project, &pipeline, args.prices.as_deref())?;
    let mut notes = Vec::new();
    let (snapshot, origin, measured) = if let Some(size) = args.size {
        if pipeline.journal == JournalPlace::Bucket {
            notes.push(
                "with `--size` nothing is called, and the journals in the bucket are not read"
                    .to_owned(),
            );
        }
        (size, "given with `--size`".to_owned(), measured(&project, &pipeline))
    } else {
        let (session, size, origin) = asked(global, &pipeline)?;
        let measured = match pipeline.journal {
            JournalPlace::Folder => measured(&project, &pipeline),
            JournalPlace::Bucket => measured_in_bucket(&session, &mut notes),
        };
        (size, origin, measured)
    };
    let (basis, rows) = basis(args, &pipeline, (snapshot, origin), measured.as_ref(), &mut notes);
    let mode = pipeline.catalog.mode;
    let other = match mode {
        CatalogMode::Direct | CatalogMode::History => CatalogMode::Crawler,
        CatalogMode::Crawler => CatalogMode::Direct,
    };
    let estimate = pipeline.estimate(&basis, mode, &prices);
    let other = pipeline.estimate(&basis, other, &prices);
    let report = CostReport::new(&pipeline, &prices, &estimate, &other, rows, notes);
    match global.output {
        OutputFormat::Json => printer.out(
            report::cost_json(&report)
                .map_err(|error| Failure::environment(miette::miette!("{error}")))?,
        )?,
        _ => printer.out(report::cost_text(&report))?,
    }
    Ok(Exit::Done)
}

/// What a run cost, from what it measured; none when it did not come far enough to tell.
pub(super) fn of_run(pipeline: &Pipeline, run: &RunReport, prices: &Prices) -> Option<Money> {
    let gib = u64::try_from(run.snapshot.as_ref()?.allocated_gib?).ok()?;
    let measured = (run.run_id.clone(), run.verification.clone()?);
    let args = CostArgs::default();
    let given = (gib << 30, String::new());
    let (basis, _) = basis(&args, pipeline, given, Some(&measured), &mut Vec::new());
    Some(pipeline.estimate(&basis, pipeline.catalog.mode, prices).run())
}

/// What one run costs, with everything that is not known assumed as `snaplake cost` does.
pub(super) fn run_total(
    project: &Project,
    pipeline: &Pipeline,
    snapshot: u64,
    prices: &Prices,
) -> Money {
    let args = CostArgs { size: Some(snapshot), ..CostArgs::default() };
    let measured = measured(project, pipeline);
    let given = (snapshot, String::new());
    let (basis, _) = basis(&args, pipeline, given, measured.as_ref(), &mut Vec::new());
    pipeline.estimate(&basis, pipeline.catalog.mode, prices).run()
}

impl Default for CostArgs {
    fn default() -> Self {
        Self {
            size: None,
            export_size: None,
            share: 100,
            tables: None,
            runs: None,
            view_scan: VIEW_SCAN,
            crawl: CRAWL,
            prices: None,
            show_prices: false,
        }
    }
}

/// The prices that hold: the shipped ones, with the user's own in their place.
pub(super) fn prices(
    project: &Project,
    pipeline: &Pipeline,
    named: Option<&Path>,
) -> Result<Prices, Failure> {
    let wrong = |error: crate::pipeline::cost::PricesError, file: &Path| {
        let file = file.display().to_string();
        Failure::input(miette::miette!(help = error.help(), "`{}`: {error}", file.escape_debug()))
    };
    let shipped = Prices::shipped().map_err(|error| wrong(error, Path::new("prices.toml")))?;
    let configured = pipeline.cost.prices.as_ref().map(|file| project.folder.join(file));
    let Some(file) = named.map(Path::to_owned).or(configured) else { return Ok(shipped) };
    let text = std::fs::read_to_string(&file).map_err(|error| {
        let file = file.display().to_string();
        Failure::input(miette::miette!(
            help = "`snaplake cost --show-prices` writes the table that is shipped",
            "cannot read the prices in `{}`: {error}",
            file.escape_debug()
        ))
    })?;
    shipped.with(&text).map_err(|error| wrong(error, &file))
}

/// The size of the snapshot that a run would export, as RDS tells it.
fn asked(global: &Global, pipeline: &Pipeline) -> Result<(Session, u64, String), Failure> {
    let unknown = |why: String| {
        Failure::input(miette::miette!(help = "give it: `snaplake cost --size '100 GiB'`", "{why}"))
    };
    if pipeline.source.snapshot == SnapshotChoice::Create {
        return Err(unknown(
            "each run makes a snapshot of its own, whose size is not known".into(),
        ));
    }
    let session = Session::open(global)?;
    match session.wait(run::snapshot_size(&session.pipeline, &session.clients)) {
        Ok(Some((id, gib))) if gib > 0 => {
            let origin = format!("allocated for `{}`, as RDS says", id.escape_debug());
            Ok((session, gib << 30, origin))
        }
        Ok(_) => Err(unknown("RDS does not tell the size of the snapshot".to_owned())),
        Err(failure) => Err(Failure::environment(miette::miette!(
            help = format!("{}; or give the size with `--size`", failure.help),
            "{failure}"
        ))),
    }
}

/// Whether a run has measured the whole of an export of this pipeline.
fn measures(run: &RunSummary, pipeline: &Pipeline) -> bool {
    run.finished && !run.partial && run.pipeline == pipeline.name
}

/// What the last run that came to its end measured of its export, when its journal is on this machine.
fn measured(project: &Project, pipeline: &Pipeline) -> Option<(String, Verification)> {
    if pipeline.journal == JournalPlace::Bucket {
        return None;
    }
    let folder = journal_folder(project);
    let runs = run::list(&folder).ok()?;
    let last = runs.into_iter().find(|run| measures(run, pipeline))?;
    let report = run::read(&folder, &last.run_id).ok()?;
    report.verification.map(|verification| (last.run_id, verification))
}

/// The same, from the lake's bucket. A bucket that cannot be read is no reason to reckon nothing.
fn measured_in_bucket(
    session: &Session,
    notes: &mut Vec<String>,
) -> Option<(String, Verification)> {
    let journals = session.journals();
    let read = session.wait(async {
        let runs = journals.list().await?;
        match runs.into_iter().find(|run| measures(run, &session.pipeline)) {
            Some(last) => Ok(Some((journals.read(&last.run_id).await?, last.run_id))),
            None => Ok::<_, RunError>(None),
        }
    });
    match read {
        Ok(found) => {
            let (report, run_id) = found?;
            report.verification.map(|verification| (run_id, verification))
        }
        Err(error) => {
            notes.push(format!("what runs measured is not known: {error}"));
            None
        }
    }
}

fn basis(
    args: &CostArgs,
    pipeline: &Pipeline,
    (snapshot, snapshot_origin): (u64, String),
    measured: Option<&(String, Verification)>,
    notes: &mut Vec<String>,
) -> (Basis, Vec<BasisRow>) {
    let found = measured.map(|(run, verification)| {
        let bytes: u64 = verification.tables.iter().map(|table| table.bytes).sum();
        let files: u64 = verification.tables.iter().map(|table| table.files).sum();
        (run.as_str(), bytes, files, verification.tables.len() as u64)
    });
    let listed = pipeline.source.tables.len() as u64;
    let (export, export_origin, objects) = match (args.export_size, found) {
        (Some(size), _) => (size, "given with `--export-size`".to_owned(), None),
        (None, Some((run, bytes, files, _))) => {
            (bytes, format!("measured by run {run}"), Some(files))
        }
        (None, None) => {
            if listed > 0 && args.share == 100 {
                notes.push(
                    "the configuration lists tables: `--share` says which part of the data they \
                     are; the export itself is charged for the whole snapshot all the same"
                        .to_owned(),
                );
            }
            let size = percent(percent(snapshot, args.share), PARQUET);
            (size, format!("assumed: {PARQUET} % of the tables' {} %", args.share), None)
        }
    };
    let (tables, tables_origin) = match (listed, args.tables, found) {
        (0, Some(given), _) => (given, "given with `--tables`".to_owned()),
        (0, None, Some((run, _, _, tables))) => (tables, format!("counted by run {run}")),
        (0, None, None) => (TABLES, "assumed; `--tables` says how many".to_owned()),
        (listed, _, _) => (listed, "listed in the configuration".to_owned()),
    };
    let runs = args.runs.unwrap_or_else(|| u64::from(pipeline.cost.runs_per_month));
    let runs_origin =
        if args.runs.is_some() { "given with `--runs`" } else { "`[cost] runs_per_month`" };
    let row = |name: &str, amount: u64, value: String, origin: &str| BasisRow {
        name: name.to_owned(),
        amount,
        value,
        origin: origin.to_owned(),
    };
    let kept = u64::from(pipeline.retention.exports);
    let mut rows = vec![
        row("snapshot", snapshot, report::size_words(snapshot), &snapshot_origin),
        row("export", export, report::size_words(export), &export_origin),
        row("tables", tables, tables.to_string(), &tables_origin),
        row("runs a month", runs, runs.to_string(), runs_origin),
        row("exports kept", kept, kept.to_string(), "`[retention] exports`"),
    ];
    let basis = Basis {
        snapshot,
        export,
        objects,
        tables,
        runs,
        view_scan: args.view_scan,
        crawl: args.crawl,
    };
    let part = args.view_scan;
    for (name, count, origin) in [
        (
            "views",
            pipeline.views.len() as u64,
            format!("each query of one reads {part} % of an export, assumed"),
        ),
        (
            "typed views",
            pipeline.typed(&basis),
            format!("each query of one reads {part} % of its table, assumed"),
        ),
        ("checks", pipeline.data_checks(), format!("each reads {part} % of an export, assumed")),
    ] {
        if count > 0 {
            rows.push(row(name, count, count.to_string(), &origin));
        }
    }
    (basis, rows)
}
