//! The parlour: an interactive shell. The only room that names `rustyline`.

use crate::run::Status;
use crate::script::{Output, Program};

/// Runs the shell until its user leaves.
pub fn run(program: impl FnOnce(Box<dyn Output>) -> Program) -> Status {
    drop(program(Box::new(crate::run::Console)));
    Status::Done
}
