//! `holdpoint` at a terminal of its own, with somebody who answers what it asks.

use crate::home::{HANGS, Home, LOOK, Ran, Running};
use std::io::Write as _;
use std::process::{ChildStdin, Stdio};

/// What is typed when the terminal shows this.
pub(crate) type Habit<'t> = (&'t str, &'t str);

/// Answers after which a program is taken to ask the same for ever.
const ENOUGH: u32 = 30;

/// A program at a terminal, from util-linux' `script`.
pub(crate) struct Terminal {
    running: Running,
    keys: ChildStdin,
    /// What was read and answered.
    mark: usize,
}

impl Terminal {
    /// Starts `holdpoint` with these words, none of which a shell would read otherwise.
    pub(crate) fn open(home: &Home, env: &[(&str, &str)], args: &[&str]) -> Self {
        let plain =
            |arg: &&str| arg.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.-_=".contains(&byte));
        assert!(args.iter().all(plain), "a shell would read {args:?} otherwise");
        let inner = home.command(args);
        let line = format!("exec {} {}", inner.get_program().to_str().unwrap(), args.join(" "));
        let mut command = home.beside("script", &["-qefc", &line, "/dev/null"]);
        command.envs(env.iter().copied());
        let mut running = home.start_with(command, Stdio::piped());
        let keys = running.child.stdin.take().unwrap();
        Self { running, keys, mark: 0 }
    }

    /// Process id of the terminal itself, which stops with the program in it.
    pub(crate) fn id(&self) -> u32 {
        self.running.child.id()
    }

    /// What came since the last answer.
    fn fresh(&self) -> String {
        self.running.out().get(self.mark..).unwrap_or_default().to_owned()
    }

    /// Types a line.
    pub(crate) fn types(&mut self, line: &str) {
        self.mark = self.running.out().len();
        // A program that has ended reads no more, and how it ended is looked at.
        let _ = self.keys.write_all(format!("{line}\n").as_bytes());
    }

    /// Waits until it shows this.
    pub(crate) fn shows(&mut self, text: &str) {
        for _ in 0..HANGS.as_millis() / LOOK.as_millis() {
            if self.fresh().contains(text) {
                return;
            }
            let over = self.running.child.try_wait().unwrap();
            assert!(
                over.is_none() || self.fresh().contains(text),
                "it ended without {text:?}:\n{}",
                self.running.out()
            );
            std::thread::sleep(LOOK);
        }
        panic!("no {text:?} in\n{}", self.running.out());
    }

    /// Answers what is asked, as often as it is asked, until the program ends.
    pub(crate) fn answers(mut self, habits: &[Habit<'_>]) -> Ran {
        let mut given = 0;
        for _ in 0..HANGS.as_millis() / LOOK.as_millis() {
            let fresh = self.fresh();
            // A question is the last thing that is shown: what was typed before stands in front of it.
            let asked = habits.iter().find(|(question, _)| fresh.trim_end().ends_with(question));
            if let Some((_, answer)) = asked {
                given += 1;
                assert!(given <= ENOUGH, "it asks for ever:\n{}", self.running.out());
                self.types(answer);
            }
            if self.running.child.try_wait().unwrap().is_some() {
                drop(self.keys);
                return self.running.end();
            }
            std::thread::sleep(LOOK);
        }
        panic!("nobody knows what to answer to\n{}", self.running.out());
    }
}
