//! The paper venue that was asked for: its class, its clock and what it keeps.

use crate::errors::Failure;
use crate::flags::{ClassArg, PaperArgs};
use crate::needs::Needs;
use rust_decimal::Decimal;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use truebook::World;
use truebook::book::{OpenError, Peek};
use truebook::core::capability::Rules;
use truebook::core::id::{IdError, Instrument};
use truebook::core::money::{Price, Qty};
use truebook::core::time::Utc;
use truebook::paper::{PaperSettings, PaperStore, PaperVenue};
use truebook::world::{Clock, SystemClock};

/// A clock that is off by so many nanoseconds.
struct Shifted(i64);

impl Clock for Shifted {
    fn now(&self) -> Utc {
        Utc::from_nanos(SystemClock.now().nanos().saturating_add(self.0))
    }
}

pub(super) fn open(needs: &Needs, data: Option<&Path>, args: &PaperArgs) -> Result<PaperVenue, Failure> {
    let mut settings = settings(args.class, &args.symbol).map_err(|failed| Failure::caused(&failed))?;
    settings.capabilities.propagation = Duration::from_secs(args.faults.invisible_s);
    if let Some(seconds) = args.faults.forget_s {
        settings.capabilities.unfilled_visible = Some(Duration::from_secs(seconds));
    }
    let clock = Arc::new(Shifted(args.clock_s.saturating_mul(1_000_000_000)));
    let Some(data) = data else { return Ok(PaperVenue::new(settings, clock)) };
    refuse_a_bots_book(needs, data)?;
    let world = World { clock: Arc::new(SystemClock), ..World::real(data) };
    let store = PaperStore::open(world, needs.options()).map_err(|failed| Failure::caused(&failed))?;
    PaperVenue::stored(settings, clock, store).map_err(|failed| Failure::caused(&failed))
}

/// How a venue of this class behaves that trades these, in cents and whole units.
pub(in crate::commands) fn settings(
    class: ClassArg,
    symbols: &[Instrument],
) -> Result<PaperSettings, IdError> {
    let settings = match class {
        ClassArg::A => PaperSettings::class_a("paper"),
        ClassArg::B => PaperSettings::class_b("paper"),
        ClassArg::C => PaperSettings::class_c("paper"),
    };
    let rules = Rules { tick: Price::new(Decimal::new(1, 2)), lot: Qty::new(Decimal::ONE), ..Rules::none() };
    let trading =
        |settings: PaperSettings, symbol: &Instrument| settings.trading(symbol.clone(), rules.clone());
    Ok(symbols.iter().fold(settings?, trading))
}

/// `TRUEBOOK_DATA` may be set for a bot in the same shell: its book is not the venue's.
fn refuse_a_bots_book(needs: &Needs, data: &Path) -> Result<(), Failure> {
    let peek = match Peek::read(&World::real(data), needs.key()) {
        Err(OpenError::NoBook { .. }) => return Ok(()),
        found => found?,
    };
    let identity = &peek.state.live().identity;
    if identity.name.as_str() == "paper venue" && identity.account.as_str() == "venue" {
        return Ok(());
    }
    let message = format!("{} holds the book {}, not a paper venue's", data.display(), identity.name);
    Err(Failure::new(message).with_hint("--data with a directory of its own, or none"))
}
