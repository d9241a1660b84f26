//! When which job is due: a machine that is told the time.

use std::time::Duration;

use tokio::time::Instant;

/// Longest wait for the first run of a job after this instance got the turn.
const FIRST_WAIT_MAX: Duration = Duration::from_secs(60);

/// Wait before a job that failed is tried again; doubled for each further failure, up to its period.
const RETRY_FIRST: Duration = Duration::from_secs(5);

/// Due times of all jobs, by their place in the list.
pub(super) struct Schedule {
    jobs: Vec<Due>,
    random: fastrand::Rng,
}

struct Due {
    every: Duration,
    at: Instant,
    /// Failures in a row.
    failures: u32,
}

impl Schedule {
    /// Spreads the first runs over a minute: a server that never runs longer than a period purges as well.
    pub(super) fn new(periods: impl Iterator<Item = Duration>, now: Instant, mut random: fastrand::Rng) -> Self {
        let jobs = periods.map(|every| {
            let at = now + every.min(FIRST_WAIT_MAX).mul_f64(random.f64());
            Due { every, at, failures: 0 }
        });
        Self { jobs: jobs.collect(), random }
    }

    /// Gives the job that is due next, and when.
    pub(super) fn next(&self) -> Option<(usize, Instant)> {
        self.jobs.iter().enumerate().map(|(number, job)| (number, job.at)).min_by_key(|&(_, at)| at)
    }

    /// Notes a success; tells whether the job had failed before.
    pub(super) fn done(&mut self, number: usize, now: Instant) -> bool {
        let jitter = 0.9 + 0.2 * self.random.f64();
        let job = &mut self.jobs[number];
        job.at = now + job.every.mul_f64(jitter);
        std::mem::take(&mut job.failures) > 0
    }

    /// Notes a failure; tells whether it is the first one in a row.
    pub(super) fn failed(&mut self, number: usize, now: Instant) -> bool {
        let jitter = 0.5 + 0.5 * self.random.f64();
        let job = &mut self.jobs[number];
        let ceiling = RETRY_FIRST.saturating_mul(2_u32.saturating_pow(job.failures)).min(job.every);
        job.at = now + ceiling.mul_f64(jitter);
        job.failures = job.failures.saturating_add(1);
        job.failures == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn schedule(periods: &[Duration], now: Instant, seed: u64) -> Schedule {
        Schedule::new(periods.iter().copied(), now, fastrand::Rng::with_seed(seed))
    }

    #[test]
    fn every_job_runs_first_within_a_minute_and_then_about_once_a_period() {
        let begin = Instant::now();
        for seed in 0..100 {
            let mut schedule = schedule(&[HOUR, Duration::from_secs(10)], begin, seed);
            let (mut runs, mut last) = ([0, 0], [begin, begin]);
            while let Some((number, due)) = schedule.next()
                && due < begin + 4 * HOUR
            {
                let (wait, every) = (due - last[number], [HOUR, Duration::from_secs(10)][number]);
                match runs[number] {
                    0 => assert!(wait <= every.min(FIRST_WAIT_MAX), "{wait:?}"),
                    _ => assert!(wait >= every.mul_f64(0.9) && wait <= every.mul_f64(1.1), "{wait:?}"),
                }
                (runs[number], last[number]) = (runs[number] + 1, due);
                assert!(!schedule.done(number, due), "it never failed");
            }
            assert!((4..=6).contains(&runs[0]) && (1_300..=1_620).contains(&runs[1]), "{runs:?}");
        }
    }

    #[test]
    fn a_job_that_fails_is_tried_again_sooner_and_told_once() {
        let begin = Instant::now();
        let mut schedule = schedule(&[HOUR], begin, 7);
        let mut now = begin;
        for ceiling_s in [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600] {
            assert_eq!(schedule.failed(0, now), ceiling_s == 5);
            let (_, due) = schedule.next().expect("a job");
            let (wait, ceiling) = (due - now, Duration::from_secs(ceiling_s));
            assert!(wait <= ceiling && wait >= ceiling / 2, "{wait:?} of {ceiling:?}");
            now = due;
        }
        assert!(schedule.done(0, now), "it works again");
        assert!(schedule.failed(0, now), "a new row of failures is told again");
    }

    #[test]
    fn without_jobs_nothing_is_due() {
        assert_eq!(schedule(&[], Instant::now(), 1).next(), None);
    }
}
