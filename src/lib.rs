//! flowsh: a scriptable shell for Linux connection tracking. This page is the map.
//!
//! Nine rooms, one direction: each may use only the rooms above it in this list.
//!
//! | room | is | look first at |
//! |---|---|---|
//! | [`flow`] | the vocabulary: no bytes, no I/O, no script | [`flow::Flow`], [`flow::Filter`], [`flow::Field`] |
//! | [`wire`] | bytes ⇄ flow, pure | [`wire::decode_flow`], [`wire::Requests`] |
//! | [`kernel`] | the door: sockets and `/proc` | [`kernel::Source`], [`kernel::Live`], [`kernel::Batch`] |
//! | [`table`] | the library: asked, changed, counted, kept | [`table::Query`], [`table::change()`] |
//! | [`render`] | the printer: rows → text | [`render::Format`], [`render::Printer`] |
//! | [`script`] | the workshop: what scripts can see | [`script::Program`], [`script::Host`] |
//! | [`run`] | the stage: a script's life | [`run::run()`], [`run::Status`] |
//! | [`shell`] | the parlour: the prompt | [`shell::run()`] |
//! | [`cli`] | argv → command | [`cli::main()`] |
//!
//! A message's way: [`kernel`] receives, [`wire`] decodes, [`flow::Filter`] judges, [`table`]
//! collects, [`render`] prints; or [`run`] calls a handler. A change goes the other way: [`table`]
//! plans, [`kernel`] sends in batches, [`wire`] encodes.
//!
//! Context is added to an error once, by the room that has it: [`wire`] names the attribute,
//! [`kernel`] the request, [`script`] the line.

pub mod cli;
pub mod flow;
pub mod kernel;
pub mod render;
pub mod run;
pub mod script;
pub mod shell;
pub mod table;
pub mod wire;
