//! A server of plain sockets that does exactly what a test says, and counts what it got.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use truebook_venues::alpaca::{Alpaca, Keys, Options};

/// What it got.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) connection: usize,
}

/// What it does then.
pub(crate) enum Answer {
    /// Replies, with these further header lines.
    Reply(u16, &'static str, String),
    /// Sends these bytes and closes.
    Raw(String),
    /// Closes without a word.
    Close,
    /// Replies, and closes although it did not say so.
    ReplyAndClose(u16, String),
    /// Says nothing, and leaves the connection open.
    Silence,
}

pub(crate) struct Server {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                std::thread::spawn(move || serve(connection, &stream.unwrap(), &seen, &*answer));
            }
        });
        Self { address, requests }
    }

    pub(crate) fn venue(&self) -> Alpaca {
        self.venue_with(|_| ())
    }

    pub(crate) fn venue_with(&self, change: impl FnOnce(&mut Options)) -> Alpaca {
        let mut options = Options::at(&self.address).unwrap();
        change(&mut options);
        Alpaca::new(Keys::new("the-id", "the-secret").unwrap(), options)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, method: &str) -> usize {
        self.requests().iter().filter(|request| request.method == method).count()
    }
}

fn serve(
    connection: usize,
    stream: &TcpStream,
    seen: &Mutex<Vec<Request>>,
    answer: &dyn Fn(&Request) -> Answer,
) {
    let mut reader = BufReader::new(stream);
    while let Some(mut request) = read(&mut reader) {
        request.connection = connection;
        let what = answer(&request);
        seen.lock().unwrap().push(request);
        let mut out = stream;
        match what {
            Answer::Reply(status, headers, body) => write(out, status, headers, &body),
            Answer::Raw(text) => {
                out.write_all(text.as_bytes()).unwrap();
                return;
            }
            Answer::Close => return,
            Answer::ReplyAndClose(status, body) => {
                write(out, status, "", &body);
                return;
            }
            Answer::Silence => {}
        }
    }
}

fn write(mut out: &TcpStream, status: u16, headers: &str, body: &str) {
    let length = body.len();
    write!(out, "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{headers}\r\n{body}").unwrap();
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    let mut words = head.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    Some(Request { method, path, head, connection: 0 })
}
