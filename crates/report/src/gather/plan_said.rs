//! What the plan's own text says besides what is walked: costs, readiness, next steps.

use super::index::Index;
use super::is_walked;
use crate::model::*;
use holdpoint_plan::{Cost, Mark, Understanding};
use holdpoint_run::{State, Status};

/// A text, understood, with its lines counted once.
pub(super) struct Told {
    said: Understanding,
    lines: Vec<usize>,
}

impl Told {
    pub(super) fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { said: holdpoint_plan::understand(text), lines: std::iter::once(0).chain(ends).collect() }
    }

    fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at)
    }

    /// The first thing that the author says of the danger.
    pub(super) fn risk(&self) -> Option<&str> {
        let risk =
            self.said.facts.iter().find(|fact| fact.key == holdpoint_plan::FactKey::Risk && fact.stated);
        risk.map(|fact| fact.value.as_str())
    }
}

/// Costs, and what of them this change brings. A line that stands twice counts once.
pub(super) fn costs(told: &Told, event: u64) -> Option<CostReport> {
    let mut items: Vec<CostItem> = Vec::new();
    for cost in &told.said.costs {
        let item = CostItem {
            item: cost.item.clone(),
            amount: money(cost),
            new: cost.new,
            total: cost.total,
            line: told.line(cost.span.start),
        };
        let twice = |other: &CostItem| other.item == item.item && other.amount == item.amount;
        if !items.iter().any(twice) {
            items.push(item);
        }
    }
    if items.is_empty() {
        return None;
    }
    let sum = |wanted: &dyn Fn(&CostItem) -> bool| summed(items.iter().filter(|item| wanted(item)));
    let change = sum(&|item| item.new && !item.total);
    let standing = sum(&|item| !item.new && !item.total);
    let all = sum(&|item| !item.total);
    let totals: Vec<&CostItem> = items.iter().filter(|item| item.total).collect();
    let adds_up = match (totals.as_slice(), all.as_slice()) {
        ([total], [sum]) => Some(same(&total.amount, sum)),
        _ => None,
    };
    Some(CostReport { change, standing, adds_up, items, event })
}

fn money(cost: &Cost) -> Money {
    Money { currency: cost.currency.clone(), low: cost.low, high: cost.high }
}

fn summed<'a>(items: impl Iterator<Item = &'a CostItem>) -> Vec<Money> {
    let mut sums: Vec<Money> = Vec::new();
    for item in items {
        match sums.iter_mut().find(|sum| sum.currency == item.amount.currency) {
            Some(sum) => {
                sum.low += item.amount.low;
                sum.high += item.amount.high;
            }
            None => sums.push(item.amount.clone()),
        }
    }
    sums
}

/// To the cent.
fn same(one: &Money, other: &Money) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() < 0.005;
    one.currency == other.currency && near(one.low, other.low) && near(one.high, other.high)
}

/// How far each stage and each checklist is, and what the author claims of other parts.
pub(super) fn readiness(state: &State, index: &Index, told: Option<&Told>) -> Vec<AreaReport> {
    let mut areas = Vec::new();
    let walked = || state.plan.stages.iter().filter(|stage| is_walked(stage));
    for stage in walked().filter(|stage| !stage.steps.is_empty()) {
        let done = stage.steps.iter().filter(|step| state.status(&step.id) == Status::Succeeded).count();
        let newest = stage.steps.iter().filter_map(|step| index.newest_of(&step.id)).max();
        areas.push(AreaReport {
            area: stage.title.clone(),
            of: AreaKind::Steps,
            done,
            all: stage.steps.len(),
            claimed: None,
            event: newest.unwrap_or_else(|| index.plan_event(&state.plan.digest)),
        });
    }
    for step in walked().flat_map(|stage| &stage.steps).filter(|step| !step.items.is_empty()) {
        let must = || step.items.iter().filter(|item| !item.optional);
        let ticked = |item: &&holdpoint_plan::Item| {
            state.steps.get(&step.id).and_then(|known| known.items.get(&item.id)).is_some_and(|tick| tick.on)
        };
        let newest =
            step.items.iter().filter_map(|item| index.ticks.get(&(step.id.clone(), item.id.clone())));
        areas.push(AreaReport {
            area: step.title.clone(),
            of: AreaKind::Items,
            done: must().filter(ticked).count(),
            all: must().count(),
            claimed: None,
            event: newest.max().copied().unwrap_or_else(|| index.plan_event(&state.plan.digest)),
        });
    }
    let sections = told.into_iter().flat_map(|told| &told.said.sections);
    for section in sections.filter(|section| !section.is_stage) {
        let Some(mark) = section.status else { continue };
        areas.push(AreaReport {
            area: section.title.clone(),
            of: AreaKind::Claim,
            done: 0,
            all: 0,
            claimed: Some(word(mark).into()),
            event: index.plan_event(&state.plan.digest),
        });
    }
    areas
}

/// What the author wants done afterwards, and has not marked as done.
pub(super) fn next_steps(told: &Told, event: u64) -> Vec<NextStep> {
    let open = told.said.follow_ups.iter().filter(|step| step.mark != Some(Mark::Done));
    open.map(|step| NextStep { text: step.text.clone(), line: told.line(step.span.start), event }).collect()
}

fn word(mark: Mark) -> &'static str {
    match mark {
        Mark::Done => "done",
        Mark::InProgress => "in progress",
        Mark::Pending => "pending",
        Mark::Failed => "failed",
        Mark::Blocked => "blocked",
        Mark::Skipped => "left out",
        Mark::Manual => "by hand",
        Mark::Ready => "ready",
    }
}
