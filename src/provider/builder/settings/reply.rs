//! Settings: how answers of the token endpoint are read.

use std::time::Duration;

use crate::provider::{ErrorRule, ProviderBuilder, ReplyMember};

/// # Reply
///
/// How answers of the token endpoint are read: [`ReplyRules`](crate::provider::ReplyRules).
impl ProviderBuilder {
    /// Adds a path of the object that holds the tokens, such as `data` or `data[0]`. The paths are
    /// tried in order before the top level.
    pub fn token_path(mut self, path: &str) -> ProviderBuilder {
        self.0.reply.token_paths.push(path.to_owned());
        self
    }

    /// Adds the name of a member of a token, such as Sentry's `token` or DingTalk's `expireIn`. The
    /// names are tried in order before the usual names.
    pub fn reply_member(mut self, member: ReplyMember, name: &str) -> ProviderBuilder {
        self.0.reply.members.push((member, name.to_owned()));
        self
    }

    /// The lifetime of an access token if the answer has no lifetime. Without this setting, such a
    /// token is treated as valid until the API refuses it.
    pub fn default_lifetime(mut self, lifetime: Duration) -> ProviderBuilder {
        self.0.reply.default_lifetime = Some(lifetime);
        self
    }

    /// Adds a path of the error code, such as `errors[0].meta.type`. The paths are tried in order
    /// before the usual places.
    pub fn error_code_path(mut self, path: &str) -> ProviderBuilder {
        self.0.reply.error_code_paths.push(path.to_owned());
        self
    }

    /// Adds a path of the error description.
    pub fn error_text_path(mut self, path: &str) -> ProviderBuilder {
        self.0.reply.error_text_paths.push(path.to_owned());
        self
    }

    /// Adds a rule for what an error answer means. The rules are tried in order before the rules of
    /// the standard.
    pub fn error_rule(mut self, rule: ErrorRule) -> ProviderBuilder {
        self.0.reply.error_rules.push(rule);
        self
    }

    /// Whether the program has registered the client by itself (RFC 7591). The error for an answer
    /// `invalid_client` then says that the server may have deleted the client, and to register anew.
    pub fn registered_client(mut self, registered: bool) -> ProviderBuilder {
        self.0.reply.registered_client = registered;
        self
    }
}
