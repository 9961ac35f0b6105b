//! Trino's functions that the engine lacks or answers otherwise.

mod array;
mod calendar;
mod cast;
mod format;
mod json;
mod like;
mod number;
mod text;
mod time;

use crate::cloud::athena::error::QueryError;
use crate::cloud::athena::types::HiveType;
use datafusion::arrow::array::{ArrayRef, NullArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::arrow::error::ArrowError;
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

type Result<T> = std::result::Result<T, QueryError>;

/// A function.
pub(super) struct Function {
    /// The name, which only the rewriter writes: it begins with `trino_`.
    pub(super) name: &'static str,
    /// The types of the parameters that arguments of these types are given as.
    pub(super) takes: fn(&[DataType]) -> Option<Vec<DataType>>,
    /// The type of the result, from the parameters' types.
    pub(super) gives: fn(&[DataType]) -> DataType,
    /// The function itself; every array has as many rows as the first.
    pub(super) eval: fn(&[ArrayRef]) -> Result<ArrayRef>,
}

/// Every function.
pub(super) const FUNCTIONS: &[&[Function]] = &[
    array::FUNCTIONS,
    cast::FUNCTIONS,
    json::FUNCTIONS,
    like::FUNCTIONS,
    number::FUNCTIONS,
    text::FUNCTIONS,
    time::FUNCTIONS,
];

/// The function of this name, for whoever plans a call of it.
pub(super) fn named(name: &str) -> Result<ScalarUDF> {
    let mut all = FUNCTIONS.iter().copied().flatten();
    let function = all.find(|function| function.name == name);
    function.map(scalar).ok_or_else(|| QueryError::rehearsal(format!("the function {name}")))
}

/// The first argument; the signature has seen to it that there is one.
fn first(arrays: &[ArrayRef]) -> ArrayRef {
    arrays.first().cloned().unwrap_or_else(|| Arc::new(NullArray::new(0)))
}

/// The first parameter's type.
fn nothing(parameters: &[DataType]) -> DataType {
    parameters.first().cloned().unwrap_or(DataType::Null)
}

impl From<ArrowError> for QueryError {
    fn from(error: ArrowError) -> Self {
        datafusion::error::DataFusionError::from(error).into()
    }
}

/// The function as the engine takes it.
pub(super) fn scalar(function: &'static Function) -> ScalarUDF {
    // The types are checked and cast here: the engine would make a text of our errors.
    let signature = Signature::variadic_any(Volatility::Immutable);
    ScalarUDF::new_from_impl(Udf { function, signature })
}

struct Udf {
    function: &'static Function,
    signature: Signature,
}

impl Udf {
    /// The parameters' types for arguments of these.
    fn parameters(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        (self.function.takes)(arguments).ok_or_else(|| {
            let types: Vec<String> = arguments.iter().map(type_name).collect();
            let name = self.function.name.trim_start_matches("trino_").trim_end_matches("_or_null");
            let types = types.join(", ");
            QueryError::types(format!("Unexpected parameters ({types}) for function {name}"))
        })
    }
}

impl std::fmt::Debug for Udf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.function.name)
    }
}

impl PartialEq for Udf {
    fn eq(&self, other: &Self) -> bool {
        self.function.name == other.function.name
    }
}

impl Eq for Udf {}

impl Hash for Udf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
    }
}

impl ScalarUDFImpl for Udf {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> EngineResult<DataType> {
        Ok((self.function.gives)(&self.parameters(arguments)?))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let scalar = arguments.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { arguments.number_rows };
        let given = arguments.args.iter().map(ColumnarValue::data_type).collect::<Vec<_>>();
        let parameters = self.parameters(&given)?;
        let arrays = arguments
            .args
            .into_iter()
            .zip(&parameters)
            .map(|(argument, parameter)| Ok(cast(&argument.into_array(rows)?, parameter)?));
        let result = (self.function.eval)(&arrays.collect::<EngineResult<Vec<_>>>()?)?;
        if scalar {
            let value = datafusion::common::ScalarValue::try_from_array(&result, 0)?;
            return Ok(ColumnarValue::Scalar(value));
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// Trino's name of a type, for messages.
pub(super) fn type_name(kind: &DataType) -> String {
    match kind {
        DataType::Null => "unknown".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp(3) with time zone".to_owned(),
        DataType::Interval(_) | DataType::Duration(_) => "interval".to_owned(),
        other => HiveType::from_arrow(other).map_or_else(|| other.to_string(), |k| k.trino()),
    }
}

/// Kinds of parameters.
pub(super) mod param {
    use super::{DataType, TimeUnit};

    pub(crate) const MILLIS: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);

    pub(crate) fn is_text(kind: &DataType) -> bool {
        matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null)
    }

    /// Numbers, each as what it is.
    pub(crate) fn numeric(kind: &DataType) -> Option<DataType> {
        match kind {
            DataType::Null => Some(DataType::Int32),
            DataType::UInt32 | DataType::UInt64 => Some(DataType::Int64),
            DataType::Decimal128(..) => Some(kind.clone()),
            kind if kind.is_integer() || kind.is_floating() => Some(kind.clone()),
            _ => None,
        }
    }

    /// Text as `varchar`.
    pub(crate) fn text(kind: &DataType) -> Option<DataType> {
        matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null)
            .then_some(DataType::Utf8)
    }

    /// Whole numbers as `bigint`.
    pub(crate) fn integer(kind: &DataType) -> Option<DataType> {
        (kind.is_integer() || kind.is_null()).then_some(DataType::Int64)
    }

    /// Bytes as `varbinary`.
    pub(crate) fn binary(kind: &DataType) -> Option<DataType> {
        matches!(
            kind,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::Null
        )
        .then_some(DataType::Binary)
    }

    /// Each argument by its own rule, none left out.
    pub(crate) fn each(
        arguments: &[DataType],
        rules: &[fn(&DataType) -> Option<DataType>],
    ) -> Option<Vec<DataType>> {
        if arguments.len() != rules.len() {
            return None;
        }
        arguments.iter().zip(rules).map(|(argument, rule)| rule(argument)).collect()
    }
}
