//! The rules.

use super::Rule;

/// Every rule, for the tests that hold for all.
#[cfg(test)]
pub(in crate::config) static ALL: &[&Rule] = &[
    &NAME,
    &ACCOUNT,
    &REGION,
    &DATABASE,
    &TABLE,
    &RDS_IDENTIFIER,
    &SNAPSHOT_ARN,
    &BUCKET,
    &PREFIX,
    &RESULTS,
    &KEY_ARN,
    &GLUE_DATABASE,
    &WORKGROUP,
    &SCAN_LIMIT,
    &VIEW,
    &COLUMN,
    &SUFFIX,
    &TIME_ZONE,
    &ROW_CHANGE,
    &AGE,
    &SQL,
    &FILE,
    &TAG_KEY,
    &TAG_VALUE,
    &IAM_PATH,
    &BOUNDARY_ARN,
    &PRINCIPAL_ARN,
    &ROLE_ARN,
    &REHEARSAL_URL,
    &super::MOMENT,
    &super::VARIABLE,
    &super::TOPIC_ARN,
];

#[expect(clippy::unnecessary_wraps, reason = "it stands where rules that refuse stand")]
fn fine(_: &str) -> Result<(), String> {
    Ok(())
}

fn no_double_hyphen(value: &str) -> Result<(), String> {
    if value.contains("--") { Err("must not hold two hyphens in a row".into()) } else { Ok(()) }
}

/// The prefix of every name. It starts the identifiers of exports and of snapshots, which bear 21
/// more characters and may have 60, and of roles, which may have 64.
pub(in crate::config) static NAME: Rule = Rule {
    noun: "name",
    what: "names have 2 to 32 lowercase letters, digits and single hyphens, start with a letter \
           and do not end with a hyphen: they begin the names of snapshots, exports and roles",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html",
    first: "a-z",
    rest: "a-z0-9-",
    last: "a-z0-9",
    min: 2,
    max: 32,
    also: no_double_hyphen,
};

pub(in crate::config) static ACCOUNT: Rule = Rule {
    noun: "account",
    what: "an account id has 12 digits and is written in quotes",
    source: "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html",
    first: "0-9",
    rest: "0-9",
    last: "0-9",
    min: 12,
    max: 12,
    also: fine,
};

pub(in crate::config) static REGION: Rule = Rule {
    noun: "region",
    what: "write the region's code, such as `ap-northeast-1`",
    source: "https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html",
    first: "a-z",
    rest: "a-z0-9-",
    last: "0-9",
    min: 9,
    max: 25,
    also: |value| {
        let parts: Vec<&str> = value.split('-').collect();
        let right = match parts.as_slice() {
            [area, middle @ .., number] => {
                (2..=4).contains(&area.len())
                    && !middle.is_empty()
                    && middle.iter().chain([area]).all(|part| {
                        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase())
                    })
                    && number.bytes().all(|b| b.is_ascii_digit())
                    && number.len() <= 2
            }
            _ => false,
        };
        if right { Ok(()) } else { Err("is not of the form of a region's code".into()) }
    },
};

/// Partial exports take names of these characters only.
pub(in crate::config) static DATABASE: Rule = Rule {
    noun: "database",
    what: "RDS exports single databases only when their names consist of letters, digits, `$` and \
           `_`",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.html",
    first: "A-Za-z0-9$_",
    rest: "A-Za-z0-9$_",
    last: "A-Za-z0-9$_",
    min: 1,
    max: 64,
    also: fine,
};

/// A table, with the parts that its engine's form has. The number of parts is checked with the
/// engine at hand.
pub(in crate::config) static TABLE: Rule = Rule {
    noun: "table",
    what: "write `database.table` for MySQL and MariaDB, `database.schema.table` for PostgreSQL; \
           RDS exports single tables only when their names consist of letters, digits, `$` and `_`",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartExportTask.html",
    first: "A-Za-z0-9$_",
    rest: "A-Za-z0-9$_.",
    last: "A-Za-z0-9$_",
    min: 1,
    max: 194,
    also: |value| {
        if value.contains("..") { Err("has an empty part".into()) } else { Ok(()) }
    },
};

pub(in crate::config) static RDS_IDENTIFIER: Rule = Rule {
    noun: "identifier",
    what: "identifiers of DB instances and clusters have 1 to 63 letters, digits and single \
           hyphens, start with a letter and do not end with a hyphen; RDS keeps them in lowercase",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html",
    first: "a-z",
    rest: "a-z0-9-",
    last: "a-z0-9",
    min: 1,
    max: 63,
    also: no_double_hyphen,
};

