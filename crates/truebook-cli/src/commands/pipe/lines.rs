//! Lines of standard input, with a limit.

use std::io::{self, BufRead};
use std::sync::mpsc::SyncSender;

/// The longest line that is read, in bytes: the largest event and what is around it.
pub(super) const LINE_BYTES_MAX: usize = (64 << 20) + 64 * 1024;

/// What a session waits for.
#[derive(Debug)]
pub(super) enum Input {
    Line(Vec<u8>),
    /// A line above [`LINE_BYTES_MAX`], which was skipped.
    TooLong,
    End,
    Failed(io::Error),
    /// The process was asked to end.
    Signal,
}

/// Reads standard input in a thread of its own, so that a signal is heard meanwhile.
pub(super) fn read_in_background(sender: SyncSender<Input>) {
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        loop {
            let input = next(&mut stdin);
            let last = matches!(input, Input::End | Input::Failed(_));
            // Nobody receives any more when the session has ended.
            if sender.send(input).is_err() || last {
                return;
            }
        }
    });
}

fn next(from: &mut impl BufRead) -> Input {
    read_line(from).unwrap_or_else(Input::Failed)
}

fn read_line(from: &mut impl BufRead) -> io::Result<Input> {
    let mut line = Vec::new();
    let mut length = 0;
    loop {
        let chunk = match from.fill_buf() {
            Err(failed) if failed.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        let newline = chunk.iter().position(|byte| *byte == b'\n');
        let (taken, at_end) = (newline.unwrap_or(chunk.len()), chunk.is_empty());
        length += taken;
        if length <= LINE_BYTES_MAX {
            line.extend_from_slice(&chunk[..taken]);
        }
        from.consume(taken + usize::from(newline.is_some()));
        if at_end && length == 0 {
            return Ok(Input::End);
        }
        if at_end || newline.is_some() {
            return Ok(if length > LINE_BYTES_MAX { Input::TooLong } else { Input::Line(line) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_and_the_last_may_lack_its_end() {
        let mut from = io::BufReader::with_capacity(3, &b"first\n\nlast"[..]);
        assert!(matches!(next(&mut from), Input::Line(line) if line == b"first"));
        assert!(matches!(next(&mut from), Input::Line(line) if line.is_empty()));
        assert!(matches!(next(&mut from), Input::Line(line) if line == b"last"));
        assert!(matches!(next(&mut from), Input::End));
    }
}
