//! The values that conditions compare.

use std::cmp::Ordering;
use std::net::IpAddr;

/// A range of addresses: `203.0.113.0/24`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cidr {
    address: IpAddr,
    bits: u8,
}

impl Cidr {
    /// "If you don't specify a prefix, IAM uses the default value of /32" (and /128 for IPv6).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) => {
                let digits = !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit());
                (address, Some(digits.then(|| bits.parse::<u8>().ok())??))
            }
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { address, bits })
    }

    pub(crate) fn contains(self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(network), IpAddr::V4(other)) => {
                let differing = u32::from(network) ^ u32::from(other);
                differing.checked_shr(32 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(other)) => {
                let differing = u128::from(network) ^ u128::from(other);
                differing.checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// A decimal number of any length, compared exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Number {
    negative: bool,
    /// The digits before the point, without leading zeros.
    whole: Box<str>,
    /// The digits behind it, without trailing zeros.
    fraction: Box<str>,
}

impl Number {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            None => (digits, 0_i32),
            Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()?),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction)
        {
            return None;
        }
        let (whole, fraction) = shift(whole, fraction, exponent)?;
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !zero, whole: whole.into(), fraction: fraction.into() })
    }

    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let size = || {
            (self.whole.len().cmp(&other.whole.len()))
                .then_with(|| self.whole.cmp(&other.whole))
                .then_with(|| self.fraction.cmp(&other.fraction))
        };
        match (self.negative, other.negative) {
            (false, false) => size(),
            (true, true) => size().reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

/// Moves the point; exponents beyond any quantity AWS compares are no numbers.
fn shift(whole: &str, fraction: &str, exponent: i32) -> Option<(String, String)> {
    let steps = usize::try_from(exponent.unsigned_abs()).ok().filter(|steps| *steps <= 400)?;
    let zeros = "0".repeat(steps);
    if exponent >= 0 {
        let padded = format!("{fraction}{zeros}");
        let (moved, rest) = padded.split_at_checked(steps)?;
        Some((format!("{whole}{moved}"), rest.to_owned()))
    } else {
        let padded = format!("{zeros}{whole}");
        let (rest, moved) = padded.split_at_checked(padded.len() - steps)?;
        Some((rest.to_owned(), format!("{moved}{fraction}")))
    }
}

/// A moment in nanoseconds from 1970: "either W3C implementations of ISO 8601 date formats or epoch
/// (UNIX) time".
pub(crate) fn instant(text: &str) -> Option<i128> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // Four digits are a year in the W3C note; as seconds they would be the first hours of 1970.
    if all_digits && text.len() != 4 {
        return text.parse::<i64>().ok().map(|seconds| i128::from(seconds) * NANOS);
    }
    iso(text)
}

const NANOS: i128 = 1_000_000_000;

/// <https://www.w3.org/TR/NOTE-datetime>: year, month, day, or a day with a time and a zone.
fn iso(text: &str) -> Option<i128> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |part| digits(part, 2))?;
    let day = parts.next().map_or(Some(1), |part| digits(part, 2))?;
    if parts.next().is_some() || (time.is_some() && date.len() != 10) {
        return None;
    }
    let day = jiff::civil::Date::new(year, month, day).ok()?;
    let days = day.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days();
    Some(i128::from(days) * 86_400 * NANOS + time.map_or(Some(0), clock)?)
}

fn digits<T: std::str::FromStr>(text: &str, length: usize) -> Option<T> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fraction`, and `Z`, `+hh:mm` or nothing for UTC.
fn clock(text: &str) -> Option<i128> {
    let (time, offset) = if let Some(time) = text.strip_suffix(['Z', 'z']) {
        (time, 0)
    } else if let Some(at) = text.rfind(['+', '-']) {
        let (time, zone) = text.split_at_checked(at)?;
        let sign = if zone.starts_with('-') { -1 } else { 1 };
        let zone = zone.get(1..)?;
        let (hours, minutes): (i64, i64) = match zone.split_once(':') {
            Some((hours, minutes)) => (digits(hours, 2)?, digits(minutes, 2)?),
            None if zone.len() == 2 => (digits(zone, 2)?, 0),
            None => (digits(zone.get(..2)?, 2)?, digits(zone.get(2..)?, 2)?),
        };
        (time, sign * (hours * 3600 + minutes * 60))
    } else {
        (text, 0)
    };
    let (time, fraction) = time.split_once('.').map_or((time, None), |(it, rest)| (it, Some(rest)));
    let mut parts = time.split(':');
    let hours: i64 = digits(parts.next()?, 2)?;
    let minutes: i64 = digits(parts.next()?, 2)?;
    let seconds: i64 = parts.next().map_or(Some(0), |part| digits(part, 2))?;
    if parts.next().is_some() || hours > 24 || minutes > 59 || seconds > 60 {
        return None;
    }
    let nanos = match fraction {
        None => 0,
        Some(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{text:0<9}").get(..9)?.parse::<i128>().ok()?
        }
        Some(_) => return None,
    };
    Some(i128::from(hours * 3600 + minutes * 60 + seconds - offset) * NANOS + nanos)
}
