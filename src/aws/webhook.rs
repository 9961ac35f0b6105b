//! A message to a webhook: one POST of JSON over the SDK's own HTTP client.
//!
//! The URL is a secret: whoever has it can write to the channel. It is in no error, no log and no
//! `Debug` form.

use super::clock::BoxFuture;
use super::http;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use std::time::Duration;

/// How long a message may take: a run does not wait for a chat.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where messages go that are posted.
pub trait Webhook: Send + Sync {
    /// Posts a JSON body.
    fn post(&self, body: String) -> BoxFuture<'_, Result<(), WebhookError>>;
}

/// Why a message was not taken. Tells nothing of the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The address cannot be used.
    #[error("the webhook's URL is none")]
    Url,
    /// It was not taken.
    #[error("the webhook answered with status {0}")]
    Status(u16),
    /// There was no answer in time.
    #[error("the webhook did not answer within {} s", PATIENCE.as_secs())]
    Late,
    /// There was no answer at all.
    #[error("the webhook cannot be reached")]
    Unreachable,
}

/// A webhook at a URL.
#[derive(Clone)]
pub struct HttpWebhook {
    url: String,
}

impl HttpWebhook {
    /// A webhook at `url`.
    #[must_use]
    pub fn new(url: String) -> Self {
        Self { url }
    }

    async fn send(&self, body: String) -> Result<(), WebhookError> {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST").map_err(|_| WebhookError::Url)?;
        request.set_uri(self.url.as_str()).map_err(|_| WebhookError::Url)?;
        request.headers_mut().insert("content-type", "application/json; charset=utf-8");
        let call = http::connector(None, true).call(request);
        let answer = tokio::time::timeout(PATIENCE, call).await.map_err(|_| WebhookError::Late)?;
        // The text of a connection's failure may hold the address.
        let answer = answer.map_err(|_| WebhookError::Unreachable)?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(WebhookError::Status(answer.status().as_u16()))
    }
}

impl std::fmt::Debug for HttpWebhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpWebhook").finish_non_exhaustive()
    }
}

impl Webhook for HttpWebhook {
    fn post(&self, body: String) -> BoxFuture<'_, Result<(), WebhookError>> {
        Box::pin(self.send(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// Answers one request and gives what it got.
    async fn once(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener =
            tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/services/T0/B0/hush-hush", listener.local_addr().unwrap());
        let heard = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = String::new();
            let mut buffer = [0; 4096];
            while !text.contains("\r\n\r\n{") || !text.ends_with('}') {
                let read = stream.read(&mut buffer).await.unwrap();
                text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            text
        });
        (url, heard)
    }

    #[tokio::test]
    async fn a_message_is_posted_as_json() {
        let (url, heard) = once("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        HttpWebhook::new(url).post("{\"text\":\"hi\"}".to_owned()).await.unwrap();
        let heard = heard.await.unwrap();
        assert!(heard.starts_with("POST /services/T0/B0/hush-hush HTTP/1.1\r\n"), "{heard}");
        assert!(heard.to_lowercase().contains("content-type: application/json"), "{heard}");
        assert!(heard.ends_with("{\"text\":\"hi\"}"), "{heard}");
    }

    #[tokio::test]
    async fn a_refusal_and_a_dead_address_tell_nothing_of_the_url() {
        let (url, _heard) = once("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
        let hook = HttpWebhook::new(url);
        assert_eq!(hook.post("{}".into()).await, Err(WebhookError::Status(403)));
        assert!(!format!("{hook:?}").contains("hush"));
        let dead =
            HttpWebhook::new(format!("http://{}:9/hush-hush", std::net::Ipv4Addr::LOCALHOST));
        let error = dead.post("{}".into()).await.unwrap_err();
        assert_eq!(error, WebhookError::Unreachable);
        assert!(!format!("{error} {error:?}").contains("hush"));
        let none = HttpWebhook::new("not a url hush".to_owned()).post("{}".into()).await;
        assert_eq!(none, Err(WebhookError::Url));
    }
}
