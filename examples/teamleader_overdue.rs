//! A cron job: prints every overdue invoice.
//! `cargo run --features teamleader --example teamleader_overdue`.
//!
//! Without variables it uses a sandbox in place of Teamleader. With `TEAMLEADER_CLIENT_ID` and
//! `TEAMLEADER_CLIENT_SECRET` set, and a login in `teamleader.json`, it prints the invoices of that account.

#[path = "support/teamleader.rs"]
mod support;

use std::collections::BTreeMap;

use comfy_table::Table;
use evergrant::BoxError;
use evergrant::teamleader::invoices::{InvoiceFilter, InvoiceSort, InvoiceStatus};
use evergrant::teamleader::{Decimal, Order};
use indicatif::ProgressBar;

/// From how many invoices on somebody who looks is shown how far it is.
const LONG: u64 = 100;

fn main() -> Result<(), BoxError> {
    let (_server, teamleader) = support::teamleader()?;
    let outstanding = InvoiceFilter::new().status(vec![InvoiceStatus::Outstanding]);
    let list = teamleader.invoices().list().filter(outstanding);
    let list = list.sort(InvoiceSort::InvoiceDate, Order::Ascending);
    // It goes to the terminal's standard error, and nowhere if that is none.
    let bar = match list.total()? {
        Some(total) if total > LONG => ProgressBar::new(total),
        Some(_) => ProgressBar::hidden(),
        None => ProgressBar::new_spinner(),
    };
    let mut table = Table::new();
    table.set_header(["Invoice", "Customer", "Due on", "Open"]);
    let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
    for invoice in bar.wrap_iter(list.iter()) {
        let invoice = invoice?;
        let (true, Some(due_on), Some(due)) =
            (invoice.is_overdue(), invoice.due_on, invoice.total_due())
        else {
            continue;
        };
        let number = invoice.invoice_number.as_deref().unwrap_or("-");
        let customer = invoice.customer_name().unwrap_or("-");
        let open = format!("{} {}", due.amount, due.currency);
        table.add_row([number, customer, &due_on.to_string(), &open]);
        let sum = sums.entry(due.currency.to_string()).or_default();
        *sum = sum.checked_add(due.amount).ok_or("a sum of more than 38 digits")?;
    }
    bar.finish_and_clear();
    println!("{table}");
    for (currency, sum) in sums {
        println!("{sum} {currency} overdue");
    }
    Ok(())
}
