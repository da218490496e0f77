//! Named points at which a run can be cut off: how surviving a crash is shown.

/// A moment that matters to somebody who pulls the plug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Point {
    /// A fact of this kind is about to be stored.
    BeforeAppend(String),
    /// It is stored.
    AfterAppend(String),
    /// An action is about to be sent.
    BeforeAct,
    /// It was sent and answered; the receipt is not stored.
    AfterAct,
}

impl Point {
    /// E.g. `before-append:intended`, `after-act`.
    pub fn name(&self) -> String {
        match self {
            Self::BeforeAppend(kind) => format!("before-append:{kind}"),
            Self::AfterAppend(kind) => format!("after-append:{kind}"),
            Self::BeforeAct => "before-act".into(),
            Self::AfterAct => "after-act".into(),
        }
    }
}

/// Told whenever a run passes a point. The product's own does nothing.
pub trait Points: Send + Sync {
    /// The run is there.
    fn reached(&self, point: &Point);
}

/// Nobody pulls the plug.
#[derive(Debug, Clone, Copy)]
pub struct Undisturbed;

impl Points for Undisturbed {
    fn reached(&self, _point: &Point) {}
}
