//! Money, in whole millionths of a dollar: no figure here was ever a binary fraction.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

/// US dollars, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(u64);

const DOLLAR: u64 = 1_000_000;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Reads `0.0004` or `5`: digits, and at most six of them after a point.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > 6 {
            return None;
        }
        let millionths: u64 = format!("{part:0<6}").parse().ok()?;
        whole.parse::<u64>().ok()?.checked_mul(DOLLAR)?.checked_add(millionths).map(Self)
    }

    /// So many millionths of a dollar.
    #[must_use]
    pub fn from_millionths(millionths: u64) -> Self {
        Self(millionths)
    }

    /// Millionths of a dollar.
    #[must_use]
    pub fn millionths(self) -> u64 {
        self.0
    }

    /// What `amount` costs when `per` of it cost this; a part of a millionth counts as one.
    #[must_use]
    pub fn of(self, amount: u64, per: u64) -> Self {
        let product = u128::from(self.0) * u128::from(amount);
        Self(u64::try_from(product.div_ceil(u128::from(per.max(1)))).unwrap_or(u64::MAX))
    }

    /// So many times this.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }

    /// What this is more than `other`, if it is.
    #[must_use]
    pub fn beyond(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).filter(|more| *more > 0).map(Self)
    }

    /// With all six decimals and without a sign: `0.146667`.
    #[must_use]
    pub fn exact(self) -> String {
        format!("{}.{:06}", self.0 / DOLLAR, self.0 % DOLLAR)
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// As people read it: cents from a dollar on, four decimals below, rounded to the nearest.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("$0"),
            1..50 => f.write_str("< $0.0001"),
            50..DOLLAR => write!(f, "$0.{:04}", ((self.0 + 50) / 100).min(9999)),
            _ => {
                let cents = self.0.saturating_add(5_000) / 10_000;
                write!(f, "${}.{:02}", grouped(cents / 100), cents % 100)
            }
        }
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        Money::parse(text).unwrap()
    }

    #[test]
    fn prices_are_read_exactly_or_not_at_all() {
        assert_eq!(money("0.0004").millionths(), 400);
        assert_eq!(money("5").exact(), "5.000000");
        for wrong in ["", ".", "1.", ".5", "-1", "1e3", "0.0000001", "1,0", " 1", "99999999999999"]
        {
            assert_eq!(Money::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn nothing_is_rounded_down() {
        assert_eq!(money("0.0004").of(1, 1000).millionths(), 1);
        assert_eq!(money("0.44").of(1200, 3600).exact(), "0.146667");
        assert_eq!(money("0.01").of(100 << 30, 1 << 30).exact(), "1.000000");
        assert_eq!(money("5").of(u64::MAX, 1).millionths(), u64::MAX);
    }

    #[test]
    fn it_is_shown_as_people_read_it() {
        let shown = |millionths: u64| Money(millionths).to_string();
        assert_eq!(shown(0), "$0");
        assert_eq!(shown(49), "< $0.0001");
        assert_eq!(shown(146_667), "$0.1467");
        assert_eq!(shown(999_999), "$0.9999");
        assert_eq!(shown(1_000_000), "$1.00");
        assert_eq!(shown(1_234_567_890_000), "$1,234,567.89");
    }
}
