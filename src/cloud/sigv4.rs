//! Signature Version 4: who signed a request, and whether they did
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>).
//!
//! A signature is verified by signing the request again with the SDK's own signer.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use hyper::http::request::Parts;
use jiff::Timestamp;
use std::time::{Duration, SystemTime};

/// How far the time of a signature may be from the server's: 15 minutes
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html>).
pub const MAX_SKEW: Duration = Duration::from_mins(15);

/// What the `Authorization` header, or a presigned URL's query, says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The access key's id.
    pub access_key: String,
    /// The day of the scope, `YYYYMMDD`.
    pub date: String,
    /// The region of the scope.
    pub region: String,
    /// The service of the scope, such as `rds`.
    pub service: String,
    /// The names of the signed headers, lower case. Empty for a presigned URL.
    pub signed_headers: Vec<String>,
    /// The signature, hexadecimal. Empty for a presigned URL.
    pub signature: String,
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No signature.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// A signature that cannot be read. The text says what is wrong.
    #[error("{0}")]
    Incomplete(String),
    /// The time is too far away. The texts are the signature's time, the server's, and the limit.
    #[error("Signature expired: {signed} is now earlier than {limit} ({now} - 15 min.)")]
    Expired {
        /// When the request was signed.
        signed: String,
        /// The earliest time that would have been accepted.
        limit: String,
        /// The server's time.
        now: String,
    },
    /// The time lies ahead.
    #[error("Signature not yet current: {signed} is still later than {limit} ({now} + 15 min.)")]
    NotYetCurrent {
        /// When the request was signed.
        signed: String,
        /// The latest time that would have been accepted.
        limit: String,
        /// The server's time.
        now: String,
    },
    /// The signature is another than ours.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your \
         AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl Claim {
    /// Reads the header or, for a presigned URL, the query. Nothing is verified.
    ///
    /// # Errors
    /// [`SignatureError::Missing`] and [`SignatureError::Incomplete`].
    pub fn read(parts: &Parts) -> Result<Self, SignatureError> {
        if let Some(header) = parts.headers.get(hyper::header::AUTHORIZATION) {
            let header =
                header.to_str().map_err(|_| incomplete("Authorization header is not text"))?;
            return Self::from_header(header);
        }
        let query = parts.uri.query().unwrap_or_default();
        let credential = super::protocol::query::pairs(query)
            .find(|(name, _)| name == "X-Amz-Credential")
            .ok_or(SignatureError::Missing)?;
        Self::from_credential(&credential.1, Vec::new(), String::new())
    }

    fn from_header(header: &str) -> Result<Self, SignatureError> {
        let fields = header
            .strip_prefix("AWS4-HMAC-SHA256")
            .ok_or_else(|| incomplete("Unsupported authorization type"))?;
        let field = |name: &str| {
            fields
                .split(',')
                .filter_map(|field| field.trim().split_once('='))
                .find(|(found, _)| *found == name)
                .map(|(_, value)| value.trim())
                .ok_or_else(|| {
                    SignatureError::Incomplete(format!(
                        "Authorization header requires '{name}' parameter."
                    ))
                })
        };
        let signed_headers =
            field("SignedHeaders")?.split(';').map(str::to_ascii_lowercase).collect();
        Self::from_credential(field("Credential")?, signed_headers, field("Signature")?.to_owned())
    }

    fn from_credential(
        credential: &str,
        signed_headers: Vec<String>,
        signature: String,
    ) -> Result<Self, SignatureError> {
        // The key id is everything before the last four parts.
        let mut parts = credential.rsplitn(5, '/');
        let (Some("aws4_request"), Some(service), Some(region), Some(date), Some(access_key)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term",
            ));
        };
        Ok(Self {
            access_key: access_key.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers,
            signature,
        })
    }
}

/// Verifies a request that was signed in its header.
///
/// # Errors
/// [`SignatureError`].
pub fn verify(
    parts: &Parts,
    body: &[u8],
    claim: &Claim,
    secret: &str,
    token: Option<&str>,
    now: SystemTime,
) -> Result<(), SignatureError> {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let date = header("x-amz-date").ok_or_else(|| {
        incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        )
    })?;
    let signed =
        instant(date).ok_or_else(|| incomplete("Date must be in ISO-8601 'basic format'"))?;
    if !date.starts_with(&claim.date) {
        return Err(incomplete(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date",
        ));
    }
    if !claim.signed_headers.iter().any(|name| name == "host") {
        return Err(incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization."));
    }
    check_skew(signed, now)?;
    let calculated =
        calculate(parts, body, claim, secret, token, signed).ok_or(SignatureError::Mismatch)?;
    if same(calculated.as_bytes(), claim.signature.as_bytes()) {
        Ok(())
    } else {
        Err(SignatureError::Mismatch)
    }
}

fn check_skew(signed: SystemTime, now: SystemTime) -> Result<(), SignatureError> {
    if signed + MAX_SKEW < now {
        return Err(SignatureError::Expired {
            signed: basic(signed),
            limit: basic(now - MAX_SKEW),
            now: basic(now),
        });
    }
    if signed > now + MAX_SKEW {
        return Err(SignatureError::NotYetCurrent {
            signed: basic(signed),
            limit: basic(now + MAX_SKEW),
            now: basic(now),
        });
    }
    Ok(())
}

fn calculate(
    parts: &Parts,
    body: &[u8],
    claim: &Claim,
    secret: &str,
    token: Option<&str>,
    signed: SystemTime,
) -> Option<String> {
    // The signer adds these two itself; the token only counts when the client signed it.
    let own = ["x-amz-date", "x-amz-security-token"];
    let token_signed = claim.signed_headers.iter().any(|name| name == "x-amz-security-token");
    let headers = claim
        .signed_headers
        .iter()
        .filter(|name| !own.contains(&name.as_str()))
        .flat_map(|name| {
            parts
                .headers
                .get_all(name.as_str())
                .iter()
                .filter_map(move |value| Some((name.as_str(), value.to_str().ok()?)))
        })
        .collect::<Vec<_>>();
    let host = parts.headers.get(hyper::header::HOST)?.to_str().ok()?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let uri = format!("http://{host}{path}");
    let credentials = Credentials::new(
        claim.access_key.as_str(),
        secret,
        token.filter(|_| token_signed).map(str::to_owned),
        None,
        "rehearsal",
    );
    let identity = credentials.into();
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&claim.region)
        .name(&claim.service)
        .time(signed)
        .settings(settings)
        .build()
        .ok()?
        .into();
    let request = SignableRequest::new(
        parts.method.as_str(),
        uri,
        headers.into_iter(),
        SignableBody::Bytes(body),
    )
    .ok()?;
    let (_, signature) = sign(request, &params).ok()?.into_parts();
    Some(signature)
}

/// Compares without telling by its duration where the difference lies.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

fn incomplete(message: &str) -> SignatureError {
    SignatureError::Incomplete(message.to_owned())
}

/// `20260131T235959Z` as an instant.
fn instant(basic: &str) -> Option<SystemTime> {
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", basic).ok()?;
    let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().into())
}

fn basic(time: SystemTime) -> String {
    Timestamp::try_from(time)
        .map(|time| time.strftime("%Y%m%dT%H%M%SZ").to_string())
        .unwrap_or_default()
}
