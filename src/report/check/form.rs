//! For programs: the JSON form and its schema.

use super::{step, surplus};
use crate::iam::{Decision, StatementRef};
use crate::pipeline::DocumentKind;
use crate::pipeline::PrincipalKind;
use crate::pipeline::check::{Answer, Check, Outcome, Patch, Surplus, SurplusKind};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The version of the JSON form; it grows when a field is removed or changes its meaning.
const VERSION: u32 = 1;

/// What `snaplake iam check` found.
#[derive(Debug, Serialize, JsonSchema)]
struct CheckReport {
    /// The version of this form.
    version: u32,
    /// What the policies were read from.
    policies: String,
    /// Every need is allowed.
    sufficient: bool,
    /// Nothing can be taken away, and everything is known.
    minimal: bool,
    /// The roles that were looked at.
    roles: Vec<RoleRow>,
    /// Every need of the pipeline, with its answer.
    needs: Vec<NeedRow>,
    /// What documents lack.
    patches: Vec<PatchRow>,
    /// What is granted and not needed.
    surplus: Vec<SurplusRow>,
    /// How much is granted against how much is needed.
    widths: Vec<WidthRow>,
    /// Statements that no need is behind and none has to be.
    exempt: Vec<ExemptRow>,
    /// What is not known, such as a policy whose text comes with `terraform apply`.
    unknown: Vec<UnknownRow>,
    /// What a reader should know of how the policies were read.
    notes: Vec<String>,
    /// The files that the owners of existing things are taken to have added.
    assumed: Vec<String>,
    /// What IAM's own simulator was asked, with `--live`.
    second_opinion: SecondOpinion,
}

/// A role.
#[derive(Debug, Serialize, JsonSchema)]
struct RoleRow {
    /// Whose it is, such as `runner`.
    principal: String,
    /// Its ARN.
    arn: String,
}

/// A need and its answer.
#[derive(Debug, Serialize, JsonSchema)]
struct NeedRow {
    /// Who needs it.
    principal: String,
    /// The step that needs it; `trust`: the role has to be taken first.
    step: String,
    /// The action, or a pattern that AWS documents.
    action: String,
    /// The resources on all of which it is needed.
    resources: Vec<String>,
    /// Why it is needed.
    reason: String,
    /// The AWS page that says so.
    source: String,
    #[serde(flatten)]
    answer: AnswerForm,
}

/// The answer to a need.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "decision", rename_all = "snake_case")]
enum AnswerForm {
    /// All its requests are allowed.
    Allowed {
        /// By these statements.
        statements: Vec<StatementRow>,
    },
    /// No statement allows one of its requests.
    ImplicitlyDenied(DenialForm),
    /// A statement denies one of its requests.
    ExplicitlyDenied(DenialForm),
    /// It hangs on what is not known.
    Unknown {
        /// What is not known.
        unknown: Vec<String>,
    },
}

/// A denial.
#[derive(Debug, Serialize, JsonSchema)]
struct DenialForm {
    /// The layer that denied.
    decided_by: String,
    /// The request.
    request: RequestForm,
    /// The statement that denies, if one does.
    statements: Vec<StatementRow>,
    /// Why, in a sentence; none where there is no such role.
    explanation: Option<String>,
    /// The changes that, made together, would allow it.
    patch: Vec<Value>,
}

/// A request.
#[derive(Debug, Serialize, JsonSchema)]
struct RequestForm {
    /// The action.
    action: String,
    /// The resource.
    resource: String,
}

/// A statement, by where it stands.
#[derive(Debug, Serialize, JsonSchema)]
struct StatementRow {
    /// The document.
    document: String,
    /// Its place in the document, from 0.
    index: usize,
    /// Its id, if it has one.
    sid: Option<String>,
}

/// What a document lacks.
#[derive(Debug, Serialize, JsonSchema)]
struct PatchRow {
    /// What the document is attached to: `role`, `trust`, `bucket` or `key`.
    attached_to: String,
    /// Whose; none for the bucket's and the key's policy.
    principal: Option<String>,
    /// The document, or the file to make.
    document: String,
    /// There is no such document yet.
    new: bool,
    /// The statements to add, as a policy has them.
    statements: Vec<Value>,
    /// The statements that take the place of others.
    replace: Vec<ReplaceRow>,
}

/// A statement that takes the place of another.
#[derive(Debug, Serialize, JsonSchema)]
struct ReplaceRow {
    /// The one whose place it takes.
    #[serde(flatten)]
    place: StatementRow,
    /// The statement, as a policy has it.
    statement: Value,
}

