//! The time zones of the IANA database, as they are built into the binary: what a machine has installed
//! may lack some, and a run must find no other ones than the configuration was checked with.

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The time zone of that name, if there is one.
#[must_use]
pub fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// The name that the user may have meant: a slip of the pen, or a city without its continent.
pub(super) fn closest(typed: &str) -> Option<String> {
    let typed = typed.to_lowercase();
    let likeness = |name: &str| {
        let name = name.to_lowercase();
        let city = name.rsplit('/').next().unwrap_or(&name);
        strsim::jaro_winkler(&typed, &name).max(strsim::jaro_winkler(&typed, city))
    };
    TimeZoneDatabase::bundled()
        .available()
        .map(|name| (likeness(name.as_str()), name.as_str().to_owned()))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_and_nothing_is_made_up() {
        assert_eq!(closest("Asia/Tokio").as_deref(), Some("Asia/Tokyo"));
        assert_eq!(closest("Tokyo").as_deref(), Some("Asia/Tokyo"));
        assert_eq!(closest("Europe/Zuerich").as_deref(), Some("Europe/Zurich"));
        assert_eq!(closest("Nowhere/At-all"), None);
        for name in ["Asia/Tokyo", "UTC", "America/Argentina/Buenos_Aires", "US/Eastern"] {
            assert!(time_zone(name).is_some(), "{name}");
        }
        assert!(time_zone("Asia/Tokio").is_none());
    }
}
