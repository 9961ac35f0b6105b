//! `snaplake run --dry-run`: each call, as whom, and what it costs.

use super::{Failure, OutputFormat};
use crate::pipeline::cost::{Money, Price, Prices, charged};
use crate::pipeline::{Need, Pipeline, PrincipalKind, Step};
use crate::run;
use serde_json::json;
use std::fmt::Write as _;

/// One action of a principal in a step.
struct Call<'a> {
    principal: PrincipalKind,
    action: &'a str,
    via: Option<&'a str>,
    resources: Vec<&'a str>,
    price: Option<String>,
}

/// What a run would call, read off the needs: the same that the policies are made of.
pub(super) fn plan(
    pipeline: &Pipeline,
    prices: &Prices,
    total: Option<Money>,
    output: OutputFormat,
) -> Result<String, Failure> {
    let needs = pipeline.needs();
    let steps: Vec<_> = run::steps(pipeline)
        .into_iter()
        .map(|step| (step, calls(&needs, step, pipeline, prices)))
        .collect();
    let runner = pipeline.role_arn(PrincipalKind::Runner);
    if output == OutputFormat::Json {
        let steps: Vec<_> = steps
            .iter()
            .map(|(step, calls)| {
                json!({
                    "id": step.id(),
                    "title": step.title(),
                    "actions": calls.iter().map(|call| json!({
                        "action": call.action,
                        "principal": pipeline.role_arn(call.principal),
                        "via": call.via,
                        "resources": call.resources,
                        "price": call.price,
                    })).collect::<Vec<_>>(),
                })
            })
            .collect();
        let value = json!({
            "version": 1,
            "pipeline": pipeline.name,
            "principal": runner,
            "prices": {"date": prices.date.to_string(), "region": prices.region},
            "steps": steps,
            "per_run": total.map(Money::exact),
        });
        return serde_json::to_string_pretty(&value)
            .map(|text| text + "\n")
            .map_err(|error| Failure::environment(miette::miette!("{error}")));
    }
    let mut text = format!("as {runner}\n");
    for (step, calls) in &steps {
        let _ = writeln!(text, "\n{}: {}", step.id(), step.title());
        let mut as_whom = PrincipalKind::Runner;
        for call in calls {
            if call.principal != as_whom {
                as_whom = call.principal;
                let _ = writeln!(text, "  as {}", pipeline.role_arn(as_whom));
            }
            write_call(&mut text, call);
        }
    }
    let _ = match total {
        Some(total) => writeln!(text, "\nA run costs about {total}; `snaplake cost` itemizes it."),
        None => writeln!(text, "\n`--size '100 GiB'` adds what a run costs."),
    };
    text.push_str("Nothing was called.\n");
    Ok(text)
}

fn write_call(text: &mut String, call: &Call<'_>) {
    let by = call.via.map(|via| format!(" by {via}")).unwrap_or_default();
    for (at, resource) in call.resources.iter().enumerate() {
        let action = if at == 0 { call.action } else { "" };
        let _ = write!(text, "  {action:<34} {resource}");
        text.push_str(if at == 0 { &by } else { "" });
        text.push('\n');
    }
    if let Some(price) = &call.price {
        let _ = writeln!(text, "  {:<34} {price}", "");
    }
}

/// The calls of a step: the runner's first, then those that services make under other roles.
fn calls<'a>(needs: &'a [Need], step: Step, pipeline: &Pipeline, prices: &Prices) -> Vec<Call<'a>> {
    let mut calls: Vec<Call<'a>> = Vec::new();
    let of_step = needs.iter().filter(|need| need.step == step);
    for need in of_step.filter(|need| need.principal != PrincipalKind::Analyst) {
        let found = calls.iter().position(|call| {
            call.principal == need.principal && call.action == need.action && call.via == need.via
        });
        let at = found.unwrap_or_else(|| {
            let price = charged(need.action, pipeline.source.engine.is_aurora());
            calls.push(Call {
                principal: need.principal,
                action: need.action,
                via: need.via,
                resources: Vec::new(),
                price: price.and_then(|price| prices.get(price)).map(Price::words),
            });
            calls.len() - 1
        });
        if let Some(call) = calls.get_mut(at) {
            let new = need.resources.iter().map(String::as_str);
            for resource in new {
                if !call.resources.contains(&resource) {
                    call.resources.push(resource);
                }
            }
        }
    }
    calls
        .sort_by_key(|call| (call.principal != PrincipalKind::Runner, call.principal, call.action));
    calls
}
