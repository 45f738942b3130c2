//! Where a paper venue's prices come from: a table of the past, or a random walk that follows from a seed.

use super::chance::Chance;
use rust_decimal::Decimal;
use truebook_core::money::Price;
use truebook_core::time::Utc;

/// A price at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricePoint {
    /// When.
    pub at: Utc,
    /// The price.
    pub price: Price,
}

/// A table that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the price table: {what}")]
pub struct PriceError {
    /// The line, 1 the first.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// Prices from a CSV table, oldest first: with the columns `date`, `open`, `high`, `low`, `close` (others are
/// not looked at), which make four prices a row, or `time`, `price`.
///
/// Of a day that rose the low is taken to come before the high, of one that fell after it. The four prices
/// are a quarter of a day apart, whatever the row's interval.
///
/// # Errors
/// The first line that cannot be read, or that is not later than the one before.
pub fn from_csv(text: &str) -> Result<Vec<PricePoint>, PriceError> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let Some((_, header)) = lines.next() else {
        return Err(PriceError { line: 1, what: "there is no header".to_owned() });
    };
    let columns = Columns::find(header).map_err(|what| PriceError { line: 1, what })?;
    let mut points: Vec<PricePoint> = Vec::new();
    for (at, line) in lines {
        let wrong = |what| PriceError { line: at + 1, what };
        let row = columns.row(line).map_err(wrong)?;
        let in_order = points.last().zip(row.first()).is_none_or(|(before, first)| before.at < first.at);
        if !in_order {
            return Err(wrong("it is not later than the line before".to_owned()));
        }
        points.extend(row);
    }
    Ok(points)
}

/// Where the columns are.
enum Columns {
    Bars { time: usize, open: usize, high: usize, low: usize, close: usize },
    Points { time: usize, price: usize },
}

const QUARTER_DAY_NANOS: i64 = 6 * 3600 * 1_000_000_000;

impl Columns {
    fn find(header: &str) -> Result<Self, String> {
        let names: Vec<String> = header.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
        let column = |wanted: &str| names.iter().position(|name| name == wanted);
        let time = column("date").or_else(|| column("time")).ok_or("there is no column date or time")?;
        if let Some(price) = column("price") {
            return Ok(Self::Points { time, price });
        }
        let of = |wanted: &str| column(wanted).ok_or_else(|| format!("there is no column {wanted}"));
        Ok(Self::Bars { time, open: of("open")?, high: of("high")?, low: of("low")?, close: of("close")? })
    }

    fn row(&self, line: &str) -> Result<Vec<PricePoint>, String> {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let price = |column: usize| {
            let text = fields.get(column).ok_or("it has too few fields")?;
            let price: Price = text.parse().map_err(|error| format!("{text:?}: {error}"))?;
            if price > Price::ZERO { Ok(price) } else { Err(format!("{text:?} is no price")) }
        };
        let time = |column: usize| {
            let text = fields.get(column).ok_or("it has too few fields")?;
            parse_time(text).ok_or_else(|| format!("{text:?} is no time"))
        };
        match *self {
            Self::Points { time: at, price: of } => Ok(vec![PricePoint { at: time(at)?, price: price(of)? }]),
            Self::Bars { time: at, open, high, low, close } => {
                Ok(bar(time(at)?, [price(open)?, price(high)?, price(low)?, price(close)?]))
            }
        }
    }
}

fn bar(start: Utc, [open, high, low, close]: [Price; 4]) -> Vec<PricePoint> {
    let path = if close >= open { [open, low, high, close] } else { [open, high, low, close] };
    let times = (0..).map(|quarter| {
        Utc::from_nanos(start.nanos().saturating_add(QUARTER_DAY_NANOS.saturating_mul(quarter)))
    });
    times.zip(path).map(|(at, price)| PricePoint { at, price }).collect()
}

/// A day, or an RFC 3339 time in UTC with any number of decimals.
fn parse_time(text: &str) -> Option<Utc> {
    let Some((day, clock)) = text.split_once(['T', ' ']) else {
        return Utc::parse(&format!("{text}T00:00:00.000000000Z"));
    };
    let clock = clock.strip_suffix('Z').or_else(|| clock.strip_suffix("+00:00")).unwrap_or(clock);
    let (seconds, decimals) = clock.split_once('.').unwrap_or((clock, ""));
    Utc::parse(&format!("{day}T{seconds}.{decimals:0<9}Z"))
}

/// Prices that go up or down by a few ticks a step, by chance that follows from a seed. Exact: each is a
/// whole number of ticks from the first, and none is below one tick.
#[derive(Clone, Debug)]
pub struct RandomWalk {
    price: Decimal,
    tick: Decimal,
    ticks_max: u64,
    chance: Chance,
}

impl RandomWalk {
    /// A walk that begins at `start` and moves by at most `ticks_max` ticks a step.
    pub const fn new(start: Price, tick: Price, ticks_max: u64, seed: u64) -> Self {
        Self { price: start.get(), tick: tick.get(), ticks_max, chance: Chance::new(seed) }
    }
}

impl Iterator for RandomWalk {
    type Item = Price;

    fn next(&mut self) -> Option<Price> {
        let drawn = self.chance.below(self.ticks_max.saturating_mul(2).saturating_add(1));
        let step = Decimal::from(drawn).checked_sub(Decimal::from(self.ticks_max))?;
        let moved = self.price.checked_add(step.checked_mul(self.tick)?)?;
        if moved >= self.tick {
            self.price = moved;
        }
        Some(Price::new(self.price.normalize()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn a_bar_is_four_prices_with_the_low_first_when_it_rose() {
        let csv = "Date,Open,High,Low,Close,Volume\n2025-04-08,10,12,9,11,500\n2025-04-09,11,12,8,9,1\n";
        let points = from_csv(csv).unwrap();
        let prices: Vec<String> = points.iter().map(|point| point.price.to_string()).collect();
        assert_eq!(prices, ["10", "9", "12", "11", "11", "12", "8", "9"]);
        assert_eq!(points[4].at, Utc::parse("2025-04-09T00:00:00.000000000Z").unwrap());
        assert!(points.is_sorted_by_key(|point| point.at));
    }

    #[test]
    fn a_table_of_times_and_prices_is_read_exactly() {
        let points = from_csv("time,price\n2025-04-09T13:30:00Z,0.1\n2025-04-09T13:30:00.25Z,0.10000001\n");
        let points = points.unwrap();
        assert_eq!(points[1].price, price("0.10000001"));
        assert_eq!(points[1].at, Utc::parse("2025-04-09T13:30:00.250000000Z").unwrap());
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        assert_eq!(from_csv("time,price\n2025-04-09,1\n2025-04-10,x\n").unwrap_err().line, 3);
        assert_eq!(from_csv("time,price\n2025-04-09,1\n2025-04-09,2\n").unwrap_err().line, 3);
        assert_eq!(from_csv("time,price\n2025-04-09\n").unwrap_err().line, 2);
        assert!(from_csv("date,open,close\n").unwrap_err().what.contains("high"));
        assert!(from_csv("").is_err());
    }

    #[test]
    fn a_walk_follows_from_its_seed_and_stays_on_its_ticks_above_zero() {
        let walk =
            |seed| RandomWalk::new(price("0.05"), price("0.01"), 3, seed).take(2000).collect::<Vec<_>>();
        assert_eq!(walk(1), walk(1));
        assert_ne!(walk(1), walk(2));
        assert!(walk(1).iter().all(|at| at.is_multiple_of(price("0.01")) && *at >= price("0.01")));
    }
}
