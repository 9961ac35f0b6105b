//! What RDS needs under the export role.

use super::{Topic, page};
use crate::pipeline::{Need, Pipeline, PrincipalKind, Step};

pub(super) fn needs(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    // AWS lists these actions, wildcards included, for `bucket` and `bucket/*`; each belongs to one
    // of the two. Nothing narrower is documented, so nothing narrower is granted.
    Topic::new(
        needs,
        PrincipalKind::Export,
        page::START_EXPORT_TASK,
        vec![pipeline.object_arn("*")],
    )
    .need(Step::Export, "s3:PutObject*", "RDS writes the export's files to the bucket")
    .need(Step::Export, "s3:GetObject*", "RDS reads back what it wrote of the export")
    .need(Step::Export, "s3:DeleteObject*", "RDS deletes files of parts that it writes again");
    Topic::new(needs, PrincipalKind::Export, page::START_EXPORT_TASK, vec![pipeline.bucket_arn()])
        .need(Step::Export, "s3:ListBucket", "RDS looks at what is under the export's prefix")
        .need(
            Step::Export,
            "s3:GetBucketLocation",
            "RDS exports only to buckets of its own region",
        );
    Topic::new(
        needs,
        PrincipalKind::Export,
        page::S3_KMS,
        vec![pipeline.key_arn()],
    )
    .via_s3(pipeline)
    .need(
        Step::Export,
        "kms:GenerateDataKey",
        "S3 asks for a data key, as whoever uploads, for every object under a KMS key",
    )
    .need(
        Step::Export,
        "kms:Decrypt",
        "S3 decrypts the data key of a multipart upload and of what is read back, as the caller",
    );
}
