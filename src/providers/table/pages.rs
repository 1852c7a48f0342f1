//! The macros that turn an entry into the documentation of its function, for rustdoc only: the documentation
//! of all rows would be a tenth of the compiled library.

/// A line of the table in the documentation of a function.
macro_rules! line {
    ($fact:ident (unknown)) => { concat!("| ", title!($fact), " | unknown | |") };
    ($fact:ident $value:tt $evidence:literal) => {
        concat!("| ", title!($fact), " | ", shown!($fact $value), " | ", $evidence, " |")
    };
}

/// The name of a fact, as the documentation shows it.
macro_rules! title {
    (authorize) => {
        "authorization endpoint"
    };
    (token) => {
        "token endpoint"
    };
    (refresh_at) => {
        "address of refresh requests"
    };
    (revoke) => {
        "revocation endpoint"
    };
    (revoke_style) => {
        "form of a revocation"
    };
    (auth) => {
        "client authentication"
    };
    (client_id_param) => {
        "parameter of the client id"
    };
    (pkce) => {
        "PKCE"
    };
    (offline) => {
        "to get a refresh token"
    };
    (scope) => {
        "scope that every login needs"
    };
    (separator) => {
        "separator of scopes"
    };
    (authorize_param) => {
        "parameter of the authorization request"
    };
    (redirect_name) => {
        "redirect URI"
    };
    (callback_field) => {
        "kept from the callback"
    };
    (format) => {
        "body of token requests"
    };
    (token_param) => {
        "parameter of token requests"
    };
    (exchange_param) => {
        "parameter of the code's token request"
    };
    (refresh_param) => {
        "parameter of refresh requests"
    };
    (redirect_on_refresh) => {
        "refresh requests carry"
    };
    (nested) => {
        "the token is in the member"
    };
    (access_life) => {
        "access token lives"
    };
    (assumed_life) => {
        "assumed lifetime of an access token"
    };
    (refresh_life) => {
        "refresh token lives"
    };
    (rotation) => {
        "rotation"
    };
    (ends_access) => {
        "a refresh revokes"
    };
    (margin) => {
        "access token is replaced"
    };
    (error) => {
        "error answer"
    };
    (api) => {
        "API"
    };
    (api_from) => {
        "API, by the token answer"
    };
    (api_host) => {
        "API, on the host in the token answer"
    };
    (api_lookup) => {
        "API, on the host that the service names when asked"
    };
    (api_scheme) => {
        "scheme of the header `Authorization`"
    };
    (header) => {
        "header of API calls"
    };
    (ended) => {
        "API answer to an expired access token"
    };
    (note) => {
        "note"
    };
}

/// The value of a fact, as the documentation shows it.
macro_rules! shown {
    (revoke (other)) => {
        "a request of another form, which this row does not send"
    };
    (offline (scope $scope:literal)) => {
        concat!("ask for the scope `", $scope, "`")
    };
    (offline (param $name:literal $value:literal)) => {
        concat!("`", $name, "=", $value, "` in the authorization request, which this row sends")
    };
    (offline (setting $name:literal)) => {
        concat!("a setting of the application: ", $name)
    };
    (offline (always)) => {
        "nothing: every login gets one"
    };
    (offline (never)) => {
        "not possible: there is none"
    };
    (auth (Body)) => {
        "`client_id` and `client_secret` in the body"
    };
    (auth (Basic)) => {
        "HTTP Basic"
    };
    (auth (BasicRaw)) => {
        "HTTP Basic, id and secret not percent-encoded"
    };
    (auth (None)) => {
        "`client_id` only"
    };
    (auth (SecretAsBearer)) => {
        "the secret as a bearer token"
    };
    (auth (SecretAsUser)) => {
        "HTTP Basic, with the secret as user name and no password"
    };
    (pkce (S256)) => {
        "S256 is sent"
    };
    (pkce (PublicClients)) => {
        "S256 is sent by a client without a secret"
    };
    (pkce (Off)) => {
        "not sent"
    };
    (redirect_name ()) => {
        "a name that the service gave to the address"
    };
    (redirect_on_refresh ()) => {
        "the redirect URI"
    };
    (ends_access ()) => {
        "the previous access token"
    };
    (access_life (endless)) => {
        "without end"
    };
    (refresh_life (endless)) => {
        "without end"
    };
    (refresh_life (unused $count:literal $unit:ident)) => {
        concat!($count, " ", stringify!($unit), " without a refresh")
    };
    (refresh_life (consent $count:literal $unit:ident)) => {
        concat!($count, " ", stringify!($unit), " from the login, however often it is refreshed")
    };
    (margin ($count:literal $unit:ident)) => {
        concat!(
            $count,
            " ",
            stringify!($unit),
            " before its expiry, at most a tenth of its lifetime"
        )
    };
    (rotation (None)) => {
        "none: a refresh token stays valid"
    };
    (rotation (Grace $count:literal $unit:ident)) => {
        concat!("replaced; the old one works for ", $count, " ", stringify!($unit))
    };
    (rotation (GraceThenFamily $count:literal $unit:ident)) => {
        concat!(
            "replaced; the old one works for ",
            $count,
            " ",
            stringify!($unit),
            ", then its use revokes the login"
        )
    };
    (rotation (setting)) => {
        "a setting of the application; this row assumes the strictest class"
    };
    (rotation (UntilUsed)) => {
        "replaced; the old one works until the new access token is used"
    };
    (rotation (Strict)) => {
        "replaced; the old one becomes invalid at once"
    };
    (rotation (Unknown)) => {
        "replaced; whether the old one stays valid is unknown"
    };
    (separator ($separator:literal)) => {
        concat!("`", $separator, "`")
    };
    (error ($verdict:ident code $code:literal)) => {
        concat!(verdict!($verdict), ": code `", $code, "`")
    };
    (error ($verdict:ident text $text:literal)) => {
        concat!(verdict!($verdict), ": text \"", $text, "\"")
    };
    (error ($verdict:ident field $path:literal $value:literal)) => {
        concat!(verdict!($verdict), ": `", $path, "` is `", $value, "`")
    };
    (api_from ($member:literal, $hosts:tt, "")) => {
        concat!("`", $member, "`")
    };
    (api_from ($member:literal, $hosts:tt, $path:literal)) => {
        concat!("`", $member, "`, then `", $path, "`")
    };
    (api_host ($member:literal, $hosts:tt, $path:literal)) => {
        concat!("`", $member, "`, then `", $path, "`")
    };
    (api_lookup ($member:literal, $domain:literal, $url:literal)) => {
        concat!("`", $member, "` from <", $url, ">, then `.", $domain, "`")
    };
    (ended ($path:literal, $value:literal, $status:literal)) => {
        concat!("status ", $status, ", `", $path, "` is `", $value, "`")
    };
    (note ($text:literal)) => {
        $text
    };
    ($fact:ident ($name:literal, $value:literal)) => {
        concat!("`", $name, ": ", $value, "`")
    };
    ($fact:ident ($text:literal)) => {
        concat!("`", $text, "`")
    };
    ($fact:ident ($count:literal $unit:ident)) => {
        concat!($count, " ", stringify!($unit))
    };
    ($fact:ident ($word:ident)) => {
        concat!("`", stringify!($word), "`")
    };
}

macro_rules! verdict {
    (Refused) => {
        "the refresh token is refused"
    };
    (Transient) => {
        "try later, the refresh token was not used"
    };
    (Setup) => {
        "the application is set up wrongly"
    };
}
