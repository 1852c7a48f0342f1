//! The arguments of the command. `clap` also makes the help, the completions and the manual pages from this
//! description.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The text that `--help` prints below the options.
const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 something is set up wrongly or was refused; 2 wrong arguments;
75 try again later; 77 a person has to log in.

A secret is never an argument. The client id and the client secret come from the
environment (GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET for the login `github`), from a .env
file, from github.env in the settings folder, or from the file that describes the service.
`evergrant doctor` shows the folders, and finds what is wrong.";

/// Logs in to OAuth 2.0 services, and keeps, shows and uses the logins.
#[derive(Parser)]
#[command(name = "evergrant", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Where the login is kept: a file, or an address that begins with sqlite:, postgres:, redis: or keyring:.
    /// By default each login has its own file in the folder of the logins. The variable EVERGRANT_STORE also
    /// sets the store.
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) store: Option<String>,

    /// The .env file with the credentials, in place of `.env` in the current folder
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,

    /// Prints results and errors only
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Logs a person in and stores the login
    Login(Login),
    /// Revokes a login at the service and removes it
    Logout {
        /// The login
        name: String,
        /// Removes the login without telling the service
        #[arg(long)]
        forget: bool,
    },
    /// Shows a table of the logins: who has logged in, when each token and each login ends, and what is wrong
    Status {
        /// The login; without a name, all logins
        name: Option<String>,
        /// Prints JSON for programs
        #[arg(long)]
        json: bool,
    },
    /// Prints an access token that works now, for curl and other programs
    Token {
        /// The login
        name: String,
        /// Prints the token even to a terminal
        #[arg(long)]
        terminal: bool,
    },
    /// Sends a request to the API of a service
    Call(Call),
    /// Refreshes the logins that are due, so that no login ends unused; run this once a day from cron
    KeepAlive {
        /// The logins; without names, all logins
        names: Vec<String>,
    },
    /// Imports a login that another program has obtained
    Import(Import),
    /// Moves a login to another store
    Move {
        /// The login
        name: String,
        /// The new store: a file, or an address as for --store
        #[arg(required_unless_present = "to_env", conflicts_with = "to_env")]
        to: Option<String>,
        /// The environment variable that has the address of the new store; use this if the address has a password
        #[arg(long, value_name = "VARIABLE")]
        to_env: Option<String>,
    },
    /// Lists the services that the tool knows, or shows the addresses and the rules of one service
    Providers {
        /// A service: its name, its issuer's address, or a file that describes it
        name: Option<String>,
    },
    /// Checks the folders, the store, the credentials, the network, the clock and the login, and says how to fix
    /// each fault
    Doctor {
        /// The login or the service; without a name, only the folders and the proxy are checked
        name: Option<String>,
    },
    /// Logs in and prints the tokens as lines of a .env file; stores nothing
    GetTokens(Login),
    /// Prints the completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Writes the manual pages
    Man {
        /// The folder for the pages; without a folder, the page evergrant(1) is printed
        folder: Option<PathBuf>,
    },
}

#[derive(Args)]
pub(crate) struct Login {
    /// The service: a name such as github or exact_online:nl, the address of an issuer, or a file (TOML or
    /// JSON) that describes the service
    pub(crate) provider: String,
    /// The name of the login; by default, the name of the service. A second account at the same service needs a
    /// name of its own
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// A scope to request; may be given several times. Without this option, the command requests the scopes of
    /// the earlier login, or else the service's usual scopes
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// Shows a code to type on another device (RFC 8628)
    #[arg(long, conflicts_with = "paste")]
    pub(crate) device: bool,
    /// Asks you to paste the address at which the browser arrives after the login; for a browser on another
    /// machine
    #[arg(long)]
    pub(crate) paste: bool,
    /// Does not open a browser; shows the address only
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// The base address of the API, to which `call` adds its PATH; for a service whose description has no base
    /// address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) api_base: Option<String>,
    /// How many seconds to wait for the person
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u64,
}

#[derive(Args)]
pub(crate) struct Call {
    /// The login
    pub(crate) name: String,
    /// The method, such as GET
    pub(crate) method: String,
    /// The path below the API's base address, such as /user, or a complete URL on an allowed host
    pub(crate) path: String,
    /// The body: a file, or - for the standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<String>,
    /// The type of the body
    #[arg(long, value_name = "TYPE", default_value = "application/json")]
    pub(crate) content_type: String,
    /// A header, such as `Accept: text/csv`; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// A parameter of the query; may be given several times
    #[arg(long = "query", value_name = "NAME=VALUE")]
    pub(crate) query: Vec<String>,
    /// Follows the pages of a list: the `Link` header (RFC 8288), or the member that --cursor names
    #[arg(long, conflicts_with_all = ["body", "output"])]
    pub(crate) paginate: bool,
    /// Where the answer names the next page. MEMBER: this member is the URL of the next page.
    /// MEMBER=PARAMETER: the value of this member becomes the value of this query parameter
    #[arg(long, value_name = "MEMBER[=PARAMETER]", requires = "paginate")]
    pub(crate) cursor: Option<String>,
    /// The member of the answer that is the list of items, if the answer itself is not a list; each item is
    /// printed on its own line
    #[arg(long, value_name = "MEMBER", requires = "paginate")]
    pub(crate) items: Option<String>,
    /// The base address to which PATH is added, in place of the service's API base
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) api_base: Option<String>,
    /// Another origin to which this call may send the token, such as https://files.example; may be given
    /// several times
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow: Vec<String>,
    /// Writes the answer into a file, with a progress bar
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Import {
    /// The service, as for `login`
    pub(crate) provider: String,
    /// The file with the stored token (JSON), or - for the standard input. Without a file, reads the
    /// variables PREFIX_ACCESS_TOKEN, PREFIX_REFRESH_TOKEN and PREFIX_EXPIRES_AT of the environment or of the
    /// .env file
    pub(crate) file: Option<String>,
    /// The name of the login; by default, the name of the service
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The base address of the API, to which `call` adds its PATH; for a service whose description has no base
    /// address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) api_base: Option<String>,
}
