//! Calls of Trino's functions (<https://trino.io/docs/current/functions/list.html>), each in the
//! engine's words. A function that is not here is not passed on: the engine's function of that name
//! may answer otherwise.

use super::rewrite::parse;
use crate::cloud::athena::error::QueryError;
use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments,
};

type Result<T> = std::result::Result<T, QueryError>;

/// Functions of one row that are ours under `trino_` and their own name.
const OWN: &[&str] = &[
    "abs",
    "cardinality",
    "ceil",
    "ceiling",
    "chr",
    "codepoint",
    "date_add",
    "date_diff",
    "date_format",
    "date_parse",
    "date_trunc",
    "day",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "dow",
    "doy",
    "element_at",
    "floor",
    "from_base64",
    "from_hex",
    "from_iso8601_date",
    "from_utf8",
    "hour",
    "json_array_length",
    "json_extract_scalar",
    "last_day_of_month",
    "length",
    "lower",
    "lpad",
    "ltrim",
    "millisecond",
    "minute",
    "month",
    "quarter",
    "replace",
    "reverse",
    "round",
    "rpad",
    "rtrim",
    "second",
    "sha256",
    "sha512",
    "sign",
    "split",
    "split_part",
    "starts_with",
    "strpos",
    "substr",
    "substring",
    "to_base64",
    "to_hex",
    "to_unixtime",
    "to_utf8",
    "trim",
    "truncate",
    "upper",
    "week",
    "week_of_year",
    "year",
    "year_of_week",
    "yow",
];

/// Functions of doubles that the engine has under the same name.
const DOUBLES: &[(&str, usize)] = &[
    ("acos", 1),
    ("asin", 1),
    ("atan", 1),
    ("atan2", 2),
    ("cbrt", 1),
    ("cos", 1),
    ("cosh", 1),
    ("degrees", 1),
    ("exp", 1),
    ("ln", 1),
    ("log", 2),
    ("log10", 1),
    ("log2", 1),
    ("pi", 0),
    ("pow", 2),
    ("power", 2),
    ("radians", 1),
    ("random", 0),
    ("sin", 1),
    ("sinh", 1),
    ("sqrt", 1),
    ("tan", 1),
    ("tanh", 1),
];

/// Aggregates of doubles, with the engine's name.
const STATISTICS: &[(&str, &str)] = &[
    ("corr", "corr"),
    ("covar_pop", "covar_pop"),
    ("covar_samp", "covar_samp"),
    ("regr_intercept", "regr_intercept"),
    ("regr_slope", "regr_slope"),
    ("stddev", "stddev_samp"),
    ("stddev_pop", "stddev_pop"),
    ("stddev_samp", "stddev_samp"),
    ("var_pop", "var_pop"),
    ("var_samp", "var_samp"),
    ("variance", "var_samp"),
];

/// The fields of EXTRACT.
pub(super) const EXTRACT: &[(&str, &str)] = &[
    ("year", "trino_year"),
    ("quarter", "trino_quarter"),
    ("month", "trino_month"),
    ("week", "trino_week"),
    ("day", "trino_day"),
    ("day_of_month", "trino_day"),
    ("day_of_week", "trino_day_of_week"),
    ("dow", "trino_day_of_week"),
    ("day_of_year", "trino_day_of_year"),
    ("doy", "trino_day_of_year"),
    ("year_of_week", "trino_year_of_week"),
    ("yow", "trino_year_of_week"),
    ("hour", "trino_hour"),
    ("minute", "trino_minute"),
    ("second", "trino_second"),
];

