//! The files that the command `evergrant` touches, and the variables that it reads: a part of the tables in `reach.rs`
//! and `outside.rs`.

/// The source, the call, its count, the file that the call touches.
pub(super) const FILES: [(&str, &str, usize, &str); 20] = [
    ("src/bin/evergrant/rescue.rs", "OpenOptions::new", 1, "a new file of this user alone"),
    ("src/bin/evergrant/rescue.rs", "fs::remove_", 1, "the same file, if it is not whole"),
    ("src/bin/evergrant/rescue.rs", "File::open", 1, "the folder of the same file, to flush it"),
    ("src/bin/evergrant/signals.rs", "fs::remove_", 1, "the unfinished file of a download"),
    (
        "src/bin/evergrant/signals.rs",
        "fs::read_to_string",
        1,
        "/proc/self/status: the signals that are ignored",
    ),
    ("src/bin/evergrant/command.rs", "fs::read(", 1, "the certificates in SSL_CERT_FILE"),
    (
        "src/bin/evergrant/logins.rs",
        "fs::read(",
        3,
        "`NAME.about.json`; a record, to know that there is one",
    ),
    ("src/bin/evergrant/logins.rs", "fs::read_dir", 1, "the folder of the logins"),
    ("src/bin/evergrant/logins.rs", "fs::rename", 1, "the next `NAME.about.json` over the last"),
    ("src/bin/evergrant/logins.rs", "fs::remove_", 3, "`NAME.about.json`, and its next"),
    (
        "src/bin/evergrant/description.rs",
        "File::open",
        1,
        "the description of a service; 1 MiB at most",
    ),
    (
        "src/bin/evergrant/command/providers.rs",
        "fs::read_dir",
        1,
        "the folder of settings, for names",
    ),
    ("src/bin/evergrant/command/call.rs", "File::open", 1, "the file of `--body`"),
    (
        "src/bin/evergrant/command/call/download.rs",
        "File::create",
        1,
        "a new file beside that of `--output`",
    ),
    (
        "src/bin/evergrant/command/call/download.rs",
        "File::options",
        1,
        "the device or pipe of `--output`",
    ),
    (
        "src/bin/evergrant/command/call/download.rs",
        "fs::canonicalize",
        1,
        "the file that a link of `--output` names",
    ),
    (
        "src/bin/evergrant/command/call/download.rs",
        "fs::read_link",
        1,
        "the same link, if its file is not there",
    ),
    (
        "src/bin/evergrant/command/call/download.rs",
        "fs::rename",
        1,
        "the same file, to the name of `--output`",
    ),
    (
        "src/bin/evergrant/command/call/download.rs",
        "fs::remove_",
        1,
        "the same file, after a failure",
    ),
    ("src/bin/evergrant/command/import.rs", "File::open", 1, "the token file that a person names"),
];

/// The source, the call, the variables, and a test of them.
pub(super) const VARIABLES: [(&str, &str, &str, &str); 13] = [
    (
        "src/bin/evergrant/command.rs",
        "var_os(\"SSL_CERT_FILE\"",
        "certificate authorities",
        CERTIFICATES,
    ),
    (
        "src/bin/evergrant/command/doctor.rs",
        "var(name",
        "whether a proxy can be read",
        CERTIFICATES,
    ),
    ("src/bin/evergrant/command.rs", "var(\"EVERGRANT_STORE\"", "the store", STORE),
    ("src/bin/evergrant/logins.rs", "var(name", "the store of a login, or of --to-env", STORE),
    ("src/bin/evergrant/places.rs", "var_os(name", "HOME and its like: the folders", FOLDERS),
    ("src/bin/evergrant/command/doctor.rs", "var_os(name", "whether a proxy is set", DOCTOR),
    ("src/bin/evergrant/places.rs", "var_os(\"EVERGRANT_HOME\"", "whether it is whole", HOME),
    ("src/bin/evergrant/rescue.rs", "temp_dir(", "the last folder for a rescue file", RESCUE),
    ("src/bin/evergrant/command/import.rs", "dotenvy::from_read_iter", "no variable is set", ALONE),
    ("src/bin/evergrant/credentials.rs", "current_dir(", "the folder whose .env is read", HERE),
    ("src/bin/evergrant/credentials.rs", "var_os(&id", "whether PREFIX_CLIENT_ID is set", HERE),
    ("src/bin/evergrant/show.rs", "var_os(\"NO_COLOR\"", "no colours", COLOURS),
    ("src/bin/evergrant/show.rs", "var_os(\"TERM\"", "a terminal without colours", COLOURS),
];

const CERTIFICATES: &str = "certificates_and_proxies_of_the_environment_are_checked";
const STORE: &str = "the_environment_may_name_a_store_with_a_password";
const FOLDERS: &str = "each_platform_has_its_own_folders";
const HOME: &str = "a_relative_home_and_an_unknown_store_are_refused";
const RESCUE: &str = "an_unsaved_login_is_imported_from_a_rescue_file";
const ALONE: &str = "a_named_file_is_imported_without_the_variables_of_the_process";
const DOCTOR: &str = "the_doctor_names_each_fault_and_what_mends_it";
const HERE: &str = "credentials_come_from_the_environment_or_a_file";
const COLOURS: &str = "colours_are_for_terminals_that_want_them";
