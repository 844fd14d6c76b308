//! flowsh: a scriptable shell for Linux connection tracking.

pub mod flow;
pub mod kernel;
pub mod table;
pub mod wire;
