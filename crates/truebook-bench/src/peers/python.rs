//! What bots do today: the whole state dumped as JSON beside the old file, then renamed over it.
//!
//! A python3 process saves when told to and reports how long each save took by its own clock.

use crate::engine::{EngineName, Latencies, Turns};
use crate::error::{BenchError, DuringIo};
use crate::process::is_installed;
use crate::records::Record;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

const SCRIPT: &str = include_str!("save_state.py");
/// One save costs as much as many records; it takes this much less often so that the others' samples are not
/// thinned.
const RECORDS_PER_SAVE: usize = 10;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Flush {
    /// The usual way: a power cut may leave the file empty.
    Never,
    FileAndFolder,
}

pub(crate) struct Python {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Python {
    pub(crate) fn start(engine: EngineName, flush: Flush, dir: &Path) -> Result<Self, BenchError> {
        if !is_installed("python3", "--version") {
            let why = "python3 is not installed".into();
            return Err(BenchError::Absent { engine, why });
        }
        let mut child = command(flush, dir).spawn().during(|| "start python3".into())?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (orders, answers) = pipes.ok_or_else(|| said("no pipes"))?;
        Ok(Self { child, orders: Some(orders), answers: BufReader::new(answers) })
    }

    fn ask(&mut self, saves: usize) -> Result<(), BenchError> {
        let orders = self.orders.as_mut().ok_or_else(|| said("already closed"))?;
        writeln!(orders, "{saves}").during(|| "write to python3".into())?;
        orders.flush().during(|| "write to python3".into())
    }

    fn answer(&mut self) -> Result<Vec<u64>, BenchError> {
        let mut line = String::new();
        self.answers.read_line(&mut line).during(|| "read from python3".into())?;
        serde_json::from_str(&line).map_err(|error| said(&format!("{error} in {line:?}")))
    }
}

fn command(flush: Flush, dir: &Path) -> Command {
    let mut command = Command::new("python3");
    let flush = match flush {
        Flush::Never => "never",
        Flush::FileAndFolder => "file-and-folder",
    };
    command.args(["-c", SCRIPT]).arg(dir).arg(flush);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn said(what: &str) -> BenchError {
    let said = what.to_owned();
    BenchError::Child { child: "python3", said }
}

impl Turns for Python {
    fn turn(&mut self, records: &[Arc<Record>], latencies: &mut Latencies) -> Result<(), BenchError> {
        self.ask(records.len().div_ceil(RECORDS_PER_SAVE))?;
        for latency in self.answer()? {
            latencies.saturating_record(latency);
        }
        Ok(())
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // The end of its input ends it; waiting leaves no child behind, and how it ended changes no figure.
        drop(self.orders.take());
        drop(self.child.wait());
    }
}
