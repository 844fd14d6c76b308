//! The library: what is asked of the table and what is kept of its answers. No socket and no
//! printing; a flow comes in by reference and what leaves is counted, ranked or packed.

pub mod text;
