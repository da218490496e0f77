//! Codes about names and their order, about holds and checklists.

use super::{Chapter, ERROR, ERROR_OR_WARNING, WARNING, spec};

pub(super) const NAMES: Chapter = Chapter {
    title: "Order and names",
    lint: false,
    codes: &[
        spec(
            "undefined-name",
            ERROR,
            "A step, variable, fact of the run or pinned service that does not exist.",
            "There would be no value.",
            "Take the name that is proposed, or declare it.",
            "{{ vars.imgae }}",
        ),
        spec(
            "unknown-output",
            ERROR,
            "The step exists, and has no such output.",
            "There would be no value.",
            "Take one of those that are listed.",
            "{{ steps.build.outputs.digset }}",
        ),
        spec(
            "used-too-soon",
            ERROR,
            "An output of a step that has not run by then.",
            "Steps go strictly in order of the file.",
            "Move one of them.",
            "{{ steps.later.outputs.url }}",
        ),
        spec(
            "template",
            ERROR,
            "A template or an expression that is not well formed.",
            "Only `{{ … }}` is known; no statements, no functions of one's own.",
            "Write e.g. `steps.choose.outputs.option == \"b\"`.",
            "{{ vars. }}",
        ),
        spec(
            "when",
            ERROR_OR_WARNING,
            "A condition that is never true, or always.",
            "The step never runs, or the condition says nothing.",
            "Leave it out, or ask for something.",
            "when: \"false\"",
        ),
        spec(
            "unknown-need",
            ERROR,
            "`needs` names nothing.",
            "It could never be done.",
            "Take the name that is proposed.",
            "needs: [infrastucture]",
        ),
        spec(
            "needs-cycle",
            ERROR,
            "Steps or stages that need each other.",
            "None could begin.",
            "Take one need out.",
            "a needs b, b needs a",
        ),
        spec(
            "needs-later",
            ERROR,
            "Something earlier needs something later.",
            "Steps go in order of the file.",
            "Move one of them.",
            "needs: [a_later_stage]",
        ),
    ],
};

pub(super) const HOLDS: Chapter = Chapter {
    title: "Holds and checklists",
    lint: false,
    codes: &[
        spec(
            "hold",
            ERROR_OR_WARNING,
            "A hold that nobody can satisfy, or that only holds if nobody named starts the run.",
            "The run would wait for ever, or not at all.",
            "Name enough people, or nobody.",
            "hold: { signatures: 0 }",
        ),
        spec(
            "checklist-without-items",
            ERROR,
            "A `checklist` step with no `- [ ]` items after its fence.",
            "There is nothing to sign.",
            "Write the items after the fence.",
            "uses: checklist (and then prose)",
        ),
        spec(
            "comment",
            ERROR,
            "An `hp:` comment that is not closed, or lacks a value.",
            "What it says is lost.",
            "Write `<!-- hp: id=… -->`.",
            "- [ ] up <!-- hp: id -->",
        ),
        spec(
            "stray-comment",
            WARNING,
            "An `hp:` comment that stands at no item.",
            "It says nothing about anything.",
            "Put it at the end of an item's line.",
            "<!-- hp: id=up --> (in a paragraph)",
        ),
    ],
};
