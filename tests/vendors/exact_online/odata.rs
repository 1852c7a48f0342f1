//! Tests that an independent parser reads every filter back as it was built.

use evergrant::Error;
use evergrant::exact_online::odata::{Field, Filter, Literal, Order, Query, account_code, field};
use evergrant::exact_online::{Decimal, Guid};
use time::{Date, Duration, PrimitiveDateTime, Time};

use super::grammar::{self, Condition, Operand, Value};

/// A generator of pseudorandom numbers (xorshift), which gives the same numbers in every run.
struct Dice(u64);

type OfField = fn(Field) -> Field;

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    fn text(&mut self) -> String {
        const PIECES: [&str; 26] = [
            "'", "''", "a", "Z", " ", "(", ")", " eq ", " or true", "%27", "%", "&", "#", "?", "=",
            "+", "/", "\\", "\"", "é", "漢", "😀", "\n", "\0", "guid'", "$filter=",
        ];
        let length = self.below(9);
        (0..length).map(|_| PIECES[self.below(26) as usize]).collect()
    }

    fn date(&mut self) -> PrimitiveDateTime {
        let start = Date::from_ordinal_date(0, 1).unwrap();
        let day = start + Duration::days(self.below(3_652_058) as i64);
        let seconds = self.below(86_400);
        let clock = Time::from_hms_milli(
            (seconds / 3600) as u8,
            (seconds / 60 % 60) as u8,
            (seconds % 60) as u8,
            if self.below(2) == 0 { 0 } else { self.below(1000) as u16 },
        );
        PrimitiveDateTime::new(day, clock.unwrap())
    }

    fn name(&mut self) -> String {
        const NAMES: [&str; 5] = ["Name", "ID", "Class_01", "Account/Name", "_x"];
        NAMES[self.below(5) as usize].to_owned()
    }

    /// Returns a value for the builder, and the same value for the parser.
    fn value(&mut self) -> (Literal, Value) {
        match self.below(8) {
            0 | 1 => {
                let text = self.text();
                (Literal::from(text.as_str()), Value::Text(text))
            }
            2 => {
                let number = u128::from(self.roll()) << 64 | u128::from(self.roll());
                (Guid::from_u128(number).into(), Value::Guid(number))
            }
            3 => {
                let date = self.date();
                (date.into(), Value::Date(date))
            }
            4 => {
                let number = self.roll() as i64 >> self.below(60);
                (number.into(), Value::Long(number))
            }
            5 => {
                let number = self.roll() as i32 >> self.below(30);
                (number.into(), Value::Number(number.to_string()))
            }
            6 => {
                let mantissa = i128::from(self.roll() as i64);
                let number = Decimal::new(mantissa, self.below(12) as u32);
                (number.into(), Value::Number(number.to_string()))
            }
            _ => match self.below(3) {
                0 => (Literal::null(), Value::Null),
                n => ((n == 1).into(), Value::Bool(n == 1)),
            },
        }
    }

    /// Returns a condition for the builder, and the same condition for the parser.
    fn condition(&mut self, depth: u32) -> (Filter, Condition) {
        let both = |dice: &mut Dice| {
            let (left, right) = (dice.condition(depth - 1), dice.condition(depth - 1));
            ((left.0, right.0), (Box::new(left.1), Box::new(right.1)))
        };
        match if depth == 0 { 3 } else { self.below(6) } {
            0 => {
                let (filters, conditions) = both(self);
                (filters.0.and(filters.1), Condition::And(conditions.0, conditions.1))
            }
            1 => {
                let (filters, conditions) = both(self);
                (filters.0.or(filters.1), Condition::Or(conditions.0, conditions.1))
            }
            2 => {
                let (filter, condition) = self.condition(depth - 1);
                (!filter, Condition::Not(Box::new(condition)))
            }
            _ => self.comparison(),
        }
    }

    fn comparison(&mut self) -> (Filter, Condition) {
        let (mut left, mut operand) = {
            let name = self.name();
            (field(&name), Operand::Property(name))
        };
        let functions: [(OfField, &str); 3] =
            [(Field::trim, "trim"), (Field::to_lower, "tolower"), (Field::to_upper, "toupper")];
        for _ in 0..self.below(3) {
            let (function, name) = functions[self.below(3) as usize];
            left = function(left);
            operand = Operand::Call(name.to_owned(), vec![operand]);
        }
        let found = self.below(9);
        if found < 3 {
            let text = self.text();
            let value = Operand::Literal(Value::Text(text.clone()));
            let (filter, name, arguments) = match found {
                0 => (left.contains(&text), "substringof", vec![value, operand]),
                1 => (left.starts_with(&text), "startswith", vec![operand, value]),
                _ => (left.ends_with(&text), "endswith", vec![operand, value]),
            };
            let call = Operand::Call(name.to_owned(), arguments);
            let yes = Operand::Literal(Value::Bool(true));
            return (filter, Condition::Compare(call, "eq".to_owned(), yes));
        }
        let (literal, value) = self.value();
        let (filter, operator) = match found {
            3 => (left.eq(literal), "eq"),
            4 => (left.ne(literal), "ne"),
            5 => (left.gt(literal), "gt"),
            6 => (left.ge(literal), "ge"),
            7 => (left.lt(literal), "lt"),
            _ => (left.le(literal), "le"),
        };
        (filter, Condition::Compare(operand, operator.to_owned(), Operand::Literal(value)))
    }
}

