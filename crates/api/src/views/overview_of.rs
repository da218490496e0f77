//! What is understood of a plan → as shown.

use super::plan_of::number;
use super::{ClaimView, Overview, SaidCostView, SaidFactView, SaidItemView, SaidServiceView};
use holdpoint_plan::{FactKey, Stage, Understanding, understand};

/// Most entries of a list that are shown: the rest is in the text.
const MOST: usize = 60;

/// What is understood of a text, with its lines counted once.
pub(super) struct Told {
    /// Where each line begins.
    lines: Vec<usize>,
    said: Understanding,
    /// Headings of stages, in order of place: indices of sections.
    stages: Vec<usize>,
}

impl Told {
    pub(super) fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let said = understand(text);
        let stages = said.sections.iter().enumerate().filter(|(_, section)| section.is_stage);
        Self {
            lines: std::iter::once(0).chain(ends).collect(),
            stages: stages.map(|(index, _)| index).collect(),
            said,
        }
    }

    /// The line of a place, from 1.
    pub(super) fn line(&self, at: usize) -> u32 {
        number(self.lines.partition_point(|start| *start <= at))
    }
}

pub(super) fn overview(told: &Told) -> Overview {
    let said = &told.said;
    let line = |at: usize| told.line(at);
    let mut more = 0;
    let facts = said.facts.iter().filter(|fact| fact.stated && is_shown(fact.key)).map(|fact| SaidFactView {
        key: fact.key,
        value: fact.value.clone(),
        line: line(fact.span.start),
    });
    let services = said.services.iter().map(|service| SaidServiceView {
        name: service.name.clone(),
        url: service.url.clone(),
        exposure: service.exposure,
        mark: service.mark,
        line: line(service.span.start),
    });
    let areas = said.sections.iter().filter(|section| !section.is_stage && section.status.is_some());
    let readiness = areas.map(|section| SaidItemView {
        text: section.title.clone(),
        mark: section.status,
        line: line(section.heading.start),
    });
    let costs = said.costs.iter().map(|cost| SaidCostView {
        item: cost.item.clone(),
        low: cost.low,
        high: cost.high,
        currency: cost.currency.clone(),
        new: cost.new,
        total: cost.total,
        line: line(cost.span.start),
    });
    let next_steps = said.follow_ups.iter().map(|step| SaidItemView {
        text: step.text.clone(),
        mark: step.mark,
        line: line(step.span.start),
    });
    Overview {
        facts: first(facts, &mut more),
        services: first(services, &mut more),
        readiness: first(readiness, &mut more),
        costs: first(costs, &mut more),
        next_steps: first(next_steps, &mut more),
        more: number(more),
    }
}

/// How far the author says that a stage is.
pub(super) fn claim(told: &Told, stage: &Stage) -> Option<ClaimView> {
    let section = |index: &usize| told.said.sections.get(*index);
    let from = told
        .stages
        .partition_point(|index| section(index).is_some_and(|one| one.heading.start < stage.span.start));
    let heading = told.stages.get(from).and_then(section).filter(|one| one.heading.start < stage.span.end)?;
    Some(ClaimView { mark: heading.status?, line: told.line(heading.heading.start) })
}

/// Facts that stand nowhere else on the screen. Account, region and estimate do.
fn is_shown(key: FactKey) -> bool {
    match key {
        FactKey::Alias
        | FactKey::Profile
        | FactKey::Date
        | FactKey::Updated
        | FactKey::Author
        | FactKey::Risk
        | FactKey::RollbackTime
        | FactKey::Status
        | FactKey::Version
        | FactKey::Environment => true,
        FactKey::Account | FactKey::Region | FactKey::Estimate | FactKey::Service => false,
    }
}

fn first<T: PartialEq>(all: impl Iterator<Item = T>, more: &mut usize) -> Vec<T> {
    let mut list: Vec<T> = Vec::new();
    for one in all {
        if list.contains(&one) {
            continue;
        }
        if list.len() < MOST {
            list.push(one);
        } else {
            *more += 1;
        }
    }
    list
}
