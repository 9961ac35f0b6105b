//! Telling people through an SNS topic.

use super::{Topic, page};
use crate::pipeline::{Need, Pipeline, PrincipalKind, Step};

pub(super) fn needs(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    let Some(topic) = &pipeline.notify.sns_topic else { return };
    Topic::new(needs, PrincipalKind::Runner, page::SNS_ACTIONS, vec![topic.clone()]).need(
        Step::Notify,
        "sns:Publish",
        "the topic is told of the run's start and end",
    );
    let Some(key) = &pipeline.notify.sns_key else { return };
    let region = topic.split(':').nth(3).unwrap_or(&pipeline.region);
    Topic::new(needs, PrincipalKind::Runner, page::SNS_KMS, vec![key.clone()])
        .via("sns.amazonaws.com")
        .context("kms:ViaService", format!("sns.{region}.{}", pipeline.dns_suffix()))
        .need(Step::Notify, "kms:GenerateDataKey", "SNS encrypts a message as whoever publishes it")
        .need(Step::Notify, "kms:Decrypt", "SNS makes sure of a message's key as its publisher");
}
