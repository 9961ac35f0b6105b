//! What whoever queries the published tables needs.

use super::{Topic, athena, page};
use crate::pipeline::{Need, Pipeline, PrincipalKind, Step};

pub(super) fn needs(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    let principal = PrincipalKind::Analyst;
    athena::query(pipeline, principal, &[Step::Query], needs);
    let live = &pipeline.catalog.database;
    athena::read(pipeline, principal, Step::Query, live, needs);
    Topic::new(needs, principal, page::ATHENA_ACTIONS, vec![pipeline.workgroup_arn()])
        .need(Step::Query, "athena:StopQueryExecution", "a query that takes too long is stopped")
        .need(Step::Query, "athena:GetWorkGroup", "clients read the workgroup's settings");
}
