//! Where prices come from: a file that begins again at its end, or a random walk.

use crate::errors::Failure;
use crate::flags::PaperArgs;
use rust_decimal::Decimal;
use std::path::Path;
use truebook::core::money::Price;
use truebook::paper::Chance;

/// How many prices of a walk are made before it turns back.
const WALK_PRICES: usize = 4096;
/// Cents at which a walk begins.
const WALK_FROM: i64 = 10_000;
/// The most cents of one step.
const WALK_STEP: u64 = 60;
/// How far apart instruments stand in the same series.
const APART: usize = 337;
/// The seed of the walk if nobody says anything about prices.
const SEED_DEFAULT: u64 = 1;

pub(super) struct Prices {
    series: Vec<Price>,
    at: usize,
    moves: usize,
}

impl Prices {
    pub(super) fn new(args: &PaperArgs) -> Result<Self, Failure> {
        let series = match &args.prices {
            Some(file) => read(file)?,
            None => walk(args.walk.unwrap_or(SEED_DEFAULT)),
        };
        Ok(Self { series, at: 0, moves: 1 })
    }

    /// The price now of the instrument of this number.
    pub(super) fn of(&self, number: usize) -> Price {
        self.series[(self.at + number * APART) % self.series.len()]
    }

    pub(super) const fn advance(&mut self) {
        self.at += self.moves;
    }

    pub(super) const fn stand_still(&mut self) {
        self.moves = 0;
    }
}

fn walk(seed: u64) -> Vec<Price> {
    let mut chance = Chance::new(seed);
    let mut cents = WALK_FROM;
    let mut step = || {
        let up = i64::try_from(chance.below(2 * WALK_STEP + 1)).unwrap_or(0) - WALK_STEP.cast_signed();
        // A walk that comes near zero turns.
        cents = (cents + up).max(WALK_FROM / 10);
        Price::new(Decimal::new(cents, 2))
    };
    (0..WALK_PRICES).map(|_| step()).collect()
}

fn read(file: &Path) -> Result<Vec<Price>, Failure> {
    let name = file.display();
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .flexible(true)
        .has_headers(false)
        .from_path(file)
        .map_err(|failed| Failure::new(format!("read {name}")).with_cause(&failed))?;
    let mut series = Vec::new();
    for (number, row) in reader.records().enumerate() {
        let row = row.map_err(|failed| Failure::new(format!("read {name}")).with_cause(&failed))?;
        let price = row.iter().next_back().and_then(|cell| cell.trim().parse::<Price>().ok());
        match price.filter(|price| *price > Price::ZERO) {
            Some(price) => series.push(price),
            // The first row may name the columns.
            None if number == 0 => {}
            None => {
                let line = row.position().map_or(0, csv::Position::line);
                return Err(Failure::new(format!(
                    "{name}, line {line}: the last column is no price above 0"
                )));
            }
        }
    }
    if series.is_empty() {
        return Err(Failure::new(format!("{name} has no prices")));
    }
    Ok(series)
}
