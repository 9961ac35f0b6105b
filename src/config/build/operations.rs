//! What surrounds a run.

use super::super::arns::{Home, Owner, Wanted, arn};
use super::super::error::ConfigError;
use super::super::operations::{CostSettings, JournalPlace, Moment, NotifySettings, SecretSource};
use super::super::read::{Reader, Table};

const TOPIC: Wanted =
    Wanted { noun: "topic", service: "sns", regional: true, resource: &[""], account: Owner::Any };

const TOPIC_KEY: Wanted = Wanted {
    noun: "topic's key",
    service: "kms",
    regional: true,
    resource: &["key/"],
    account: Owner::Any,
};

pub(super) fn journal(table: &Table) -> Option<JournalPlace> {
    Some(match table.table("run")?.text("journal")?.value.as_str() {
        "bucket" => JournalPlace::Bucket,
        _ => JournalPlace::Folder,
    })
}

pub(super) fn cost(table: &Table) -> Option<CostSettings> {
    let part = table.table("cost")?;
    Some(CostSettings {
        runs_per_month: u32::try_from(part.number("runs_per_month")?).ok()?,
        prices: part.text("prices").map(|file| file.value.clone()),
    })
}

pub(super) fn notify(
    reader: &mut Reader<'_>,
    table: &Table,
    home: &Home,
) -> Option<NotifySettings> {
    let Some(part) = table.table("notify") else { return Some(NotifySettings::default()) };
    let mut on: Vec<Moment> = [Moment::Start, Moment::Success, Moment::Failure]
        .into_iter()
        .filter(|moment| part.texts("on").iter().any(|word| word.value == moment.id()))
        .collect();
    let variable = part.text("slack_webhook_env");
    let file = part.text("slack_webhook_file");
    if let (Some(variable), Some(file)) = (variable, file) {
        let message = "the webhook is named twice";
        let error = ConfigError::new(reader.text, &file.span, message)
            .and_at(&variable.span, "the other one")
            .help("keep `slack_webhook_env` or `slack_webhook_file`");
        reader.error(error);
        return None;
    }
    let slack = match (variable, file) {
        (Some(variable), _) => Some(SecretSource::Variable(variable.value.clone())),
        (None, Some(file)) => Some(SecretSource::File(file.value.clone())),
        (None, None) => None,
    };
    let given = part.text("sns_topic");
    let topic = given.map(|topic| arn(reader, home, &TOPIC, topic));
    let key = part.text("sns_key").map(|key| (key, arn(reader, home, &TOPIC_KEY, key)));
    if let (None, Some((key, _))) = (given, &key) {
        let error = ConfigError::new(reader.text, &key.span, "there is a key, and no topic")
            .help("`sns_key` is the key that `sns_topic` is encrypted with");
        reader.error(error);
        return None;
    }
    if let (Some(first), None, None) = (part.texts("on").first(), &slack, given)
        && part.wrong.is_empty()
    {
        let error = ConfigError::new(reader.text, &first.span, "there is nobody to tell")
            .help("name `slack_webhook_env`, `slack_webhook_file` or `sns_topic`");
        reader.error(error);
        return None;
    }
    if on.is_empty() {
        on = vec![Moment::Success, Moment::Failure];
    }
    let sns_topic = match topic {
        Some(topic) => Some(topic?),
        None => None,
    };
    let sns_key = match key {
        Some((_, key)) => Some(key?),
        None => None,
    };
    Some(NotifySettings { on, slack, sns_topic, sns_key })
}
