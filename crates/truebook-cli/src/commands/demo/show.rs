//! The show: kill the bot at random moments, then let it settle.

use super::stage::Stage;
use crate::commands::child::Child;
use crate::errors::Failure;
use crate::flags::DemoArgs;
use std::io::Write;
use std::time::{Duration, Instant};
use truebook::paper::Chance;

/// A bot lives for so many milliseconds at least, and for so many more at most.
const LIFE_MS_MIN: u64 = 150;
const LIFE_MS_MORE: u64 = 1000;
/// A bot is settled once it has written nothing for so long while prices stood still.
const QUIET: Duration = Duration::from_millis(1500);
/// It gets no longer than this.
const SETTLE_MAX: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(100);

/// Gives the last sequence number that a bot acknowledged.
pub(super) fn run(stage: &Stage, args: &DemoArgs) -> Result<u64, Failure> {
    let mut chance = Chance::new(args.seed);
    let (mut venue, url) = stage.start_venue(args.seed)?;
    let mut acknowledged = 0;
    for kill in 1..=args.kills {
        let bot = stage.start_bot(&url)?;
        let life = Duration::from_millis(LIFE_MS_MIN + chance.below(LIFE_MS_MORE));
        bot.hear_for(life, |line| take(line, &mut acknowledged));
        bot.kill()?.iter().for_each(|line| take(line, &mut acknowledged));
        tell(&format!(
            "kill {kill} of {}: after {} ms, at event {acknowledged}",
            args.kills,
            life.as_millis()
        ));
    }
    let bot = stage.start_bot(&url)?;
    bot.hear_for(QUIET, |line| take(line, &mut acknowledged));
    tell("prices stand still; the bot settles");
    venue.close_input();
    settle(&bot, &mut acknowledged);
    bot.end()?.iter().for_each(|line| take(line, &mut acknowledged));
    venue.end()?;
    tell("the venue's own store is compared with the journal");
    Ok(acknowledged)
}

fn settle(bot: &Child, acknowledged: &mut u64) {
    let begun = Instant::now();
    let mut quiet_since = begun;
    while quiet_since.elapsed() < QUIET && begun.elapsed() < SETTLE_MAX {
        let before = *acknowledged;
        bot.hear_for(LOOK, |line| take(line, acknowledged));
        if *acknowledged != before {
            quiet_since = Instant::now();
        }
    }
}

/// `ack N`: everything up to event N is durable, says the bot.
fn take(line: &str, acknowledged: &mut u64) {
    if let Some(seq) = line.strip_prefix("ack ").and_then(|seq| seq.parse::<u64>().ok()) {
        *acknowledged = seq.max(*acknowledged);
    }
}

fn tell(what: &str) {
    // With nobody to tell there is nothing to be done.
    let _ = writeln!(std::io::stderr(), "{what}");
}
