//! The links in the header of an answer (RFC 8288).

use ureq::http::HeaderMap;
use url::Url;

/// The target of the first link with this relation, resolved against the address of the request.
pub(super) fn find(headers: &HeaderMap, base: &str, relation: &str) -> Option<String> {
    let values = headers.get_all("link").into_iter().filter_map(|value| value.to_str().ok());
    let target = values
        .flat_map(links)
        .find_map(|(target, parameters)| has_relation(parameters, relation).then_some(target))?;
    Some(Url::parse(base).ok()?.join(target).ok()?.into())
}

/// The links of a header: each target, and the text of its parameters.
fn links(mut text: &str) -> Vec<(&str, &str)> {
    let mut links = Vec::new();
    while let Some((_, rest)) = text.split_once('<') {
        let Some((target, rest)) = rest.split_once('>') else { break };
        let end = outside_quotes(rest, ',');
        links.push((target.trim(), &rest[..end]));
        text = &rest[end..];
    }
    links
}

/// The position of the first `wanted` character outside quotes, or the end of the text.
fn outside_quotes(text: &str, wanted: char) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c == wanted && !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

/// Whether the first parameter `rel` has the relation (section 3.3: later `rel` parameters are
/// ignored).
fn has_relation(mut parameters: &str, relation: &str) -> bool {
    while !parameters.is_empty() {
        let end = outside_quotes(parameters, ';');
        let (parameter, rest) = parameters.split_at(end);
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("rel")
        {
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            return relations.any(|found| found.eq_ignore_ascii_case(relation));
        }
        parameters = rest.strip_prefix(';').unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderValue;

    fn next(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("link", HeaderValue::from_str(value).unwrap());
        }
        find(&headers, "https://api.example/v1/rows?page=1", "next")
    }

    #[test]
    fn the_next_page_is_found_in_each_form_of_the_header() {
        let page = |text: &str| Some(text.to_owned());
        for (values, expected) in [
            (
                &["<https://api.example/v1/rows?page=2>; rel=\"next\""] as &[_],
                page("https://api.example/v1/rows?page=2"),
            ),
            (&["<?page=2>; rel=next"], page("https://api.example/v1/rows?page=2")),
            (&["</v1/rows/2>;REL=\"last NEXT\""], page("https://api.example/v1/rows/2")),
            (
                &["<https://a.example/a,b;c>; title=\"x, <y>; rel=next\"; rel=\"next\""],
                page("https://a.example/a,b;c"),
            ),
            (
                &["<?page=9>; rel=\"last\", <?page=2>; rel=\"next\""],
                page("https://api.example/v1/rows?page=2"),
            ),
            (
                &["<?page=9>; rel=\"last\"", "<?page=2>; rel=\"next\""],
                page("https://api.example/v1/rows?page=2"),
            ),
            (&["<?page=3>; rel=\"prev\"; rel=\"next\""], None),
            (&["<?page=3>; title=\"a \\\" rel=next\""], None),
            (&["<?page=3"], None),
            (&["?page=3; rel=next"], None),
            (&["<http://[>; rel=next"], None),
            (&[""], None),
            (&[], None),
        ] {
            assert_eq!(next(values), expected, "{values:?}");
        }
    }
}
