//! A WebSocket that blocks for a moment at most, so that its thread can be stopped.

use super::Address;
use core::time::Duration;
use std::io::ErrorKind;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use truebook::venue::{VenueError, VenueErrorKind};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Connector, Message, WebSocket};

/// How long a read waits for something to come.
const MOMENT: Duration = Duration::from_millis(250);

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A message, in text or in binary.
    Text(String),
    /// A sign of life.
    Life,
    /// Nothing, for a moment.
    Silence,
}

/// A connection.
pub(crate) struct Socket(WebSocket<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) fn connect(address: &Address, timeout: Duration) -> Result<Self, VenueError> {
        let tcp = tcp(address, timeout)?;
        let limits = tcp.set_read_timeout(Some(timeout)).and_then(|()| tcp.set_write_timeout(Some(timeout)));
        limits.and_then(|()| tcp.set_nodelay(true)).map_err(|error| failed(&error))?;
        let later = tcp.try_clone().map_err(|error| failed(&error))?;
        let connector = if address.is_encrypted() { Connector::Rustls(tls()) } else { Connector::Plain };
        let joined = tungstenite::client_tls_with_config(address.stream(), tcp, None, Some(connector));
        let (socket, _) = joined.map_err(|error| failed(&error))?;
        later.set_read_timeout(Some(MOMENT)).map_err(|error| failed(&error))?;
        Ok(Self(socket))
    }

    pub(crate) fn send(&mut self, text: &str) -> Result<(), VenueError> {
        self.0.send(Message::text(text)).map_err(|error| failed(&error))
    }

    pub(crate) fn ping(&mut self) -> Result<(), VenueError> {
        self.0.send(Message::Ping(tungstenite::Bytes::new())).map_err(|error| failed(&error))
    }

    /// The next frame, or nothing if none comes for a moment.
    pub(crate) fn receive(&mut self) -> Result<Frame, VenueError> {
        match self.0.read() {
            Ok(Message::Text(text)) => Ok(Frame::Text(text.as_str().to_owned())),
            Ok(Message::Binary(bytes)) => Ok(Frame::Text(String::from_utf8_lossy(&bytes).into_owned())),
            Ok(Message::Close(_)) => Err(failed(&"closed by the venue")),
            Ok(_) => Ok(Frame::Life),
            Err(tungstenite::Error::Io(error)) if is_silence(error.kind()) => Ok(Frame::Silence),
            Err(error) => Err(failed(&error)),
        }
    }
}

fn is_silence(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn tcp(address: &Address, timeout: Duration) -> Result<TcpStream, VenueError> {
    let mut last = None;
    for place in address.host_and_port().to_socket_addrs().map_err(|error| failed(&error))? {
        match TcpStream::connect_timeout(&place, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or_else(|| failed(&"no address of that name"), |error| failed(&error)))
}

/// Said outright which cryptography, because a program may contain several.
fn tls() -> Arc<rustls::ClientConfig> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap_or_else(|_| unreachable!("the provider has ciphers for every version of TLS"));
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

fn failed(error: &impl ToString) -> VenueError {
    VenueError::new(VenueErrorKind::Unknown, format!("stream: {}", error.to_string()))
}