/// What may stand in any ARN that a configuration holds; what it must be an ARN of is checked
/// where region and account are known.
const ARN: Rule = Rule {
    noun: "ARN",
    what: "",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html",
    first: "a",
    rest: "A-Za-z0-9:/_+=,.@-",
    last: "A-Za-z0-9_+=,.@-",
    min: 20,
    max: 2048,
    also: |value| {
        let mut parts = value.splitn(6, ':');
        let six = parts.by_ref().take(6).filter(|part| !part.contains(' ')).count() == 6;
        if six && value.starts_with("arn:") { Ok(()) } else { Err("is no ARN of six parts".into()) }
    },
};

pub(in crate::config) static SNAPSHOT_ARN: Rule = Rule {
    noun: "snapshot",
    what: "write `latest-automated`, `latest-manual`, `create`, or the ARN of a snapshot",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.ARN.Constructing.html",
    ..ARN
};

pub(in crate::config) static KEY_ARN: Rule = Rule {
    noun: "key",
    what: "write `create`, or the ARN of a KMS key: `arn:aws:kms:<region>:<account>:key/<id>`",
    source: "https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html",
    ..ARN
};

pub(in crate::config) static BOUNDARY_ARN: Rule = Rule {
    noun: "permissions boundary",
    what: "write the ARN of a managed policy: `arn:aws:iam::<account>:policy/<name>`",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
    ..ARN
};

pub(in crate::config) static ROLE_ARN: Rule = Rule {
    noun: "role",
    what: "write the ARN of an IAM role: `arn:aws:iam::<account>:role/<name>`",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
    ..ARN
};

pub(in crate::config) static PRINCIPAL_ARN: Rule = Rule {
    noun: "principal",
    what: "write the ARN of a role, a user or an account's root: \
           `arn:aws:iam::<account>:role/<name>`",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
    ..ARN
};

/// Not longer than 58 characters, so that `<bucket>-logs` is a bucket name too.
pub(in crate::config) static BUCKET: Rule = Rule {
    noun: "bucket name",
    what: "bucket names have 3 to 63 lowercase letters, digits, dots and hyphens, and start and \
           end with a letter or digit; this one must leave room for `-logs`",
    source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html",
    first: "a-z0-9",
    rest: "a-z0-9.-",
    last: "a-z0-9",
    min: 3,
    max: 58,
    also: |value| {
        const STARTS: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
        const ENDS: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
        if value.contains("..") {
            return Err("must not hold two dots in a row".into());
        }
        if value.split('.').count() == 4 && value.split('.').all(|part| part.parse::<u8>().is_ok())
        {
            return Err("must not look like an IP address".into());
        }
        if let Some(start) = STARTS.iter().find(|start| value.starts_with(**start)) {
            return Err(format!("must not start with `{start}`, which AWS keeps for itself"));
        }
        if let Some(end) = ENDS.iter().find(|end| value.ends_with(**end)) {
            return Err(format!("must not end with `{end}`, which AWS keeps for itself"));
        }
        Ok(())
    },
};

/// RDS refuses a colon and turns backslashes, spaces and quotes into underscores; wildcards would
/// widen policies. The name of the results' prefix is taken.
pub(in crate::config) static PREFIX: Rule = Rule {
    noun: "prefix",
    what: "a prefix has letters, digits and `_ . = -`, and `/` between folders; RDS refuses `:`",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartExportTask.html",
    first: "A-Za-z0-9_",
    rest: "A-Za-z0-9_./=-",
    last: "A-Za-z0-9_.=-",
    min: 1,
    max: 200,
    also: |value| {
        named_folders(value)?;
        match value.split('/').next() {
            Some("athena-results") => Err("is where Athena's results go".into()),
            Some("journal") => Err("is where runs may keep their journals".into()),
            _ => Ok(()),
        }
    },
};

/// Athena's results are in the same bucket, in a folder that holds nothing else.
pub(in crate::config) static RESULTS: Rule = Rule {
    noun: "results folder",
    what: "a folder has letters, digits and `_ . = -`, and `/` between folders",
    source: "https://docs.aws.amazon.com/athena/latest/ug/querying.html",
    also: |value| {
        named_folders(value)?;
        match value.split('/').next() {
            Some("journal") => Err("is where runs may keep their journals".into()),
            _ => Ok(()),
        }
    },
    ..PREFIX
};

fn named_folders(value: &str) -> Result<(), String> {
    if value.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("has a folder without a name of its own".into());
    }
    Ok(())
}

