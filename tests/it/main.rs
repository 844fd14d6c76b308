//! Everything that is tested from outside, in one binary. What needs the kernel is in `kernel`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests are tests: they end by panicking"
)]

mod conntrack;
mod examples;
mod generated;
mod kernel;
mod lab;
mod model;
mod properties;
mod replay;
mod scripts;
mod session;
mod shell;
mod tidy;
mod transcript;
