//! Exact decimal numbers, without binary fractions.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::de::{Deserializer, Error as _};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// An exact decimal number: a mantissa of up to 38 digits, and the number of digits after the point.
///
/// A decimal is read from JSON and written to JSON digit by digit. Numbers with the same value are equal: 1.5
/// equals 1.50.
#[derive(Clone, Copy)]
pub struct Decimal {
    mantissa: i128,
    scale: u32,
}

/// The exponent of the largest power of ten that an `i128` can hold.
const DIGITS: u32 = 38;

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal { mantissa: 0, scale: 0 };

    /// Makes a number from `mantissa` with `scale` of its digits after the point: `Decimal::new(1233, 1)` is
    /// 123.3. A scale above 38 is treated as 38.
    pub const fn new(mantissa: i128, scale: u32) -> Decimal {
        Decimal { mantissa, scale: if scale > DIGITS { DIGITS } else { scale } }
    }

    /// Returns all digits, as one whole number.
    pub const fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// Returns the number of digits after the point.
    pub const fn scale(self) -> u32 {
        self.scale
    }

    /// Whether the number is zero.
    pub const fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// Returns the exact sum, or `None` when the sum has more than 38 digits.
    pub fn checked_add(self, other: Decimal) -> Option<Decimal> {
        let scale = self.scale.max(other.scale);
        let mantissa = self.at(scale)?.checked_add(other.at(scale)?)?;
        Some(Decimal { mantissa, scale })
    }

    /// Returns the exact difference, or `None` when the difference has more than 38 digits.
    pub fn checked_sub(self, other: Decimal) -> Option<Decimal> {
        let scale = self.scale.max(other.scale);
        let mantissa = self.at(scale)?.checked_sub(other.at(scale)?)?;
        Some(Decimal { mantissa, scale })
    }

    /// Returns the mantissa of this number with `scale` digits after the point.
    fn at(self, scale: u32) -> Option<i128> {
        self.mantissa.checked_mul(10_i128.checked_pow(scale - self.scale)?)
    }

    /// Returns the number without zeros at the end of the fraction.
    fn trimmed(self) -> Decimal {
        let mut number = self;
        while number.scale > 0 && number.mantissa % 10 == 0 {
            number.mantissa /= 10;
            number.scale -= 1;
        }
        number
    }

    /// Reads a number as JSON writes it, exponent included.
    fn read(text: &str) -> Option<Decimal> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, number) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || number.ends_with('.') {
            return None;
        }
        let mut mantissa: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            if !digit.is_ascii_digit() {
                return None;
            }
            let digit = i128::from(digit - b'0');
            let next = mantissa.checked_mul(10)?;
            mantissa = if negative { next.checked_sub(digit)? } else { next.checked_add(digit)? };
        }
        let scale = i64::try_from(fraction.len()).ok()? - i64::from(exponent);
        if mantissa == 0 {
            let scale = u32::try_from(scale.max(0)).ok()?;
            return Some(Decimal::new(0, scale));
        }
        match u32::try_from(scale) {
            Ok(scale) if scale <= DIGITS => Some(Decimal { mantissa, scale }),
            Ok(_) => None,
            Err(_) => {
                let power = u32::try_from(-scale).ok()?;
                let mantissa = mantissa.checked_mul(10_i128.checked_pow(power)?)?;
                Some(Decimal { mantissa, scale: 0 })
            }
        }
    }
}

impl FromStr for Decimal {
    type Err = NotADecimal;

    fn from_str(text: &str) -> Result<Decimal, NotADecimal> {
        Decimal::read(text).ok_or(NotADecimal(()))
    }
}

