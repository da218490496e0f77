//! What reading costs, counted instead of timed: bytes that are read, words that are asked about, places that are passed on
//! the way to another. It is counted in this crate's own tests alone.

/// Notes work that is being done.
#[cfg(not(test))]
pub(crate) const fn spend(_units: usize) {}

#[cfg(test)]
pub(crate) use counted::spend;

#[cfg(test)]
mod counted {
    use crate::import::{ImportOptions, import};
    use crate::{Reading, read};
    use std::cell::Cell;

    thread_local! {
        static SPENT: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn spend(units: usize) {
        SPENT.set(SPENT.get().saturating_add(units));
    }

    fn spent_by(act: impl FnOnce()) -> usize {
        SPENT.set(0);
        act();
        SPENT.get()
    }

    /// A plan that grows: what it begins with, and a chapter in which `@` is its number.
    struct Growing {
        name: &'static str,
        head: &'static str,
        chapter: &'static str,
    }

    macro_rules! growing {
        ($($name:literal),+ $(,)?) => {
            [$(Growing::of($name, include_str!(concat!("../tests/work/", $name, ".md")))),+]
        };
    }

    impl Growing {
        /// A file's chapter, below a line `<!-- again and again -->` if something stands before it.
        fn of(name: &'static str, file: &'static str) -> Self {
            let (head, chapter) =
                file.split_once("<!-- again and again -->\n").unwrap_or(("# Plan\n\n", file));
            Self { name, head, chapter }
        }

        fn chapters(&self, count: usize) -> String {
            let mut text = self.head.to_owned();
            for number in 1..=count {
                text.push_str(&self.chapter.replace('@', &number.to_string()));
                text.push('\n');
            }
            text
        }
    }

    fn all() -> [Growing; 17] {
        growing![
            "checklists",
            "computed-variables",
            "damaged",
            "exported-variables",
            "facts",
            "headings",
            "images",
            "nested-lists",
            "one-name",
            "one-tag-anew",
            "options",
            "scripts-in-doubt",
            "shared-values",
            "troubles",
            "typed-steps",
            "variables-never-set",
            "ways-back",
        ]
    }

    /// Chapters at first; then twice and four times as many, still fewer than the steps of the longest plan.
    const CHAPTERS: usize = 50;

    /// What is done with a text, and what that costs.
    type Costs = Vec<(&'static str, usize)>;

    /// Twice the text may cost a little more than twice the work: names get longer, and some tables are searched.
    fn grows_with_the_text(costs: impl Fn(&str) -> Costs) {
        for growing in all() {
            let costs = [1, 2, 4].map(|times| {
                let text = growing.chapters(times * CHAPTERS);
                (text.len(), costs(&text))
            });
            for pair in costs.windows(2) {
                let [(short, before), (long, after)] = pair else { continue };
                for ((what, before), (_, after)) in before.iter().zip(after) {
                    assert!(
                        before > short,
                        "{what} of {}: {before} for {short} bytes is hardly counted",
                        growing.name
                    );
                    assert!(
                        after * short * 10 <= before * long * 11,
                        "{what} of {}: {short} bytes cost {before}, {long} bytes cost {after}",
                        growing.name
                    );
                }
            }
        }
    }

    #[test]
    fn a_check_of_twice_the_text_is_twice_the_work() {
        grows_with_the_text(|text| {
            let check = spent_by(|| {
                let Reading { plan, .. } = read(text.as_bytes());
                assert!(plan.digest.len() == 64);
            });
            vec![("a check", check)]
        });
    }

    #[test]
    fn an_import_of_twice_the_text_and_a_check_of_its_result_are_twice_the_work() {
        grows_with_the_text(|text| {
            let mut made = Vec::new();
            let import = spent_by(|| made = import(text.as_bytes(), &ImportOptions::default()).bytes);
            let check = spent_by(|| {
                read(&made);
            });
            vec![("an import", import), ("a check of its result", check)]
        });
    }
}
