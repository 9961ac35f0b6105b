//! Tells people how a run goes, by Slack and SNS. A message that cannot be sent is a warning.

use super::context::Context;
use super::report::RunReport;
use crate::aws::{AwsError, Clients, Webhook, WebhookError, failed};
use crate::pipeline::{Moment, Pipeline};
use serde_json::json;
use std::fmt::Write as _;

/// The most characters of a subject, SNS's limit being 100
/// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
const SUBJECT: usize = 99;
/// The most characters of a failure that a message repeats.
const QUOTED: usize = 1000;

/// A message, before a channel gives it its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    moment: Moment,
    subject: String,
    lines: Vec<String>,
}

/// Tells whoever wants to know of this moment.
pub(super) async fn tell(context: &mut Context<'_>, moment: Moment) {
    let wanted = &context.pipeline.notify;
    if !wanted.on.contains(&moment) || context.journal.state.only_verify {
        return;
    }
    let resumed = context.options.resume.is_some();
    let message = message(moment, resumed, &context.journal.state.report);
    let webhook = context.options.webhook.as_deref();
    for warning in send(context.pipeline, context.clients, webhook, &message).await {
        context.warn(warning);
    }
}

/// Sends one message of each kind that the configuration asks for, about a run that was made up: what a
/// rehearsal has to do, since a smooth run tells of no failure. Gives what could not be sent.
pub async fn notify_drill(
    pipeline: &Pipeline,
    clients: &Clients,
    webhook: Option<&dyn Webhook>,
) -> Vec<String> {
    let message = Message {
        moment: Moment::Failure,
        subject: format!("snaplake {}: this is a drill", pipeline.name),
        lines: vec!["nothing failed; this message shows that one would arrive".to_owned()],
    };
    send(pipeline, clients, webhook, &message).await
}

async fn send(
    pipeline: &Pipeline,
    clients: &Clients,
    webhook: Option<&dyn Webhook>,
    message: &Message,
) -> Vec<String> {
    let mut warnings = Vec::new();
    let moment = message.moment.id();
    if let Some(webhook) = webhook
        && let Err(error) = webhook.post(slack(message)).await
    {
        warnings.push(slack_warning(moment, error));
    }
    if let Some(topic) = &pipeline.notify.sns_topic
        && let Err(error) = publish(clients, topic, message).await
    {
        warnings.push(format!("the topic was not told of the {moment}: {error}"));
    }
    warnings
}

fn slack_warning(moment: &str, error: WebhookError) -> String {
    format!("Slack was not told of the {moment}: {error}")
}

async fn publish(clients: &Clients, topic: &str, message: &Message) -> Result<(), AwsError> {
    clients
        .sns
        .publish()
        .topic_arn(topic)
        .subject(&message.subject)
        .message(message.lines.join("\n"))
        .send()
        .await
        .map(|_| ())
        .map_err(failed("sns", "Publish", topic))
}

/// What is said of a run.
fn message(moment: Moment, resumed: bool, report: &RunReport) -> Message {
    let what = match (moment, resumed) {
        (Moment::Start, false) => "started",
        (Moment::Start, true) => "resumed",
        (Moment::Success, _) => "succeeded",
        (Moment::Failure, _) => "FAILED",
    };
    let subject = format!("snaplake {}: run {} {what}", report.pipeline, report.run_id);
    let mut lines = vec![subject.clone()];
    if let Some(export) = &report.export {
        lines.push(format!("export {}", plain(&export.id)));
    }
    if let (Some(verification), Moment::Success) = (&report.verification, moment) {
        let rows: u64 = verification.tables.iter().filter_map(|table| table.rows).sum();
        let seconds = report.ended.duration_since(report.started).as_secs().max(0);
        lines.push(format!(
            "{} tables, {rows} rows, {} min",
            verification.tables.len(),
            seconds.unsigned_abs().div_ceil(60)
        ));
    }
    if let (Some(failure), Moment::Failure) = (&report.failure, moment) {
        lines.push(format!("in step {}: {}", failure.step, plain(&failure.message)));
        lines.push(format!("help: {}", plain(&failure.help)));
        lines.push(format!("snaplake run --resume {}", report.run_id));
    }
    let warnings = report.warnings.len();
    if warnings > 0 && moment != Moment::Start {
        lines.push(format!("{warnings} warnings; the report has them"));
    }
    let subject = plain(&subject).chars().take(SUBJECT).collect();
    Message { moment, subject, lines }
}

/// A line of text that came from outside: no control characters, not too long.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTED).collect()
}

/// The body for Slack, whose text has three characters of its own
/// (<https://docs.slack.dev/messaging/formatting-message-text/>).
fn slack(message: &Message) -> String {
    let mut text = String::new();
    for line in &message.lines {
        for c in line.chars() {
            match c {
                '&' => text.push_str("&amp;"),
                '<' => text.push_str("&lt;"),
                '>' => text.push_str("&gt;"),
                c => text.push(c),
            }
        }
        let _ = writeln!(text);
    }
    let color = match message.moment {
        Moment::Start => "#3a6ea5",
        Moment::Success => "good",
        Moment::Failure => "danger",
    };
    let text = text.trim_end();
    json!({"attachments": [{"color": color, "fallback": text, "text": text}]}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Step;
    use crate::run::{Failure, FailureKind};

    fn report() -> RunReport {
        let at = |second| jiff::Timestamp::from_second(second).unwrap();
        let failure = Failure::new(
            Step::Verify,
            FailureKind::Verification,
            "table `<!channel>` & \u{1b}[31mmore\nlines",
            "look",
        );
        RunReport {
            run_id: "20261126-030000-ab12".into(),
            pipeline: "shop".into(),
            principal: None,
            started: at(0),
            ended: at(61),
            steps: vec![],
            snapshot: None,
            export: None,
            verification: None,
            tables: vec![],
            views: vec![],
            pruned: vec![],
            warnings: vec!["careful".into()],
            failure: Some(failure),
        }
    }

    #[test]
    fn nothing_from_outside_steers_a_channel() {
        let message = message(Moment::Failure, false, &report());
        let body: serde_json::Value = serde_json::from_str(&slack(&message)).unwrap();
        let text = body["attachments"][0]["text"].as_str().unwrap();
        assert!(text.contains("&lt;!channel&gt;` &amp;") && !text.contains('\u{1b}'), "{text}");
        assert!(text.contains("run --resume 20261126-030000-ab12"), "{text}");
        assert_eq!(body["attachments"][0]["color"], "danger");
        assert!(message.subject.len() < 100 && !message.subject.contains('\n'));
    }

    #[test]
    fn a_success_tells_no_failure_and_a_start_no_warnings() {
        let mut report = report();
        report.failure = None;
        let success = message(Moment::Success, false, &report);
        assert!(success.lines.iter().any(|line| line.contains("1 warnings")));
        let start = message(Moment::Start, true, &report);
        assert_eq!(start.lines, ["snaplake shop: run 20261126-030000-ab12 resumed"]);
    }
}
