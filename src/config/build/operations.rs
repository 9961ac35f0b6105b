//! What surrounds a run.

use super::super::operations::CostSettings;
use super::super::read::Table;

pub(super) fn cost(table: &Table) -> Option<CostSettings> {
    let part = table.table("cost")?;
    Some(CostSettings {
        runs_per_month: u32::try_from(part.number("runs_per_month")?).ok()?,
        prices: part.text("prices").map(|file| file.value.clone()),
    })
}
