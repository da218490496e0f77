//! Commands outside of code fences: in sentences ("then run `aws ecs …`"), checklists, tables, headings and plain text. Nothing is
//! inserted for them unless the operator accepts it: whether a text tells to do something or speaks of it, a person sees better.

use super::compose::{Composer, FreeStep};
use super::fences::Purpose;
use super::told::{Place, Told, told};
use super::{Outcome, Proposal};
use crate::document::{Part, words};
use crate::lift::{Context, Lifted, Verdict, lift};
use crate::shell::{parse, reach_of};
use crate::{Effect, rules};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Most of them that are offered: a reference of commands is no plan.
const MOST: usize = 200;

impl Composer<'_> {
    /// Offers what stands outside of code fences, and inserts what was accepted.
    pub(super) fn outside(&mut self, parts: &[Part], context: &mut Context) {
        let fenced: BTreeSet<String> = self.made.proposals.iter().map(|one| words(&one.command)).collect();
        let told = told(self.text, parts);
        let mut made: Vec<FreeStep> = Vec::new();
        let mut offered = 0;
        for one in told {
            if offered == MOST || self.purpose(one.span.start) != Purpose::Walked {
                self.pass_by(&one);
                continue;
            }
            let plain = words(&one.command);
            // The fence below the text, or another one, has it.
            let longer = format!("{plain} ");
            if fenced.contains(&plain)
                || fenced.range(longer.clone()..).next().is_some_and(|command| command.starts_with(&longer))
            {
                continue;
            }
            if let Some(before) = &one.behind {
                let why = format!(
                    "`{before}` stands before it and would not count for it: write both into one code fence"
                );
                self.leave(one.span, one.place.what(), &why);
                continue;
            }
            let script = parse(&one.command);
            let ([statement], true) = (script.statements.as_slice(), script.problems.is_empty()) else {
                self.pass_by(&one);
                continue;
            };
            let mut own = Context::new(context.facts().clone());
            own.begin_fence();
            let verdict = lift(&script, 0, &one.command, &own);
            let effect = match &verdict {
                Verdict::Lifted(lifted) => effect_of(lifted),
                Verdict::Kept(_) => reach_of(&statement.shape).reach.effect(),
                Verdict::Absorbed { .. } => {
                    self.pass_by(&one);
                    continue;
                }
            };
            offered += 1;
            let id = self.id(&one.command);
            let accepted = self.options.accepted.contains(&id) && self.room > 0;
            let outcome = match accepted {
                true => self.accept(&one, &verdict, effect, context, &mut made),
                false => Outcome::Offered {
                    uses: match &verdict {
                        Verdict::Lifted(lifted) => lifted.uses.clone(),
                        Verdict::Kept(_) | Verdict::Absorbed { .. } => "shell".to_owned(),
                    },
                    effect,
                    why: one.place.why().to_owned(),
                },
            };
            let line = self.lines.line(one.span.start);
            self.made.proposals.push(Proposal { id, span: one.span, line, command: one.command, outcome });
        }
        self.made.free.extend(made);
        self.made.free.sort_by_key(|free| free.inside);
        self.made.proposals.sort_by_key(|one| one.span.start);
    }

    /// Tells of a line that is a command; of code in a text is told later.
    fn pass_by(&mut self, told: &Told) {
        if told.place == Place::Plain {
            let why = "it stands in no code fence: put a line of ``` before and after it, and import again";
            self.leave(told.span, told.place.what(), why);
        }
    }

    /// A step for a command, where it was asked for.
    fn accept(
        &mut self,
        told: &Told,
        verdict: &Verdict,
        effect: Effect,
        context: &mut Context,
        made: &mut Vec<FreeStep>,
    ) -> Outcome {
        self.room = self.room.saturating_sub(1);
        let mut step = Map::new();
        let (outcome, script) = match verdict {
            Verdict::Lifted(lifted) => {
                let id = self.names.free(lifted.name.clone());
                step.insert("id".to_owned(), id.clone().into());
                step.insert("uses".to_owned(), lifted.uses.clone().into());
                let more = [
                    ("with", (!lifted.with.is_empty()).then(|| Value::Object(lifted.with.clone()))),
                    ("effect", lifted.effect.map(|effect| rules::word(effect).into())),
                    ("expect", lifted.expect.clone()),
                    ("after", (!lifted.after.is_empty()).then(|| lifted.after.clone().into())),
                    ("undo", lifted.undo.clone()),
                ];
                for (key, value) in more {
                    step.extend(value.map(|value| (key.to_owned(), value)));
                }
                lifted.vars.iter().for_each(|var| context.remember(var.clone()));
                let yaml = super::written::mapping(&step, self.made.ascii).join("\n");
                let guessed = lifted.guessed.clone();
                (Outcome::Lifted { uses: lifted.uses.clone(), step: id, yaml, guessed }, None)
            }
            Verdict::Kept(_) | Verdict::Absorbed { .. } => {
                let id = self.names.free("command".to_owned());
                step.insert("id".to_owned(), id.clone().into());
                step.insert("uses".to_owned(), "shell".into());
                if effect != Effect::Once {
                    step.insert("effect".to_owned(), rules::word(effect).into());
                }
                let why = match verdict {
                    Verdict::Kept(kept) => {
                        kept.vars.iter().for_each(|var| context.remember(var.clone()));
                        if !kept.env.is_empty() {
                            step.insert("with".to_owned(), serde_json::json!({ "env": kept.env }));
                        }
                        kept.why.clone()
                    }
                    Verdict::Lifted(_) | Verdict::Absorbed { .. } => String::new(),
                };
                let outcome =
                    Outcome::Kept { uses: "shell".to_owned(), step: id, effect, why, refused: false };
                (outcome, Some(told.command.clone()))
            }
        };
        self.conditions(&mut step, told.span.start, effect.changes());
        made.push(FreeStep { inside: told.inside, lead: told.lead.clone(), steps: vec![step], script });
        outcome
    }
}

fn effect_of(lifted: &Lifted) -> Effect {
    lifted.effect.or(crate::kind(&lifted.uses).map(|kind| kind.effect)).unwrap_or(Effect::Once)
}
