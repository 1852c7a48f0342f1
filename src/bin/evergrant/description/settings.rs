//! The keys of a description, in the order of the settings of `ProviderBuilder`.

use evergrant::provider::{
    AnswerRule, ClientAuth, Dpop, ErrorRule, LoginHost, Pkce, ProviderBuilder, PushedRequests,
    RefreshGrant, ReplyMember, RevocationStyle, Rotation, SecondExchange, TokenFormat, Verdict,
};

use super::reader::{Fault, Reader};

const CLIENT_AUTH: [(&str, ClientAuth); 7] = [
    ("basic", ClientAuth::Basic),
    ("basic_raw", ClientAuth::BasicRaw),
    ("body", ClientAuth::Body),
    ("none", ClientAuth::None),
    ("secret_as_bearer", ClientAuth::SecretAsBearer),
    ("secret_as_user", ClientAuth::SecretAsUser),
    ("omitted", ClientAuth::Omitted),
];
const FORMAT: [(&str, TokenFormat); 4] = [
    ("form", TokenFormat::Form),
    ("json", TokenFormat::Json),
    ("query", TokenFormat::Query),
    ("get", TokenFormat::Get),
];
const PKCE: [(&str, Pkce); 3] =
    [("s256", Pkce::S256), ("public_clients", Pkce::PublicClients), ("off", Pkce::Off)];
const PUSHED: [(&str, PushedRequests); 3] = [
    ("offered", PushedRequests::Offered),
    ("required", PushedRequests::Required),
    ("off", PushedRequests::Off),
];
const DPOP: [(&str, Dpop); 3] =
    [("offered", Dpop::Offered), ("required", Dpop::Required), ("off", Dpop::Off)];
const REVOCATION: [(&str, RevocationStyle); 5] = [
    ("form", RevocationStyle::Form),
    ("json", RevocationStyle::Json),
    ("delete", RevocationStyle::Delete),
    ("bearer", RevocationStyle::Bearer),
    ("token_in_path", RevocationStyle::TokenInPath),
];
const ROTATION: [(&str, Rotation); 5] = [
    ("none", Rotation::None),
    ("until_used", Rotation::UntilUsed),
    ("strict", Rotation::Strict),
    ("strict_family", Rotation::StrictFamily),
    ("unknown", Rotation::Unknown),
];
const MEMBERS: [(&str, ReplyMember); 6] = [
    ("access_token", ReplyMember::AccessToken),
    ("refresh_token", ReplyMember::RefreshToken),
    ("id_token", ReplyMember::IdToken),
    ("token_type", ReplyMember::TokenType),
    ("scope", ReplyMember::Scope),
    ("expires_in", ReplyMember::ExpiresIn),
];
const VERDICTS: [(&str, Verdict); 5] = [
    ("refused", Verdict::Refused),
    ("too_early", Verdict::TooEarly),
    ("setup", Verdict::Setup),
    ("transient", Verdict::Transient),
    ("unknown", Verdict::Unknown),
];

/// Makes the settings whose value is in one key: `kind` is the method of the reader.
macro_rules! set {
    ($builder:ident, $reader:ident, $kind:ident: $($key:ident)*) => {
        $(if let Some(value) = $reader.$kind(stringify!($key))? {
            $builder = $builder.$key(value);
        })*
    };
}

/// Makes the settings whose value is a word of a list.
macro_rules! words {
    ($builder:ident, $reader:ident, $words:ident: $($key:ident)*) => {
        $(if let Some(value) = $reader.word(stringify!($key), &$words)? {
            $builder = $builder.$key(value);
        })*
    };
}

/// Makes the settings that are called once for each name and value of a table.
macro_rules! pairs {
    ($builder:ident, $reader:ident: $($key:literal $method:ident)*) => {
        $(for (name, value) in $reader.pairs($key)? {
            $builder = $builder.$method(&name, &value);
        })*
    };
}

/// Makes the settings that are called once for each text of a list.
macro_rules! each {
    ($builder:ident, $reader:ident: $($key:literal $method:ident)*) => {
        $(for value in $reader.texts($key)?.unwrap_or_default() {
            $builder = $builder.$method(&value);
        })*
    };
}

