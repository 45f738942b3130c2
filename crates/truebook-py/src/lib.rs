//! The Python package `truebook`: the part that is in Rust.
