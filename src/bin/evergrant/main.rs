//! `evergrant`: logs in, and keeps, shows, moves and uses logins from a terminal. `src/guide/tool.md` describes
//! every command.

#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod arguments;
mod command;
mod credentials;
mod description;
mod failure;
mod logins;
mod places;
mod progress;
mod rescue;
mod service;
mod shelf;
mod show;
mod signals;
mod store;
mod text;
mod unsaved;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};
use crate::command::Context;
use crate::failure::{Failure, Outcome};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let quiet = arguments.quiet;
    show::log_to_stderr(quiet);
    signals::watch();
    match run(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            show::failure(&failure);
            ExitCode::from(failure.code)
        }
    }
}

fn run(arguments: Arguments) -> Outcome {
    let Arguments { command, store, env_file, quiet } = arguments;
    match command {
        // These two commands need no folder.
        Command::Completions { shell } => return command::generate::completions(shell),
        Command::Man { folder } => return command::generate::man(folder.as_deref()),
        _ => {}
    }
    let context = Context::new(store, env_file, quiet)?;
    match command {
        Command::Login(login) => command::login::run(&context, &login),
        Command::Logout { name, forget } => command::logout::run(&context, &name, forget),
        Command::Status { name, json } => command::status::run(&context, name.as_deref(), json),
        Command::Token { name, terminal } => command::token::run(&context, &name, terminal),
        Command::Call(call) => command::call::run(&context, &call),
        Command::KeepAlive { names } => command::keep_alive::run(&context, &names),
        Command::Import(import) => command::import::run(&context, &import),
        Command::Move { name, to, to_env } => {
            command::moving::run(&context, &name, to.as_deref(), to_env.as_deref())
        }
        Command::Providers { name } => command::providers::run(&context, name.as_deref()),
        Command::Doctor { name } => command::doctor::run(&context, name.as_deref()),
        Command::GetTokens(login) => command::get_tokens::run(&context, &login),
        Command::Completions { .. } | Command::Man { .. } => Err(Failure::new("unreachable")),
    }
}
