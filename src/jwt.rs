//! Signed JWTs (RFC 7523): clients that authenticate with a private key, and grants without a person.
//!
//! A client with a key sends no secret: the server knows the public half of the key.
//!
//! ```
//! use evergrant::jwt::SigningKey;
//! use evergrant::{Client, Credentials, MemoryBackend};
//! # let folder = evergrant::sandbox::Sandbox::start()?;
//! # let path = folder.folder().join("key.pem");
//! # std::fs::write(&path, include_str!("../tests/keys/p256.pem"))?;
//!
//! // Made with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
//! let key = SigningKey::from_pem_file(&path)?.with_key_id("k1");
//! println!("register this: {}", key.public_jwk());
//! # let sandbox = evergrant::sandbox::Sandbox::builder().client_key(&key).start()?;
//! # let provider = sandbox.provider();
//! let credentials = Credentials::signed("sandbox-client", key);
//! let client = Client::builder(provider, credentials, MemoryBackend::new())
//!     .client_credentials(&["read"])
//!     .build();
//! let me: serde_json::Value = client.get("/me").read_json()?;
//! # assert_eq!(me["login"], "sandbox-client");
//! # Ok::<(), evergrant::BoxError>(())
//! ```
//!
//! A [`ServiceAccount`] uses the JWT bearer grant with a key file from Google.

mod service_account;

use std::path::Path;

pub use self::service_account::ServiceAccount;
use crate::error::{Error, Result};
use crate::plain;
pub use crate::protocol::JwtBearer;
pub use crate::provider::AssertionAudience;
pub use crate::signing::{Algorithm, Signer, SigningKey};

/// The largest size of a key file, in bytes.
const LIMIT: u64 = 64 << 10;

impl SigningKey {
    /// Reads a key from a file; see [`SigningKey::from_pem`].
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the file cannot be read or is no text, and the errors of
    /// [`SigningKey::from_pem`].
    pub fn from_pem_file(path: impl AsRef<Path>) -> Result<SigningKey> {
        let path = path.as_ref();
        let text = read_key_file(path)?;
        SigningKey::from_pem(&text).map_err(|error| match error {
            Error::Config(text) => Error::config(format!("{}: {text}", plain::path(path))),
            other => other,
        })
    }
}

/// Reads a file that holds a key. The memory is wiped when the text is dropped.
fn read_key_file(path: &Path) -> Result<zeroize::Zeroizing<String>> {
    use std::io::Read as _;
    let wrong = |why: String| Error::config(format!("{}: {why}", plain::path(path)));
    let file = std::fs::File::open(path).map_err(|error| wrong(error.to_string()))?;
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(4096));
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|error| wrong(error.to_string()))?;
    if bytes.len() as u64 > LIMIT {
        return Err(wrong(format!("it is larger than {LIMIT} bytes")));
    }
    crate::stored_json::text_of(&bytes).ok_or_else(|| wrong("it is not text".to_owned()))
}
