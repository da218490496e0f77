//! Reading the little SQL that the simulator does.

use serde_json::{Value, json};

use crate::aws_error::AwsError;

/// A name, and where it stands, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) at: usize,
}

/// A statement, read.
#[derive(Debug, PartialEq)]
pub(super) struct Query {
    pub(super) items: Vec<Item>,
    pub(super) from: Option<Vec<Word>>,
    pub(super) conditions: Vec<Condition>,
    /// With whether it descends.
    pub(super) order: Vec<(Word, bool)>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

/// What is selected.
#[derive(Debug, PartialEq)]
pub(super) enum Item {
    All,
    Count { label: String },
    Column { word: Word, label: String, as_text: bool },
    Value { value: Value, label: String },
}

/// A condition on one column.
#[derive(Debug, PartialEq)]
pub(super) struct Condition {
    pub(super) column: Word,
    pub(super) test: Test,
}

#[derive(Debug, PartialEq)]
pub(super) enum Test {
    Equal(Operand),
    Other(Operand),
    Less(Operand),
    More(Operand),
    Like(Operand),
    Among(Vec<Operand>),
    /// Whether it must be null.
    Null(bool),
}

#[derive(Debug, PartialEq)]
pub(super) enum Operand {
    Value(Value),
    /// `:name`
    Named(String),
}

/// Reads one statement.
pub(super) fn read(sql: &str) -> Result<Query, AwsError> {
    let mut reader = Reader { parts: parts(sql)?, next: 0 };
    let first = reader.peek_word().unwrap_or_default();
    if !reader.takes("select") {
        return Err(beyond(&format!("ExecuteStatement of {}", first.to_uppercase())));
    }
    let mut items = vec![reader.item()?];
    while reader.takes(",") {
        items.push(reader.item()?);
    }
    let from = if reader.takes("from") { Some(reader.path()?) } else { None };
    let mut conditions = Vec::new();
    if reader.takes("where") {
        conditions.push(reader.condition()?);
        while reader.takes("and") {
            conditions.push(reader.condition()?);
        }
    }
    let mut order = Vec::new();
    if reader.takes("order") {
        reader.needs("by")?;
        loop {
            let word = reader.name()?;
            let descends = reader.takes("desc");
            let _ascends = !descends && reader.takes("asc");
            order.push((word, descends));
            if !reader.takes(",") {
                break;
            }
        }
    }
    let limit = if reader.takes("limit") { Some(reader.number()?) } else { None };
    let offset = if reader.takes("offset") { reader.number()? } else { 0 };
    let _end = reader.takes(";");
    match reader.parts.get(reader.next) {
        None => Ok(Query { items, from, conditions, order, limit, offset }),
        Some((part, _)) => Err(beyond(&format!("ExecuteStatement with {}", part.shown()))),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// In small letters.
    Word(String),
    Name(String),
    Text(String),
    Sign(char),
}

impl Part {
    fn shown(&self) -> String {
        match self {
            Self::Word(word) => word.to_uppercase(),
            Self::Name(name) => format!("\"{name}\""),
            Self::Text(_) => "a text".to_owned(),
            Self::Sign(sign) => sign.to_string(),
        }
    }
}

struct Reader {
    parts: Vec<(Part, usize)>,
    next: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Part> {
        self.parts.get(self.next).map(|(part, _)| part)
    }

    fn peek_word(&self) -> Option<String> {
        self.peek().map(Part::shown)
    }

    /// Goes past a word or a sign, if it is the next.
    fn takes(&mut self, what: &str) -> bool {
        let found = match self.peek() {
            Some(Part::Word(word)) => word == what,
            Some(Part::Sign(sign)) => what.len() == 1 && what.starts_with(*sign),
            Some(Part::Name(_) | Part::Text(_)) | None => false,
        };
        self.next += usize::from(found);
        found
    }

    fn needs(&mut self, what: &str) -> Result<(), AwsError> {
        if self.takes(what) { Ok(()) } else { Err(self.strange()) }
    }

    /// PostgreSQL's words for a statement that cannot be read.
    fn strange(&self) -> AwsError {
        let words = match self.parts.get(self.next) {
            Some((part, at)) => {
                format!(
                    "ERROR: syntax error at or near \"{}\"; Position: {at}; SQLState: 42601",
                    part.shown().to_lowercase()
                )
            }
            None => "ERROR: syntax error at end of input; SQLState: 42601".to_owned(),
        };
        AwsError::new("DatabaseErrorException", words)
    }

    fn name(&mut self) -> Result<Word, AwsError> {
        match self.parts.get(self.next) {
            Some((Part::Word(text) | Part::Name(text), at)) => {
                let word = Word { text: text.clone(), at: *at };
                self.next += 1;
                Ok(word)
            }
            Some((Part::Text(_) | Part::Sign(_), _)) | None => Err(self.strange()),
        }
    }

    /// `schema.table`
    fn path(&mut self) -> Result<Vec<Word>, AwsError> {
        let mut path = vec![self.name()?];
        while self.takes(".") {
            path.push(self.name()?);
        }
        Ok(path)
    }

    fn number(&mut self) -> Result<usize, AwsError> {
        let word = self.name()?;
        word.text.parse().map_err(|_| {
            self.next -= 1;
            self.strange()
        })
    }

    fn item(&mut self) -> Result<Item, AwsError> {
        if self.takes("*") {
            return Ok(Item::All);
        }
        if let Some(Part::Text(text)) = self.peek().cloned() {
            self.next += 1;
            return Ok(Item::Value { label: self.label("?column?")?, value: json!(text) });
        }
        if self.takes("cast") {
            self.needs("(")?;
            let word = self.name()?;
            self.needs("as")?;
            let kind = self.name()?;
            if !["text", "char", "varchar"].contains(&kind.text.as_str()) {
                return Err(beyond(&format!("ExecuteStatement of CAST AS {}", kind.text.to_uppercase())));
            }
            self.needs(")")?;
            let label = self.label(&word.text)?;
            return Ok(Item::Column { word, label, as_text: true });
        }
        let word = self.name()?;
        if let Ok(number) = word.text.parse::<i64>() {
            return Ok(Item::Value { label: self.label("?column?")?, value: json!(number) });
        }
        if self.takes("(") {
            if word.text != "count" || !self.takes("*") {
                return Err(beyond(&format!("ExecuteStatement of {}(…)", word.text)));
            }
            self.needs(")")?;
            return Ok(Item::Count { label: self.label("count")? });
        }
        let label = self.label(&word.text)?;
        Ok(Item::Column { word, label, as_text: false })
    }

    fn label(&mut self, otherwise: &str) -> Result<String, AwsError> {
        if self.takes("as") { Ok(self.name()?.text) } else { Ok(otherwise.to_owned()) }
    }

    fn condition(&mut self) -> Result<Condition, AwsError> {
        let column = self.name()?;
        let test = if self.takes("is") {
            let not = self.takes("not");
            self.needs("null")?;
            Test::Null(!not)
        } else if self.takes("in") {
            self.needs("(")?;
            let mut all = vec![self.operand()?];
            while self.takes(",") {
                all.push(self.operand()?);
            }
            self.needs(")")?;
            Test::Among(all)
        } else if self.takes("like") {
            Test::Like(self.operand()?)
        } else if self.takes("=") {
            Test::Equal(self.operand()?)
        } else if self.takes("<") {
            if self.takes(">") { Test::Other(self.operand()?) } else { Test::Less(self.operand()?) }
        } else if self.takes(">") {
            Test::More(self.operand()?)
        } else if self.takes("!") {
            self.needs("=")?;
            Test::Other(self.operand()?)
        } else {
            return Err(beyond("ExecuteStatement with such a condition"));
        };
        Ok(Condition { column, test })
    }

    fn operand(&mut self) -> Result<Operand, AwsError> {
        if self.takes(":") {
            return Ok(Operand::Named(self.name()?.text));
        }
        match self.peek().cloned() {
            Some(Part::Text(text)) => {
                self.next += 1;
                Ok(Operand::Value(json!(text)))
            }
            Some(Part::Word(word)) => match (word.parse::<i64>(), word.as_str()) {
                (Ok(number), _) => {
                    self.next += 1;
                    Ok(Operand::Value(json!(number)))
                }
                (_, "true" | "false") => {
                    self.next += 1;
                    Ok(Operand::Value(json!(word == "true")))
                }
                _ => Err(beyond("ExecuteStatement with two columns compared")),
            },
            _ => Err(self.strange()),
        }
    }
}

fn beyond(what: &str) -> AwsError {
    AwsError::not_implemented("rds-data", what)
}

fn parts(sql: &str) -> Result<Vec<(Part, usize)>, AwsError> {
    let signs: Vec<char> = sql.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&sign) = signs.get(at) {
        let from = at;
        if sign.is_whitespace() {
            at += 1;
        } else if sign.is_alphanumeric() || sign == '_' {
            while signs.get(at).is_some_and(|one| one.is_alphanumeric() || *one == '_') {
                at += 1;
            }
            let word: String = signs.get(from..at).unwrap_or_default().iter().collect();
            found.push((Part::Word(word.to_lowercase()), from + 1));
        } else if ['\'', '"', '`'].contains(&sign) {
            let mut text = String::new();
            at += 1;
            loop {
                match signs.get(at) {
                    None => {
                        let words = format!(
                            "ERROR: unterminated quoted string at or near \"{sign}\"; SQLState: 42601"
                        );
                        return Err(AwsError::new("DatabaseErrorException", words));
                    }
                    Some(one) if *one == sign && signs.get(at + 1) == Some(&sign) => {
                        text.push(sign);
                        at += 2;
                    }
                    Some(one) if *one == sign => break,
                    Some(one) => {
                        text.push(*one);
                        at += 1;
                    }
                }
            }
            at += 1;
            found.push((if sign == '\'' { Part::Text(text) } else { Part::Name(text) }, from + 1));
        } else {
            at += 1;
            found.push((Part::Sign(sign), from + 1));
        }
    }
    Ok(found)
}
