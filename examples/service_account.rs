//! Gets a token without a person: as a Google service account, or for a user of the account's domain.
//!
//! `cargo run --features jwt --example service_account` uses the sandbox. With a key file it uses Google:
//!
//! ```console
//! $ GOOGLE_APPLICATION_CREDENTIALS=key.json \
//!     cargo run --features jwt --example service_account -- [ada@example.com]
//! ```

use evergrant::jwt::{ServiceAccount, SigningKey};
use evergrant::sandbox::Sandbox;
use evergrant::{BoxError, MemoryBackend};
use serde_json::{Value, json};

fn main() -> Result<(), BoxError> {
    let subject = std::env::args().nth(1);
    if std::env::var_os("GOOGLE_APPLICATION_CREDENTIALS").is_some() {
        let mut account = ServiceAccount::from_env()?;
        if let Some(subject) = subject {
            account = account.with_subject(subject);
        }
        let scope = "https://www.googleapis.com/auth/drive.readonly";
        let client = account.client(&[scope], MemoryBackend::new())?;
        let client = client.allow_host("https://www.googleapis.com").build();
        let files: Value = client.get("https://www.googleapis.com/drive/v3/files").read_json()?;
        println!("{files:#}");
        return Ok(());
    }
    // No key file was given: start a sandbox that knows the account's public key, and write a key file for it.
    let pem = include_str!("../tests/keys/rsa2048.pem");
    let sandbox = Sandbox::builder().client_key(&SigningKey::from_pem(pem)?).start()?;
    let file = json!({
        "type": "service_account",
        "client_email": "robot@project-7.iam.gserviceaccount.com",
        "private_key": pem,
        "token_uri": format!("{}/token", sandbox.url()),
    });
    let path = sandbox.folder().join("key.json");
    std::fs::write(&path, file.to_string())?;

    let account = ServiceAccount::from_file(&path)?;
    let subject = subject.unwrap_or_else(|| "ada@example.com".to_owned());
    for account in [account.clone(), account.with_subject(subject)] {
        let client = account.client(&["read"], MemoryBackend::new())?;
        let client = client.allow_host(sandbox.url()).build();
        let me: Value = client.get(&format!("{}/api/me", sandbox.url())).read_json()?;
        println!("token {} is for {}", me["access_token_number"], me["login"]);
    }
    Ok(())
}
