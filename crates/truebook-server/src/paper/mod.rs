//! The paper venue over HTTP, speaking Alpaca's Trading API v2 and its stream of trade updates.
//!
//! `connection` is the network, [`Ask`](ask::Ask) and [`Answer`](answer::Answer) what goes through it,
//! `route` decides who answers, `orders`, `account` and `control` answer, `read` and `render` translate, and
//! `stream` tells what happens. A fault of the venue is a fault on the wire here: a lost reply is a
//! connection that closes without one.

mod account;
mod answer;
mod ask;
mod connection;
mod control;
mod options;
mod orders;
mod positions;
mod read;
mod render;
mod route;
mod shared;
mod stream;

pub use options::{Frames, Options};

use shared::Shared;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::watch;
use truebook::paper::PaperVenue;

/// A running server. It stops when it is dropped.
#[derive(Debug)]
pub struct PaperServer {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl PaperServer {
    /// Serves a venue at an address; port 0 takes a free one. It answers when this returns.
    ///
    /// # Errors
    /// If the address cannot be had.
    pub fn start(address: SocketAddr, venue: PaperVenue, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared::new(venue, options, stopped));
        let pump = stream::pump(Arc::clone(&shared))?;
        let serve = std::thread::Builder::new().name("paper server".to_owned());
        let serve = serve.spawn(move || connection::run(runtime, listener, &shared))?;
        Ok(Self { address, stop, threads: vec![serve, pump] })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as the beginning of a request's address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it: connections are closed, and nothing answers any more when this returns.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing left to stop.
            drop(thread.join());
        }
    }
}

impl Drop for PaperServer {
    fn drop(&mut self) {
        self.end();
    }
}
