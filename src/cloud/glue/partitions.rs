//! The operations on partitions.

use super::api::{Listing, read, with_token};
use crate::cloud::caller::Caller;
use crate::cloud::catalog::{CatalogStore as _, Partition, PartitionInput};
use crate::cloud::error::ApiError;
use crate::cloud::s3::Store;
use crate::cloud::storage::StoreError;
use serde::Deserialize;
use serde_json::{Value, json};

/// The members of the partition operations' inputs.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    database_name: String,
    table_name: String,
    expression: Option<String>,
    #[serde(default)]
    partition_values: Vec<String>,
    #[serde(default)]
    partition_value_list: Vec<String>,
    #[serde(rename = "PartitionInput")]
    one: Option<PartitionInput>,
    #[serde(default)]
    partition_input_list: Vec<PartitionInput>,
    #[serde(default)]
    partitions_to_get: Vec<Values>,
    #[serde(default)]
    partitions_to_delete: Vec<Values>,
    #[serde(default)]
    entries: Vec<Entry>,
}

/// An entry of `BatchUpdatePartition`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    partition_value_list: Vec<String>,
    partition_input: PartitionInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Values {
    values: Vec<String>,
}

impl Input {
    fn partition(self) -> Result<(String, String, PartitionInput), ApiError> {
        let partition = self.one.ok_or_else(|| {
            ApiError::new("InvalidInputException", "PartitionInput cannot be null")
        })?;
        Ok((self.database_name.to_lowercase(), self.table_name.to_lowercase(), partition))
    }
}

/// Answers an operation on partitions; `None` when it is none.
pub(super) fn call(
    store: &Store,
    caller: &Caller,
    operation: &str,
    input: &Value,
) -> Result<Option<Value>, ApiError> {
    if !operation.contains("Partition") {
        return Ok(None);
    }
    let listing = input.clone();
    let input: Input = read(input.clone())?;
    let (database, table) = (input.database_name.to_lowercase(), input.table_name.to_lowercase());
    let output = match operation {
        "GetPartitions" => {
            let all = store.partitions(caller, &database, &table)?;
            let kept = match input.expression.as_deref().filter(|text| !text.trim().is_empty()) {
                None => all,
                Some(expression) => {
                    let keys = store.partition_keys(&database, &table)?;
                    select(all, &keys, expression)?
                }
            };
            let (partitions, next) = read::<Listing>(listing)?.cut(kept)?;
            with_token(json!({"Partitions": partitions}), next)
        }
        "GetPartition" => {
            store.0.on_table(caller, "glue:GetPartition", &database, &table)?;
            let found =
                store.find_partition(&database, &table, &input.partition_values)?.ok_or_else(
                    || ApiError::new("EntityNotFoundException", "Cannot find partition."),
                )?;
            json!({"Partition": found})
        }
        "BatchGetPartition" => {
            store.0.on_table(caller, "glue:BatchGetPartition", &database, &table)?;
            let mut found = Vec::new();
            for wanted in &input.partitions_to_get {
                found.extend(store.find_partition(&database, &table, &wanted.values)?);
            }
            json!({"Partitions": found, "UnprocessedKeys": []})
        }
        "CreatePartition" => {
            store.0.on_table(caller, "glue:CreatePartition", &database, &table)?;
            let (database, table, partition) = input.partition()?;
            let existing = store.keep_partitions(&database, &table, vec![partition])?;
            if !existing.is_empty() {
                return Err(ApiError::new("AlreadyExistsException", "Partition already exists."));
            }
            json!({})
        }
        "BatchCreatePartition" => {
            let existing =
                store.create_partitions(caller, &database, &table, input.partition_input_list)?;
            json!({"Errors": errors(&existing, "AlreadyExistsException", "Partition already exists.")})
        }
        "UpdatePartition" => {
            let values = input.partition_value_list.clone();
            let (database, table, partition) = input.partition()?;
            store.update_partition(caller, &database, &table, &values, partition)?;
            json!({})
        }
        "BatchUpdatePartition" => {
            store.0.on_table(caller, "glue:BatchUpdatePartition", &database, &table)?;
            let mut errors = Vec::new();
            for entry in input.entries {
                let values = entry.partition_value_list;
                match store.replace_partition(&database, &table, &values, entry.partition_input) {
                    Err(StoreError::EntityNotFound(message)) => errors.push(json!({
                        "PartitionValueList": values,
                        "ErrorDetail":
                            {"ErrorCode": "EntityNotFoundException", "ErrorMessage": message},
                    })),
                    replaced => replaced?,
                }
            }
            json!({"Errors": errors})
        }
        "DeletePartition" => {
            store.0.on_table(caller, "glue:DeletePartition", &database, &table)?;
            let mut glue = store.0.glue();
            glue.entry_mut(&database, &table)?
                .partitions
                .remove(&input.partition_values)
                .ok_or_else(|| ApiError::new("EntityNotFoundException", "Partition not found."))?;
            json!({})
        }
        "BatchDeletePartition" => {
            let wanted =
                input.partitions_to_delete.into_iter().map(|one| one.values).collect::<Vec<_>>();
            let missing = store.delete_partitions(caller, &database, &table, &wanted)?;
            json!({"Errors": errors(&missing, "EntityNotFoundException", "Partition not found.")})
        }
        _ => return Ok(None),
    };
    Ok(Some(output))
}

