//! One error for every call to AWS.

use super::refusal::unusable_key;
use crate::printable::line;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;
use serde::{Deserialize, Serialize};

/// A call to AWS that did not succeed, after the SDK's own retries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{service}:{operation}{} failed: {}", on(self.resource.as_deref()), self.text())]
pub struct AwsError {
    /// The service, as IAM calls it: `rds`, `s3`, `glue`.
    pub service: String,
    /// The API operation: `StartExportTask`.
    pub operation: String,
    /// What the call was about: an ARN, an `s3://` address, a table name.
    pub resource: Option<String>,
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// The error code that the service sent.
    pub code: Option<String>,
    /// The message that the service sent, or what the network said.
    pub message: String,
    /// The request id, which AWS support asks for.
    pub request_id: Option<String>,
}

/// What kind of failure a call met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// The principal lacks a right.
    Denied,
    /// There are no credentials, or they are expired or wrong.
    Credentials,
    /// Too many requests, still after the retries.
    Throttled,
    /// The thing is not there.
    NotFound,
    /// The thing is already there, or somebody else changed it meanwhile.
    Conflict,
    /// No answer: the network or the endpoint.
    Network,
    /// Anything else that the service said.
    Service,
}

/// Who was denied what, read from the service's message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// The principal's ARN.
    pub principal: String,
    /// The IAM action, such as `glue:GetTable`.
    pub action: String,
    /// The resource's ARN, where the message has one.
    pub resource: Option<String>,
}

impl AwsError {
    /// Whether the principal lacked a right.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.kind == ErrorKind::Denied
    }

    /// Whether the thing asked for is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind == ErrorKind::NotFound
    }

    /// Whether the same call may well succeed in a moment: nobody was wrong.
    #[must_use]
    pub(crate) fn may_pass(&self) -> bool {
        match self.kind {
            ErrorKind::Throttled | ErrorKind::Network => true,
            // Errors that every service has
            // (<https://docs.aws.amazon.com/awsservices/latest/APIReference/CommonErrors.html>).
            ErrorKind::Service => self.code.as_deref().is_some_and(|code| {
                matches!(code, "InternalFailure" | "InternalError" | "ServiceUnavailable")
                    || code.starts_with("InternalServer")
                    || code.starts_with("InternalService")
            }),
            _ => false,
        }
    }

    /// Whether the error code is `code`.
    #[must_use]
    pub fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Who was denied what, when the message says so in AWS's usual form.
    #[must_use]
    pub fn denial(&self) -> Option<Denial> {
        if self.is_denied() { parse_denial(&self.message) } else { None }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        let said = format!("{} {}", self.code.as_deref().unwrap_or_default(), self.message);
        if let Some(help) = unusable_key(&said) {
            return help.to_owned();
        }
        match self.kind {
            ErrorKind::Denied => match self.denial() {
                Some(denial) => format!(
                    "allow `{}` on `{}` for `{}`; `snaplake iam check` shows every right that is \
                     missing at once",
                    denial.action,
                    denial.resource.as_deref().or(self.resource.as_deref()).unwrap_or("*"),
                    denial.principal,
                ),
                None => format!(
                    "the principal may not call {}:{}; `snaplake iam check` shows every right \
                     that is missing at once",
                    self.service, self.operation
                ),
            },
            ErrorKind::Credentials => match self.code.as_deref() {
                Some("RequestTimeTooSkewed" | "RequestExpired") => {
                    "the clock of this machine is wrong; set it and resume".to_owned()
                }
                Some(code) if code.starts_with("ExpiredToken") => {
                    "the credentials expired; renew them (`aws sso login --profile NAME`, or assume the role \
                     again) and resume the run"
                        .to_owned()
                }
                // What a provider of credentials met is in the message only.
                None if self.message.contains("ExpiredToken") => {
                    "the credentials that a role is to be assumed with expired; renew them (`aws sso \
                     login --profile NAME`) and resume the run"
                        .to_owned()
                }
                None if self.message.to_ascii_lowercase().contains("sso") => {
                    "the sign-in has ended: `aws sso login --profile NAME`, then resume the run"
                        .to_owned()
                }
                _ => "check `--profile` and the AWS_* variables; `aws sts get-caller-identity` \
                      must work with them"
                    .to_owned(),
            },
            ErrorKind::Throttled => {
                "AWS still throttled after every retry; wait a little and resume the run".to_owned()
            }
            ErrorKind::NotFound => {
                "check the name, the region and the account; `terraform apply` makes what snaplake \
                 expects to find"
                    .to_owned()
            }
            ErrorKind::Conflict => {
                "somebody else changed or made it meanwhile; look at it, then resume the run"
                    .to_owned()
            }
            ErrorKind::Network => {
                "check the network, `--endpoint-url`, the region and HTTPS_PROXY; then resume the \
                 run"
                .to_owned()
            }
            ErrorKind::Service => "the run can be resumed once the cause is removed".to_owned(),
        }
    }

    fn text(&self) -> String {
        match &self.code {
            Some(code) => format!("{code}: {}", line(&self.message)),
            None => line(&self.message),
        }
    }
}

fn on(resource: Option<&str>) -> String {
    resource.map(|name| format!(" on `{}`", line(name))).unwrap_or_default()
}

