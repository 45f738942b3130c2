//! A process that `demo` or `audit` starts: what it prints is heard line by line, and it is ended or killed.

use crate::errors::Failure;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How long a process may take to say or do something before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Child {
    name: &'static str,
    process: std::process::Child,
    lines: Receiver<String>,
}

/// What came of listening.
pub(crate) enum Heard {
    Line(String),
    /// It prints nothing more.
    End,
}

impl Child {
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Result<Self, Failure> {
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|failed| Failure::new(format!("start {name}")).with_cause(&failed))?;
        let (sender, lines) = channel();
        if let Some(stdout) = process.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    // Nobody listens any more once the show is over.
                    drop(sender.send(line));
                }
            });
        }
        Ok(Self { name, process, lines })
    }

    /// Waits for a line.
    pub(crate) fn hear(&mut self) -> Result<Heard, Failure> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Ok(Heard::Line(line)),
            Err(RecvTimeoutError::Disconnected) => Ok(Heard::End),
            Err(RecvTimeoutError::Timeout) => Err(Failure::new(format!("{} says nothing", self.name))),
        }
    }

    /// Listens for so long.
    pub(crate) fn hear_for(&self, time: Duration, mut each: impl FnMut(&str)) {
        let end = std::time::Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(std::time::Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => each(&line),
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => return std::thread::sleep(left),
            }
        }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Closes its standard input.
    pub(crate) fn close_input(&mut self) {
        drop(self.process.stdin.take());
    }

    /// Kills it, as a power cut would; gives what it had printed before.
    pub(crate) fn kill(mut self) -> Result<Vec<String>, Failure> {
        if let Ok(Some(_)) = self.process.try_wait() {
            return Err(self.ended_early());
        }
        self.process
            .kill()
            .map_err(|failed| Failure::new(format!("kill {}", self.name)).with_cause(&failed))?;
        self.wait()?;
        Ok(self.lines.iter().collect())
    }

    /// Asks it to end, and waits; gives what it had left to say.
    pub(crate) fn end(mut self) -> Result<Vec<String>, Failure> {
        self.ask_to_end()?;
        let status = self.wait()?;
        if !status.success() {
            return Err(self.ended_early());
        }
        Ok(self.lines.iter().collect())
    }

    fn wait(&mut self) -> Result<std::process::ExitStatus, Failure> {
        self.process
            .wait()
            .map_err(|failed| Failure::new(format!("wait for {}", self.name)).with_cause(&failed))
    }

    #[cfg(unix)]
    fn ask_to_end(&mut self) -> Result<(), Failure> {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        let Some(pid) = pid else { return Err(Failure::new(format!("{} has no number", self.name))) };
        kill_process(pid, Signal::TERM)
            .map_err(|failed| Failure::new(format!("end {}", self.name)).with_cause(&failed))
    }

    #[cfg(not(unix))]
    fn ask_to_end(&mut self) -> Result<(), Failure> {
        self.process.kill().map_err(|failed| Failure::new(format!("end {}", self.name)).with_cause(&failed))
    }

    /// It ended although nobody had asked it to.
    pub(crate) fn ended_early(&mut self) -> Failure {
        drop(self.process.kill());
        drop(self.process.wait());
        let mut said = String::new();
        if let Some(mut stderr) = self.process.stderr.take() {
            drop(stderr.read_to_string(&mut said));
        }
        Failure::new(format!("{} ended by itself: {}", self.name, said.trim()))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Whoever fails leaves no process behind.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
