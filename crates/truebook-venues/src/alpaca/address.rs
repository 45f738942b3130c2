//! Where the venue is.

/// The venue's paper trading.
pub const PAPER: &str = "https://paper-api.alpaca.markets";
/// The venue itself.
pub const LIVE: &str = "https://api.alpaca.markets";
/// Market data, the same for both.
pub const DATA: &str = "https://data.alpaca.markets";

/// The address of one of the venue's hosts: a scheme, a host and perhaps a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    tls: Tls,
    host: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tls {
    Yes,
    No,
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is none.
    #[error("{0:?} is not https://HOST or https://HOST:PORT")]
    Malformed(String),
    /// It would send keys over a network that others can read.
    #[error("{0} is not encrypted: plain http is for this machine only")]
    Open(String),
}

impl Address {
    /// Reads `https://HOST[:PORT]`; plain `http` is taken only for this machine itself.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let malformed = || AddressError::Malformed(text.to_owned());
        let (scheme, host) = text.trim_end_matches('/').split_once("://").ok_or_else(malformed)?;
        if host.is_empty() || host.contains(['/', '?', '#', '@', ' ']) {
            return Err(malformed());
        }
        let tls = match scheme {
            "https" => Tls::Yes,
            "http" if is_this_machine(host) => Tls::No,
            "http" => return Err(AddressError::Open(text.to_owned())),
            _ => return Err(malformed()),
        };
        Ok(Self { tls, host: host.to_owned() })
    }

    /// As the beginning of a request's address.
    pub(crate) fn base(&self) -> String {
        let scheme = if self.is_encrypted() { "https" } else { "http" };
        format!("{scheme}://{}", self.host)
    }

    /// Of the stream of trade updates on the same host.
    pub(crate) fn stream(&self) -> String {
        let scheme = if self.is_encrypted() { "wss" } else { "ws" };
        format!("{scheme}://{}/stream", self.host)
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.tls == Tls::Yes
    }

    pub(crate) fn host_and_port(&self) -> String {
        let has_port = self.host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let usual = if self.is_encrypted() { 443 } else { 80 };
        if has_port { self.host.clone() } else { format!("{}:{usual}", self.host) }
    }
}

fn is_this_machine(host: &str) -> bool {
    let without_port = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
    let name = without_port.map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "[::1]")
        || name.parse::<core::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_on_the_same_host() {
        let live = Address::parse(LIVE).unwrap();
        assert_eq!(live.stream(), "wss://api.alpaca.markets/stream");
        assert_eq!(live.host_and_port(), "api.alpaca.markets:443");
        let here = Address::parse("http://127.0.0.1:7000/").unwrap();
        assert_eq!(here.stream(), "ws://127.0.0.1:7000/stream");
        assert_eq!(here.host_and_port(), "127.0.0.1:7000");
    }

    #[test]
    fn keys_are_never_sent_in_the_open() {
        for text in ["http://api.alpaca.markets", "http://localhost.example.com", "http://10.0.0.1:80"] {
            assert!(matches!(Address::parse(text), Err(AddressError::Open(_))), "{text}");
        }
        for text in ["", "api.alpaca.markets", "ftp://x", "https://", "https://a/b", "https://a@b"] {
            assert!(matches!(Address::parse(text), Err(AddressError::Malformed(_))), "{text}");
        }
    }
}
