//! The paper venue over HTTP, with the adapter of this project and with clients that nobody here wrote.

mod adapter;
mod compat;
mod support;
mod wire_faults;