fn errors(values: &[Vec<String>], code: &str, message: &str) -> Vec<Value> {
    values
        .iter()
        .map(|values| {
            json!({"PartitionValues": values,
                   "ErrorDetail": {"ErrorCode": code, "ErrorMessage": message}})
        })
        .collect()
}

impl Store {
    fn partition_keys(&self, database: &str, table: &str) -> Result<Vec<String>, ApiError> {
        let glue = self.0.glue();
        let keys = &glue.entry(database, table)?.table.definition.partition_keys;
        Ok(keys.iter().map(|key| key.name.to_lowercase()).collect())
    }

    fn find_partition(
        &self,
        database: &str,
        table: &str,
        values: &[String],
    ) -> Result<Option<Partition>, ApiError> {
        Ok(self.0.glue().entry(database, table)?.partitions.get(values).cloned())
    }
}

/// The partitions for which the expression holds. Comparisons of a key with a literal, joined by
/// `AND`, are understood; the rest of Glue's grammar is refused rather than guessed at.
fn select(
    partitions: Vec<Partition>,
    keys: &[String],
    expression: &str,
) -> Result<Vec<Partition>, ApiError> {
    let tests = expression
        .split_inclusive(' ')
        .collect::<String>()
        .split(" AND ")
        .flat_map(|part| part.split(" and ").map(str::to_owned).collect::<Vec<_>>())
        .map(|comparison| parse(&comparison, keys))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| {
            ApiError::new(
                "InvalidInputException",
                format!("Unsupported expression '{}'", expression.escape_debug()),
            )
        })?;
    Ok(partitions
        .into_iter()
        .filter(|partition| {
            tests.iter().all(|(key, operator, literal)| {
                let value = partition.definition.values.get(*key).map_or("", String::as_str);
                // Numbers compare as numbers, everything else as text.
                let order = match (value.parse::<f64>(), literal.parse::<f64>()) {
                    (Ok(left), Ok(right)) => left.partial_cmp(&right),
                    _ => Some(value.cmp(literal.as_str())),
                };
                order.is_some_and(|order| match operator.as_str() {
                    "=" => order.is_eq(),
                    "!=" | "<>" => order.is_ne(),
                    "<" => order.is_lt(),
                    "<=" => order.is_le(),
                    ">" => order.is_gt(),
                    _ => order.is_ge(),
                })
            })
        })
        .collect())
}

/// `key operator literal`; gives the key's position.
fn parse(comparison: &str, keys: &[String]) -> Option<(usize, String, String)> {
    let comparison = comparison.trim().trim_start_matches('(').trim_end_matches(')').trim();
    let start = comparison.find(['=', '<', '>', '!'])?;
    let (name, rest) = comparison.split_at_checked(start)?;
    let end = rest.find(|character| !"=<>!".contains(character))?;
    let (operator, literal) = rest.split_at_checked(end)?;
    if !["=", "!=", "<>", "<", "<=", ">", ">="].contains(&operator) {
        return None;
    }
    let name = name.trim().trim_matches('`').to_lowercase();
    let key = keys.iter().position(|key| *key == name)?;
    let literal = literal.trim();
    let literal = match literal.strip_prefix('\'') {
        Some(quoted) => quoted.strip_suffix('\'')?.replace("''", "'"),
        None => literal.parse::<f64>().ok().map(|_| literal.to_owned())?,
    };
    Some((key, operator.to_owned(), literal))
}
