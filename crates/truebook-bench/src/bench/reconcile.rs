//! A large book against the venue's lists: 100,000 orders, 2,000 of them live.

use crate::engine::EngineName;
use crate::error::{BenchError, DuringPeer};
use crate::figures::median;
use crate::measure::nanos;
use crate::report::{Cell, Section, column};
use crate::setup::Setup;
use std::error::Error;
use std::time::Instant;
use truebook_core::reconcile::{check, plan, seen_ids};
use truebook_sim::large::{Large, large};

const ME: EngineName = EngineName::Truebook;

#[derive(Default)]
struct Samples {
    excerpt: Vec<u64>,
    plan: Vec<u64>,
    check: Vec<u64>,
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Section>, BenchError> {
    let orders = setup.scale.reconcile_orders;
    let live = orders / 50;
    let (samples, steps) = measure(orders, live, setup.scale.reconcile_rounds).peer(ME, "reconcile")?;
    let rows = [
        ("what the plan needs of the book", median(samples.excerpt)),
        ("plan", median(samples.plan)),
        ("check", median(samples.check)),
    ];
    Ok(vec![Section {
        name: "reconcile",
        about: format!("a book of {orders} orders, {live} of them live, against the venue's lists"),
        columns: vec![column("what", "what"), column("p50_ns", "p50 ms")],
        rows: rows.map(|(what, ns)| vec![Cell::Text(what.into()), Cell::Millis(ns)]).into(),
        notes: vec![format!("the first pass has {steps} steps, the second none")],
    }])
}

fn measure(orders: u32, live: u32, rounds: usize) -> Result<(Samples, usize), Box<dyn Error + Send + Sync>> {
    let Large { mut state, observation, policy, capabilities } = large(orders, live)?;
    let (mut samples, mut steps) = (Samples::default(), 0);
    for _ in 0..rounds {
        let start = Instant::now();
        let excerpt = state.excerpt(seen_ids(&observation));
        samples.excerpt.push(nanos(start.elapsed()));
        let start = Instant::now();
        let made = plan(excerpt.clone(), &observation, &policy, &capabilities);
        samples.plan.push(nanos(start.elapsed()));
        let start = Instant::now();
        check(excerpt, &observation, &policy, &capabilities, &made)?;
        samples.check.push(nanos(start.elapsed()));
        steps = made.steps.len();
    }
    truebook_sim::large::carry_out(&mut state, &observation, &policy, &capabilities)?;
    let excerpt = state.excerpt(seen_ids(&observation));
    let second = plan(excerpt, &observation, &policy, &capabilities);
    if !second.is_empty() {
        return Err(format!("the second pass has {} steps", second.steps.len()).into());
    }
    Ok((samples, steps))
}
