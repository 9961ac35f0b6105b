//! What Lake Formation governs.

use super::super::arns::Home;
use super::super::error::ConfigError;
use super::super::lake_formation::{LakeFormation, Registration};
use super::super::read::{Reader, Table};
use super::own_role;

/// The settings, unless something is wrong; none where Lake Formation governs nothing.
#[expect(clippy::option_option, reason = "wrong and not asked for are two things")]
pub(super) fn lake_formation(
    reader: &mut Reader<'_>,
    table: &Table,
    home: &Home,
) -> Option<Option<LakeFormation>> {
    let Some(part) = table.table("lake_formation") else { return Some(None) };
    let text = part.text("location")?;
    let location = match text.value.as_str() {
        "unregistered" => Registration::No,
        "registered" => Registration::Already,
        _ => {
            // Lake Formation keeps the policy of its own role by itself, and only where it is told to use it:
            // https://docs.aws.amazon.com/lake-formation/latest/dg/service-linked-roles.html
            let message = "a location cannot be registered with a service-linked role here";
            let help = "name a role of yours, or register the location in Lake Formation with its own role and \
                        write `location = \"registered\"`";
            Registration::With(own_role(reader, home, text, message, help)?)
        }
    };
    let enabled = part.switch("enabled");
    if !enabled && location != Registration::No {
        let message = "a location is registered, and Lake Formation governs nothing";
        let error = ConfigError::new(reader.text, &text.span, message)
            .help("write `enabled = true` under `[lake_formation]`, or take the location out");
        reader.error(error);
        return None;
    }
    Some(enabled.then_some(LakeFormation { location }))
}
