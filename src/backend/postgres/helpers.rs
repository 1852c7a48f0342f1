//! Threads that run one statement at a time, and wait for the next statement.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SendError, SyncSender, sync_channel};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

/// Work for a thread.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// The largest number of threads that wait for work.
const MOST: usize = 16;

/// How long a thread waits for work before it ends.
const REST: Duration = Duration::from_secs(30);

/// The threads that all stores of this process share.
static HELPERS: Helpers = Helpers::new();

/// The threads that wait. A forked child has none of these threads.
struct Helpers(Mutex<Idle>);

struct Idle {
    process: u32,
    numbers: u64,
    threads: Vec<(u64, SyncSender<Job>)>,
}

/// Runs `job` on a waiting thread, or else on a new thread.
pub(super) fn run(job: Job) -> io::Result<()> {
    HELPERS.run(job)
}

impl Helpers {
    const fn new() -> Helpers {
        Helpers(Mutex::new(Idle { process: 0, numbers: 0, threads: Vec::new() }))
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        let mut idle = self.0.lock();
        if idle.process != std::process::id() {
            idle.process = std::process::id();
            std::mem::take(&mut idle.threads).into_iter().for_each(std::mem::forget);
        }
        idle
    }

    fn run(&'static self, mut job: Job) -> io::Result<()> {
        loop {
            let waits = self.idle().threads.pop();
            let Some((_, thread)) = waits else { break };
            match thread.send(job) {
                Ok(()) => return Ok(()),
                Err(SendError(back)) => job = back,
            }
        }
        let builder = std::thread::Builder::new().name("evergrant-postgres".to_owned());
        builder.spawn(move || self.work(job)).map(drop)
    }

    fn work(&self, job: Job) {
        job();
        // The channel holds one job, so that a caller who has taken this thread from the list never waits.
        let (send, receive) = sync_channel(1);
        let number = {
            let mut idle = self.idle();
            idle.numbers += 1;
            idle.numbers
        };
        loop {
            {
                let mut idle = self.idle();
                if idle.threads.len() >= MOST {
                    return;
                }
                idle.threads.push((number, send.clone()));
            }
            let Some(job) = self.next(number, &receive) else { return };
            job();
        }
    }

    /// The next job. Returns `None` if no job came for a while.
    fn next(&self, number: u64, receive: &Receiver<Job>) -> Option<Job> {
        match receive.recv_timeout(REST) {
            Ok(job) => return Some(job),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let mut idle = self.idle();
        let before = idle.threads.len();
        idle.threads.retain(|(other, _)| *other != number);
        let taken = idle.threads.len() == before;
        drop(idle);
        // A caller has taken this thread from the list and will send a job.
        taken.then(|| receive.recv_timeout(REST).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn one_thread_runs_one_job_after_another() {
        // Threads of other tests are in another list.
        static OWN: Helpers = Helpers::new();
        let (send, receive) = channel();
        let mut names = Vec::new();
        for _ in 0..20 {
            let send = send.clone();
            let job = move || send.send(std::thread::current().id()).unwrap();
            OWN.run(Box::new(job)).unwrap();
            names.push(receive.recv().unwrap());
            // The thread enters the list after its job.
            while OWN.idle().threads.is_empty() {
                std::thread::yield_now();
            }
        }
        names.dedup();
        assert_eq!(names.len(), 1);
    }

    #[test]
    fn a_job_that_panics_takes_no_other_job_along() {
        static OWN: Helpers = Helpers::new();
        let (send, receive) = channel();
        OWN.run(Box::new(|| panic!("on purpose"))).unwrap();
        OWN.run(Box::new(move || send.send(1).unwrap())).unwrap();
        assert_eq!(receive.recv(), Ok(1));
    }
}
