//! A small HTTP proxy with faults, between a remote target and the server. One request a connection.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const HEAD_BYTES_MAX: usize = 64 << 10;
const BODY_BYTES_MAX: usize = 256 << 20;

/// What happens to a request.
pub(crate) enum Fault {
    /// Nothing.
    Pass,
    /// It is answered here, with this status and this code of S3.
    Answer(u16, &'static str),
    /// It is forwarded a while later.
    Delay(Duration),
    /// The connection is closed before anything is read.
    Refuse,
    /// Half of the body goes to the server, then both connections break; before that, this is called.
    CutRequest(Box<dyn FnOnce() + Send>),
    /// Half of the reply comes back, then the connection breaks.
    CutReply,
    /// The server does it, and its reply is lost.
    LoseReply,
}

/// Which requests a fault is for.
pub(crate) struct Rule {
    /// Part of the request's first line, for example `PUT`.
    pub(crate) of: &'static str,
    pub(crate) fault: Fault,
}

#[derive(Default)]
struct Script {
    /// Each is used once, by the first request that fits.
    rules: VecDeque<Rule>,
    seen: Vec<String>,
}

struct Shared {
    server: SocketAddr,
    script: Mutex<Script>,
    /// The server looks whether a name is free and then takes it; real stores do both at once. With one write
    /// at a time, so does this one.
    writing: Mutex<()>,
    drops: Option<&'static str>,
}

/// The proxy; it ends with the test's process.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    pub(crate) fn to(server: SocketAddr) -> Self {
        Self::new(server, None)
    }

    /// One that leaves this header out of every request.
    pub(crate) fn dropping(server: SocketAddr, header: &'static str) -> Self {
        Self::new(server, Some(header))
    }

    fn new(server: SocketAddr, drops: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { server, script: Mutex::default(), writing: Mutex::default(), drops });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let serving = Arc::clone(&serving);
                // What breaks here is what a test wants to break, or the client notices it.
                std::thread::spawn(move || serving.serve(client));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds a fault for the next request whose first line contains `of`.
    pub(crate) fn next(&self, of: &'static str, fault: Fault) {
        self.shared.script().rules.push_back(Rule { of, fault });
    }

    /// The first lines of the requests since the last call.
    pub(crate) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.script().seen)
    }
}

impl Shared {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, line: &str) -> Fault {
        let mut script = self.script();
        script.seen.push(line.to_owned());
        let fits = script.rules.iter().position(|rule| line.contains(rule.of));
        fits.and_then(|at| script.rules.remove(at)).map_or(Fault::Pass, |rule| rule.fault)
    }

    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let (head, mut body) = read_head(&mut client)?;
        let fault = self.fault(head.lines().next().unwrap_or(""));
        if matches!(fault, Fault::Refuse) {
            return client.shutdown(Shutdown::Both);
        }
        read_body(&mut client, &head, &mut body)?;
        match fault {
            Fault::Answer(status, code) => return client.write_all(&answer(status, code)),
            Fault::Delay(duration) => std::thread::sleep(duration),
            Fault::CutRequest(before) => {
                let mut server = self.connect(&head)?;
                server.write_all(&body[..body.len() / 2])?;
                server.flush()?;
                before();
                return client.shutdown(Shutdown::Both);
            }
            Fault::Pass | Fault::Refuse | Fault::CutReply | Fault::LoseReply => {}
        }
        let reply = self.exchange(&head, &body)?;
        match fault {
            Fault::LoseReply => client.shutdown(Shutdown::Both),
            Fault::CutReply => client.write_all(&reply[..half(&reply)]),
            _ => client.write_all(&reply),
        }
    }

    /// Sends the request's head; the connection closes after the reply.
    fn connect(&self, head: &str) -> io::Result<TcpStream> {
        let mut server = TcpStream::connect(self.server)?;
        let dropped = |line: &&str| {
            let name = line.split(':').next().unwrap_or("").to_ascii_lowercase();
            name == "connection" || Some(name.as_str()) == self.drops
        };
        let lines = head.lines().filter(|line| !line.is_empty() && !dropped(line));
        let head: String = lines.flat_map(|line| [line, "\r\n"]).collect();
        write!(server, "{head}Connection: close\r\n\r\n")?;
        Ok(server)
    }

    fn exchange(&self, head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let reads = head.starts_with("GET") || head.starts_with("HEAD");
        let _alone = (!reads).then(|| self.writing.lock().unwrap_or_else(PoisonError::into_inner));
        let mut server = self.connect(head)?;
        server.write_all(body)?;
        let mut reply = Vec::new();
        server.read_to_end(&mut reply)?;
        Ok(reply)
    }
}

fn read_head(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut piece = [0; 8192];
    while bytes.len() < HEAD_BYTES_MAX {
        let got = client.read(&mut piece)?;
        if got == 0 {
            break;
        }
        bytes.extend_from_slice(&piece[..got]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), body));
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

fn read_body(client: &mut TcpStream, head: &str, body: &mut Vec<u8>) -> io::Result<()> {
    let mut lengths = head.lines().filter_map(|line| line.split_once(':')).filter_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
    });
    let length = lengths.next().unwrap_or(0).min(BODY_BYTES_MAX);
    let missing = length.saturating_sub(body.len()) as u64;
    client.take(missing).read_to_end(body).map(|_| ())
}

/// Half of a reply's body, and all of its head.
fn half(reply: &[u8]) -> usize {
    let head = reply.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |at| at + 4);
    head + (reply.len() - head) / 2
}

fn answer(status: u16, code: &str) -> Vec<u8> {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>a fault</Message></Error>");
    let length = body.len();
    format!("HTTP/1.1 {status} Fault\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").into()
}
