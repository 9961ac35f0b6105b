//! Values as PostgreSQL prints them, from their binary form. The server could be asked for the text,
//! but it is one process a connection, and printing is most of what it would do.

/// Days from 0000-03-01 to 2000-01-01, where PostgreSQL begins to count.
const EPOCH_DAYS: i64 = 730_425;
const DAY_MICROS: i64 = 86_400_000_000;

/// The day that was printed last. Rows are mostly in the order of time, and so the next day is mostly it.
#[derive(Debug, Default)]
pub(super) struct LastDay {
    day: i64,
    text: Vec<u8>,
    before_christ: bool,
}

impl LastDay {
    /// As [`civil`].
    fn print(&mut self, day: i64, out: &mut Vec<u8>) -> bool {
        if self.day != day || self.text.is_empty() {
            self.text.clear();
            self.before_christ = civil(day, &mut self.text);
            self.day = day;
        }
        out.extend_from_slice(&self.text);
        self.before_christ
    }
}

/// A `date` (<https://www.postgresql.org/docs/current/datatype-datetime.html>): days since 2000.
pub(super) fn date(days: i32, last: &mut LastDay, out: &mut Vec<u8>) {
    match days {
        i32::MAX => out.extend_from_slice(b"infinity"),
        i32::MIN => out.extend_from_slice(b"-infinity"),
        days => {
            let before_christ = last.print(i64::from(days), out);
            if before_christ {
                out.extend_from_slice(b" BC");
            }
        }
    }
}

/// A `timestamp`, or with `zone` a `timestamp with time zone` in UTC: microseconds since 2000.
pub(super) fn timestamp(micros: i64, zone: bool, last: &mut LastDay, out: &mut Vec<u8>) {
    match micros {
        i64::MAX => return out.extend_from_slice(b"infinity"),
        i64::MIN => return out.extend_from_slice(b"-infinity"),
        _ => {}
    }
    let before_christ = last.print(micros.div_euclid(DAY_MICROS), out);
    let time = micros.rem_euclid(DAY_MICROS);
    let seconds = time / 1_000_000;
    let ((h, hh), (m, mm), (s, ss)) =
        (two(seconds / 3600), two(seconds / 60 % 60), two(seconds % 60));
    out.extend_from_slice(&[b' ', h, hh, b':', m, mm, b':', s, ss]);
    let fraction = time % 1_000_000;
    if fraction > 0 {
        out.push(b'.');
        padded(fraction, 6, out);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
    if zone {
        out.extend_from_slice(b"+00");
    }
    if before_christ {
        out.extend_from_slice(b" BC");
    }
}

/// `YYYY-MM-DD` of a day since 2000, in the Gregorian calendar however early; whether the year is
/// before Christ, and so counted backwards from 1. By the era method of
/// <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn civil(days: i64, out: &mut Vec<u8>) -> bool {
    let days = days + EPOCH_DAYS;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    padded(if year > 0 { year } else { 1 - year }, 4, out);
    out.push(b'-');
    padded(month, 2, out);
    out.push(b'-');
    padded(day, 2, out);
    year <= 0
}

/// The digits of a number below 100.
fn two(number: i64) -> (u8, u8) {
    let digit = |number: i64| b'0' + u8::try_from(number % 10).unwrap_or(0);
    (digit(number / 10), digit(number))
}

