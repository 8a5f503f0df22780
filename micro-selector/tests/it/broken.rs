//! The laws find what is broken: selectors with one fault each, and the laws that they break.

use std::panic::catch_unwind;

use micro_core::{Error, Pick, Result};
use micro_selector::conformance::*;
use micro_selector::{Hint, LeastConn, Random, Selector, Snapshot};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Broken {
    AlwaysTheFirst,
    IgnoresFilters,
    IgnoresRests,
    FailsWhenAllRest,
    SkipsToTheNeighbour,
    ReachedErrors,
    ForgetsWhatWasTried,
    TakesErrorsForSpeed,
    GivesTheWholeShareAtOnce,
}

impl Selector for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn pick(&self, nodes: &Snapshot, hint: &Hint<'_>) -> Result<Pick> {
        match self {
            Self::AlwaysTheFirst => nodes
                .candidates(hint)
                .find_map(|(index, node)| node.claim(index))
                .map_or_else(|| nodes.last_resort(hint), Ok),
            Self::IgnoresFilters => Random::new().pick(nodes, &Hint::new(hint.endpoint)),
            Self::IgnoresRests => {
                let passing =
                    (0..).zip(&nodes.nodes).filter(|(_, node)| hint.passes(node)).collect::<Vec<_>>();
                let drawn = passing.get(fastrand::usize(..passing.len().max(1)));
                drawn.map_or_else(|| nodes.last_resort(hint), |(index, node)| Ok(node.pick(*index)))
            }
            Self::FailsWhenAllRest if nodes.candidates(hint).next().is_none() => {
                Err(Error::unavailable(format!("no node: {:?}", hint.filters)).not_reached())
            }
            Self::FailsWhenAllRest => LeastConn::new().pick(nodes, hint),
            Self::SkipsToTheNeighbour => {
                let start = fastrand::usize(..nodes.nodes.len().max(1));
                let (before, after): (Vec<_>, Vec<_>) =
                    nodes.candidates(hint).partition(|(index, _)| (*index as usize) < start);
                let mut walk = after.into_iter().chain(before);
                walk.find_map(|(index, node)| node.claim(index)).map_or_else(|| nodes.last_resort(hint), Ok)
            }
            Self::ForgetsWhatWasTried => {
                Random::new().pick(nodes, &Hint::new(hint.endpoint).with_filters(hint.filters))
            }
            Self::TakesErrorsForSpeed => nodes
                .candidates(hint)
                .min_by_key(|(_, node)| node.in_flight())
                .and_then(|(index, node)| node.claim(index))
                .map_or_else(|| nodes.last_resort(hint), Ok),
            Self::GivesTheWholeShareAtOnce => {
                let candidates = nodes.candidates(hint).collect::<Vec<_>>();
                let drawn = candidates.get(fastrand::usize(..candidates.len().max(1)));
                drawn.map_or_else(|| nodes.last_resort(hint), |(index, node)| Ok(node.pick(*index)))
            }
            Self::ReachedErrors => {
                Random::new().pick(nodes, hint).map_err(|error| Error::unavailable(error.detail().to_owned()))
            }
        }
    }
}

#[test]
fn every_fault_is_found_by_its_law() {
    type Laws = &'static [fn(&dyn Selector)];
    let broken: [(Broken, Laws); 9] = [
        (Broken::AlwaysTheFirst, &[spreads_evenly, spreads_over_what_is_left, spreads_across_threads]),
        (Broken::IgnoresFilters, &[filters_are_kept, no_node_is_unavailable]),
        (
            Broken::IgnoresRests,
            &[
                unreachable_is_skipped_at_once,
                probed_by_one_and_readmitted,
                failing_is_ejected,
                ejected_is_probed_by_one,
                at_most_half_are_ejected,
            ],
        ),
        (Broken::FailsWhenAllRest, &[all_resting_picks_the_first_to_end]),
        (Broken::SkipsToTheNeighbour, &[spreads_over_what_filters_leave]),
        (Broken::ReachedErrors, &[no_node_is_unavailable]),
        (Broken::ForgetsWhatWasTried, &[tried_is_avoided, busy_is_avoided]),
        (Broken::TakesErrorsForSpeed, &[errors_attract_no_calls]),
        (Broken::GivesTheWholeShareAtOnce, &[readmitted_gets_its_share_bit_by_bit]),
    ];
    for (selector, laws) in &broken {
        for (number, law) in laws.iter().enumerate() {
            let held = catch_unwind(|| law(selector)).is_ok();
            assert!(!held, "{selector:?} keeps law number {number} of its list");
        }
    }
}
