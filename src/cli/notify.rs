//! The webhook of `[notify]`: its URL is read from where the configuration says, and goes nowhere else.

use super::Failure;
use super::project::Project;
use crate::aws::{HttpWebhook, Webhook};
use crate::pipeline::{Pipeline, SecretSource};
use std::sync::Arc;

/// The webhook that the configuration names; a secret that is not there ends the command before it begins.
pub(super) fn webhook(
    project: &Project,
    pipeline: &Pipeline,
) -> Result<Option<Arc<dyn Webhook>>, Failure> {
    let Some(source) = &pipeline.notify.slack else { return Ok(None) };
    let (place, text) = match source {
        SecretSource::Variable(name) => {
            let place = format!("the environment variable `{name}`");
            let text = std::env::var(name).map_err(|_| missing(&place, "it is not set"))?;
            (place, text)
        }
        SecretSource::File(file) => {
            let path = project.folder.join(file);
            let place = format!("the file `{}`", path.display().to_string().escape_debug());
            let read = std::fs::read_to_string(&path);
            (place.clone(), read.map_err(|error| missing(&place, &error.to_string()))?)
        }
    };
    let url = text.trim();
    if !is_url(url) {
        // What it holds may be another secret, and is not repeated.
        return Err(missing(&place, "what it holds is no `https://` URL"));
    }
    Ok(Some(Arc::new(HttpWebhook::new(url.to_owned()))))
}

fn missing(place: &str, why: &str) -> Failure {
    Failure::input(miette::miette!(
        help = "put the webhook's URL there, or take `slack_webhook_…` out of `[notify]`",
        "there is no Slack webhook in {place}: {why}"
    ))
}

/// A secret may only leave this machine encrypted.
fn is_url(url: &str) -> bool {
    let plain = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic());
    let local = |rest: &str| {
        ["127.0.0.1:", "localhost:", "[::1]:"].iter().any(|host| rest.starts_with(host))
    };
    match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => plain(rest),
        (None, Some(rest)) => plain(rest) && local(rest),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_url;

    #[test]
    fn a_secret_goes_over_https_only() {
        assert!(is_url("https://hooks.slack.com/services/T/B/x"));
        assert!(is_url("http://127.0.0.1:8080/x"));
        for wrong in ["http://hooks.slack.com/x", "https://", "hooks", "https://a b", "ftp://x", ""]
        {
            assert!(!is_url(wrong), "{wrong}");
        }
        assert!(!is_url("http://127.0.0.1.evil.example/x"));
    }
}
