//! The macros that turn the entries of the table into functions.

/// Turns each entry into a function. The body of the function makes a provider from the facts; the function's
/// documentation lists the facts.
macro_rules! services {
    ($(
        $name:ident $(($parameter:ident: $check:tt, $meaning:literal))? = $display:literal, $kind:literal;
        { $($fact:ident $value:tt $(=> $evidence:literal)?;)* }
    )*) => {
        $(service! {
            $name [$($parameter: $check, $meaning)?] $display $kind
            [$($fact $value [$($evidence)?])*]
        })*

        pub(super) const READY: &[$crate::providers::Ready] = &[
            $(entry!($name [$($parameter, $meaning)?] $display $kind)),*
        ];
    };
}

/// The entry of a row in the list of `providers::ready`.
macro_rules! entry {
    ($name:ident [] $display:literal $kind:literal) => {
        $crate::providers::Ready {
            name: stringify!($name),
            display_name: $display,
            kind: $kind,
            parameters: &[],
            make: $crate::providers::ready::Make::Plain($name),
        }
    };
    ($name:ident [$parameter:ident, $meaning:literal] $display:literal $kind:literal) => {
        $crate::providers::Ready {
            name: stringify!($name),
            display_name: $display,
            kind: $kind,
            parameters: &[(stringify!($parameter), $meaning)],
            make: $crate::providers::ready::Make::With($name),
        }
    };
}

