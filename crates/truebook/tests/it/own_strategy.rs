//! The example of a strategy of one's own, run as it stands.

#[path = "../../examples/own_strategy.rs"]
#[allow(unreachable_pub, reason = "an example begins with main")]
mod example;

#[test]
fn the_example_of_a_strategy_of_ones_own_trades() {
    example::main().unwrap();
}
