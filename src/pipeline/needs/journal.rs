//! Journals in the lake's bucket.

use super::{Topic, page};
use crate::pipeline::{JournalPlace, Limit, Need, Pipeline, PrincipalKind, Step};

pub(super) fn needs(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    if pipeline.journal != JournalPlace::Bucket {
        return;
    }
    let prefix = pipeline.journal_prefix();
    let objects = vec![pipeline.object_arn(&format!("{prefix}*"))];
    let runner = PrincipalKind::Runner;
    for step in [Step::Preflight, Step::LookAround] {
        Topic::new(needs, runner, page::S3_CONDITIONAL, objects.clone()).need(
            step,
            "s3:GetObject",
            "the journals of earlier runs are read, and the lock that another run may hold",
        );
        Topic::new(needs, runner, page::S3_ACTIONS, vec![pipeline.bucket_arn()])
            .limit(Limit::new("StringLike", "s3:prefix", format!("{prefix}*")))
            .need(step, "s3:ListBucket", "the journals of earlier runs are looked up");
        Topic::new(needs, runner, page::S3_KMS, vec![pipeline.key_arn()]).via_s3(pipeline).need(
            step,
            "kms:Decrypt",
            "the journal is encrypted with the lake's key",
        );
    }
    Topic::new(needs, runner, page::S3_CONDITIONAL, objects).need(
        Step::Preflight,
        "s3:PutObject",
        "the journal and its lock are written, only over what this run wrote last",
    );
    Topic::new(needs, runner, page::S3_KMS, vec![pipeline.key_arn()]).via_s3(pipeline).need(
        Step::Preflight,
        "kms:GenerateDataKey",
        "the journal is written under the lake's key",
    );
}
