//! File names for accounts: a different file for each name, on every file system.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};

/// The end of the name of a file that holds a login. The names of the files beside a login file have
/// another end or begin with a dot.
const END: &str = ".json";
/// The longest text before [`END`] that is written in full. The names of the files beside a login file
/// are longer by up to 30 bytes, and file systems limit a name to 255.
const LONGEST: usize = 120;
/// How many bytes of a longer text are shown before its hash.
const SHOWN: usize = 40;
/// Separates the shown part from the hash. No name in full contains this text: there, `%` is followed
/// by two digits.
const HASHED: &str = "%-";

/// The meaning of a file name in the folder.
#[derive(Debug, PartialEq)]
pub(super) enum Named {
    /// The file holds the login of this account.
    Account(String),
    /// The file holds the login of an account whose name is too long for a file name.
    Hashed,
    /// No login.
    Other,
}

/// The name of an account's file, and whether it has a hash in place of the whole name.
pub(super) fn file_of(account: &str) -> (String, bool) {
    let mut text = written(account);
    if text.len() <= LONGEST {
        text.push_str(END);
        return (text, false);
    }
    // A cut after `%` or `%c` would leave half of an encoded byte.
    let half = text[SHOWN - 2..SHOWN].find('%');
    text.truncate(half.map_or(SHOWN, |at| SHOWN - 2 + at));
    text.push_str(HASHED);
    for byte in digest(&SHA256, account.as_bytes()).as_ref() {
        let _ = write!(text, "{byte:02x}"); // Writing to a `String` does not fail.
    }
    text.push_str(END);
    (text, true)
}

/// Finds the account in the name of a file.
pub(super) fn account_of(file: &str) -> Named {
    let Some(text) = file.strip_suffix(END) else { return Named::Other };
    if text.contains(HASHED) {
        let hash = text.rsplit(HASHED).next().unwrap_or_default();
        let is_hash = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        return if is_hash { Named::Hashed } else { Named::Other };
    }
    match read(text) {
        // A name that was written in another way belongs to another program.
        Some(account) if written(&account) == text && text.len() <= LONGEST => {
            Named::Account(account)
        }
        _ => Named::Other,
    }
}

/// An account's name in characters that every file system distinguishes: small letters, digits and
/// `-_@+.`. Each other byte is `%` and two hexadecimal digits.
fn written(account: &str) -> String {
    if account.is_empty() {
        return "%".to_owned();
    }
    let mut text = String::with_capacity(account.len());
    for byte in account.bytes() {
        // A name that begins with a dot is hidden, and is the name of a helper file.
        let is_plain = matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'@' | b'+')
            || byte == b'.' && !text.is_empty();
        if is_plain {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02x}");
        }
    }
    if is_device(&text) {
        let first = text.remove(0);
        text.insert_str(0, &format!("%{:02x}", u32::from(first)));
    }
    text
}

/// Whether Windows treats a file with this name as a device, with any text after the first dot
/// (<https://learn.microsoft.com/windows/win32/fileio/naming-a-file>).
fn is_device(text: &str) -> bool {
    let stem = text.split('.').next().unwrap_or_default();
    let numbered = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    matches!(stem, "con" | "prn" | "aux" | "nul")
        || numbered.is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
}

fn read(text: &str) -> Option<String> {
    if text == "%" {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        rest = after;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_has_a_file_of_its_own_that_names_the_account() {
        for (account, file) in [
            ("tenant-42", "tenant-42.json"),
            ("anna@example.com", "anna@example.com.json"),
            ("", "%.json"),
            ("%", "%25.json"),
            ("Anna", "%41nna.json"),
            ("a/b\\c", "a%2fb%5cc.json"),
            ("..", "%2e..json"),
            (".hidden", "%2ehidden.json"),
            ("a.", "a..json"),
            ("a ", "a%20.json"),
            ("a.json", "a.json.json"),
            ("a.json.lock", "a.json.lock.json"),
            ("con", "%63on.json"),
            ("nul.txt", "%6eul.txt.json"),
            ("com1", "%63om1.json"),
            ("com10", "com10.json"),
            ("console", "console.json"),
            ("é", "%c3%a9.json"),
            ("e\u{301}", "e%cc%81.json"),
            ("a\0\n:*?\"<>|", "a%00%0a%3a%2a%3f%22%3c%3e%7c.json"),
        ] {
            assert_eq!(file_of(account), (file.to_owned(), false), "{account:?}");
            assert_eq!(account_of(file), Named::Account(account.to_owned()), "{file}");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_its_hash_tells_it_apart() {
        let longest = "a".repeat(LONGEST);
        assert!(!file_of(&longest).1);
        let mut files: Vec<_> = (0..8)
            .flat_map(|n| {
                [format!("{longest}{n}"), format!("{}{}", "x".repeat(n), "é".repeat(250))]
            })
            .map(|account| file_of(&account))
            .collect();
        for (file, hashed) in &files {
            assert!(*hashed && file.len() <= SHOWN + 2 + 64 + END.len(), "{file}");
            assert_eq!(account_of(file), Named::Hashed, "{file}");
            let shown = file.split(HASHED).next().unwrap();
            let last = shown.rfind('%').map_or(3, |at| shown.len() - at);
            assert!(last >= 3 && shown.len() + 2 >= SHOWN, "half a byte is shown: {file}");
        }
        files.sort();
        files.dedup();
        assert_eq!(files.len(), 16);
    }

    #[test]
    fn files_of_others_are_no_accounts() {
        for file in [
            "a.json.lock",
            "a.json.name",
            ".a.json.evergrant-temp",
            ".a.json",
            "A.json",
            "a%2Fb.json",
            "a%2.json",
            "a%zz.json",
            "%61.json",
            "con.json",
            "%ff.json",
            "a%-00.json",
            "%-.json",
            "README",
        ] {
            assert_eq!(account_of(file), Named::Other, "{file}");
        }
    }
}
