//! The applications that authenticate with a signature, each with a key of its own.

use serde_json::Value;

/// Returns what each server registers: the public key of each application.
#[cfg(feature = "jwt")]
pub(crate) fn registered() -> Value {
    let keys = APPS.iter().map(|(app, _, _)| ((*app).to_owned(), key(app).public_jwk()));
    Value::Object(keys.collect())
}

#[cfg(not(feature = "jwt"))]
pub(crate) fn registered() -> Value {
    Value::Object(serde_json::Map::new())
}

/// An application, its private key, and whether it signs with PSS.
#[cfg(feature = "jwt")]
pub(crate) const APPS: [(&str, &str, bool); 4] = [
    ("signs-es256", include_str!("../keys/p256.pem"), false),
    ("signs-rs256", include_str!("../keys/rsa2048.pem"), false),
    ("signs-ps256", include_str!("../keys/rsa2048.pem"), true),
    ("signs-eddsa", include_str!("../keys/ed25519.pem"), false),
];

/// Returns the key of an application.
#[cfg(feature = "jwt")]
pub(crate) fn key(app: &str) -> evergrant::jwt::SigningKey {
    let (_, pem, pss) = APPS.iter().find(|(name, _, _)| *name == app).expect("an application");
    let key = evergrant::jwt::SigningKey::from_pem(pem).expect("a key").with_key_id("k1");
    if *pss { key.with_pss() } else { key }
}
