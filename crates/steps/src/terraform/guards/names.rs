//! Names that AWS would refuse: computed ones too, since the plan has their values.

use super::{Finding, One};
use holdpoint_plan::kinds::GuardName;
use holdpoint_plan::limits::rules_of_terraform;

/// Names that are too long, too short, or made of what they may not be.
pub(super) fn length(one: &One<'_>) -> Vec<Finding> {
    if !one.is_made() {
        return Vec::new();
    }
    let unfit = rules_of_terraform(one.kind).filter_map(|rule| {
        let member = rule.terraform.1;
        let name = one.is(member).filter(|name| !name.is_empty())?;
        // A name that stays as it is was taken by AWS once.
        if one.before[member].as_str() == Some(name) {
            return None;
        }
        let unfit = rule.check(name).err()?;
        Some(Finding {
            guard: GuardName::NameLength,
            address: one.address.to_owned(),
            value: format!("{member} = \"{name}\""),
            reason: unfit.why,
            repair: match unfit.proposal {
                Some(shorter) => format!("Call it e.g. `{shorter}`"),
                None => {
                    format!("Give it a name of {} to {} characters: {}", rule.least, rule.most, rule.words)
                }
            },
            stops: true,
        })
    });
    unfit.collect()
}
