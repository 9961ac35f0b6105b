//! History mode: an export is a partition of each table, by the date of its snapshot.
//!
//! A later export of the same date takes the place of the earlier one, by one call that moves the
//! partition's location. A rollback drops the partitions of later exports, and with that no file.

use super::super::super::context::{Context, StepError};
use super::super::super::left::export_of;
use super::super::super::partitions::{self, Pointer};
use super::super::register::CONCURRENCY;
use super::Move;
use crate::aws::{AwsError, Clients, try_in_parallel};
use std::collections::{BTreeMap, BTreeSet};

/// Marks a table whose partitions are exports.
pub(in crate::run) const MODE: &str = "snaplake.mode";

/// What is to become of a table's partitions.
pub(super) struct Partitions {
    value: String,
    wanted: Pointer,
    now: Option<Pointer>,
    /// Partitions that a rollback drops.
    dropped: BTreeMap<String, Pointer>,
    dropped_exports: BTreeSet<String>,
}

/// Reads the partitions of the tables that are there, and plans what becomes of them. Does nothing in
/// other modes.
pub(super) async fn plan(
    context: &Context<'_>,
    database: &str,
    moves: &mut [Move],
) -> Result<(), StepError> {
    if context.pipeline.partition().is_none() {
        return Ok(());
    }
    let Some(value) = &context.journal.details.partition else {
        return Ok(());
    };
    let rollback = context.journal.state.kept_export.clone();
    let root = context.pipeline.exports_root();
    let clients = context.clients;
    let names = moves.iter().map(|table| (table.before.is_some(), table.plan.table.clone()));
    let present = try_in_parallel(CONCURRENCY, names.collect(), |(there, name)| {
        Box::pin(async move {
            if there {
                partitions::all(clients, database, &name).await
            } else {
                Ok(BTreeMap::new())
            }
        })
    })
    .await?;
    for (table, mut present) in moves.iter_mut().zip(present) {
        let now = present.remove(value);
        let later = |pointer: &Pointer| {
            let export = export_of(&pointer.location, &root);
            rollback.as_ref().is_some_and(|to| export.is_some_and(|export| export > *to))
        };
        present.retain(|_, pointer| later(pointer));
        let wanted = Pointer::of(&table.plan);
        let replaced = now.iter().filter(|now| now.location != wanted.location);
        let dropped_exports = present
            .values()
            .chain(replaced)
            .filter_map(|pointer| export_of(&pointer.location, &root))
            .collect();
        table.partitions = Some(Partitions {
            value: value.clone(),
            wanted,
            now,
            dropped: present,
            dropped_exports,
        });
    }
    Ok(())
}

impl Partitions {
    /// What the partitions that change were before.
    pub(super) fn before(&self) -> BTreeMap<String, Option<Pointer>> {
        let dropped = self.dropped.iter().map(|(value, now)| (value.clone(), Some(now.clone())));
        dropped.chain([(self.value.clone(), self.now.clone())]).collect()
    }

    /// Whether anything is to change.
    pub(super) fn any_change(&self) -> bool {
        self.now.as_ref() != Some(&self.wanted) || !self.dropped.is_empty()
    }

    /// The exports that the table ceases to have a partition of.
    pub(super) fn dropped_exports(&self) -> impl Iterator<Item = String> {
        self.dropped_exports.iter().cloned()
    }

    /// Makes the partitions what they are to be: the export's first, so that no moment lacks both.
    pub(super) async fn make(
        &self,
        clients: &Clients,
        database: &str,
        table: &str,
    ) -> Result<(), AwsError> {
        let now = self.now.as_ref();
        partitions::point(clients, database, table, &self.value, now, &self.wanted).await?;
        let dropped: Vec<String> = self.dropped.keys().cloned().collect();
        partitions::drop_all(clients, database, table, &dropped).await
    }
}
