//! Amazon resource names.

use std::fmt;
use std::str::FromStr;

/// An ARN, `arn:partition:service:region:account:resource`.
///
/// Region and account are empty where AWS leaves them out, as S3 does
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov`…
    pub partition: String,
    /// The service's namespace, such as `s3`.
    pub service: String,
    /// The region, or nothing for global resources.
    pub region: String,
    /// The twelve-digit account, or nothing.
    pub account: String,
    /// Everything after the fifth colon.
    pub resource: String,
}

/// Text that is no ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no ARN: expected `arn:partition:service:region:account:resource`", .0.escape_debug())]
pub struct ArnError(pub String);

impl Arn {
    /// Puts an ARN together.
    #[must_use]
    pub fn new(
        partition: &str,
        service: &str,
        region: &str,
        account: &str,
        resource: &str,
    ) -> Self {
        Self {
            partition: partition.to_owned(),
            service: service.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            resource: resource.to_owned(),
        }
    }

    /// Reads an ARN.
    ///
    /// # Errors
    /// When the text does not start with `arn:`, has fewer than six fields, or has no partition,
    /// service or resource.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let wrong = || ArnError(text.to_owned());
        let mut fields = text.splitn(6, ':');
        let mut next = || fields.next().ok_or_else(wrong);
        if next()? != "arn" {
            return Err(wrong());
        }
        let arn = Self::new(next()?, next()?, next()?, next()?, next()?);
        if arn.partition.is_empty() || arn.service.is_empty() || arn.resource.is_empty() {
            return Err(wrong());
        }
        Ok(arn)
    }

    /// The resource's type and the rest, split at the first `/` or `:`: `("role", "path/name")`.
    #[must_use]
    pub fn typed_resource(&self) -> Option<(&str, &str)> {
        self.resource.split_once(['/', ':'])
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        for text in [
            "arn:aws:s3:::bucket/key:with:colons",
            "arn:aws-cn:rds:cn-north-1:111122223333:cluster-snapshot:rds:x-2026-01-01-00-00",
            "arn:aws:iam::111122223333:role/path/name",
        ] {
            assert_eq!(Arn::parse(text).unwrap().to_string(), text);
        }
        let role = Arn::parse("arn:aws:iam::111122223333:role/path/name").unwrap();
        assert_eq!(role.typed_resource(), Some(("role", "path/name")));
    }

    #[test]
    fn refuses_what_is_no_arn() {
        for text in ["", "*", "arn", "arn:aws:s3:::", "arn:aws:s3", "arn::s3:::b", "urn:aws:s3:::b"]
        {
            assert!(Arn::parse(text).is_err(), "{text}");
        }
    }
}
