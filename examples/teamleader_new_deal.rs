//! Creates a deal. First creates the company that the deal is for, if Teamleader does not have it:
//! `cargo run --features teamleader --example teamleader_new_deal [COMPANY [TITLE]]`.
//!
//! Without settings the example uses a sandbox on this machine. With `TEAMLEADER_CLIENT_ID`,
//! `TEAMLEADER_CLIENT_SECRET` and a login in `teamleader.json` it creates a real deal.

#[path = "support/teamleader.rs"]
mod support;

use evergrant::BoxError;
use evergrant::teamleader::companies::{CompanyFilter, NewCompany};
use evergrant::teamleader::deals::NewDeal;
use evergrant::teamleader::{Customer, Decimal, Money, TeamleaderError};
use time::{Duration, OffsetDateTime};

fn main() -> Result<(), BoxError> {
    let (_server, teamleader) = support::teamleader()?;
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "Ada Ltd".to_owned());
    let title = args.next().unwrap_or_else(|| "Ten thousand widgets".to_owned());

    // The search also matches parts of names and other fields, so compare the whole name.
    let found = teamleader.companies().filter(CompanyFilter::new().term(&*name));
    let known = found.iter().find(|company| {
        company.as_ref().map_or(true, |company| company.name.as_deref() == Some(&name))
    });
    let company = match known.transpose()? {
        Some(company) => company.id,
        None => teamleader.companies().create(&NewCompany::new(&*name))?.id,
    };
    let mut deal = NewDeal::new(Customer::company(company), title)
        .estimated_value(Money::eur("12500.50".parse::<Decimal>()?))
        .estimated_closing_date((OffsetDateTime::now_utc() + Duration::days(60)).date());
    if let Some(source) = teamleader.deal_sources().first()? {
        deal = deal.source_id(source.id);
    }
    match teamleader.deals().create(&deal) {
        Ok(reference) => {
            let deal = teamleader.deals().get(reference.id)?;
            let status = deal.status.map_or("-".to_owned(), |status| status.to_string());
            let number = deal.reference.as_deref().unwrap_or("-");
            println!("{number}: {} is {status}", deal.title.as_deref().unwrap_or("-"));
        }
        Err(error) => {
            if let Some(refusal) = TeamleaderError::of(&error) {
                eprintln!("{refusal}");
            }
            return Err(error.into());
        }
    }
    Ok(())
}
