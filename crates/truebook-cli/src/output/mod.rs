//! What people and programs read: results on standard output, everything else on standard error.

pub(crate) mod notes;
pub(crate) mod progress;
pub(crate) mod table;

use crate::errors::Failure;
use serde::Serialize;
use std::io::{self, BufWriter, Stdout, Write};

/// Who reads the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

/// Standard output. When its reader has gone (`| head`), the rest is dropped quietly; whoever writes much
/// asks [`Out::is_closed`].
pub(crate) struct Out {
    to: BufWriter<Stdout>,
    format: Format,
    reader: Reader,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    There,
    Gone,
}

impl Out {
    pub(crate) fn stdout(format: Format) -> Self {
        Self { to: BufWriter::new(io::stdout()), format, reader: Reader::There }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.reader == Reader::Gone
    }

    /// Prints one or the other, as was asked for.
    pub(crate) fn show<T: Serialize>(
        &mut self,
        json: &T,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.json(json),
            Format::Text => self.text(&text()),
        }
    }

    /// A line of text, or several.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.write(|to| writeln!(to, "{text}"))?;
        self.flush()
    }

    /// A JSON document for programs that people can read too.
    fn json<T: Serialize>(&mut self, value: &T) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|failed| Failure::new(format!("encode the output: {failed}")))?;
        self.text(&text)
    }

    /// Writes without flushing.
    pub(crate) fn write(
        &mut self,
        write: impl FnOnce(&mut BufWriter<Stdout>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        if self.is_closed() {
            return Ok(());
        }
        let outcome = write(&mut self.to);
        self.judge(outcome)
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.write(BufWriter::flush)
    }

    fn judge(&mut self, outcome: io::Result<()>) -> Result<(), Failure> {
        match outcome {
            Err(failed) if failed.kind() == io::ErrorKind::BrokenPipe => {
                self.reader = Reader::Gone;
                Ok(())
            }
            Err(failed) => Err(Failure::new("write standard output").with_cause(&failed)),
            Ok(()) => Ok(()),
        }
    }
}
