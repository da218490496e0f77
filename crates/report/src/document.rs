//! A report as blocks of text: laid out once, written in each form.

use crate::words::Tone;

/// A whole document.
#[derive(Default)]
pub(crate) struct Document {
    pub(crate) title: String,
    /// Shown on every page, above everything.
    pub(crate) banner: Option<String>,
    pub(crate) sections: Vec<Section>,
}

/// A section under a heading.
pub(crate) struct Section {
    /// Its anchor in HTML, a constant of ours.
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
}

/// What stands in a section.
pub(crate) enum Block {
    /// A smaller heading.
    Heading(Line),
    /// A paragraph.
    Text(Line),
    /// Labels and what they say.
    Facts(Vec<(&'static str, Line)>),
    /// Points.
    List(Vec<Line>),
    /// A table: heads and rows.
    Table(Vec<&'static str>, Vec<Row>),
    /// Lines of a log, exactly.
    Log(Vec<String>),
}

/// A row of a table; an event's own row is what links lead to.
pub(crate) struct Row {
    pub(crate) event: Option<u64>,
    pub(crate) cells: Vec<Line>,
}

impl Row {
    pub(crate) fn new(cells: impl IntoIterator<Item = Line>) -> Self {
        Self { event: None, cells: cells.into_iter().collect() }
    }
}

/// A run of words.
pub(crate) enum Span {
    /// As it is.
    Plain(String),
    /// More important.
    Strong(String),
    /// An id, a digest, a value.
    Code(String),
    /// Less important.
    Quiet(String),
    /// A state: a mark, a word and a colour.
    State(Tone, String),
    /// A link to an event.
    Event(u64),
}

/// One line.
#[derive(Default)]
pub(crate) struct Line(pub(crate) Vec<Span>);

impl Line {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::new().text(text)
    }

    pub(crate) fn of_code(text: impl Into<String>) -> Self {
        Self::new().code(text)
    }

    pub(crate) fn of_state((tone, word): (Tone, &str)) -> Self {
        Self::new().state((tone, word))
    }

    pub(crate) fn text(self, text: impl Into<String>) -> Self {
        self.unless_empty(text.into(), Span::Plain)
    }

    pub(crate) fn strong(self, text: impl Into<String>) -> Self {
        self.unless_empty(text.into(), Span::Strong)
    }

    pub(crate) fn code(self, text: impl Into<String>) -> Self {
        self.unless_empty(text.into(), Span::Code)
    }

    pub(crate) fn quiet(self, text: impl Into<String>) -> Self {
        self.unless_empty(text.into(), Span::Quiet)
    }

    pub(crate) fn state(self, (tone, word): (Tone, &str)) -> Self {
        self.with(Span::State(tone, word.into()))
    }

    pub(crate) fn event(self, seq: u64) -> Self {
        self.with(Span::Event(seq))
    }

    pub(crate) fn maybe_event(self, seq: Option<u64>) -> Self {
        match seq {
            Some(seq) => self.event(seq),
            None => self,
        }
    }

    fn unless_empty(self, text: String, span: fn(String) -> Span) -> Self {
        if text.trim().is_empty() { self } else { self.with(span(text)) }
    }

    fn with(mut self, span: Span) -> Self {
        self.0.push(span);
        self
    }
}

/// The mark of a state, for those who do not see its colour.
pub(crate) fn mark(tone: Tone) -> &'static str {
    match tone {
        Tone::Ok => "✓",
        Tone::Warn => "▲",
        Tone::Danger => "✗",
        Tone::Running => "●",
        Tone::Hold => "◆",
        Tone::Quiet => "○",
    }
}
