//! The policies of the bucket and of the key, and what has a say and is not looked at.

use super::{Named, Reader, unknown};
use crate::iam::policy::Kind;
use crate::pipeline::KeyChoice;
use crate::pipeline::check::Attached;
use std::collections::BTreeMap;

const BUCKET_POLICY: &str = "aws_s3_bucket_policy";
const KEY_POLICY: &str = "aws_kms_key_policy";

impl Reader<'_> {
    pub(super) fn bucket(&mut self, notes: &mut Vec<String>) -> Attached {
        let name = self.pipeline.lake.bucket.as_str();
        let buckets = self.indices("aws_s3_bucket", |it| it.known("bucket") == Some(name));
        let of_bucket = |wanted: Named| {
            self.indices(BUCKET_POLICY, |it| {
                let named = match (it.known("bucket"), buckets.first()) {
                    (Some(bucket), _) => (bucket == name).into(),
                    (None, Some(at)) => self
                        .tree
                        .resources
                        .get(*at)
                        .map_or(Named::No, |bucket| self.names(it, "bucket", bucket, "bucket")),
                    (None, None) if it.is_unknown("bucket") => Named::Maybe,
                    (None, None) => Named::No,
                };
                named == wanted
            })
        };
        let (policies, perhaps) = (of_bucket(Named::Yes), of_bucket(Named::Maybe));
        let what = format!("the bucket `{name}`");
        if let Some(one) = self.one_of(&policies, &perhaps, &what, "bucket", notes) {
            return one;
        }
        let attached = match buckets.first() {
            // Before version 4 of the provider, a bucket's policy stood in the bucket.
            Some(bucket) if self.sets(*bucket, "policy") => {
                self.attached(*bucket, "policy", Kind::BucketOrKey, false)
            }
            Some(_) => Attached::Absent,
            None => Attached::Unknown(format!("{what} is not managed here")),
        };
        self.put_off(attached)
    }

    /// The policy among several of one thing, which has only one; those that may be its are told of.
    fn one_of(
        &mut self,
        policies: &[usize],
        perhaps: &[usize],
        what: &str,
        attribute: &str,
        notes: &mut Vec<String>,
    ) -> Option<Attached> {
        let addresses = |all: &[usize]| -> Vec<&str> {
            all.iter().filter_map(|at| self.tree.resources.get(*at)).map(|it| it.address).collect()
        };
        match (policies, perhaps) {
            ([], []) => None,
            ([], [perhaps, ..]) => {
                let address = self.tree.resources.get(*perhaps)?.address;
                let why = unknown(address, attribute);
                Some(Attached::Unknown(format!("`{address}` may be the policy of {what}: {why}")))
            }
            ([only], perhaps) => {
                for address in addresses(perhaps) {
                    let why = unknown(address, attribute);
                    notes.push(format!("`{address}` may replace the policy of {what}: {why}"));
                }
                Some(self.attached(*only, "policy", Kind::BucketOrKey, true))
            }
            (several, _) => {
                let names: Vec<_> = addresses(several).iter().map(|it| format!("`{it}`")).collect();
                Some(Attached::Unknown(format!(
                    "{} are each the policy of {what}, which has only one: the last to be written stays",
                    names.join(" and ")
                )))
            }
        }
    }

    /// Of a plan that is not the whole, nothing says that there will be no policy.
    fn put_off(&self, attached: Attached) -> Attached {
        match (attached, &self.tree.put_off) {
            (Attached::Absent, Some(why)) => Attached::Unknown(why.clone()),
            (attached, _) => attached,
        }
    }

    /// Whether an attribute is the user's; in a state, whether it has a value.
    fn sets(&self, at: usize, attribute: &str) -> bool {
        self.tree.resources.get(at).is_some_and(|it| {
            self.tree.sets(it, attribute).unwrap_or_else(|| !it.value(attribute).is_null())
        })
    }

    pub(super) fn key(
        &mut self,
        actual: &mut BTreeMap<String, String>,
        notes: &mut Vec<String>,
    ) -> Attached {
        let arn = self.pipeline.key_arn();
        let what = format!("the key `{arn}`");
        let Some(at) = self.find_key(&arn) else {
            // The policy of a key that was there before may be managed all the same.
            let policies = self.indices(KEY_POLICY, |it| {
                it.known("key_id").is_some_and(|id| id == arn || arn.rsplit('/').next() == Some(id))
            });
            let missing = Attached::Unknown(format!("{what} is not managed here"));
            return self.one_of(&policies, &[], &what, "key_id", notes).unwrap_or(missing);
        };
        let Some(key) = self.tree.resources.get(at) else { return Attached::Absent };
        if let Some(real) = key.known("arn") {
            actual.insert(arn, real.to_owned());
        }
        let address = key.address;
        let id = if key.known("key_id").is_some() { "key_id" } else { "id" };
        let of_key = |wanted: Named| {
            self.indices(KEY_POLICY, |it| self.names(it, "key_id", key, id) == wanted)
        };
        let (policies, perhaps) = (of_key(Named::Yes), of_key(Named::Maybe));
        if let Some(one) = self.one_of(&policies, &perhaps, &what, "key_id", notes) {
            return one;
        }
        if self.sets(at, "policy") {
            return self.attached(at, "policy", Kind::BucketOrKey, false);
        }
        if let Some(why) = &self.tree.put_off {
            return Attached::Unknown(why.clone());
        }
        // "If you don't specify a key policy, AWS KMS attaches a default key policy":
        // https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
        let text = serde_json::json!({
            "Version": "2012-10-17",
            "Id": "key-default-1",
            "Statement": [{
                "Sid": "Enable IAM User Permissions",
                "Effect": "Allow",
                "Principal": {"AWS": self.pipeline.account_root_arn()},
                "Action": "kms:*",
                "Resource": "*",
            }],
        });
        let name = format!("{address} (the default key policy)");
        let policy = self.parse(&name, &text.to_string(), Kind::BucketOrKey);
        policy.map_or(Attached::Absent, Attached::Known)
    }

    /// The lake's key: by its ARN, by its alias, or because there is no other.
    fn find_key(&self, arn: &str) -> Option<usize> {
        let keys = self.indices("aws_kms_key", |_| true);
        let by_arn = keys.iter().find(|at| {
            self.tree.resources.get(**at).is_some_and(|key| key.known("arn") == Some(arn))
        });
        if by_arn.is_some() || self.pipeline.lake.key != KeyChoice::Create {
            return by_arn.copied();
        }
        let alias = self.pipeline.key_alias();
        let aliases =
            self.tree.of("aws_kms_alias").filter(|it| it.known("name") == alias.as_deref());
        let by_alias = aliases.into_iter().find_map(|alias| {
            let target = alias.known("target_key_id");
            let meant = self.tree.referred(alias, "target_key_id", "aws_kms_key");
            keys.iter().copied().find(|at| {
                self.tree.resources.get(*at).is_some_and(|key| {
                    (target.is_some() && key.known("key_id") == target)
                        || meant.found.iter().any(|it| it.address == key.address)
                })
            })
        });
        by_alias.or(match keys.as_slice() {
            [only] => Some(*only),
            _ => None,
        })
    }

    /// What has a say in requests and is not looked at, and what is taken for it all the same.
    pub(super) fn not_looked_at(&self, notes: &mut Vec<String>) {
        for address in &self.tree.forgotten {
            notes.push(format!(
                "the plan takes `{address}` out of the state and leaves it in AWS: it counts as it was"
            ));
        }
        notes.extend(self.tree.put_off.clone());
        for resource in &self.tree.resources {
            let address = resource.address;
            let whole = || resource.value("policy").as_str().is_some_and(lets_all_through);
            let what = match resource.kind {
                "aws_vpc_endpoint" if resource.value("policy").is_null() || whole() => continue,
                "aws_vpc_endpoint" | "aws_vpc_endpoint_policy" => {
                    "a VPC endpoint's policy, which has a say in what goes through the endpoint"
                }
                "aws_organizations_policy" => match resource.known("type") {
                    None | Some("SERVICE_CONTROL_POLICY") => {
                        "a service control policy, which has a say in the accounts that it is attached to"
                    }
                    Some("RESOURCE_CONTROL_POLICY") => {
                        "a resource control policy, which has a say in the accounts that it is attached to"
                    }
                    Some(_) => continue,
                },
                "aws_organizations_policy_attachment" => {
                    "the attachment of an organization's policy, which may have a say"
                }
                _ => continue,
            };
            notes.push(format!("`{address}` is not taken into account: it is {what}"));
        }
    }
}

/// "The default endpoint policy allows full access to the endpoint"
/// (<https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html>).
fn lets_all_through(text: &str) -> bool {
    let document: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let statement = document.as_ref().and_then(|it| it.get("Statement")).map(|it| match it {
        serde_json::Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    });
    let Some([only]) = statement else { return false };
    let all = |name: &str| only.get(name).is_some_and(|it| it == "*");
    only.get("Effect").is_some_and(|it| it == "Allow")
        && ["Action", "Principal", "Resource"].iter().all(|name| all(name))
        && only.get("Condition").is_none()
}