/// `_staging` is appended for the database in which exports are looked at.
pub(in crate::config) static GLUE_DATABASE: Rule = Rule {
    noun: "catalog database",
    what: "Athena wants lowercase letters, digits and underscores, starting with a letter, at most \
           200 of them",
    source: "https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html",
    first: "a-z",
    rest: "a-z0-9_",
    last: "a-z0-9_",
    min: 1,
    max: 200,
    also: |value| {
        if value.ends_with("_staging") {
            Err("must not end with `_staging`, the name of the database for exports under test"
                .into())
        } else {
            Ok(())
        }
    },
};

pub(in crate::config) static WORKGROUP: Rule = Rule {
    noun: "workgroup",
    what: "workgroup names have 1 to 128 letters, digits, dots, underscores and hyphens",
    source: "https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateWorkGroup.html",
    first: "A-Za-z0-9._-",
    rest: "A-Za-z0-9._-",
    last: "A-Za-z0-9._-",
    min: 1,
    max: 128,
    also: |value| {
        if value == "primary" {
            Err("is AWS's own, whose settings every other user of the account shares".into())
        } else {
            Ok(())
        }
    },
};

/// The smallest limit that Athena takes, in bytes.
const LEAST_SCAN_LIMIT: u64 = 10_000_000;

pub(in crate::config) static SCAN_LIMIT: Rule = Rule {
    noun: "scan limit",
    what: "write a number and a unit, `10 MB` at least: MB, GB, TB (powers of 1000) or MiB, GiB, \
           TiB (powers of 1024)",
    source: "https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html",
    first: "1-9",
    rest: "0-9 A-Za-z",
    last: "B",
    min: 3,
    max: 20,
    also: |value| match bytes(value) {
        None => Err("is not a number and a unit".into()),
        Some(bytes) if bytes < LEAST_SCAN_LIMIT => Err("is less than 10 MB".into()),
        Some(_) => Ok(()),
    },
};

/// The bytes that `10 GB` stands for.
pub(in crate::config) fn bytes(value: &str) -> Option<u64> {
    let at = value.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = value.split_at_checked(at)?;
    let unit = match unit.strip_prefix(' ').unwrap_or(unit) {
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1_u64 << 40,
        _ => return None,
    };
    // Glue and Terraform keep it as a signed number of 64 bits.
    number.parse::<u64>().ok()?.checked_mul(unit).filter(|bytes| i64::try_from(*bytes).is_ok())
}

pub(in crate::config) static VIEW: Rule = Rule {
    noun: "view name",
    what: "Athena wants lowercase letters, digits and underscores, starting with a letter, at most \
           200 of them",
    source: "https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html",
    first: "a-z",
    rest: "a-z0-9_",
    last: "a-z0-9_",
    min: 1,
    max: 200,
    also: fine,
};

/// A column of a table in the catalog, where every name is in lowercase.
pub(in crate::config) static COLUMN: Rule = Rule {
    noun: "column name",
    what: "columns have lowercase letters, digits and underscores in the catalog, at most 255",
    source: "https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html",
    first: "a-z0-9_",
    rest: "a-z0-9_",
    last: "a-z0-9_",
    min: 1,
    max: 255,
    also: fine,
};

pub(in crate::config) static SUFFIX: Rule = Rule {
    noun: "suffix",
    what: "a suffix has an underscore first, then lowercase letters, digits and underscores, at most \
           40 in all",
    source: "https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html",
    first: "_",
    rest: "a-z0-9_",
    last: "a-z0-9_",
    min: 2,
    max: 40,
    also: fine,
};

/// The shape of a name; whether there is such a zone is looked up when the file has been read.
pub(in crate::config) static TIME_ZONE: Rule = Rule {
    noun: "time zone",
    what: "write a name of the IANA database, such as `Asia/Tokyo` or `UTC`",
    source: "https://www.iana.org/time-zones",
    first: "A-Z",
    rest: "A-Za-z0-9_+/-",
    last: "A-Za-z0-9",
    min: 2,
    max: 60,
    also: fine,
};

pub(in crate::config) static ROW_CHANGE: Rule = Rule {
    noun: "row change",
    what: "write percent, `50%`, or `any`",
    source: "https://docs.aws.amazon.com/athena/latest/ug/functions.html",
    first: "0-9a",
    rest: "0-9any%",
    last: "y%",
    min: 2,
    max: 8,
    also: |value| match percent(value) {
        None if value != "any" => Err("is neither percent nor `any`".into()),
        _ => Ok(()),
    },
};

/// The percent that `50%` stands for.
pub(in crate::config) fn percent(value: &str) -> Option<u32> {
    value.strip_suffix('%')?.parse().ok()
}