/// A whole number that is not negative, with zeros before it.
fn padded(number: i64, width: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut rest = number;
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        if rest == 0 && used >= width {
            break;
        }
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        used += 1;
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

/// A `uuid`.
pub(super) fn uuid(bytes: [u8; 16], out: &mut Vec<u8>) {
    let mut buffer = uuid::Uuid::encode_buffer();
    let text = uuid::Uuid::from_bytes(bytes).hyphenated().encode_lower(&mut buffer);
    out.extend_from_slice(text.as_bytes());
}

/// A `numeric`: groups of four digits, the weight of the first, a sign and how many digits stand
/// after the point (`numeric_send` in
/// <https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/numeric.c>). `None` when
/// the bytes are none.
pub(super) fn numeric(value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut words = value.chunks(2).map(|word| word.try_into().ok().map(u16::from_be_bytes));
    let mut word = || words.next().flatten();
    let (count, weight, sign, scale) = (word()?, word()?.cast_signed(), word()?, word()?);
    match sign {
        0x0000 => {}
        0x4000 => out.push(b'-'),
        0xc000 => {
            out.extend_from_slice(b"NaN");
            return Some(());
        }
        0xd000 => {
            out.extend_from_slice(b"Infinity");
            return Some(());
        }
        0xf000 => {
            out.extend_from_slice(b"-Infinity");
            return Some(());
        }
        _ => return None,
    }
    let mut groups = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        groups.push(i64::from(word()?));
    }
    let group = |position: i32| {
        usize::try_from(position).ok().and_then(|position| groups.get(position)).copied()
    };
    let weight = i32::from(weight);
    if weight < 0 {
        out.push(b'0');
    }
    for position in 0..=weight {
        padded(group(position).unwrap_or(0), if position == 0 { 1 } else { 4 }, out);
    }
    if scale > 0 {
        out.push(b'.');
        let end = out.len() + usize::from(scale);
        let mut position = weight + 1;
        while out.len() < end {
            padded(group(position).unwrap_or(0), 4, out);
            position += 1;
        }
        out.truncate(end);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(print: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        print(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// What psql printed for `SELECT date '2000-01-01' + n`.
    #[test]
    fn dates() {
        for (days, expected) in [
            (0, "2000-01-01"),
            (59, "2000-02-29"),
            (-1, "1999-12-31"),
            (2_921_939, "9999-12-31"),
            (2_921_940, "10000-01-01"),
            (-730_119, "0001-01-01"),
            (-730_120, "0001-12-31 BC"),
            (-2_451_545, "4714-11-24 BC"),
            (i32::MAX, "infinity"),
            (i32::MIN, "-infinity"),
        ] {
            assert_eq!(text(|out| date(days, &mut LastDay::default(), out)), expected);
        }
    }

    #[test]
    fn timestamps() {
        let mut last = LastDay::default();
        for (micros, zone, expected) in [
            (0, false, "2000-01-01 00:00:00"),
            (-1, true, "1999-12-31 23:59:59.999999+00"),
            (500_000, true, "2000-01-01 00:00:00.5+00"),
            (-730_120 * DAY_MICROS + 3_723_000_000, true, "0001-12-31 01:02:03+00 BC"),
            (i64::MAX, true, "infinity"),
            (i64::MIN, false, "-infinity"),
        ] {
            assert_eq!(text(|out| timestamp(micros, zone, &mut last, out)), expected);
            assert_eq!(text(|out| timestamp(micros, zone, &mut last, out)), expected);
        }
    }

    #[test]
    fn numerics() {
        let encoded = |weight: i16, sign: u16, scale: u16, groups: &[u16]| {
            let count = u16::try_from(groups.len()).unwrap();
            let head = [count, weight.cast_unsigned(), sign, scale];
            head.iter().chain(groups).flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>()
        };
        for (bytes, expected) in [
            (encoded(0, 0, 2, &[12, 3000]), "12.30"),
            (encoded(0, 0x4000, 0, &[5]), "-5"),
            (encoded(-1, 0, 3, &[50]), "0.005"),
            (encoded(-2, 0, 8, &[1]), "0.00000001"),
            (encoded(1, 0, 0, &[1]), "10000"),
            (encoded(0, 0, 0, &[]), "0"),
            (encoded(0, 0, 2, &[]), "0.00"),
            (encoded(2, 0, 1, &[1, 2, 3, 4000]), "100020003.4"),
            (encoded(0, 0xc000, 0, &[]), "NaN"),
            (encoded(0, 0xf000, 0, &[]), "-Infinity"),
        ] {
            assert_eq!(text(|out| numeric(&bytes, out).unwrap()), expected);
        }
        assert!(numeric(&[0, 1], &mut Vec::new()).is_none());
    }
}
