//! Runs that stop somewhere and are continued.

use super::stage::{Stage, StopAfter};
use snaplake::pipeline::Step;
use snaplake::run::{FailureKind, NoProgress, Outcome, RunError, RunOptions, run, steps};

/// Wherever a run stops, the resumed one ends where an undisturbed one does.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_stops_after_any_step_ends_the_same() {
    let undisturbed = Stage::new("direct", "create").await;
    assert!(undisturbed.run().await.succeeded());
    let expected: Vec<_> = undisturbed.live().await.into_iter().map(|(table, _)| table).collect();

    let stage = Stage::new("direct", "create").await;
    let mut options = stage.options();
    for step in steps(&stage.pipeline) {
        if step == Step::Prune {
            break;
        }
        let progress = StopAfter { step, stop: options.stop.clone() };
        let report = stage.run_with(options.clone(), &progress).await;
        let failure = report.failure.unwrap();
        assert_eq!(failure.kind, FailureKind::Interrupted, "{step}: {failure:?}");
        assert!(failure.help.contains(&format!("--resume {}", report.run_id)), "{failure:?}");
        options = RunOptions { resume: Some(report.run_id), ..stage.options() };
    }
    let report = stage.run_with(options, &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert!(
        report.steps.iter().all(|step| matches!(step.outcome, Outcome::Done | Outcome::Skipped))
    );
    assert_eq!(report.steps.len(), steps(&stage.pipeline).len());
    assert_eq!(stage.exports_started(), 1);
    let live: Vec<_> = stage.live().await.into_iter().map(|(table, _)| table).collect();
    assert_eq!(live, expected);
    assert!(report.verification.unwrap().passed());

    let options = RunOptions { resume: Some(report.run_id), ..stage.options() };
    let again = run(&stage.pipeline, &stage.clients, &stage.clock, options, &NoProgress).await;
    assert!(matches!(again, Err(RunError::Finished { .. })));
}

/// A process can die at any await: dropping the run at its n-th event is such a death.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_dies_at_any_moment_ends_the_same() {
    let stage = Stage::new("direct", "latest-automated").await;
    let mut run_id = None;
    let mut deaths = 0;
    loop {
        let options = RunOptions { resume: run_id.clone(), ..stage.options() };
        let dying = run(&stage.pipeline, &stage.clients, &stage.clock, options, &NoProgress);
        let limit = std::time::Duration::from_millis(150 * (1 + deaths / 4));
        match tokio::time::timeout(limit, dying).await {
            Ok(report) => {
                let report = report.unwrap();
                assert!(report.succeeded(), "{:#?}", report.failure);
                break;
            }
            Err(_) => deaths += 1,
        }
        let runs = snaplake::run::list(&stage.journal()).unwrap();
        run_id = runs.first().map(|run| run.run_id.clone());
        assert!(deaths < 400, "the run makes no way: {runs:?}");
    }
    assert!(deaths > 1, "{deaths}");
    assert_eq!(stage.exports_started(), 1);
    assert_eq!(stage.live().await.len(), 3);
}
