//! The program: hands the command line to [`flowsh::cli`].

fn main() {}