/// The error for a string that is not a number of up to 38 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number of up to 38 digits")]
pub struct NotADecimal(());

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.mantissa.unsigned_abs().to_string();
        let scale = self.scale as usize;
        let text = if scale == 0 {
            digits
        } else {
            let digits = format!("{digits:0>width$}", width = scale + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            format!("{whole}.{fraction}")
        };
        f.pad_integral(self.mantissa >= 0, "", &text)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Default for Decimal {
    fn default() -> Decimal {
        Decimal::ZERO
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        let (a, b) = (self.trimmed(), other.trimmed());
        (a.mantissa, a.scale) == (b.mantissa, b.scale)
    }
}

impl Eq for Decimal {}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let number = self.trimmed();
        (number.mantissa, number.scale).hash(state);
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        let (a, b) = (self.trimmed(), other.trimmed());
        let scale = a.scale.max(b.scale);
        match (a.at(scale), b.at(scale)) {
            (Some(x), Some(y)) => x.cmp(&y),
            // A mantissa that does not fit is larger than any that fits.
            (None, _) => 0.cmp(&a.mantissa).reverse(),
            (_, None) => 0.cmp(&b.mantissa),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

macro_rules! whole {
    ($($kind:ty)+) => {$(
        impl From<$kind> for Decimal {
            fn from(number: $kind) -> Decimal {
                Decimal::new(i128::from(number), 0)
            }
        }
    )+};
}

whole!(i8 u8 i16 u16 i32 u32 i64 u64);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(S::Error::custom)?.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
        let raw = <Box<RawValue>>::deserialize(from)?;
        // Some services write numbers as strings.
        let text = raw.get().trim_matches('"');
        Decimal::read(text).ok_or_else(|| D::Error::custom(NotADecimal(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Decimal> {
        serde_json::from_str(text).ok()
    }

    #[test]
    fn a_number_is_written_as_it_was_read() {
        for text in [
            "0",
            "123.3",
            "123.30",
            "-0.05",
            "0.1000000000000000055511151231257827",
            "12345678901234567890123456789012345678",
            "9007199254740993",
            "-170141183460469231731687303715884105728",
        ] {
            let number = read(text).unwrap();
            assert_eq!(number.to_string(), text);
            assert_eq!(serde_json::to_string(&number).unwrap(), text);
        }
        assert_eq!(read("1.5e3").unwrap().to_string(), "1500");
        assert_eq!(read("15E-4").unwrap().to_string(), "0.0015");
        assert_eq!(read("\"12.50\"").unwrap().to_string(), "12.50");
        assert_eq!(read("-0.0"), Some(Decimal::ZERO));
        // A number in a `Value` is read, too, with the precision of its binary fraction.
        let value = serde_json::json!({ "a": 123.3 });
        let number: Decimal = serde_json::from_value(value["a"].clone()).unwrap();
        assert_eq!(number.to_string(), "123.3");
    }

    #[test]
    fn a_malformed_or_too_long_decimal_is_refused() {
        for text in ["true", "[1]", "\"\"", "\"1.\"", "\".5\"", "\"1e\"", "\"--1\"", "\"1_0\""] {
            assert_eq!(read(text), None, "{text}");
        }
        for text in ["1e39", "1e-39", "1e99999999999", "999999999999999999999999999999999999999"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(Decimal::new(1, 99).scale(), 38);
    }

    #[test]
    fn numbers_compare_and_add_by_value() {
        let of = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(of("12.50"), of("12.5"));
        assert!(of("-3") < of("-2.99") && of("0.1") < of("0.11"));
        let huge = of("99999999999999999999999999999999999999");
        assert!(huge > of("0.01") && of("0.01") < huge);
        assert!(Decimal::new(-huge.mantissa(), 0) < of("0.01"));
        assert_eq!(of("0.1").checked_add(of("0.2")), Some(of("0.3")));
        assert_eq!(of("1").checked_sub(of("0.01")), Some(of("0.99")));
        assert_eq!(huge.checked_add(of("0.01")), None);
        assert_eq!(
            format!("{:>8}|{:+}|{:06}", of("1.5"), of("1.5"), of("-1.5")),
            "     1.5|+1.5|-001.5"
        );
    }
}
