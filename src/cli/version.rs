//! `version`: of the program, of Score and of our API.

use super::exit::{Failure, print};
use crate::api::API_VERSION;
use crate::offline::document::SCORE_VERSION;

pub(super) fn execute() -> Result<(), Failure> {
    let program = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
    print(&format!("{program}\nScore specification: {SCORE_VERSION}\nAPI version: {API_VERSION}\n"))
}
