//! `completions` and `man`, from the same description of the arguments as the help.

use std::path::Path;

use clap::CommandFactory as _;

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome, file};
use crate::show;

pub(crate) fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "evergrant", &mut script);
    show::write(&script)?;
    Ok(0)
}

pub(crate) fn man(folder: Option<&Path>) -> Outcome {
    match folder {
        Some(folder) => clap_mangen::generate_to(Arguments::command(), folder)
            .map_err(|error| file("write the manual pages into", folder, &error))?,
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Arguments::command())
                .render(&mut page)
                .map_err(|error| Failure::new(format!("cannot write the manual page: {error}")))?;
            show::write(&page)?;
        }
    }
    Ok(0)
}
