//! Tests of the waits between the polls of a device login, for faults that people reported about other
//! clients.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evergrant::clock::{Clock, ManualClock};
use evergrant::device::DevicePoll;
use evergrant::sandbox::{Fault, Reply, Sandbox};
use serde_json::json;

use crate::support::builder;

/// Runs a device login by a clock that moves only when the client sleeps. `answer` answers the first
/// polls, and `lost` answers are cut off. Returns the times of the polls, in seconds.
fn polls(answer: impl Fn(usize) -> Option<Reply> + Send + Sync + 'static, lost: usize) -> Vec<u64> {
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::builder().clock(clock.clone()).start().unwrap();
    let (times, seen) = (Arc::new(std::sync::Mutex::new(Vec::new())), clock.clone());
    let (count, kept) = (AtomicUsize::new(0), times.clone());
    sandbox.on_token(move |_, reply| {
        kept.lock().unwrap().push(seen.monotonic().as_secs());
        answer(count.fetch_add(1, Ordering::SeqCst)).unwrap_or(reply)
    });
    let client = builder(&sandbox).clock(clock).build();
    sandbox.faults(lost, Fault::CutAfter);
    let mut asked = 0;
    let code = client.device_code(&[]).unwrap();
    let result = client.exchange_device(&code, |event| {
        if let DevicePoll::Failed { reason, .. } = event {
            assert!(!reason.contains("start the login again"), "{reason}");
        }
        asked += usize::from(!matches!(event, DevicePoll::Waiting { .. }));
        if asked == 7 {
            sandbox.approve_device(code.user_code());
        }
        ControlFlow::Continue(())
    });
    assert!(result.is_ok(), "{result:?}");
    times.lock().unwrap().clone()
}

#[test]
fn slow_down_with_status_429_lengthens_every_wait() {
    let slow = |n| (n < 3).then(|| Reply::json(429, json!({"error": "slow_down"})));
    let times = polls(slow, 0);
    assert_eq!(times[..5], [5, 15, 30, 50, 70], "each slow_down must add 5 s");
}

#[test]
fn lost_polls_lengthen_the_wait_up_to_a_cap() {
    let clock = Arc::new(ManualClock::new());
    let sandbox = Sandbox::builder().clock(clock.clone()).start().unwrap();
    let client = builder(&sandbox).clock(clock.clone()).build();
    let code = client.device_code(&[]).unwrap();
    sandbox.faults(6, Fault::CutBefore);
    let (mut failed, mut pending) = (Vec::new(), Vec::new());
    client
        .exchange_device(&code, |event| {
            match event {
                DevicePoll::Failed { reason, interval } => {
                    assert!(!reason.contains("start the login again"), "{reason}");
                    failed.push(interval.as_secs());
                }
                DevicePoll::Pending => {
                    pending.push(clock.monotonic().as_secs());
                    if pending.len() == 2 {
                        assert!(sandbox.approve_device(code.user_code()));
                    }
                }
                _ => {}
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(failed, [10, 20, 30, 30, 30, 30]);
    assert_eq!(pending, [155, 160], "after an answer the wait must be short again");
}
