//! What the black-box tests share: the built program, a demonstration register, the foreign verifiers.
//!
//! Nothing here knows a room of the house. A test sees what a clerk sees: commands, files, exit codes.

mod demonstration;
pub mod phone;
mod program;
mod python;
pub mod rectification;
mod scene;
mod server;

pub use demonstration::{Demonstration, boundary_args, import_args};
pub use program::{Outcome, Register, program, real_data};
pub use python::{python, script};
pub use scene::Scene;
pub use server::{Answer, PASSWORD, Person, Server, try_log_in};