pub(in crate::config) static AGE: Rule = Rule {
    noun: "age",
    what: "write a number and a unit: minutes, hours or days",
    source: "https://docs.aws.amazon.com/athena/latest/ug/functions.html",
    first: "1-9",
    rest: "0-9 a-z",
    last: "a-z",
    min: 5,
    max: 20,
    also: |value| match seconds(value) {
        Some(_) => Ok(()),
        None => Err("is not a number and a unit".into()),
    },
};

/// The seconds that `26 hours` stands for.
pub(in crate::config) fn seconds(value: &str) -> Option<u64> {
    let (number, unit) = value.split_once(' ')?;
    let unit = match unit {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 60 * 60,
        "day" | "days" => 24 * 60 * 60,
        _ => return None,
    };
    number.parse::<u32>().ok().map(|number| u64::from(number) * unit)
}

/// Any text: whether it is one statement is found out by reading it.
pub(in crate::config) static SQL: Rule = Rule {
    noun: "SQL",
    what: "write one SELECT or WITH statement",
    source: "https://docs.aws.amazon.com/athena/latest/ug/create-view.html",
    first: "\\p{L}\\p{N} -~\n\t\r",
    rest: "\\p{L}\\p{N} -~\n\t\r\u{a0}-\u{2027}\u{2030}-\u{2065}\u{206a}-\u{d7ff}\u{e000}-\u{10ffff}",
    last: "\\p{L}\\p{N} -~\n\t\r",
    min: 1,
    max: 250_000,
    also: fine,
};

pub(in crate::config) static FILE: Rule = Rule {
    noun: "file name",
    what: "write the name of a file, relative to the configuration file",
    source: "https://doc.rust-lang.org/std/path/struct.Path.html",
    first: "\\p{L}\\p{N} -~",
    rest: "\\p{L}\\p{N} -~",
    last: "\\p{L}\\p{N} -~",
    min: 1,
    max: 1024,
    also: fine,
};

pub(in crate::config) static TAG_KEY: Rule = Rule {
    noun: "tag key",
    what: "tag keys have up to 128 letters, digits, spaces and `_ . : / = + - @`, and do not start \
           with `aws:`",
    source: "https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html",
    first: "\\p{L}\\p{N}_.:/=+@-",
    rest: "\\p{L}\\p{N} _.:/=+@-",
    last: "\\p{L}\\p{N}_.:/=+@-",
    min: 1,
    max: 128,
    also: |value| {
        if value.to_lowercase().starts_with("aws:") {
            Err("must not start with `aws:`, which AWS keeps for itself".into())
        } else {
            Ok(())
        }
    },
};

pub(in crate::config) static TAG_VALUE: Rule = Rule {
    noun: "tag value",
    what: "tag values have up to 256 letters, digits, spaces and `_ . : / = + - @`",
    source: "https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html",
    first: "\\p{L}\\p{N} _.:/=+@-",
    rest: "\\p{L}\\p{N} _.:/=+@-",
    last: "\\p{L}\\p{N} _.:/=+@-",
    min: 0,
    max: 256,
    also: fine,
};

pub(in crate::config) static IAM_PATH: Rule = Rule {
    noun: "IAM path",
    what: "a path starts and ends with `/` and has letters, digits and `_ + = , . @ -` between, at \
           most 512 characters in all",
    source: "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html",
    first: "/",
    rest: "A-Za-z0-9_+=,.@/-",
    last: "/",
    min: 1,
    max: 512,
    also: |value| {
        if value.contains("//") { Err("has a folder without a name".into()) } else { Ok(()) }
    },
};

pub(in crate::config) static REHEARSAL_URL: Rule = Rule {
    noun: "rehearsal source",
    what: "write `sqlite:<file>`, `postgres://<user>@<host>/<database>` or \
           `mysql://<user>@<host>/<database>`",
    source: "https://datatracker.ietf.org/doc/html/rfc3986",
    first: "a-z",
    rest: "\\p{L}\\p{N} !#-&(-:=?@_~[]",
    last: "\\p{L}\\p{N}!#-&(-:=?@_~[]",
    min: 8,
    max: 2048,
    also: |value| {
        if value.contains("${") || value.contains("%{") {
            return Err("must not hold `${` or `%{`".into());
        }
        let servers = ["postgres://", "postgresql://", "mysql://", "mariadb://"];
        let known = ["sqlite:"].iter().chain(&servers);
        if known.into_iter().any(|scheme| value.len() > scheme.len() && value.starts_with(scheme)) {
            Ok(())
        } else {
            Err("is not of a kind that a rehearsal can read".into())
        }
    },
};
