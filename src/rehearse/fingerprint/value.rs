//! The canonical form of a value: a kind, a length and bytes.

/// What a column's values are in the Parquet file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// A number with this many digits after the point.
    Decimal(i8),
    /// A floating-point number of 64 bits (32 are widened).
    Float,
    /// Microseconds since 1970-01-01 00:00:00.
    Timestamp,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

impl Target {
    /// What an error calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Decimal(_) => "decimal of the column's scale",
            Self::Float => "floating-point number",
            Self::Timestamp => "timestamp",
            Self::Text => "text",
            Self::Bytes => "bytes",
        }
    }
}

/// A value of the source that the column's exported type cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the source holds {found}, which is no {target}")]
pub struct Unfit {
    /// The value's kind, never the value: it may be personal.
    pub found: &'static str,
    /// The exported type.
    pub target: &'static str,
}

/// One row in its canonical form; a buffer that is used again for each row.
#[derive(Debug, Default)]
pub(super) struct Row(Vec<u8>);

impl Row {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn null(&mut self) {
        self.put(b'0', &[]);
    }

    pub(super) fn boolean(&mut self, value: bool) {
        self.put(b'o', &[u8::from(value)]);
    }

    pub(super) fn integer(&mut self, value: i128) {
        self.put(b'i', &value.to_be_bytes());
    }

    /// A decimal by its unscaled value; the scale is the column's and the same on both sides.
    pub(super) fn decimal(&mut self, unscaled: i128) {
        self.put(b'd', &unscaled.to_be_bytes());
    }

    pub(super) fn float(&mut self, value: f64) {
        // All NaNs are one, and so are both zeros, as SQL sees them.
        let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
        self.put(b'f', &value.to_bits().to_be_bytes());
    }

    pub(super) fn timestamp(&mut self, microseconds: i64) {
        self.put(b't', &microseconds.to_be_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.put(b's', text.as_bytes());
    }

    pub(super) fn binary(&mut self, bytes: &[u8]) {
        self.put(b'b', bytes);
    }

    fn put(&mut self, kind: u8, bytes: &[u8]) {
        self.0.push(kind);
        self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
    }
}

/// The unscaled value of a decimal in text form at `scale`; `None` when it has more digits after the
/// point than that (zeros aside) or is no number.
pub(super) fn unscaled(text: &str, scale: i8) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !numeric(whole) || !numeric(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let scale = usize::try_from(scale).ok()?;
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > scale {
        return None;
    }
    let joined = format!("{whole}{fraction:0<scale$}");
    let value: i128 = joined.parse().ok()?;
    Some(if negative { -value } else { value })
}

/// Microseconds since the epoch of a date and time in SQL's form, taken as UTC.
pub(super) fn microseconds(text: &str) -> Option<i64> {
    let moment: jiff::civil::DateTime = text.trim().replacen(' ', "T", 1).parse().ok()?;
    // Not through a timestamp: jiff's end a day before the year 9999 does.
    let epoch = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
    i64::try_from(moment.duration_since(epoch).as_micros()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(unscaled("12.5", 2), Some(1250));
        assert_eq!(unscaled("-0.05", 2), Some(-5));
        assert_eq!(unscaled("7", 2), Some(700));
        assert_eq!(unscaled("1.500", 2), Some(150));
        assert_eq!(unscaled("1.505", 2), None);
        assert_eq!(unscaled("1e3", 2), None);
        assert_eq!(unscaled(".", 2), None);
    }

    #[test]
    fn moments_are_utc() {
        assert_eq!(microseconds("1970-01-01 00:00:01"), Some(1_000_000));
        assert_eq!(microseconds("1970-01-01T00:00:00.000001"), Some(1));
        assert_eq!(microseconds("0000-00-00 00:00:00"), None);
    }

    #[test]
    fn neighbouring_values_do_not_run_together() {
        let (mut one, mut two) = (Row::default(), Row::default());
        one.text("ab");
        one.text("c");
        two.text("a");
        two.text("bc");
        assert_ne!(one.bytes(), two.bytes());
    }
}