/// Functions of Trino that are refused, so that a misspelt name is told from one of them.
const BEYOND: &str = " all_match any_match approx_most_frequent approx_percentile array_except \
    array_first array_intersect array_last array_max array_min array_position array_remove \
    array_sort array_union arrays_overlap array_distinct at_timezone bar beta_cdf \
    bing_tile bitwise_and bitwise_and_agg bitwise_not bitwise_or bitwise_or_agg bitwise_xor \
    bool_xor char2hexint checksum classify color combinations concat_ws contains convex_hull_agg \
    crc32 current_catalog current_groups current_schema current_timezone current_user date_between \
    empty_approx_set entropy evaluate_classifier_predictions features filter flatten \
    format format_datetime format_number from_big_endian_32 from_big_endian_64 from_geojson_geometry \
    from_ieee754_32 from_ieee754_64 from_iso8601_timestamp from_iso8601_timestamp_nanos \
    from_unixtime from_unixtime_nanos geometric_mean great_circle_distance hamming_distance \
    hash_counts histogram hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 human_readable_seconds infinity \
    intersection_cardinality inverse_beta_cdf inverse_normal_cdf is_finite is_infinite \
    is_json_scalar is_nan is_subnet_of jaccard_index json_array json_array_contains \
    json_array_get json_exists json_extract json_format json_object json_parse json_query json_size \
    json_value kurtosis learn_classifier luhn_check make_set_digest map map_agg map_concat \
    map_entries map_filter map_from_entries map_keys map_union map_values map_zip_with merge \
    merge_set_digest multimap_agg multimap_from_entries murmur3 nan ngrams none_match normal_cdf \
    normalize numeric_histogram objectid_timestamp parse_data_size parse_datetime parse_duration \
    parse_presto_data_size qdigest_agg quantile_at_value rand reduce reduce_agg regexp_count \
    regexp_extract_all regexp_position regexp_split render repeat rgb sequence sha1 shuffle \
    simplify_geometry skewness slice soundex split_to_map split_to_multimap spooky_hash_v2_32 \
    spooky_hash_v2_64 st_area st_astext st_contains st_distance st_geometryfromtext st_point \
    st_within tdigest_agg timezone_hour timezone_minute to_big_endian_32 to_big_endian_64 \
    to_char to_date to_geometry to_ieee754_32 to_ieee754_64 to_iso8601 to_milliseconds to_timestamp \
    transform transform_keys transform_values translate trim_array try typeof url_decode \
    url_encode url_extract_fragment url_extract_host url_extract_parameter url_extract_path \
    url_extract_port url_extract_protocol url_extract_query uuid value_at_quantile values_at_quantiles \
    version width_bucket wilson_interval_lower wilson_interval_upper with_timezone word_stem xxhash64 \
    zip zip_with ";

/// A call's parts.
struct Call<'a> {
    name: String,
    arguments: Vec<String>,
    function: &'a Function,
    /// `DISTINCT `, or nothing.
    distinct: &'static str,
    /// ` ORDER BY …` within the parentheses, or nothing.
    order: String,
    /// `FILTER`, `IGNORE NULLS` and `OVER`, as they stand after the parentheses.
    after: String,
}

/// The engine's form of a call.
pub(super) fn call(function: &Function) -> Result<Option<Expr>> {
    let call = Call::read(function)?;
    // What is ours already was rewritten as part of something else.
    if call.name.starts_with("trino_") {
        return Err(call.unknown());
    }
    parse(&call.engine()?).map(Some)
}

