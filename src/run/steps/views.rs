//! Creates views and runs them: first in the staging database, then in the live one.

use super::super::context::{Context, Done, StepError, StepResult};
use super::super::error::FailureKind;
use super::super::report::ViewReport;
use crate::aws::sql::identifier;
use crate::aws::{Athena, QueryError};
use crate::pipeline::View;
use crate::printable::line;

/// Rows of a view of which every column is read.
const SAMPLE: usize = 100;

/// Tries the views where nobody sees them.
pub(in crate::run) async fn stage(context: &mut Context<'_>) -> StepResult {
    let database = context.pipeline.staging_database();
    if context.pipeline.views.is_empty() {
        return Ok(Done::Nothing("there are no views".to_owned()));
    }
    if let Some(view) = context
        .pipeline
        .views
        .iter()
        .find(|view| context.journal.details.plan.iter().any(|plan| plan.staged == view.name))
    {
        return Err(failed(
            view,
            "a table of the export has the same name",
            "rename the view in snaplake.toml",
        ));
    }
    let views = make(context, &database, false, "nothing is live yet").await?;
    let detail = format!("{} views in {database}", views.len());
    context.journal.state.report.views = views;
    Ok(Done::Did(detail))
}

/// Makes the views live.
pub(in crate::run) async fn publish(context: &mut Context<'_>) -> StepResult {
    let database = context.pipeline.catalog.database.clone();
    if context.pipeline.views.is_empty() {
        return Ok(Done::Nothing("there are no views".to_owned()));
    }
    let state = "the tables are live, this view is as it was";
    let views = make(context, &database, true, state).await?;
    let staged = std::mem::take(&mut context.journal.state.report.views);
    let changed = views.iter().find_map(|view| {
        let before = staged.iter().find(|before| before.view == view.view)?;
        (before.rows.is_some() && before.rows != view.rows).then(|| {
            format!(
                "view `{}` gave {} rows over the staged tables and {} rows now",
                line(&view.view),
                before.rows.unwrap_or_default(),
                view.rows.unwrap_or_default()
            )
        })
    });
    let detail = format!("{} views in {database}", views.len());
    context.journal.state.report.views = views;
    if let Some(changed) = changed {
        context.warn(changed);
    }
    Ok(Done::Did(detail))
}

async fn make(
    context: &Context<'_>,
    database: &str,
    live: bool,
    state: &str,
) -> Result<Vec<ViewReport>, StepError> {
    let athena = context.athena();
    let mut reports = Vec::new();
    for view in &context.pipeline.views {
        let name = identifier(&view.name);
        let create = format!("CREATE OR REPLACE VIEW {name} AS {}", view.sql);
        let (columns, rows) = match try_view(&athena, database, &name, &create).await {
            Ok(found) => found,
            Err(error @ QueryError::Failed { .. }) if error.denial().is_none() => {
                let QueryError::Failed { reason, .. } = &error else { return Err(error.into()) };
                let help = format!("fix its SQL in snaplake.toml and resume the run; {state}");
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
