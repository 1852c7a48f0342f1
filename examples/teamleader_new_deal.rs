//! Finds or creates a company, and creates a deal for it:
//! `cargo run --features teamleader --example teamleader_new_deal [COMPANY [TITLE]]`.
//!
//! Without variables it uses a sandbox in place of Teamleader. With `TEAMLEADER_CLIENT_ID` and
//! `TEAMLEADER_CLIENT_SECRET` set, and a login in `teamleader.json`, it creates a real deal.

#[path = "support/teamleader.rs"]
mod support;

use evergrant::BoxError;
use evergrant::teamleader::companies::{CompanyFilter, NewCompany};
use evergrant::teamleader::deals::NewDeal;
use evergrant::teamleader::{Customer, Money, Problem};
use time::{Duration, OffsetDateTime};

fn main() -> Result<(), BoxError> {
    let (_server, teamleader) = support::teamleader()?;
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "Ada Ltd".to_owned());
    let title = args.next().unwrap_or_else(|| "Ten thousand widgets".to_owned());

    // The search is by text, so the name is compared.
    let found = teamleader.companies().list().filter(CompanyFilter::new().term(&*name));
    let known = found.iter().find(|company| {
        company.as_ref().map_or(true, |company| company.name.as_deref() == Some(&name))
    });
    let company = match known.transpose()? {
        Some(company) => company.id,
        None => teamleader.companies().create(&NewCompany::new(&*name))?.id,
    };
    let mut deal = NewDeal::new(Customer::company(company), title)
        .estimated_value(Money::eur("12500.50".parse::<evergrant::teamleader::Decimal>()?))
        .estimated_closing_date((OffsetDateTime::now_utc() + Duration::days(60)).date());
    if let Some(source) = teamleader.deals().sources().iter().next() {
        deal = deal.source_id(source?.id);
    }
    match teamleader.deals().create(&deal) {
        Ok(reference) => {
            let deal = teamleader.deals().get(&reference.id)?;
            let status = deal.status.map_or("-".to_owned(), |status| status.to_string());
            let number = deal.reference.as_deref().unwrap_or("-");
            println!("{number}: {} is {status}", deal.title.as_deref().unwrap_or("-"));
        }
        Err(error) => {
            for problem in Problem::of(&error) {
                eprintln!("{problem}");
            }
            return Err(error.into());
        }
    }
    Ok(())
}
