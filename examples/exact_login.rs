//! Logs in at Exact Online and lists the companies that the login may use:
//! `cargo run --features exact-online --example exact_login [FILE]`.
//!
//! With `EXACT_ONLINE_CLIENT_ID`, `EXACT_ONLINE_CLIENT_SECRET`, `EXACT_ONLINE_REDIRECT_URI` and
//! `EXACT_ONLINE_COUNTRY` (such as `nl`) set, the example calls Exact Online. After the login, paste the
//! address of the page that the browser shows; the page need not exist. The login is saved in FILE
//! (`exact.json`), where `exact_sync` reads it. Without the variables the example runs against a sandbox
//! on this machine.

use comfy_table::Table;
use evergrant::exact_online::{Country, ExactOnline};
use evergrant::sandbox::{ApiReply, Sandbox};
use evergrant::{BoxError, FileBackend};
use serde_json::json;

fn main() -> Result<(), BoxError> {
    let file = std::env::args().nth(1).unwrap_or("exact.json".to_owned());
    if std::env::var_os("EXACT_ONLINE_CLIENT_ID").is_none() {
        return demo();
    }
    let exact = ExactOnline::from_env(Country::from_env()?, FileBackend::new(&file))?;
    exact.client().authorize_pasted(&[], |url, wrong| {
        if let Some(wrong) = wrong {
            println!("The login failed: {wrong}.");
        }
        println!("Open {url}\nand paste the address that the browser shows at the end:");
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    })?;
    println!("The login is in {file}.");
    show(&exact)
}

/// Prints the person who is logged in and their companies.
fn show(exact: &ExactOnline) -> Result<(), BoxError> {
    let me = exact.me()?;
    let open = me.current_division.ok_or("the person has no current company")?.into();
    println!("Hello, {}.", me.full_name.unwrap_or_default());
    let mut table = Table::new();
    table.set_header(["division", "company", "customer", ""]);
    for company in exact.division(open).system_divisions().iter() {
        let company = company?;
        let code = company.code.map(i64::from);
        table.add_row([
            code.map(|code| code.to_string()).unwrap_or_default(),
            company.description.unwrap_or_default(),
            company.customer_name.unwrap_or_default(),
            if code == Some(open) { "current" } else { "" }.to_owned(),
        ]);
    }
    println!("{table}");
    if let Some(end) = exact.login_ends_at()? {
        println!("The login expires on {} unless it is refreshed before that day.", end.date());
    }
    Ok(())
}

/// Does the same with a sandbox, which approves the login at once.
fn demo() -> Result<(), BoxError> {
    let sandbox = Sandbox::builder().exact_online().start()?;
    let answer = |path: &str, rows: serde_json::Value| {
        let reply = json!({ "d": { "results": rows } });
        sandbox.on("GET", &format!("/api/v1/{path}"), move |_| ApiReply::json(200, reply.clone()));
    };
    answer("current/Me", json!([{ "FullName": "Ada Lovelace", "CurrentDivision": 123 }]));
    let companies = json!([
        { "Code": 123, "Description": "Analytical Engines", "CustomerName": "Lovelace Group" },
        { "Code": 456, "Description": "Difference Engines", "CustomerName": "Lovelace Group" },
    ]);
    answer("123/system/Divisions", companies);
    let store = FileBackend::new(sandbox.folder().join("exact.json"));
    let exact = ExactOnline::builder(Country::Netherlands, sandbox.credentials(), store)
        .provider(sandbox.provider())
        .build()?;
    exact.client().authorize_pasted(&[], |url, _| sandbox.approve(url))?;
    show(&exact)
}
