//! An answer's XML: members by name, lists by their items.

use roxmltree::{Document, Node, ParsingOptions};

/// Nodes of one answer that are read: far more than a page of anything has.
const NODES: u32 = 1_000_000;

/// Reads a document; a document type, with its entities, is refused.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, String> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| error.to_string())
}

/// An element; namespaces are not looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tree<'a>(Node<'a, 'a>);

impl<'a> Tree<'a> {
    /// The members of an answer: those of its `…Result`, where the protocol puts one in between.
    pub(crate) fn of(document: &'a Document<'a>) -> Self {
        let root = document.root_element();
        let inner = root
            .children()
            .find(|node| node.is_element() && node.tag_name().name().ends_with("Result"))
            .unwrap_or(root);
        Self(inner)
    }

    /// A member.
    pub(crate) fn get(self, name: &str) -> Option<Self> {
        self.0.children().find(|node| node.tag_name().name() == name).map(Self)
    }

    /// A member's text, without the white space around it.
    pub(crate) fn text(self, name: &str) -> Option<String> {
        self.get(name).map(Self::words)
    }

    /// A member's text; empty where there is none.
    pub(crate) fn or_empty(self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    /// A member that is `true`.
    pub(crate) fn is(self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// A member that is a number.
    pub(crate) fn number<T: std::str::FromStr>(self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// The items of a list: EC2 calls each `item`, others `member` or after the list.
    pub(crate) fn items(self, name: &str) -> impl Iterator<Item = Self> + use<'a> {
        let list = self.get(name);
        list.into_iter().flat_map(|list| list.0.children().filter(Node::is_element).map(Self))
    }

    /// One member of each item of a list.
    pub(crate) fn texts(self, name: &str, member: &str) -> Vec<String> {
        self.items(name).filter_map(|item| item.text(member)).collect()
    }

    /// The texts of a list's items.
    pub(crate) fn words_of(self, name: &str) -> Vec<String> {
        self.items(name).map(Self::words).collect()
    }

    /// A tag's value, in EC2's form of tags.
    pub(crate) fn tag(self, key: &str) -> Option<String> {
        let tag = self.items("tagSet").find(|tag| tag.text("key").as_deref() == Some(key))?;
        tag.text("value").filter(|value| !value.is_empty())
    }

    /// Code and message of an error.
    pub(crate) fn error(self) -> Option<(String, String)> {
        let error = self.0.descendants().find(|node| node.tag_name().name() == "Error").map(Self)?;
        Some((error.text("Code")?, error.or_empty("Message")))
    }

    fn words(self) -> String {
        self.0.text().unwrap_or_default().trim().to_owned()
    }
}
