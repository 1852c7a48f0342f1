//! Lists the overdue invoices, for a cron job:
//! `cargo run --features teamleader --example teamleader_overdue`.
//!
//! Without settings the example uses a sandbox on this machine. With `TEAMLEADER_CLIENT_ID`,
//! `TEAMLEADER_CLIENT_SECRET` and a login in `teamleader.json` it lists the invoices of that account.

#[path = "support/teamleader.rs"]
mod support;

use std::collections::BTreeMap;

use comfy_table::Table;
use evergrant::BoxError;
use evergrant::teamleader::invoices::{InvoiceFilter, InvoiceSort, InvoiceStatus};
use evergrant::teamleader::{Decimal, Order};
use indicatif::ProgressBar;

/// With more invoices than this, a terminal shows a progress bar.
const LONG: u64 = 100;

fn main() -> Result<(), BoxError> {
    let (_server, teamleader) = support::teamleader()?;
    let outstanding = InvoiceFilter::new().status(vec![InvoiceStatus::Outstanding]);
    let list = teamleader.invoices().filter(outstanding);
    let list = list.sort(InvoiceSort::InvoiceDate, Order::Ascending);
    // The bar is drawn on standard error, and only if standard error is a terminal.
    let bar = match list.count()? {
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
        *sum = sum.checked_add(due.amount).ok_or("the sum has more than 38 digits")?;
    }
    bar.finish_and_clear();
    println!("{table}");
    for (currency, sum) in sums {
        println!("{sum} {currency} overdue");
    }
    Ok(())
}
