//! A parser of OData 2 filters, written from the grammar of OData, independently of the builder.

use time::{Date, Month, PrimitiveDateTime, Time};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare(Operand, String, Operand),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Property(String),
    Call(String, Vec<Operand>),
    Literal(Value),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Guid(u128),
    Date(PrimitiveDateTime),
    Long(i64),
    Number(String),
    Bool(bool),
    Null,
}

struct Parser<'a> {
    rest: &'a str,
}

type Parsed<T> = Result<T, String>;

/// Parses a filter, in which `or` binds weaker than `and`, and `not` binds strongest.
pub(crate) fn parse(text: &str) -> Parsed<Condition> {
    let mut parser = Parser { rest: text };
    let condition = parser.or()?;
    parser.space();
    if parser.rest.is_empty() { Ok(condition) } else { Err(format!("then {:?}", parser.rest)) }
}

impl Parser<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    fn take(&mut self, text: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn need(&mut self, text: &str) -> Parsed<()> {
        if self.take(text) { Ok(()) } else { Err(format!("no {text} at {:?}", self.rest)) }
    }

    /// Reads this word, if a space or a parenthesis follows it.
    fn word(&mut self, word: &str) -> bool {
        self.space();
        let stands = |rest: &str| rest.starts_with([' ', '(']);
        match self.rest.strip_prefix(word).filter(|rest| stands(rest)) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn or(&mut self) -> Parsed<Condition> {
        let mut left = self.and()?;
        while self.word("or") {
            left = Condition::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Condition> {
        let mut left = self.unary()?;
        while self.word("and") {
            left = Condition::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed<Condition> {
        if self.word("not") {
            return Ok(Condition::Not(Box::new(self.unary()?)));
        }
        if self.take("(") {
            let inner = self.or()?;
            self.need(")")?;
            return Ok(inner);
        }
        let left = self.operand()?;
        self.space();
        let end = self.rest.find(' ').ok_or("no operator")?;
        let operator = self.rest[..end].to_owned();
        if !["eq", "ne", "gt", "ge", "lt", "le"].contains(&&*operator) {
            return Err(format!("what is {operator}?"));
        }
        self.rest = &self.rest[end..];
        Ok(Condition::Compare(left, operator, self.operand()?))
    }

    fn operand(&mut self) -> Parsed<Operand> {
        self.space();
        if self.rest.starts_with('\'') {
            return Ok(Operand::Literal(Value::Text(self.quoted()?)));
        }
        for (word, value) in
            [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))]
        {
            if let Some(rest) = self.rest.strip_prefix(word)
                && (rest.is_empty() || rest.starts_with([' ', ')', ',']))
            {
                self.rest = rest;
                return Ok(Operand::Literal(value));
            }
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            let end = self.rest[1..].find(|c: char| !c.is_ascii_digit() && c != '.');
            let end = end.map_or(self.rest.len(), |end| end + 1);
            let number = self.rest[..end].to_owned();
            self.rest = &self.rest[end..];
            if self.take("L") {
                return number
                    .parse()
                    .map(|number| Operand::Literal(Value::Long(number)))
                    .map_err(|_| number);
            }
            return Ok(Operand::Literal(Value::Number(number)));
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '/';
        let end = self.rest.find(|c: char| !is_name(c)).unwrap_or(self.rest.len());
        let name = self.rest[..end].to_owned();
        if name.is_empty() {
            return Err(format!("no operand at {:?}", self.rest));
        }
        self.rest = &self.rest[end..];
        if self.rest.starts_with('\'') {
            let text = self.quoted()?;
            return Ok(Operand::Literal(match &*name {
                "guid" => Value::Guid(guid(&text).ok_or(text)?),
                "datetime" => Value::Date(date(&text).ok_or(text)?),
                other => return Err(other.to_owned()),
            }));
        }
        if self.rest.starts_with('(') {
            self.need("(")?;
            let mut arguments = vec![self.operand()?];
            while self.take(",") {
                arguments.push(self.operand()?);
            }
            self.need(")")?;
            return Ok(Operand::Call(name, arguments));
        }
        Ok(Operand::Property(name))
    }

    /// Reads a quoted string, in which two quotes stand for one.
    fn quoted(&mut self) -> Parsed<String> {
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = characters.next() {
            if c != '\'' {
                text.push(c);
            } else if characters.next_if(|(_, next)| *next == '\'').is_some() {
                text.push('\'');
            } else {
                self.rest = &self.rest[at + 1..];
                return Ok(text);
            }
        }
        Err("the text does not end".to_owned())
    }
}

fn guid(text: &str) -> Option<u128> {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let hex: String = text.split('-').collect();
    (lengths == [8, 4, 4, 4, 12]).then(|| u128::from_str_radix(&hex, 16).ok()).flatten()
}

fn date(text: &str) -> Option<PrimitiveDateTime> {
    let (day, clock) = text.split_once('T')?;
    let day: Vec<u16> = day.split('-').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (clock, milli) = clock.split_once('.').unwrap_or((clock, "000"));
    let clock: Vec<u8> = clock.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let ([year, month, day], [hour, minute, second]) = (&day[..], &clock[..]) else { return None };
    let month = Month::try_from(u8::try_from(*month).ok()?).ok()?;
    let day = Date::from_calendar_date(i32::from(*year), month, u8::try_from(*day).ok()?).ok()?;
    let milli = milli.parse().ok().filter(|_| milli.len() == 3)?;
    Some(PrimitiveDateTime::new(day, Time::from_hms_milli(*hour, *minute, *second, milli).ok()?))
}

/// Returns the names and values of a query, split at `&` and `=`, then decoded.
pub(crate) fn query_pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex = [rest.next().unwrap(), rest.next().unwrap()];
            let hex = std::str::from_utf8(&hex).unwrap().to_owned();
            bytes.push(u8::from_str_radix(&hex, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}
