//! What Athena does as whoever asks it.

use super::{Topic, page};
use crate::pipeline::{LakeFormation, Limit, Need, Pipeline, PrincipalKind, Step};

pub(in crate::pipeline) const ATHENA: &str = "athena.amazonaws.com";

/// Asking a query and getting its answer.
pub(super) fn query(
    pipeline: &Pipeline,
    principal: PrincipalKind,
    steps: &[Step],
    needs: &mut Vec<Need>,
) {
    let results = pipeline.results_prefix();
    for step in steps.iter().copied() {
        Topic::new(needs, principal, page::ATHENA_ACTIONS, vec![pipeline.workgroup_arn()])
            .need(step, "athena:StartQueryExecution", "a query is started in the workgroup")
            .need(step, "athena:GetQueryExecution", "whether the query has ended is asked for")
            .need(step, "athena:GetQueryResults", "the query's answer is fetched");
        Topic::new(needs, principal, page::ATHENA_GLUE, pipeline.glue_database("default"))
            .via(ATHENA)
            .need(
                step,
                "glue:GetDatabase",
                "Athena looks at the database `default` for every query, whatever it reads",
            );
        files(pipeline, principal, step, needs);
        Topic::new(needs, principal, page::ATHENA_MANAGED, vec![pipeline.bucket_arn()])
            .via(ATHENA)
            .limit(Limit::new("StringLike", "s3:prefix", format!("{results}*")))
            .need(step, "s3:ListBucket", "Athena looks at what is in the results location");
        Topic::new(needs, principal, page::ATHENA_MANAGED, vec![pipeline.bucket_arn()])
            .via(ATHENA)
            .need(step, "s3:GetBucketLocation", "Athena makes sure of the results' bucket")
            .need(
                step,
                "s3:ListBucketMultipartUploads",
                "Athena looks for uploads of long answers that were left unfinished",
            );
        Topic::new(
            needs,
            principal,
            page::ATHENA_MANAGED,
            vec![pipeline.object_arn(&format!("{results}*"))],
        )
        .via(ATHENA)
        .need(step, "s3:PutObject", "Athena writes the query's answer to the results location")
        .need(step, "s3:GetObject", "Athena reads the answer back for GetQueryResults")
        .need(
            step,
            "s3:AbortMultipartUpload",
            "Athena gives up the upload of a long answer when its query fails or is stopped",
        )
        .need(
            step,
            "s3:ListMultipartUploadParts",
            "Athena keeps count of the parts of a long answer's upload",
        );
        Topic::new(needs, principal, page::ATHENA_KMS, vec![pipeline.key_arn()])
            .via(ATHENA)
            .via_s3(pipeline)
            .need(step, "kms:Decrypt", "tables and answers are encrypted with the lake's key")
            .need(step, "kms:GenerateDataKey", "the answer is written under the lake's key");
    }
}

/// Reading the tables' files: with one's own rights, or, where their folder is registered, with those
/// that Lake Formation hands out.
fn files(pipeline: &Pipeline, principal: PrincipalKind, step: Step, needs: &mut Vec<Need>) {
    if pipeline.lake_formation.as_ref().is_some_and(LakeFormation::registered) {
        // AWS scopes it to nothing; Lake Formation's own permissions say which tables.
        Topic::new(needs, principal, page::ATHENA_LAKE_FORMATION, vec!["*".to_owned()])
            .via(ATHENA)
            .need(
                step,
                "lakeformation:GetDataAccess",
                "Lake Formation hands out what reads a registered folder's files",
            );
        // A bucket of another account lets in those whom its policy names, and these are the roles.
        if pipeline.bucket_account() == pipeline.account {
            return;
        }
    }
    let exports = pipeline.exports_prefix();
    Topic::new(
        needs,
        principal,
        page::ATHENA_S3,
        vec![pipeline.object_arn(&format!("{exports}*"))],
    )
    .via(ATHENA)
    .need(step, "s3:GetObject", "Athena reads the tables' files as whoever asks");
    Topic::new(needs, principal, page::ATHENA_S3, vec![pipeline.bucket_arn()])
        .via(ATHENA)
        .limit(Limit::new("StringLike", "s3:prefix", format!("{exports}*")))
        .need(step, "s3:ListBucket", "Athena lists the tables' files as whoever asks");
}

/// Reading tables and views of a database.
pub(super) fn read(
    pipeline: &Pipeline,
    principal: PrincipalKind,
    step: Step,
    database: &str,
    needs: &mut Vec<Need>,
) {
    Topic::new(needs, principal, page::ATHENA_GLUE, pipeline.glue_database(database))
        .via(ATHENA)
        .need(step, "glue:GetDatabase", "Athena resolves the database that a query names");
    Topic::new(needs, principal, page::ATHENA_GLUE, pipeline.glue_tables(database))
        .via(ATHENA)
        .need(step, "glue:GetTable", "Athena looks up the tables and views that a query reads")
        .need(step, "glue:GetPartitions", "Athena looks up the partitions that a query reads");
}

/// `CREATE OR REPLACE VIEW` in a database.
pub(super) fn create_views(pipeline: &Pipeline, step: Step, database: &str, needs: &mut Vec<Need>) {
    Topic::new(needs, PrincipalKind::Runner, page::ATHENA_GLUE, pipeline.glue_tables(database))
        .via(ATHENA)
        .need(step, "glue:CreateTable", "a view is a table of the catalog, made on its first run")
        .need(step, "glue:UpdateTable", "a view that exists is replaced");
}
