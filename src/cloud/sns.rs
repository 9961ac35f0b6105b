//! Amazon SNS: topics that take messages and keep them; nobody is subscribed
//! (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).

use super::authorize::Ask;
use super::caller::Caller;
use super::error::ApiError;
use super::kms::{KeyError, KeyUse};
use super::protocol::query::Form;
use super::protocol::xml::Xml;
use super::seed::TopicSeed;
use super::state::State;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// The most bytes of a message.
const MAX_MESSAGE: usize = 262_144;
/// The fewest characters that a subject must not have.
const SUBJECT_END: usize = 100;

/// A message that a topic took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TopicMessage {
    /// The topic's ARN.
    pub topic: String,
    /// Its id.
    pub id: String,
    /// The subject.
    pub subject: Option<String>,
    /// The text.
    pub message: String,
    /// When it was published, in virtual time.
    pub at: Timestamp,
}

/// Topics by ARN, and what they took.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    keys: BTreeMap<String, Option<String>>,
    messages: Vec<TopicMessage>,
}

impl Topics {
    /// Adds or replaces a topic.
    pub(crate) fn add(&mut self, seed: &TopicSeed) {
        self.keys.insert(seed.arn.clone(), seed.key.clone());
    }

    /// What was published, in order.
    pub(crate) fn messages(&self) -> &[TopicMessage] {
        &self.messages
    }
}

/// Answers an operation.
pub(super) fn call(
    state: &State,
    caller: &Caller,
    action: &str,
    form: &Form,
) -> Result<Xml, ApiError> {
    match action {
        "Publish" => publish(state, caller, form),
        _ => Err(ApiError::new(
            "InvalidAction",
            format!("the rehearsal does not serve sns:{}", action.escape_debug()),
        )),
    }
}

fn invalid(what: &str) -> ApiError {
    ApiError::new("InvalidParameter", format!("Invalid parameter: {what}"))
}

/// `sns:Publish` on the topic; for an encrypted topic `kms:GenerateDataKey` and `kms:Decrypt` on its key
/// as the publisher (<https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>).
fn publish(state: &State, caller: &Caller, form: &Form) -> Result<Xml, ApiError> {
    let arn = form.get("TopicArn").or_else(|| form.get("TargetArn"));
    let arn = arn
        .ok_or_else(|| invalid("TopicArn or TargetArn Reason: no value for required parameter"))?;
    let message = form.get("Message").ok_or_else(|| invalid("Empty message"))?;
    if message.len() > MAX_MESSAGE {
        return Err(invalid("Message too long"));
    }
    let subject = form.get("Subject");
    if subject.is_some_and(|subject| {
        subject.chars().count() >= SUBJECT_END || subject.chars().any(char::is_control)
    }) {
        return Err(invalid("Subject"));
    }
    state
        .authorize(caller, &Ask::new("sns:Publish", arn))
        .map_err(|denied| ApiError::with_status(403, "AuthorizationError", denied.message))?;
    let key = state.topics().keys.get(arn).cloned();
    let key = key.ok_or_else(|| ApiError::with_status(404, "NotFound", "Topic does not exist"))?;
    if let Some(key) = key {
        let region = arn.split(':').nth(3).unwrap_or_default();
        let usage = KeyUse {
            via: Some(format!("sns.{region}.amazonaws.com")),
            encryption_context: vec![("aws:sns:topicArn".to_owned(), arn.to_owned())],
            enabled: true,
            ..KeyUse::default()
        };
        let through = caller.through("sns.amazonaws.com");
        for action in ["kms:GenerateDataKey", "kms:Decrypt"] {
            state.use_key(&through, action, &key, &usage).map_err(|error| {
                let code = match &error {
                    KeyError::Denied(_) => "KMSAccessDenied",
                    KeyError::NotFound(_) => "KMSNotFound",
                    KeyError::Disabled(_) => "KMSDisabled",
                    KeyError::State(_) => "KMSInvalidState",
                };
                ApiError::new(code, error.to_string())
            })?;
        }
    }
    let id = uuid::Uuid::new_v4().to_string();
    state.topics().messages.push(TopicMessage {
        topic: arn.to_owned(),
        id: id.clone(),
        subject: subject.map(str::to_owned),
        message: message.to_owned(),
        at: state.clock.now(),
    });
    let mut xml = Xml::default();
    xml.text("MessageId", id);
    Ok(xml)
}
