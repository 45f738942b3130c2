//! Which strategy runs, with the settings of the book.

use crate::errors::Failure;
use crate::flags::StrategyArg;
use truebook::Book;
use truebook::core::doc::Doc;
use truebook::core::id::Instrument;
use truebook::core::money::Price;
use truebook::run::{Desk, DeskError, MaCross, MaCrossSettings, Strategy};

/// Makes the strategy that was asked for.
pub(in crate::commands) fn choose(book: &Book, asked: StrategyArg) -> Result<Box<dyn Strategy>, Failure> {
    match asked {
        StrategyArg::None => Ok(Box::new(Nothing)),
        StrategyArg::MaCross => Ok(Box::new(ma_cross(book)?)),
    }
}

/// The moving-average cross of the settings.
pub(in crate::commands) fn ma_cross(book: &Book) -> Result<MaCross, Failure> {
    let settings: MaCrossSettings = table(book)?;
    MaCross::new(settings).map_err(|why| wrong(&why))
}

/// The table `strategy` of the settings.
pub(in crate::commands) fn table(book: &Book) -> Result<MaCrossSettings, Failure> {
    let settings = book.live()?.settings.doc;
    let found = settings.as_object().and_then(|members| members.get("strategy"));
    let Some(table @ Doc::Object(_)) = found else {
        return Err(wrong("there is no such table"));
    };
    serde_json::from_str(&table.to_compact()).map_err(|failed| wrong(&failed.to_string()))
}

fn wrong(why: &str) -> Failure {
    Failure::new(format!("settings under \"strategy\": {why}")).with_hint(
        "truebook settings accept FILE with [strategy] instruments, quantity, stop_percent, profit_percent and \
         tick; or --strategy none",
    )
}

/// Trades nothing; the runtime keeps book and venue in agreement all the same.
struct Nothing;

impl Strategy for Nothing {
    fn name(&self) -> &'static str {
        "none"
    }

    fn instruments(&self) -> Vec<Instrument> {
        Vec::new()
    }

    fn on_price(&mut self, _: &Desk<'_>, _: &Instrument, _: Price) -> Result<(), DeskError> {
        Ok(())
    }
}