/// A grant that is not needed as it is.
#[derive(Debug, Serialize, JsonSchema)]
struct SurplusRow {
    /// Whose; none for the bucket's and the key's policy.
    principal: Option<String>,
    /// The statement.
    statement: StatementRow,
    /// What is not needed, in a sentence.
    message: String,
    #[serde(flatten)]
    kind: SurplusForm,
}

/// What of a statement is not needed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum SurplusForm {
    /// All of it.
    Statement,
    /// An action.
    Action {
        /// The action as it stands.
        action: String,
        /// Another statement grants it too.
        granted_elsewhere: bool,
    },
    /// A resource.
    Resource {
        /// The resource as it stands.
        resource: String,
        /// Another statement grants it too.
        granted_elsewhere: bool,
    },
    /// An action is a pattern that means too much.
    WideAction {
        /// The pattern.
        action: String,
        /// The actions that it also means.
        surplus: Vec<String>,
        /// The actions that are needed.
        needed: Vec<String>,
    },
    /// A resource is too wide.
    WideResource {
        /// The resource as it stands.
        resource: String,
        /// The resources that are needed.
        needed: Vec<String>,
    },
    /// A condition could limit it.
    Unlimited {
        /// The condition's operator.
        operator: String,
        /// Its key.
        key: String,
        /// Its values.
        values: Vec<String>,
    },
    /// There is such a condition, and it lets too much through.
    WideCondition {
        /// The operator that would do.
        operator: String,
        /// The condition's key.
        key: String,
        /// The values that are needed.
        values: Vec<String>,
    },
    /// A principal.
    Principal {
        /// The principal as it stands.
        who: String,
        /// Another statement grants it the same.
        granted_elsewhere: bool,
    },
    /// A principal stands for too many.
    WidePrincipal {
        /// The principal as it stands.
        who: String,
        /// Everyone is let in.
        open: bool,
        /// Those who are needed.
        needed: Vec<String>,
    },
    /// It grants whatever is not named.
    Negated {
        /// `NotAction` or `NotResource`.
        element: String,
    },
}

/// How much a principal is granted.
#[derive(Debug, Serialize, JsonSchema)]
struct WidthRow {
    /// Who.
    principal: String,
    /// Actions of AWS.
    actions: WidthForm,
    /// Resources.
    resources: WidthForm,
}

/// Granted against needed.
#[derive(Debug, Serialize, JsonSchema)]
struct WidthForm {
    /// How many are granted.
    granted: usize,
    /// How many are needed.
    needed: usize,
}

/// A statement outside of the question.
#[derive(Debug, Serialize, JsonSchema)]
struct ExemptRow {
    /// Which.
    statement: StatementRow,
    /// Why.
    why: String,
}

/// Something that is not known.
#[derive(Debug, Serialize, JsonSchema)]
struct UnknownRow {
    /// Of which principal.
    principal: String,
    /// What.
    what: String,
}

/// What IAM's simulator said.
#[derive(Debug, Serialize, JsonSchema)]
struct SecondOpinion {
    /// How many requests it was asked about.
    asked: usize,
    /// Where it and snaplake differ.
    differences: Vec<String>,
}

/// For programs: version 1.
#[must_use]
pub fn check_json(check: &Check) -> Value {
    let report = CheckReport {
        version: VERSION,
        policies: check.origin.clone(),
        sufficient: check.sufficient(),
        minimal: check.minimal(),
        roles: check
            .roles
            .iter()
            .map(|(kind, arn)| RoleRow { principal: id(*kind), arn: arn.clone() })
            .collect(),
        needs: check.answers.iter().map(need).collect(),
        patches: check.patches.iter().map(patch_row).collect(),
        surplus: check.surplus.iter().map(surplus_row).collect(),
        widths: check
            .widths
            .iter()
            .map(|width| WidthRow {
                principal: id(width.principal),
                actions: WidthForm { granted: width.actions, needed: width.needed_actions },
                resources: WidthForm { granted: width.resources, needed: width.needed_resources },
            })
            .collect(),
        exempt: check
            .exempt
            .iter()
            .map(|it| ExemptRow { statement: row(&it.statement), why: it.why.to_owned() })
            .collect(),
        unknown: check
            .unknown
            .iter()
            .map(|(kind, what)| UnknownRow { principal: id(*kind), what: what.clone() })
            .collect(),
        notes: check.notes.clone(),
        assumed: check.assumed.clone(),
        second_opinion: SecondOpinion {
            asked: check.second_opinions,
            differences: check.differences.clone(),
        },
    };
    // Its maps have texts for keys, which is all that can fail.
    serde_json::to_value(report).unwrap_or_default()
}

