//! How traffic goes over to a new revision: the deployment strategies and the stages that they pass through.

use serde_json::Value;

use crate::rollout::clean;

/// `deploymentConfiguration.strategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    Rolling,
    BlueGreen,
    Linear,
    Canary,
}

impl Strategy {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "ROLLING" => Some(Self::Rolling),
            "BLUE_GREEN" => Some(Self::BlueGreen),
            "LINEAR" => Some(Self::Linear),
            "CANARY" => Some(Self::Canary),
            _ => None,
        }
    }

    /// The strategy of a `deploymentConfiguration`; rolling when it names none.
    pub(crate) fn of(configuration: &Value) -> Self {
        configuration["strategy"].as_str().and_then(Self::parse).unwrap_or(Self::Rolling)
    }
}

/// A stretch of a deployment that is not rolling.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Phase {
    /// `lifecycleStage`, as the API names it.
    pub(crate) stage: &'static str,
    /// The stage by which hooks name it: `PRE_PRODUCTION_TRAFFIC_SHIFT` is one for hooks only.
    pub(crate) hooks: &'static str,
    /// The target's share of production traffic from here on, in percent.
    pub(crate) production: Option<f64>,
    /// The target's share of test traffic from here on, in percent.
    pub(crate) test: Option<f64>,
    /// Seconds that it lasts at least.
    pub(crate) lasts: f64,
}

/// Seconds that stages without anything to wait for take. AWS names no numbers; to be confirmed.
const BRIEF: f64 = 1.0;
const SHIFT: f64 = 5.0;

/// The stages of a deployment, in order; none for a rolling one. A service that had no revision before has nothing to bake beside,
/// so its first deployment passes without BAKE_TIME (to be confirmed). `several` revisions at the start are reconciled first.
pub(crate) fn phases(configuration: &Value, first: bool, several: bool) -> Vec<Phase> {
    let strategy = Strategy::of(configuration);
    let minutes = |value: &Value, default: f64| value.as_f64().unwrap_or(default) * 60.0;
    let (shares, between) = match strategy {
        Strategy::Rolling => return Vec::new(),
        Strategy::BlueGreen => (vec![100.0], 0.0),
        Strategy::Linear => {
            let of = &configuration["linearConfiguration"];
            let step = of["stepPercent"].as_f64().unwrap_or(10.0);
            (linear(step), minutes(&of["stepBakeTimeInMinutes"], 6.0))
        }
        Strategy::Canary => {
            let of = &configuration["canaryConfiguration"];
            let share = of["canaryPercent"].as_f64().unwrap_or(5.0);
            let shares = if share < 100.0 { vec![share, 100.0] } else { vec![100.0] };
            (shares, minutes(&of["canaryBakeTimeInMinutes"], 10.0))
        }
    };
    let plain =
        |stage: &'static str, lasts: f64| Phase { stage, hooks: stage, production: None, test: None, lasts };
    let mut phases = Vec::new();
    if several {
        phases.push(plain("RECONCILE_SERVICE", 3.0));
    }
    phases.push(plain("PRE_SCALE_UP", BRIEF));
    phases.push(plain("SCALE_UP", 0.0));
    phases.push(plain("POST_SCALE_UP", BRIEF));
    phases.push(Phase { test: Some(100.0), ..plain("TEST_TRAFFIC_SHIFT", SHIFT) });
    phases.push(plain("POST_TEST_TRAFFIC_SHIFT", BRIEF));
    // The first revision of a service has nobody to share with.
    let shares = if first { vec![100.0] } else { shares };
    for share in shares {
        // The API names no stage of its own for what comes before a shift; to be confirmed.
        phases.push(Phase {
            hooks: "PRE_PRODUCTION_TRAFFIC_SHIFT",
            lasts: 0.0,
            ..plain("PRODUCTION_TRAFFIC_SHIFT", 0.0)
        });
        // "This bake time is not applied after reaching 100 percent traffic" (LinearConfiguration).
        let lasts = SHIFT + if share < 100.0 { between } else { 0.0 };
        phases.push(Phase { production: Some(share), ..plain("PRODUCTION_TRAFFIC_SHIFT", lasts) });
    }
    phases.push(plain("POST_PRODUCTION_TRAFFIC_SHIFT", BRIEF));
    if !first {
        phases.push(plain("BAKE_TIME", minutes(&configuration["bakeTimeInMinutes"], 0.0)));
    }
    phases.push(plain("CLEAN_UP", 0.0));
    phases
}

/// Equal steps to 100 %; the last one is what is left.
fn linear(step: f64) -> Vec<f64> {
    let mut shares = Vec::new();
    let mut count = 1.0;
    while step * count < 100.0 - 1e-6 && step > 0.0 {
        shares.push(clean(step * count));
        count += 1.0;
    }
    shares.push(100.0);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stages(configuration: Value, first: bool) -> Vec<(&'static str, Option<f64>, f64)> {
        phases(&configuration, first, false)
            .into_iter()
            .filter(|p| p.hooks != "PRE_PRODUCTION_TRAFFIC_SHIFT")
            .map(|p| (p.stage, p.production, p.lasts))
            .collect()
    }

    #[test]
    fn each_strategy_has_its_stages() {
        assert!(phases(&json!({"strategy": "ROLLING"}), false, false).is_empty());
        let all = stages(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 2}), false);
        assert_eq!(
            all.iter().map(|(stage, ..)| *stage).collect::<Vec<_>>(),
            [
                "PRE_SCALE_UP",
                "SCALE_UP",
                "POST_SCALE_UP",
                "TEST_TRAFFIC_SHIFT",
                "POST_TEST_TRAFFIC_SHIFT",
                "PRODUCTION_TRAFFIC_SHIFT",
                "POST_PRODUCTION_TRAFFIC_SHIFT",
                "BAKE_TIME",
                "CLEAN_UP"
            ]
        );
        assert!(all.contains(&("BAKE_TIME", None, 120.0)));
        let first = stages(json!({"strategy": "CANARY"}), true);
        assert!(!first.iter().any(|(stage, ..)| *stage == "BAKE_TIME"));
        assert_eq!(first.iter().filter_map(|(_, share, _)| *share).collect::<Vec<_>>(), [100.0]);
    }

    #[test]
    fn traffic_goes_over_in_steps() {
        for (configuration, shares) in [
            (
                json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 33.3}}),
                vec![33.3, 66.6, 99.9, 100.0],
            ),
            (json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 50}}), vec![50.0, 100.0]),
            (json!({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 0.1}}), vec![0.1, 100.0]),
            (json!({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 100}}), vec![100.0]),
            (json!({"strategy": "BLUE_GREEN"}), vec![100.0]),
        ] {
            let found: Vec<f64> =
                stages(configuration.clone(), false).iter().filter_map(|(_, s, _)| *s).collect();
            assert_eq!(found, shares, "{configuration}");
        }
        assert_eq!(linear(3.0).len(), 34);
    }

    #[test]
    fn steps_bake_except_the_last() {
        let configuration = json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 50, "stepBakeTimeInMinutes": 2}});
        let lasting: Vec<f64> =
            stages(configuration, false).iter().filter(|(_, s, _)| s.is_some()).map(|(.., l)| *l).collect();
        assert_eq!(lasting, [125.0, 5.0]);
    }
}
