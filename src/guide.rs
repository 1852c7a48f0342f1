//! The guide: one page for each topic.
//!
//! * **To use the crate**: [`first_hour`] goes from a new project to a first login and a first error, [`tasks`] has ten everyday tasks, [`coming_from`] is for users of other libraries,
//!   [`programs`] is about async code, web servers and uploads, [`stores`] helps to choose a store, [`fleet`] is for
//!   programs with many logins, [`million`] computes what a million logins need, [`troubleshooting`] explains each kind of error.
//! * **To log in from a terminal**: [`tool`] describes the command `evergrant`, [`tool_day`] shows a day with it.
//! * **To rely on it**: [`promise`] says what the crate promises and what it cannot promise,
//!   [`platform`] lists every file, lock, environment variable and timeout.
//! * **To change it**: [`architecture`] shows the six floors of the source, [`design`] explains the refresh
//!   step by step.
//!
//! With all features there is also a page for each vendor SDK, a list of the services that have a ready
//! provider, a page about services without a ready provider, and a page for users of httpx-oauth.

#[doc = include_str!("guide/first_hour.md")]
pub mod first_hour {}

#[doc = include_str!("guide/tasks.md")]
pub mod tasks {}

#[cfg(all(
    feature = "device",
    feature = "discovery",
    feature = "introspection",
    feature = "jwt",
    feature = "oidc"
))]
#[doc = include_str!("guide/any_service.md")]
pub mod any_service {}

#[doc = include_str!("guide/coming_from.md")]
pub mod coming_from {}

#[doc = include_str!("guide/programs.md")]
pub mod programs {}

/// The command `evergrant` for a terminal and for cron. The picture shows the command's table of logins and a
/// download.
///
#[doc = include_str!("guide/terminal.svg")]
///
#[doc = include_str!("guide/tool.md")]
pub mod tool {}

#[doc = include_str!("guide/tool_day.md")]
pub mod tool_day {}

#[cfg(feature = "services")]
#[doc = include_str!("guide/services.md")]
pub mod services {}

/// What the crate promises about a login, and what it cannot promise. The picture shows the life of a login.
///
#[doc = include_str!("guide/life.svg")]
///
#[doc = include_str!("guide/promise.md")]
pub mod promise {}

#[doc = include_str!("guide/platform.md")]
pub mod platform {}

#[doc = include_str!("guide/stores.md")]
pub mod stores {}

#[doc = include_str!("guide/fleet.md")]
pub mod fleet {}

#[doc = include_str!("guide/million.md")]
pub mod million {}

#[doc = include_str!("guide/design.md")]
pub mod design {}

/// The floors of the source, and the path of a request and of a refresh through them.
///
#[doc = include_str!("guide/floors.svg")]
///
#[doc = include_str!("guide/architecture.md")]
pub mod architecture {}

#[cfg(feature = "shell-ev")]
#[doc = include_str!("guide/shell_ev.md")]
pub mod shell_ev {}

#[doc = include_str!("guide/troubleshooting.md")]
pub mod troubleshooting {}

#[cfg(feature = "exact-online")]
#[doc = include_str!("guide/exact_online.md")]
pub mod exact_online {}

#[cfg(feature = "exact-online")]
#[doc = include_str!("guide/exact_online_endpoints.md")]
pub mod exact_online_endpoints {}

#[cfg(feature = "teamleader")]
#[doc = include_str!("guide/teamleader.md")]
pub mod teamleader {}

#[cfg(feature = "teamleader")]
#[doc = include_str!("guide/teamleader_operations.md")]
pub mod teamleader_operations {}

#[cfg(feature = "identity")]
#[doc = include_str!("guide/httpx_oauth.md")]
pub mod httpx_oauth {}

#[cfg(test)]
mod tests {
    const DRAWINGS: [(&str, &str); 3] = [
        ("ARCHITECTURE.md", include_str!("../ARCHITECTURE.md")),
        ("src/guide/floors.svg", include_str!("guide/floors.svg")),
        ("src/guide/architecture.md", include_str!("guide/architecture.md")),
    ];

    /// The number and the modules of each floor, as `tests/tidy.rs` lists them.
    fn floors() -> Vec<(String, Vec<&'static str>)> {
        let tidy = include_str!("../tests/tidy.rs");
        let list = tidy.split("const FLOORS").nth(1).unwrap().split("];").next().unwrap();
        let floors = list.split("&[").skip(2).map(|floor| {
            let names = floor.split(']').next().unwrap();
            names.split('"').skip(1).step_by(2).collect()
        });
        floors.enumerate().map(|(number, names)| (number.to_string(), names)).collect()
    }

    /// The part of a drawing that shows a floor: from its number to the next heading.
    fn drawn<'a>(drawing: &'a str, number: &str) -> &'a str {
        let marks = [format!("<b>{number} "), format!(">{number} "), format!("| {number} ")];
        let start = marks.iter().find_map(|mark| drawing.find(mark)).unwrap();
        let rest = &drawing[start + 1..];
        let ends = ["<b>", "<rect", "\n| "];
        &rest[..ends.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len())]
    }

    /// The modules in a floor of a drawing: in a text of the diagram, in lines of the picture with the font of
    /// code, or in the second column of the table.
    fn modules(drawn: &str) -> Vec<&str> {
        let parts: Vec<&str> = if drawn.contains("monospace") {
            let lines = drawn.split("monospace").skip(1);
            lines.map(|line| line.split(['>', '<']).nth(1).unwrap()).collect()
        } else if drawn.contains("<br/>") {
            drawn.split('"').next().unwrap().split("<br/>").skip(1).collect()
        } else {
            vec![drawn.split('|').nth(1).unwrap()]
        };
        let names = parts.into_iter().flat_map(|part| part.split(','));
        let names = names.map(|name| name.trim_matches(|c: char| c == '`' || c.is_whitespace()));
        names.filter(|name| !name.is_empty()).collect()
    }

    #[test]
    fn each_drawing_shows_the_modules_of_each_floor_and_no_other() {
        let floors = floors();
        assert_eq!(floors.iter().map(|(_, names)| names.len()).min(), Some(1));
        assert_eq!(floors.len(), 6);
        for (file, drawing) in DRAWINGS {
            for (number, names) in &floors {
                let (mut shown, mut names) = (modules(drawn(drawing, number)), names.clone());
                shown.sort_unstable();
                names.sort_unstable();
                assert_eq!(shown, names, "{file}: floor {number}");
            }
        }
        assert!(!drawn(DRAWINGS[1].1, "3").contains("protocol"));
    }

    #[test]
    fn the_life_of_a_login_shows_every_state() {
        use crate::health::LoginState::{Alive, Ended, Missing, Refused, Unanswered};
        let picture = include_str!("guide/life.svg");
        for state in [Missing, Refused, Ended, Unanswered, Alive] {
            let name = format!("bold\">{state:?}<").to_lowercase();
            assert!(picture.contains(&name), "{name}");
        }
    }
}
