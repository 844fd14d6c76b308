//! flowsh: a scriptable shell for Linux connection tracking.

pub mod cli;
pub mod flow;
pub mod kernel;
pub mod render;
pub mod run;
pub mod script;
pub mod shell;
pub mod table;
pub mod wire;
