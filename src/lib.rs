//! flowsh: a scriptable shell for Linux connection tracking.

pub mod flow;
pub mod kernel;
pub mod render;
pub mod script;
pub mod table;
pub mod wire;
