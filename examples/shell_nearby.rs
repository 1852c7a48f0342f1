//! Prints a table of the charge points near a place.
//!
//! `cargo run --features shell-ev --example shell_nearby` uses a sandbox on this machine. With
//! `O_AUTH_CLIENT_ID`, `O_AUTH_CLIENT_SECRET` and `ENVIRONMENT` (`SIT` or `PRODUCTION`) set, the example
//! calls Shell: `... --example shell_nearby -- 52.37 4.89`. The token is kept in `shell.json`.

use comfy_table::Table;
use evergrant::shell_ev::{Environment, EvseStatus, ShellEv};
use evergrant::{BoxError, FileBackend};

#[path = "shared/shell.rs"]
mod shell;

fn main() -> Result<(), BoxError> {
    let (sandbox, shell) = match std::env::var_os("O_AUTH_CLIENT_ID") {
        Some(_) => {
            let store = FileBackend::new("shell.json");
            (None, ShellEv::from_env(Environment::from_env()?, store)?)
        }
        None => shell::sandbox().map(|(sandbox, shell)| (Some(sandbox), shell))?,
    };
    let mut place = std::env::args().skip(1).filter_map(|text| text.parse().ok());
    let (latitude, longitude) = (place.next().unwrap_or(52.37), place.next().unwrap_or(4.89));

    let nearby = shell.locations().nearby(latitude, longitude).with_operator_name(true).limit(10);
    let mut table = Table::new();
    table.set_header(["location", "operator", "city", "free", "highest power"]);
    for location in nearby.call()? {
        let free = location.evses.iter().filter(|evse| evse.status == Some(EvseStatus::Available));
        let powers = location.evses.iter().flat_map(|evse| &evse.connectors);
        let powers =
            powers.filter_map(|plug| plug.electrical_properties.as_ref()?.max_electric_power);
        table.add_row([
            location.uid.as_ref().map(ToString::to_string).unwrap_or_default(),
            location.operator_name.clone().unwrap_or_default(),
            location.address.as_ref().and_then(|it| it.city.clone()).unwrap_or_default(),
            format!("{} of {}", free.count(), location.evses.len()),
            format!("{} kW", powers.max().unwrap_or_default()),
        ]);
    }
    println!("{table}");
    drop(sandbox);
    Ok(())
}