/// Applies all settings in the file to the builder.
pub(super) fn apply(
    mut builder: ProviderBuilder,
    reader: &mut Reader,
) -> Result<ProviderBuilder, Fault> {
    set!(builder, reader, text:
        name display_name user_agent authorization_endpoint token_endpoint refresh_endpoint
        device_authorization_endpoint pushed_authorization_request_endpoint revocation_endpoint
        introspection_endpoint userinfo_endpoint issuer redirect_uri response_type code_param
        client_id_param client_secret_param client_credentials_grant access_token_on_refresh
        jwks_uri api_base api_header);
    set!(builder, reader, flag:
        redirect_uri_is_name issuer_in_callback unsigned_id_tokens id_token_without_nonce
        registered_client ends_access_token reuse_ends_other_logins redirect_uri_on_refresh
        scope_on_refresh);
    set!(builder, reader, time:
        token_timeout default_lifetime margin earliest_refresh refusal_pause unanswered_pause
        idle_limit consent_limit);
    words!(builder, reader, CLIENT_AUTH: client_auth revocation_auth introspection_auth refresh_auth);
    words!(builder, reader, FORMAT: token_format refresh_format);
    words!(builder, reader, PKCE: pkce);
    words!(builder, reader, PUSHED: pushed_requests);
    words!(builder, reader, DPOP: dpop);
    words!(builder, reader, REVOCATION: revocation_style);
    pairs!(builder, reader:
        "authorize_params" authorize_param
        "token_params" token_param
        "exchange_params" exchange_param
        "refresh_params" refresh_param);
    each!(builder, reader:
        "callback_fields" callback_field
        "token_path" token_path
        "error_code_path" error_code_path
        "error_text_path" error_text_path);
    for (name, value) in reader.pairs("fixed_headers")? {
        builder = builder.fixed_header(&name, value);
    }
    if let Some(scopes) = reader.texts("default_scopes")? {
        builder = builder.default_scopes(&scopes.iter().map(String::as_str).collect::<Vec<_>>());
    }
    if let Some(separator) = reader.text("scope_separator")? {
        let mut characters = separator.chars();
        builder = match (characters.next(), characters.next()) {
            (Some(separator), None) => builder.scope_separator(separator),
            _ => return Err(reader.fault("scope_separator", "must be one character")),
        };
    }
    if let Some(scheme) = reader.text("api_auth_scheme")? {
        // An empty scheme: the header is the token alone.
        let scheme = Some(&*scheme).filter(|scheme| !scheme.is_empty());
        builder = builder.api_auth_scheme(scheme);
    }
    builder = rotation(builder, reader)?;
    larger(builder, reader)
}

/// `rotation = "strict"`, or `{ grace = "10 minutes" }`, or `{ grace_then_family = "10 minutes" }`.
fn rotation(builder: ProviderBuilder, reader: &mut Reader) -> Result<ProviderBuilder, Fault> {
    if reader.is_text("rotation") {
        let found = reader.word("rotation", &ROTATION)?;
        return Ok(found.map_or(builder.clone(), |rotation| builder.rotation(rotation)));
    }
    let Some(mut table) = reader.table("rotation")? else { return Ok(builder) };
    let rotation = match (table.time("grace")?, table.time("grace_then_family")?) {
        (Some(window), None) => Some(Rotation::Grace(window)),
        (None, Some(window)) => Some(Rotation::GraceThenFamily(window)),
        _ => None,
    };
    let missing =
        table.fault("grace", "or `rotation.grace_then_family` must have the window's time");
    table.finish()?;
    rotation.map(|rotation| builder.rotation(rotation)).ok_or(missing)
}

