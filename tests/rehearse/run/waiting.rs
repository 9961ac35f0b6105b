//! How soon an end in AWS is noticed, over the cloud's virtual time.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::stage::Stage;
use jiff::{SignedDuration, Timestamp};
use snaplake::cloud::Access;

/// What the calls themselves take, in real time, on a machine that does other things too.
const SLACK: SignedDuration = SignedDuration::from_secs(3);

/// 2 % of a length or 5 s, whichever is more.
fn bound(length: SignedDuration) -> SignedDuration {
    SignedDuration::from_secs_f64(length.as_secs_f64() * 0.02).max(SignedDuration::from_secs(5))
        + SLACK
}

/// How long after something that took from `began` to `ended` the run went on with `action`.
fn soon(mine: &[&Access], (began, ended): (Timestamp, Timestamp), action: &str) {
    let length = ended.duration_since(began);
    assert!(length > SignedDuration::from_mins(2), "{length:?}: too short to tell");
    let next = mine.iter().find(|call| call.action == action && call.time >= ended).unwrap();
    let late = next.time.duration_since(ended);
    assert!(late <= bound(length), "{action} came {late:?} after what took {length:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_goes_on_soon_after_a_snapshot_and_an_export() {
    let stage = Stage::new("crawler", "create").await;
    let report = stage.run().await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    let log = stage.cloud.log();
    // What services do in between is no call of the run's.
    let mine: Vec<&Access> =
        log.iter().filter(|access| access.via.is_none() && access.service.is_none()).collect();

    let made = mine.iter().find(|call| call.action == "rds:CreateDBSnapshot").unwrap().time;
    let snapshot = (made, made + SignedDuration::from_mins(3));
    soon(&mine, snapshot, "rds:StartExportTask");

    let export = report.export.as_ref().unwrap();
    soon(&mine, (export.started.unwrap(), export.ended.unwrap()), "glue:UpdateCrawler");
}
