//! The Python package `truebook`: the part that is in Rust.
//!
//! It is thin: what a book is, the crate `truebook` knows; what Python programmers hold in their hand is in
//! `python/truebook`. Here is what stands between the two. Whatever blocks runs with the interpreter released,
//! and no lock of ours is held while Python code runs.

mod contract;
mod core;
mod fault;
mod options;
mod restore;
mod rows;
mod spec;
mod state;
mod venues;

use pyo3::pymodule;

/// The part of the package that is in Rust. Use `truebook`; what is in here may change at any time.
#[pymodule]
mod _truebook {
    #[pymodule_export]
    use crate::contract::{contract_check, contract_names};
    #[pymodule_export]
    use crate::core::Core;
    #[pymodule_export]
    use crate::restore::restore_book;
    #[pymodule_export]
    use crate::venues::paper::PaperCore;

    /// The version of the package.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
