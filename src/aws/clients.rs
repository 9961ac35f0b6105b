//! The clients, made once from one configuration.

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_types::timeout::TimeoutConfig;
use std::time::Duration;

/// How to reach AWS. What is absent is taken from the SDK's own environment: `AWS_PROFILE`,
/// `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_RETRY_MODE`, `AWS_USE_FIPS_ENDPOINT`, the shared
/// configuration files, single sign-on, container and instance credentials.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The profile of the shared configuration files.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// One endpoint for every service.
    pub endpoint_url: Option<String>,
    /// Whether to leave proxies out whatever the environment says, because the endpoint is this
    /// process's own.
    pub no_proxy: bool,
    /// Credentials, instead of the default chain.
    pub credentials: Option<StaticCredentials>,
    /// How long a call may go without an answer before it is made again: a minute when `None`.
    pub answer_within: Option<Duration>,
}

/// How long a call may go without an answer. The SDK for Rust would wait for ever; this is what boto3
/// and the AWS CLI wait (`read_timeout`,
/// <https://docs.aws.amazon.com/botocore/latest/reference/config.html>).
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// Credentials that are given rather than looked up. Their `Debug` form shows no secret.
#[derive(Clone)]
pub struct StaticCredentials {
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
    /// The session token of temporary credentials.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for StaticCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaticCredentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// Why no clients could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Neither the command line, nor the configuration, nor the environment names a region.
    #[error("no AWS region is set")]
    NoRegion,
}

impl ConnectError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoRegion => "set `region` in snaplake.toml, give `--region`, or set AWS_REGION",
        }
    }
}

/// One client a service, all with the same credentials, region, endpoint and retries.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Snapshots and exports.
    pub rds: aws_sdk_rds::Client,
    /// Objects.
    pub s3: aws_sdk_s3::Client,
    /// The catalog and crawlers.
    pub glue: aws_sdk_glue::Client,
    /// Queries.
    pub athena: aws_sdk_athena::Client,
    /// The key.
    pub kms: aws_sdk_kms::Client,
    /// Who is calling.
    pub sts: aws_sdk_sts::Client,
    /// Topics.
    pub sns: aws_sdk_sns::Client,
    /// Roles and policies, read only.
    pub iam: aws_sdk_iam::Client,
    /// The region that the clients use.
    pub region: String,
}

impl Clients {
    /// Makes the clients. Calls no service, though the credential chain may be read.
    ///
    /// # Errors
    /// When no region is set anywhere.
    pub async fn connect(settings: Settings) -> Result<Self, ConnectError> {
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
        loader = loader.http_client(super::http::client(!settings.no_proxy));
        loader = loader.timeout_config(
            TimeoutConfig::builder()
                .read_timeout(settings.answer_within.unwrap_or(ANSWER_WITHIN))
                .build(),
        );
        if let Ok(name) = AppName::new(concat!("snaplake-", env!("CARGO_PKG_VERSION"))) {
            loader = loader.app_name(name);
        }
        if let Some(profile) = settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = settings.region {
            loader = loader.region(Region::new(region));
        }
        if let Some(url) = settings.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(given) = settings.credentials {
            loader = loader.credentials_provider(Credentials::new(
                given.access_key_id,
                given.secret_access_key,
                given.session_token,
                None,
                "snaplake",
            ));
        }
        Self::from_config(&loader.load().await)
    }

    fn from_config(config: &SdkConfig) -> Result<Self, ConnectError> {
        let region = config.region().ok_or(ConnectError::NoRegion)?.to_string();
        // Another endpoint serves every bucket under one host name.
        let s3 = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(config.endpoint_url().is_some())
            .build();
        Ok(Self {
            rds: aws_sdk_rds::Client::new(config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            glue: aws_sdk_glue::Client::new(config),
            athena: aws_sdk_athena::Client::new(config),
            kms: aws_sdk_kms::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            region,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_of_credentials_has_no_secret() {
        let text = format!(
            "{:?}",
            Settings {
                credentials: Some(StaticCredentials {
                    access_key_id: "AKIDEXAMPLE".into(),
                    secret_access_key: "hush-hush".into(),
                    session_token: Some("token-token".into()),
                }),
                ..Settings::default()
            }
        );
        assert!(text.contains("AKIDEXAMPLE"));
        assert!(!text.contains("hush") && !text.contains("token-token"), "{text}");
    }
}
