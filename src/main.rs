//! The program: hands the command line to [`flowsh::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    flowsh::cli::main()
}