/// The JSON Schema of [`check_json`].
#[must_use]
pub fn check_schema() -> Value {
    schemars::schema_for!(CheckReport).to_value()
}

fn id(kind: PrincipalKind) -> String {
    kind.id().to_owned()
}

fn row(at: &StatementRef) -> StatementRow {
    StatementRow { document: at.document.clone(), index: at.index, sid: at.sid.clone() }
}

fn need(answer: &Answer) -> NeedRow {
    NeedRow {
        principal: id(answer.principal),
        step: step(answer).to_owned(),
        action: answer.action.clone(),
        resources: answer.resources.clone(),
        reason: answer.reason.clone(),
        source: answer.source.clone(),
        answer: match &answer.outcome {
            Outcome::Allowed(statements) => {
                AnswerForm::Allowed { statements: statements.iter().map(row).collect() }
            }
            Outcome::Denied(denial) => {
                let form = DenialForm {
                    decided_by: denial.evaluation.decided_by.name().to_owned(),
                    request: RequestForm {
                        action: denial.action.clone(),
                        resource: denial.resource.clone(),
                    },
                    statements: denial.evaluation.statement.iter().map(row).collect(),
                    explanation: denial.explanation.as_ref().map(ToString::to_string),
                    patch: denial
                        .explanation
                        .iter()
                        .flat_map(|it| &it.changes)
                        .map(crate::iam::Change::to_value)
                        .collect(),
                };
                match denial.evaluation.decision {
                    Decision::ExplicitlyDenied => AnswerForm::ExplicitlyDenied(form),
                    Decision::ImplicitlyDenied | Decision::Allowed => {
                        AnswerForm::ImplicitlyDenied(form)
                    }
                }
            }
            Outcome::Unknown(why) => AnswerForm::Unknown { unknown: why.clone() },
        },
    }
}

fn patch_row(patch: &Patch) -> PatchRow {
    let (attached_to, principal) = match patch.to {
        DocumentKind::Identity(kind) => ("role", Some(id(kind))),
        DocumentKind::Trust(kind) => ("trust", Some(id(kind))),
        DocumentKind::Bucket | DocumentKind::LogBucket => ("bucket", None),
        DocumentKind::Key => ("key", None),
    };
    let replaced = patch.replaced.iter().map(|it| ReplaceRow {
        place: StatementRow { document: it.document.clone(), index: it.index, sid: it.sid.clone() },
        statement: it.statement.clone(),
    });
    PatchRow {
        attached_to: attached_to.to_owned(),
        principal,
        document: patch.document.clone(),
        new: patch.missing,
        statements: patch.statements.iter().map(crate::pipeline::Statement::to_value).collect(),
        replace: replaced.collect(),
    }
}

fn surplus_row(found: &Surplus) -> SurplusRow {
    SurplusRow {
        principal: found.principal.map(id),
        statement: row(&found.statement),
        message: surplus(found),
        kind: match &found.kind {
            SurplusKind::Statement => SurplusForm::Statement,
            SurplusKind::Action { action, elsewhere } => {
                SurplusForm::Action { action: action.clone(), granted_elsewhere: *elsewhere }
            }
            SurplusKind::Resource { resource, elsewhere } => {
                SurplusForm::Resource { resource: resource.clone(), granted_elsewhere: *elsewhere }
            }
            SurplusKind::WideAction { action, surplus, needed } => SurplusForm::WideAction {
                action: action.clone(),
                surplus: surplus.clone(),
                needed: needed.clone(),
            },
            SurplusKind::WideResource { resource, needed } => {
                SurplusForm::WideResource { resource: resource.clone(), needed: needed.clone() }
            }
            SurplusKind::Unlimited { operator, key, values } => SurplusForm::Unlimited {
                operator: operator.clone(),
                key: key.clone(),
                values: values.clone(),
            },
            SurplusKind::WideCondition { operator, key, values } => SurplusForm::WideCondition {
                operator: operator.clone(),
                key: key.clone(),
                values: values.clone(),
            },
            SurplusKind::Principal { principal, elsewhere } => {
                SurplusForm::Principal { who: principal.clone(), granted_elsewhere: *elsewhere }
            }
            SurplusKind::WidePrincipal { principal, open, needed } => SurplusForm::WidePrincipal {
                who: principal.clone(),
                open: *open,
                needed: needed.clone(),
            },
            SurplusKind::Negated { element } => {
                SurplusForm::Negated { element: (*element).to_owned() }
            }
        },
    }
}
