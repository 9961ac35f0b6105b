//! Creates views and runs them: first in the staging database, then in the live one.

use super::super::catalog;
use super::super::context::{Context, Done, StepError, StepResult};
use super::super::error::FailureKind;
use super::super::report::ViewReport;
use super::super::typed;
use super::super::way_back::{ViewBefore, move_back, said};
use super::publish::overtaken;
use crate::aws::sql::identifier;
use crate::aws::{Athena, QueryError};
use crate::pipeline::{Step, View};
use crate::printable::line;
use aws_sdk_glue::types::Table;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of a view of which every column is read.
const SAMPLE: usize = 100;

/// The views to make, in an order in which they can be made: the typed ones, which read tables only,
/// and those of the configuration. When only some tables are rolled back, their typed views alone.
fn wanted(context: &Context<'_>) -> Vec<View> {
    let pipeline = context.pipeline;
    let family = pipeline.source.engine.family();
    let typed = pipeline.typed_views.iter().flat_map(|settings| {
        context.journal.details.plan.iter().map(|plan| View {
            name: format!("{}{}", plan.staged, settings.suffix),
            sql: typed::select(family, plan, pipeline.partition(), &settings.numeric),
        })
    });
    let all = context.journal.state.only_tables.is_empty();
    typed.chain(pipeline.views.iter().filter(|_| all).cloned()).collect()
}

/// Tries the views where nobody sees them.
pub(in crate::run) async fn stage(context: &mut Context<'_>) -> StepResult {
    let database = context.pipeline.staging_database();
    let views = wanted(context);
    if views.is_empty() {
        return Ok(Done::Nothing("there are no views".to_owned()));
    }
    let mut names: BTreeSet<&str> =
        context.journal.details.plan.iter().map(|plan| plan.staged.as_str()).collect();
    if let Some(view) = views.iter().find(|view| !names.insert(view.name.as_str())) {
        return Err(failed(
            view,
            "a table or another view of the export has the same name",
            "rename the view in snaplake.toml",
        ));
    }
    let views = make(context, &database, &views, false, "nothing is live yet").await?;
    let detail = format!("{} views in {database}", views.len());
    context.journal.state.report.views = views;
    Ok(Done::Did(detail))
}

/// Makes the views live. When one does not work over the live tables, tables and views are moved back.
pub(in crate::run) async fn publish(context: &mut Context<'_>) -> StepResult {
    let database = context.pipeline.catalog.database.clone();
    let views = wanted(context);
    if views.is_empty() {
        return Ok(Done::Nothing("there are no views".to_owned()));
    }
    let present = catalog::tables(context.clients, &database).await.map_err(StepError::from);
    if let Ok(present) = &present {
        // The tables may have been published days ago, and others since.
        overtaken::refuse(context, present)?;
    }
    let made = match replace(context, present, &database, &views).await {
        Ok(made) => made,
        // The next attempt goes on where this one stopped.
        Err(error @ (StepError::Interrupted | StepError::Journal(_))) => return Err(error),
        Err(error) => {
            if let StepError::Found { message, .. } = &error {
                blame(context, message);
            }
            // First in the journal: whenever this dies, the next attempt publishes anew.
            context.journal.undo(Step::Publish);
            context.journal.save().await?;
            let back = move_back(context).await;
            return Err(said(error, &back));
        }
    };
    let staged = std::mem::take(&mut context.journal.state.report.views);
    let changed = made.iter().find_map(|view| {
        let before = staged.iter().find(|before| before.view == view.view)?;
        // In history mode the live tables hold other exports besides.
        let compared = context.pipeline.partition().is_none() && before.rows.is_some();
        (compared && before.rows != view.rows).then(|| {
            format!(
                "view `{}` gave {} rows over the staged tables and {} rows now",
                line(&view.view),
                before.rows.unwrap_or_default(),
                view.rows.unwrap_or_default()
            )
        })
    });
    let detail = format!("{} views in {database}", made.len());
    context.journal.state.report.views = made;
    if let Some(changed) = changed {
        context.warn(changed);
    }
    Ok(Done::Did(detail))
}

async fn replace(
    context: &mut Context<'_>,
    present: Result<BTreeMap<String, Table>, StepError>,
    database: &str,
    views: &[View],
) -> Result<Vec<ViewReport>, StepError> {
    note_way_back(context, &present?, views).await?;
    make(context, database, views, true, "").await
}

/// Notes what the live views are before the first of them is replaced. Of one that an earlier attempt may
/// have replaced, what it noted stays.
async fn note_way_back(
    context: &mut Context<'_>,
    present: &BTreeMap<String, Table>,
    views: &[View],
) -> Result<(), StepError> {
    if let Some(view) = views
        .iter()
        .find(|view| present.get(&view.name).is_some_and(|table| !catalog::is_view(table)))
    {
        return Err(failed(view, "a table has its name", "rename the view, or the table"));
    }
    let noted = &mut context.journal.details.views_before;
    let known = noted.len();
    for view in views {
        if !noted.iter().any(|before| before.view == view.name) {
            noted.push(ViewBefore::of(&view.name, present.get(&view.name)));
        }
    }
    if noted.len() > known {
        context.journal.save_details().await?;
    }
    Ok(())
}

/// Notes in the report which view it was.
fn blame(context: &mut Context<'_>, message: &str) {
    let views = &mut context.journal.state.report.views;
    let named =
        |view: &&mut ViewReport| message.starts_with(&format!("view `{}`:", line(&view.view)));
    if let Some(view) = views.iter_mut().find(named) {
        view.problem = Some(message.to_owned());
    }
}

async fn make(
    context: &Context<'_>,
    database: &str,
    views: &[View],
    live: bool,
    state: &str,
) -> Result<Vec<ViewReport>, StepError> {
    let athena = context.athena();
    let mut reports = Vec::new();
    for view in views {
        let name = identifier(&view.name);
        let create = format!("CREATE OR REPLACE VIEW {name} AS {}", view.sql);
        let (columns, rows) = match try_view(&athena, database, &name, &create).await {
            Ok(found) => found,
            Err(error @ QueryError::Failed { .. }) if !error.is_about_access() => {
                let QueryError::Failed { reason, .. } = &error else { return Err(error.into()) };
                let end = if state.is_empty() { String::new() } else { format!("; {state}") };
                let help = format!("fix its SQL in snaplake.toml and resume the run{end}");
                return Err(failed(view, reason, &help));
            }
            Err(error) => return Err(error.into()),
        };
        reports.push(ViewReport { view: view.name.clone(), rows, columns, live, problem: None });
    }
    Ok(reports)
}

/// Creates a view, reads all columns of some of its rows, and counts all rows.
async fn try_view(
    athena: &Athena<'_>,
    database: &str,
    name: &str,
    create: &str,
) -> Result<(Vec<String>, Option<u64>), QueryError> {
    athena.query(database, create).await?;
    let sample = athena.query(database, &format!("SELECT * FROM {name} LIMIT {SAMPLE}")).await?;
    let counted = athena.query(database, &format!("SELECT COUNT(*) FROM {name}")).await?;
    let rows = counted.rows.first().and_then(|row| row.first()).cloned().flatten();
    let columns = sample.columns.into_iter().map(|column| column.name).collect();
    Ok((columns, rows.and_then(|rows| rows.parse().ok())))
}

fn failed(view: &View, reason: &str, help: &str) -> StepError {
    StepError::found(
        FailureKind::View,
        format!("view `{}`: {}", line(&view.name), line(reason)),
        help,
    )
}