#[test]
fn any_filter_comes_back_equal_from_another_parser() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for _ in 0..20_000 {
        let depth = dice.below(5) as u32;
        let (filter, condition) = dice.condition(depth);
        let text = filter.expression().unwrap();
        assert_eq!(grammar::parse(text).as_ref(), Ok(&condition), "{text}");
        // The filter also comes back through the encoded address.
        let Ok(query) = Query::new().filter(filter.clone()).top(7).encoded() else { continue };
        assert!(query.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&b)));
        let pairs: Vec<(String, String)> = grammar::query_pairs(&query);
        assert_eq!(pairs.len(), 2, "{query}");
        assert_eq!(pairs[0], ("$filter".to_owned(), text.to_owned()));
        assert_eq!(pairs[1], ("$top".to_owned(), "7".to_owned()));
    }
}

#[test]
fn any_value_comes_back_equal() {
    let mut dice = Dice(7);
    for _ in 0..50_000 {
        let (literal, value) = dice.value();
        let filter = field("Name").eq(literal);
        let expected = Condition::Compare(
            Operand::Property("Name".to_owned()),
            "eq".to_owned(),
            Operand::Literal(value),
        );
        assert_eq!(grammar::parse(filter.expression().unwrap()), Ok(expected));
    }
}

#[test]
fn the_test_parser_refuses_text_that_is_not_a_filter() {
    for wrong in [
        "",
        "Name",
        "Name eq",
        "Name eq 'x",
        "Name eq 'x''",
        "(Name eq 'x'",
        "Name eq 'x') or (true",
        "Name eq guid'x'",
        "Name eq datetime'2026-01-05'",
        "Name is 'x'",
        "Name eq 'x' 'y'",
        "Name eq 1 and",
    ] {
        assert!(grammar::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_impossible_property_name_is_refused_everywhere() {
    for name in
        ["", "a b", "a'", "a/", "/a", "1a", "a,b", "a)", "é", "a%20", "$filter", "a&b", "a*"]
    {
        let refused = [
            Query::new().filter(field(name).eq(1)).encoded(),
            Query::new().filter(!(field("A").eq(1).or(field(name).trim().is_null()))).encoded(),
            Query::new().select(&["ID", name]).encoded(),
            Query::new().expand(&[name]).encoded(),
            Query::new().order_by(name, Order::Ascending).encoded(),
            Query::new().param(name, 1).encoded(),
        ];
        for result in refused {
            assert!(matches!(result, Err(Error::Config(_))), "{name}: {result:?}");
        }
    }
    assert!(field("A").one_of([0; 0]).expression().is_err());
}

#[test]
fn a_query_has_the_documented_form() {
    let id = Guid::from_u128(1);
    let query = Query::new()
        .filter(field("Account").eq(id))
        .filter(field("Code").eq(account_code("25")))
        .select(&["ID", "Lines/*", "Lines/Item"])
        .expand(&["Lines"])
        .order_by("Code", Order::Ascending)
        .order_by("Created", Order::Descending)
        .top(60)
        .skip(120)
        .skip_token(493_115_i64)
        .inline_count();
    let pairs = grammar::query_pairs(&query.encoded().unwrap());
    let expected = [
        (
            "$filter",
            "((Account eq guid'00000000-0000-0000-0000-000000000001') and (Code eq '                25'))",
        ),
        ("$select", "ID,Lines/*,Lines/Item"),
        ("$expand", "Lines"),
        ("$orderby", "Code,Created desc"),
        ("$top", "60"),
        ("$skip", "120"),
        ("$skiptoken", "493115L"),
        ("$inlinecount", "allpages"),
    ];
    assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(Query::new().encoded().unwrap(), "");
    let one_of = field("EntityType").one_of([2, 9]);
    assert_eq!(one_of.to_string(), "((EntityType eq 2) or (EntityType eq 9))");
    // An address longer than Exact Online accepts is an error before anything is sent.
    let long = field("ID").one_of((0..200).map(Guid::from_u128));
    assert!(matches!(Query::new().filter(long).encoded(), Err(Error::Config(_))));
}