/// Turns an SDK error into an [`AwsError`]; made for `map_err`.
pub(crate) fn failed<E>(
    service: &'static str,
    operation: &'static str,
    resource: impl Into<String>,
) -> impl FnOnce(SdkError<E, HttpResponse>) -> AwsError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let resource = Some(resource.into()).filter(|name| !name.is_empty());
    move |error| {
        let request_id = error.request_id().map(str::to_owned);
        let code = error.code().map(str::to_owned);
        let status = error.raw_response().map(|response| response.status().as_u16());
        let message = match error.message() {
            Some(message) => message.to_owned(),
            None => chain(&error),
        };
        let kind = match (&error, code.as_deref()) {
            (_, Some(code)) => classify(code, status),
            (SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_), None)
                if message.contains("credential") =>
            {
                ErrorKind::Credentials
            }
            (_, None) => match status {
                Some(403) => ErrorKind::Denied,
                Some(404) => ErrorKind::NotFound,
                Some(_) => ErrorKind::Service,
                None => ErrorKind::Network,
            },
        };
        AwsError {
            service: service.to_owned(),
            operation: operation.to_owned(),
            resource,
            kind,
            code,
            message,
            request_id,
        }
    }
}

/// The causes in one line: the SDK's own first line says little.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !parts.contains(&text) {
            parts.push(text);
        }
        next = error.source();
    }
    parts.join(": ")
}

/// What an error code means. The codes are those of the service models.
fn classify(code: &str, status: Option<u16>) -> ErrorKind {
    match code {
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "AuthorizationError"
        | "NotAuthorized" => ErrorKind::Denied,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "RequestTimeTooSkewed"
        | "RequestExpired" => ErrorKind::Credentials,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "SlowDown" => ErrorKind::Throttled,
        "AlreadyExistsException"
        | "ConcurrentModificationException"
        | "ConditionalRequestConflict"
        | "PreconditionFailed"
        | "ExportTaskAlreadyExists"
        | "DBSnapshotAlreadyExists"
        | "DBClusterSnapshotAlreadyExistsFault"
        | "CrawlerRunningException"
        | "VersionMismatchException" => ErrorKind::Conflict,
        "EntityNotFoundException" | "NoSuchKey" | "NoSuchBucket" | "NotFoundException" => {
            ErrorKind::NotFound
        }
        _ if code.ends_with("NotFound") || code.ends_with("NotFoundFault") => ErrorKind::NotFound,
        _ if status == Some(404) => ErrorKind::NotFound,
        _ => ErrorKind::Service,
    }
}

/// Reads `User: <arn> is not authorized to perform: <action> on resource: <arn> because …`.
pub(super) fn parse_denial(message: &str) -> Option<Denial> {
    let (_, rest) = message.split_once("User: ").or_else(|| message.split_once("user: "))?;
    let (principal, rest) = rest.split_once(" is not authorized to perform: ")?;
    let action = rest.split_whitespace().next()?.trim_end_matches(['.', ',']);
    let resource = rest
        .split_once(" on resource: ")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .map(|arn| arn.trim_matches(['"', ',']).to_owned());
    Some(Denial { principal: principal.to_owned(), action: action.to_owned(), resource })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_is_read_from_the_usual_message() {
        let message = "User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to \
                       perform: glue:GetTable on resource: arn:aws:glue:eu-west-1:111122223333:catalog \
                       because no identity-based policy allows the glue:GetTable action";
        assert_eq!(
            parse_denial(message),
            Some(Denial {
                principal: "arn:aws:sts::111122223333:assumed-role/r/s".into(),
                action: "glue:GetTable".into(),
                resource: Some("arn:aws:glue:eu-west-1:111122223333:catalog".into()),
            })
        );
        assert_eq!(parse_denial("Access Denied"), None);
    }

    #[test]
    fn codes_of_different_services_mean_the_same() {
        assert_eq!(classify("AccessDenied", Some(403)), ErrorKind::Denied);
        assert_eq!(classify("AccessDeniedException", Some(400)), ErrorKind::Denied);
        assert_eq!(classify("DBSnapshotNotFound", Some(404)), ErrorKind::NotFound);
        assert_eq!(classify("DBClusterSnapshotNotFoundFault", Some(404)), ErrorKind::NotFound);
        assert_eq!(classify("TooManyRequestsException", Some(400)), ErrorKind::Throttled);
        assert_eq!(classify("ExportTaskAlreadyExists", Some(400)), ErrorKind::Conflict);
        assert_eq!(classify("InvalidS3BucketFault", Some(400)), ErrorKind::Service);
    }

    #[test]
    fn a_sign_in_that_ended_says_how_to_sign_in() {
        let error = |code: Option<&str>, message: &str| AwsError {
            service: "sts".into(),
            operation: "GetCallerIdentity".into(),
            resource: None,
            kind: ErrorKind::Credentials,
            code: code.map(str::to_owned),
            message: message.into(),
            request_id: None,
        };
        let help = error(None, "failed to load SSO token: expired").help();
        assert!(help.contains("aws sso login --profile NAME"), "{help}");
        assert!(error(Some("ExpiredTokenException"), "").help().contains("aws sso login"));
        assert!(error(Some("RequestTimeTooSkewed"), "").help().contains("clock"));
        assert!(error(None, "no providers").help().contains("--profile"));
    }

    #[test]
    fn control_characters_of_a_message_do_not_reach_the_terminal() {
        let error = AwsError {
            service: "glue".into(),
            operation: "GetTable".into(),
            resource: Some("a\u{1b}[31m".into()),
            kind: ErrorKind::Service,
            code: None,
            message: "x\u{7}".into(),
            request_id: None,
        };
        assert!(!error.to_string().chars().any(char::is_control), "{error}");
    }
}
