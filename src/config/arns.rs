//! ARNs in a configuration: of the right service and kind, in the right region and account.

use super::error::{ConfigError, quoted};
use super::read::{At, Reader};

/// Where a pipeline lives, as far as it is known.
#[derive(Debug, Clone)]
pub(super) struct Home {
    pub partition: &'static str,
    pub region: Option<String>,
    pub account: Option<String>,
}

/// What an ARN has to be.
pub(super) struct Wanted {
    /// What it is for: `snapshot`.
    pub noun: &'static str,
    /// The service: `rds`.
    pub service: &'static str,
    /// Whether it bears a region.
    pub regional: bool,
    /// How the resource may start: `snapshot:`.
    pub resource: &'static [&'static str],
    /// Whether it may belong to AWS itself (`aws` in place of an account) or to another account.
    pub account: Owner,
}

/// Whose a resource may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The pipeline's account only.
    Own,
    /// The pipeline's account or AWS itself.
    OwnOrAws,
    /// Any account.
    Any,
}

impl Wanted {
    /// What is wrong with an ARN, and what to write instead.
    pub fn check(&self, home: &Home, arn: &str) -> Result<(), (String, String)> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let &[_, partition, service, region, account, resource] = parts.as_slice() else {
            return Err(("is no ARN of six parts".into(), self.example(home)));
        };
        let example = || format!("it looks like `{}`", self.example(home));
        if service != self.service {
            let problem = format!("is an ARN of {}, not of `{}`", quoted(service), self.service);
            return Err((problem, example()));
        }
        if partition != home.partition {
            let problem = format!(
                "is of partition {}, the pipeline's region of `{}`",
                quoted(partition),
                home.partition
            );
            return Err((problem, example()));
        }
        let kind = self.resource.iter().find_map(|kind| resource.strip_prefix(kind));
        if !kind.is_some_and(|name| self.resource.contains(&resource) || !name.is_empty()) {
            let kinds: Vec<String> = self
                .resource
                .iter()
                .map(|kind| format!("`{}`", kind.trim_end_matches([':', '/'])))
                .collect();
            return Err((format!("is not the ARN of a {}", kinds.join(" or ")), example()));
        }
        match (&home.region, self.regional) {
            (Some(home), true) if home != region => {
                let problem = format!("is in region {}, the pipeline in `{home}`", quoted(region));
                return Err((problem, "exports stay within one region".into()));
            }
            (_, false) if !region.is_empty() => {
                return Err((format!("bears region {}", quoted(region)), example()));
            }
            _ => {}
        }
        let own = home.account.as_deref().is_none_or(|own| own == account);
        let right = match self.account {
            Owner::Own => own,
            Owner::OwnOrAws => own || account == "aws",
            Owner::Any => account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()),
        };
        if right {
            Ok(())
        } else {
            let own = home.account.as_deref().unwrap_or("the pipeline's");
            let problem = format!("is in account {}", quoted(account));
            Err((problem, format!("the {} must be in account `{own}`", self.noun)))
        }
    }

    fn example(&self, home: &Home) -> String {
        let region = if self.regional { home.region.as_deref().unwrap_or("<region>") } else { "" };
        let kind = self.resource.first().copied().unwrap_or_default();
        let account = home.account.as_deref().unwrap_or("<account>");
        format!("arn:{}:{}:{region}:{account}:{kind}<name>", home.partition, self.service)
    }
}

/// Notes what is wrong with an ARN; gives it when nothing is.
pub(super) fn arn(
    reader: &mut Reader<'_>,
    home: &Home,
    wanted: &Wanted,
    arn: &At<String>,
) -> Option<String> {
    match wanted.check(home, &arn.value) {
        Ok(()) => Some(arn.value.clone()),
        Err((problem, help)) => {
            let message = format!("{} {} {problem}", wanted.noun, quoted(&arn.value));
            reader.error(ConfigError::new(reader.text, &arn.span, message).help(help));
            None
        }
    }
}
