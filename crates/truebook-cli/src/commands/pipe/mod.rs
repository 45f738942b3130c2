//! `pipe`: a session for any language. One JSON command a line in, one JSON answer a line out, each only
//! when what it says is durable.

mod answer;
mod lines;
mod request;
mod session;
mod signals;
mod trade;

use crate::errors::{Failure, Outcome};
use crate::flags::PipeArgs;
use crate::needs::{Needs, backup, input, venue};
use crate::output::notes;
use lines::Input;
use session::{Session, Step};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;
use truebook::book::{CheckpointSchedule, OpenOptions};
use truebook::core::identity::Expected;
use truebook::engine::Trader;

pub(super) fn run(needs: &Needs, args: &PipeArgs) -> Result<Outcome, Failure> {
    needs.warn_of_memory();
    let book = needs.open(options(needs, args)?)?;
    for change in book.unaccepted_settings() {
        notes::warn(&format!("the setting {} has changed and is not accepted", change.path));
    }
    let keeper = backup::keeper_if_asked(needs, &args.backups, &book)?;
    // One line ahead: whoever floods the session waits for it.
    let (sender, inputs) = sync_channel(1);
    signals::watch(sender.clone())?;
    lines::read_in_background(sender);
    let trader = match &args.trading.venue_url {
        None => None,
        Some(_) => Some(Trader::new(book.clone(), venue::of_book(&book, &args.trading)?)?),
    };
    let mut session = Session::new(book, trader, needs.out());
    let served = serve(&mut session, &inputs);
    if let Some(keeper) = keeper {
        notes::backups(&keeper.close());
    }
    served?;
    Ok(session.end())
}

fn options(needs: &Needs, args: &PipeArgs) -> Result<OpenOptions, Failure> {
    let usual = needs.options();
    let checkpoints =
        CheckpointSchedule { interval: Duration::from_secs(args.checkpoint_interval), ..usual.checkpoints };
    Ok(OpenOptions {
        expected: Expected {
            venue: args.venue.clone(),
            account: args.account.clone(),
            mode: args.mode.map(Into::into),
        },
        settings: args.settings.as_ref().map(input::settings).transpose()?,
        on_changed_settings: args.on_changed_settings.into(),
        checkpoints,
        ..usual
    })
}

fn serve(session: &mut Session, inputs: &Receiver<Input>) -> Result<(), Failure> {
    while let Ok(input) = inputs.recv() {
        let step = match input {
            Input::Line(line) => session.answer(&line)?,
            Input::TooLong => session.refuse_long_line()?,
            Input::Failed(failed) => {
                notes::warn(&format!("reading standard input failed, the session ends: {failed}"));
                Step::End
            }
            Input::End | Input::Signal => Step::End,
        };
        if step == Step::End {
            break;
        }
    }
    Ok(())
}