impl<'a> Call<'a> {
    fn read(function: &'a Function) -> Result<Self> {
        let name = function.name.to_string().to_lowercase().replace('"', "");
        if !matches!(function.parameters, FunctionArguments::None) || function.uses_odbc_syntax {
            return Err(QueryError::syntax(format!("mismatched input in the call of {name}")));
        }
        let mut arguments = Vec::new();
        let mut distinct = "";
        let mut order = String::new();
        match &function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(_) => {
                return Err(QueryError::rehearsal(format!("a query as the argument of {name}")));
            }
            FunctionArguments::List(list) => {
                for argument in &list.args {
                    match argument {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => {
                            arguments.push(expr.to_string());
                        }
                        FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if name == "count" => {
                            arguments.push("*".to_owned());
                        }
                        _ => {
                            return Err(QueryError::rehearsal(format!("the arguments of {name}")));
                        }
                    }
                }
                if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
                    distinct = "DISTINCT ";
                }
                for clause in &list.clauses {
                    match clause {
                        FunctionArgumentClause::OrderBy(_) => order = format!(" {clause}"),
                        _ => return Err(QueryError::rehearsal(format!("{clause} in {name}"))),
                    }
                }
            }
        }
        let after = [
            function.filter.as_ref().map(|filter| format!(" FILTER (WHERE {filter})")),
            function.null_treatment.as_ref().map(|nulls| format!(" {nulls}")),
            function.over.as_ref().map(|over| format!(" OVER {over}")),
        ];
        let after = after.into_iter().flatten().collect();
        if !function.within_group.is_empty() && name != "listagg" {
            return Err(QueryError::rehearsal(format!("WITHIN GROUP of {name}")));
        }
        Ok(Self { name, arguments, function, distinct, order, after })
    }

    fn engine(&self) -> Result<String> {
        let name = self.name.as_str();
        let all = self.arguments.join(", ");
        let plain = || self.plain();
        if OWN.contains(&name) {
            plain()?;
            return Ok(format!("trino_{}({all})", same_as(name)));
        }
        if let Some((name, count)) = DOUBLES.iter().find(|(own, _)| *own == name) {
            plain()?;
            self.count(*count..=*count)?;
            return Ok(format!("{name}({})", self.wrapped("trino_double").join(", ")));
        }
        if let Some((_, engine)) = STATISTICS.iter().find(|(own, _)| *own == name) {
            let arguments = self.wrapped("trino_double").join(", ");
            return Ok(format!("{engine}({}{arguments}){}", self.distinct, self.after));
        }
        let part = |index: usize| self.arguments.get(index).map_or("", String::as_str);
        Ok(match name {
            // Aggregates.
            "count" => {
                self.count(0..=1)?;
                let what = if self.arguments.is_empty() { "*" } else { all.as_str() };
                format!("count({}{what}){}", self.distinct, self.after)
            }
            "min" | "max" => {
                self.one("max(x, n)")?;
                format!("{name}({}{all}){}", self.distinct, self.after)
            }
            "sum" | "avg" => {
                self.count(1..=1)?;
                let inner = format!("{name}({}trino_number({all})){}", self.distinct, self.after);
                format!("trino_{name}({inner})")
            }
            "count_if" => {
                self.count(1..=1)?;
                format!("count(CASE WHEN {all} THEN 1 END){}", self.after)
            }
            "approx_distinct" => {
                self.count(1..=2)?;
                // The exact number is within the error that Trino allows itself.
                format!("count(DISTINCT {}){}", part(0), self.after)
            }
            "bool_and" | "every" => format!("bool_and({all}){}", self.after),
            "bool_or" => format!("bool_or({all}){}", self.after),
            "array_agg" => {
                self.count(1..=1)?;
                format!("array_agg({}{all}{}){}", self.distinct, self.order, self.after)
            }
            "arbitrary" | "any_value" => {
                self.count(1..=1)?;
                format!("first_value({all}) {}", self.filtered(&format!("({all}) IS NOT NULL"))?)
            }
            "max_by" | "min_by" => {
                self.count(2..=2)?;
                let way = if name == "max_by" { "DESC" } else { "ASC" };
                let (value, key) = (part(0), part(1));
                let filter = self.filtered(&format!("({key}) IS NOT NULL"))?;
                format!("first_value({value} ORDER BY {key} {way}) {filter}")
            }
            "listagg" => {
                self.count(1..=2)?;
                let keys: Vec<String> =
                    self.function.within_group.iter().map(ToString::to_string).collect();
                if keys.is_empty() {
                    return Err(QueryError::syntax("mismatched input: WITHIN GROUP is missing"));
                }
                let separator = if part(1).is_empty() { "''" } else { part(1) };
                let keys = keys.join(", ");
                format!(
                    "string_agg(trino_varchar({}), {separator} ORDER BY {keys}){}",
                    part(0),
                    self.after
                )
            }
            "grouping" => format!("grouping({all})"),
            // Windows.
            "row_number" | "rank" | "dense_rank" | "ntile" => {
                self.window()?;
                format!("CAST({name}({all}){} AS BIGINT)", self.after)
            }
            "percent_rank" | "cume_dist" | "lag" | "lead" | "first_value" | "last_value"
            | "nth_value" => {
                self.window()?;
                format!("{name}({all}){}", self.after)
            }
            // Conditions.
            "coalesce" => {
                plain()?;
                format!("coalesce({all})")
            }
            "nullif" => {
                plain()?;
                self.count(2..=2)?;
                format!("CASE WHEN ({0}) = ({1}) THEN NULL ELSE {0} END", part(0), part(1))
            }
            "if" => {
                plain()?;
                self.count(2..=3)?;
                let otherwise = if part(2).is_empty() { "NULL" } else { part(2) };
                format!("CASE WHEN {} THEN {} ELSE {otherwise} END", part(0), part(1))
            }
            "greatest" | "least" => {
                plain()?;
                let nulls: Vec<String> =
                    self.arguments.iter().map(|a| format!("({a}) IS NULL")).collect();
                format!("CASE WHEN {} THEN NULL ELSE {name}({all}) END", nulls.join(" OR "))
            }
            "mod" => {
                plain()?;
                self.count(2..=2)?;
                format!("(({}) % ({}))", part(0), part(1))
            }
            "e" => "CAST('2.718281828459045' AS DOUBLE)".to_owned(),
            // Text.
            "concat" => {
                plain()?;
                self.count(2..=127)?;
                let parts: Vec<String> = self.arguments.iter().map(|a| format!("({a})")).collect();
                format!("({})", parts.join(" || "))
            }
            "regexp_like" => {
                plain()?;
                self.count(2..=2)?;
                format!("regexp_like({})", self.wrapped("trino_varchar").join(", "))
            }
            "regexp_extract" => {
                plain()?;
                self.count(2..=3)?;
                let group = if part(2).is_empty() { "0" } else { part(2) };
                let Ok(group) = group.parse::<u32>() else {
                    return Err(QueryError::rehearsal(
                        "regexp_extract of a group that is no number",
                    ));
                };
                format!(
                    "array_element(regexp_match(trino_varchar({}), '(' || trino_varchar({}) || ')'), {})",
                    part(0),
                    part(1),
                    group + 1
                )
            }
            "regexp_replace" => {
                plain()?;
                self.count(2..=3)?;
                let by = if part(2).is_empty() { "''" } else { part(2) };
                // Where a group's number ends, Java and the engine see differently.
                if by.contains('$') || by.contains('\\') || !by.starts_with('\'') {
                    return Err(QueryError::rehearsal("regexp_replace by groups or by a column"));
                }
                format!(
                    "regexp_replace(trino_varchar({}), trino_varchar({}), {by}, 'g')",
                    part(0),
                    part(1)
                )
            }
            "levenshtein_distance" => {
                plain()?;
                self.count(2..=2)?;
                format!("CAST(levenshtein({}) AS BIGINT)", self.wrapped("trino_varchar").join(", "))
            }
            "array_join" => {
                plain()?;
                self.count(2..=3)?;
                format!("array_to_string({all})")
            }
            "md5" => {
                plain()?;
                self.count(1..=1)?;
                format!("trino_from_hex(md5(trino_varbinary({all})))")
            }
            // Time. The engine's clock is the real one.
            "current_date" => "current_date()".to_owned(),
            "now" | "current_timestamp" => "trino_instant(now())".to_owned(),
            "localtimestamp" => "trino_to_timestamp(now())".to_owned(),
            "date" => {
                plain()?;
                self.count(1..=1)?;
                format!("trino_to_date({all})")
            }
            _ => return Err(self.unknown()),
        })
    }

    /// The arguments, each within a call of this.
    fn wrapped(&self, name: &str) -> Vec<String> {
        self.arguments.iter().map(|argument| format!("{name}({argument})")).collect()
    }

    /// Fails for what only aggregates and windows take.
    fn plain(&self) -> Result<()> {
        if self.after.is_empty() && self.distinct.is_empty() && self.order.is_empty() {
            Ok(())
        } else {
            let message = format!("{} is not an aggregate function", self.name);
            Err(QueryError::not_found("FUNCTION_NOT_AGGREGATE", message))
        }
    }

    fn window(&self) -> Result<()> {
        if self.function.over.is_some() {
            Ok(())
        } else {
            let message = format!("Window function {} requires an OVER clause", self.name);
            Err(QueryError::syntax(message))
        }
    }

    fn count(&self, allowed: std::ops::RangeInclusive<usize>) -> Result<()> {
        if allowed.contains(&self.arguments.len()) {
            Ok(())
        } else {
            let message = format!("Unexpected number of parameters for function {}", self.name);
            Err(QueryError::not_found("FUNCTION_NOT_FOUND", message))
        }
    }

    /// One argument; Trino's form with more is refused.
    fn one(&self, more: &str) -> Result<()> {
        match self.arguments.len() {
            1 => Ok(()),
            2 => Err(QueryError::rehearsal(more)),
            _ => self.count(1..=1),
        }
    }

    /// The call's FILTER with one more condition.
    fn filtered(&self, condition: &str) -> Result<String> {
        if self.function.over.is_some() || !self.distinct.is_empty() || !self.order.is_empty() {
            return Err(QueryError::rehearsal(format!("{} over a window", self.name)));
        }
        Ok(match &self.function.filter {
            Some(filter) => format!("FILTER (WHERE ({filter}) AND {condition})"),
            None => format!("FILTER (WHERE {condition})"),
        })
    }

    fn unknown(&self) -> QueryError {
        if BEYOND.contains(&format!(" {} ", self.name)) {
            return QueryError::rehearsal(format!("the function {}", self.name));
        }
        let message = format!("Function '{}' not registered", self.name.escape_debug());
        QueryError::not_found("FUNCTION_NOT_FOUND", message)
    }
}

/// One name for functions that have several.
fn same_as(name: &str) -> &str {
    match name {
        "substring" => "substr",
        "ceiling" => "ceil",
        "dow" => "day_of_week",
        "doy" => "day_of_year",
        "day_of_month" => "day",
        "week_of_year" => "week",
        "yow" => "year_of_week",
        other => other,
    }
}
