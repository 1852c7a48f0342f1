//! Many copies of the program at the same moment.

use std::process::Stdio;

use crate::support::World;

#[test]
fn sixteen_copies_of_token_at_expiry_refresh_once() {
    let world = World::new();
    world.seed("acme", true);
    let copies: Vec<_> = (0..16)
        .map(|_| {
            let mut command = world.command(&["token", "acme"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let outputs: Vec<_> = copies.into_iter().map(|copy| copy.wait_with_output().unwrap()).collect();
    for output in &outputs {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout, outputs[0].stdout);
    }
    assert_eq!(world.sandbox.counters().refreshes, 1);
    assert!(world.sandbox.login_alive());
}
