//! `completions`: a script that teaches a shell the commands.

use crate::errors::{Failure, Outcome};
use crate::flags::{CompletionsArgs, Flags};
use crate::output::{Format, Out};
use clap::CommandFactory;
use std::io::Write;

pub(super) fn run(args: &CompletionsArgs) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Flags::command(), "truebook", &mut script);
    let mut out = Out::stdout(Format::Text);
    out.write(|to| to.write_all(&script))?;
    out.flush()?;
    Ok(Outcome::Fine)
}