macro_rules! service {
    ($name:ident [] $display:literal $kind:literal
     [$($fact:ident $value:tt [$($evidence:literal)?])*]) => {
        #[doc = concat!($display, ": ", $kind, ".")]
        #[cfg_attr(doc, doc = "\n| fact | value | evidence |\n| --- | --- | --- |")]
        $(#[cfg_attr(doc, doc = line!($fact $value $($evidence)?))])*
        #[cfg_attr(doc, doc = "\nThe [guide](../guide/services/index.html) explains the evidence.")]
        pub fn $name() -> $crate::provider::Provider {
            static FACTS: &[super::Fact] = &[$(fact!($fact $value)),*];
            super::row(stringify!($name), $display, FACTS)
        }
    };
    ($name:ident [$parameter:ident: $check:tt, $meaning:literal] $display:literal $kind:literal
     [$($fact:ident $value:tt [$($evidence:literal)?])*]) => {
        #[doc = concat!($display, ": ", $kind, ". `", stringify!($parameter), "` is ", $meaning, ".")]
        #[cfg_attr(doc, doc = "\n| fact | value | evidence |\n| --- | --- | --- |")]
        $(#[cfg_attr(doc, doc = line!($fact $value $($evidence)?))])*
        #[cfg_attr(doc, doc = "\nThe [guide](../guide/services/index.html) explains the evidence.")]
        ///
        /// # Errors
        ///
        #[doc = concat!("[`Error::Config`](crate::error::Error::Config) for any other `", stringify!($parameter), "`.")]
        pub fn $name($parameter: &str) -> $crate::error::Result<$crate::provider::Provider> {
            static FACTS: &[super::Fact] = &[$(fact!($fact $value)),*];
            let place = (concat!("{", stringify!($parameter), "}"), $parameter, check!($check));
            super::row_at(stringify!($name), $display, FACTS, place)
        }
    };
}

macro_rules! check {
    (label) => { super::Check::Label };
    (host) => { super::Check::Host };
    ([$($allowed:literal),*]) => { super::Check::OneOf(&[$($allowed),*]) };
}

/// The `Duration` of a time such as `30 days`.
macro_rules! time {
    ($count:literal seconds) => {
        std::time::Duration::from_secs($count)
    };
    ($count:literal minute) => {
        time!($count minutes)
    };
    ($count:literal minutes) => {
        std::time::Duration::from_secs($count * 60)
    };
    ($count:literal hour) => {
        time!($count hours)
    };
    ($count:literal hours) => {
        std::time::Duration::from_secs($count * 3600)
    };
    ($count:literal day) => {
        time!($count days)
    };
    ($count:literal days) => {
        std::time::Duration::from_secs($count * 86_400)
    };
}

/// Turns a line of an entry into a `Fact`.
macro_rules! fact {
    ($fact:ident (unknown)) => { super::Fact::Said };
    (authorize ($url:literal)) => { super::Fact::AuthorizationEndpoint($url) };
    (token ($url:literal)) => { super::Fact::TokenEndpoint($url) };
    (refresh_at ($url:literal)) => { super::Fact::RefreshEndpoint($url) };
    (revoke (other)) => { super::Fact::Said };
    (revoke ($url:literal)) => { super::Fact::RevocationEndpoint($url) };
    (revoke_style ($style:ident)) => {
        super::Fact::RevocationStyle($crate::provider::RevocationStyle::$style)
    };
    (auth ($how:ident)) => { super::Fact::ClientAuth($crate::provider::ClientAuth::$how) };
    (client_id_param ($name:literal)) => { super::Fact::ClientIdParam($name) };
    (pkce ($pkce:ident)) => { super::Fact::Pkce($crate::provider::Pkce::$pkce) };
    (offline (scope $scope:literal)) => { super::Fact::Scope($scope) };
    (offline (param $name:literal $value:literal)) => { super::Fact::AuthorizeParam($name, $value) };
    (offline (setting $name:literal)) => { super::Fact::Said };
    (offline ($always_or_never:ident)) => { super::Fact::Said };
    (scope ($scope:literal)) => { super::Fact::Scope($scope) };
    (separator ($separator:literal)) => { super::Fact::ScopeSeparator($separator) };
    (authorize_param ($name:literal, $value:literal)) => { super::Fact::AuthorizeParam($name, $value) };
    (redirect_name ()) => { super::Fact::RedirectUriIsName };
    (callback_field ($name:literal)) => { super::Fact::CallbackField($name) };
    (format ($format:ident)) => { super::Fact::TokenFormat($crate::provider::TokenFormat::$format) };
    (token_param ($name:literal, $value:literal)) => { super::Fact::TokenParam($name, $value) };
    (exchange_param ($name:literal, $value:literal)) => { super::Fact::ExchangeParam($name, $value) };
    (refresh_param ($name:literal, $value:literal)) => { super::Fact::RefreshParam($name, $value) };
    (redirect_on_refresh ()) => { super::Fact::RedirectUriOnRefresh };
    (nested ($path:literal)) => { super::Fact::TokenPath($path) };
    (access_life ($($said:tt)*)) => { super::Fact::Said };
    (assumed_life ($count:literal $unit:ident)) => { super::Fact::DefaultLifetime(time!($count $unit)) };
    (refresh_life (unused $count:literal $unit:ident)) => { super::Fact::IdleLimit(time!($count $unit)) };
    (refresh_life (consent $count:literal $unit:ident)) => { super::Fact::ConsentLimit(time!($count $unit)) };
    (refresh_life (endless)) => { super::Fact::Said };
    (rotation (Grace $count:literal $unit:ident)) => {
        super::Fact::Rotation($crate::provider::Rotation::Grace(time!($count $unit)))
    };
    (rotation (GraceThenFamily $count:literal $unit:ident)) => {
        super::Fact::Rotation($crate::provider::Rotation::GraceThenFamily(time!($count $unit)))
    };
    (rotation (setting)) => { super::Fact::Said };
    (rotation ($class:ident)) => { super::Fact::Rotation($crate::provider::Rotation::$class) };
    (ends_access ()) => { super::Fact::EndsAccessToken };
    (margin ($count:literal $unit:ident)) => { super::Fact::Margin(time!($count $unit)) };
    (error ($verdict:ident code $code:literal)) => {
        super::Fact::ErrorRule($crate::provider::Verdict::$verdict, super::Condition::Code($code))
    };
    (error ($verdict:ident text $text:literal)) => {
        super::Fact::ErrorRule($crate::provider::Verdict::$verdict, super::Condition::Text($text))
    };
    (error ($verdict:ident field $path:literal $value:literal)) => {
        super::Fact::ErrorRule($crate::provider::Verdict::$verdict, super::Condition::Field($path, $value))
    };
    (api ($url:literal)) => { super::Fact::ApiBase($url) };
    (api_from ($member:literal, [$($host:literal),*], $path:literal)) => {
        super::Fact::ApiBaseFrom($member, &[$($host),*], $path)
    };
    (api_host ($member:literal, [$($host:literal),*], $path:literal)) => {
        super::Fact::ApiHost($member, &[$($host),*], $path)
    };
    (api_lookup ($member:literal, $domain:literal, $url:literal)) => {
        super::Fact::ApiLookup($member, $domain, $url)
    };
    (api_scheme ($scheme:literal)) => { super::Fact::ApiAuthScheme($scheme) };
    (header ($name:literal, $value:literal)) => { super::Fact::FixedHeader($name, $value) };
    (ended ($path:literal, $value:literal, $status:literal)) => { super::Fact::Ended($path, $value, $status) };
    (note ($text:literal)) => { super::Fact::Said };
}
