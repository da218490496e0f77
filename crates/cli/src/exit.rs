//! Exit codes.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0.
    Done,
    /// 1: failed, refused or rolled back.
    Failed,
    /// 2: the words are off.
    Usage,
    /// 3: waits for a person.
    Waits,
    /// As the program ended that was started.
    Of(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Waits => 3,
            Exit::Of(code) => code,
        })
    }
}