/// The settings that are tables.
fn larger(mut builder: ProviderBuilder, reader: &mut Reader) -> Result<ProviderBuilder, Fault> {
    if let Some(mut table) = reader.table("reply_members")? {
        for (name, member) in MEMBERS {
            if let Some(theirs) = table.text(name)? {
                builder = builder.reply_member(member, &theirs);
            }
        }
        table.finish()?;
    }
    for mut table in reader.tables("error_rules")? {
        builder = builder.error_rule(error_rule(&mut table)?);
        table.finish()?;
    }
    for mut table in reader.tables("answer_rules")? {
        let (path, value) = (table.must("field")?, table.must("value")?);
        let ended = table.word("verdict", &[("ended", true), ("refused", false)])?.unwrap_or(true);
        let rule = match ended {
            true => AnswerRule::ended(&path, &value),
            false => AnswerRule::refused(&path, &value),
        };
        builder = builder.answer_rule(match status(&mut table)? {
            Some(status) => rule.status(status),
            None => rule,
        });
        table.finish()?;
    }
    if let Some(mut table) = reader.table("refresh_grant")? {
        let grant = RefreshGrant::new(table.must("grant_type")?, table.must("parameter")?);
        let itself = table.flag("sends_access_token")?.unwrap_or(false);
        builder = builder.refresh_grant(if itself { grant.with_access_token() } else { grant });
        table.finish()?;
    }
    if let Some(mut table) = reader.table("refusal_limit")? {
        let (count, window) = (table.number("count")?, table.time("within")?);
        let (Some(count), Some(window)) = (count, window) else {
            return Err(table.fault("count", "and `refusal_limit.within` must both be set"));
        };
        builder = builder.refusal_limit(usize::try_from(count).unwrap_or(usize::MAX), window);
        table.finish()?;
    }
    if let Some(mut table) = reader.table("second_exchange")? {
        let (endpoint, grant) = (table.must("endpoint")?, table.must("grant_type")?);
        builder = builder.second_exchange(SecondExchange::new(endpoint, grant));
        table.finish()?;
    }
    if let Some(mut table) = reader.table("token_host_from")? {
        builder = builder.token_host_from(login_host(&mut table)?);
        table.finish()?;
    }
    if let Some(mut table) = reader.table("api_base_from")? {
        builder = builder.api_base_from(login_host(&mut table)?);
        table.finish()?;
    }
    Ok(builder)
}

fn error_rule(table: &mut Reader) -> Result<ErrorRule, Fault> {
    let Some(verdict) = table.word("verdict", &VERDICTS)? else {
        return Err(table.fault("verdict", "is missing"));
    };
    let mut rule = ErrorRule::new(verdict);
    if let Some(status) = status(table)? {
        rule = rule.status(status);
    }
    if let Some(code) = table.text("code")? {
        rule = rule.code(&code);
    }
    if let Some(text) = table.text("text")? {
        rule = rule.text(&text);
    }
    for (path, value) in table.pairs("fields")? {
        rule = rule.field(&path, &value);
    }
    for (name, value) in table.pairs("headers")? {
        rule = rule.header(&name, &value);
    }
    Ok(rule)
}

fn status(table: &mut Reader) -> Result<Option<u16>, Fault> {
    let Some(number) = table.number("status")? else { return Ok(None) };
    match u16::try_from(number) {
        Ok(status @ 100..=599) => Ok(Some(status)),
        _ => Err(table.fault("status", "must be an HTTP status")),
    }
}

/// A host that the login names: `address` or `host_name` with `hosts`, or `label` with `domain`.
fn login_host(table: &mut Reader) -> Result<LoginHost, Fault> {
    let hosts = table.texts("hosts")?.unwrap_or_default();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let (address, name, label) =
        (table.text("address")?, table.text("host_name")?, table.text("label")?);
    let mut place = match (address, name, label) {
        (Some(member), None, None) => LoginHost::address(&member, &hosts),
        (None, Some(member), None) => LoginHost::host_name(&member, &hosts),
        (None, None, Some(member)) => LoginHost::label(&member, &table.must("domain")?),
        _ => {
            let text = "or `host_name` or `label` must name the member with the host";
            return Err(table.fault("address", text));
        }
    };
    if let Some(path) = table.text("path")? {
        place = place.path(&path);
    }
    if let Some(address) = table.text("looked_up_at")? {
        place = place.looked_up_at(address);
    }
    Ok(place)
}
