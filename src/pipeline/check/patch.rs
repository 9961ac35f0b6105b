//! What to add to a set-up's documents, so that what is denied for want of an allowance is allowed.
//!
//! An ARN or an action that a statement lacks is added to that statement, where the statement stands in
//! a file; what no statement could take is composed as `snaplake generate` composes it. Nothing is added
//! that is granted already.

use super::answer::{Requests, policies, question};
use super::surplus::{touches, touches_arn};
use super::{Answer, Attached, Outcome, Setup};
use crate::iam::compose::covers;
use crate::iam::{self, Edit, Element, Layer, NamedPolicy, Principals, evaluate};
use crate::pipeline::document::{self, DocumentKind, StatementPrincipal};
use crate::pipeline::{Need, Pipeline, PrincipalKind, Statement, Trusted};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What one document lacks.
#[derive(Debug, Clone)]
pub struct Patch {
    /// What the document is attached to.
    pub to: DocumentKind,
    /// The document's name, or that of the file to make.
    pub document: String,
    /// There is no such document yet.
    pub missing: bool,
    /// The statements to add.
    pub statements: Vec<Statement>,
    /// The statements that are to take the place of others.
    pub replaced: Vec<Replacement>,
}

/// A statement that is to take the place of another.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// The document.
    pub document: String,
    /// The place in it, from 0.
    pub index: usize,
    /// The id of the statement that stands there.
    pub sid: Option<String>,
    /// The statement.
    pub statement: Value,
}

/// What is to be added, by document.
pub(super) fn all(
    pipeline: &Pipeline,
    setup: &Setup,
    requests: &[Requests],
    answers: &[Answer],
) -> Vec<Patch> {
    let generated = pipeline.documents();
    let mut patches = trusts(pipeline, setup, answers, &generated);
    let lacking = lacking(pipeline, setup, requests, answers);
    let guide = |kind: PrincipalKind| {
        let needs = requests.iter().map(|it| &it.need).filter(|it| it.principal == kind);
        Guide { needs: needs.collect(), generated: &generated }
    };
    for (kind, role) in &setup.roles {
        let Some(needs) = lacking.get(&(Place::Role, *kind)) else { continue };
        let guide = guide(*kind);
        let (replaced, statements) = mend(setup, &role.identity, needs, None, &guide);
        let to = DocumentKind::Identity(*kind);
        let first = role.identity.first();
        let missing = first.is_none();
        let document = first.map_or_else(|| name(&generated, to), |it| it.name.clone());
        patches.push(Patch { to, document, missing, statements, replaced });
    }
    for (place, to, attached) in [
        (Place::Bucket, DocumentKind::Bucket, &setup.bucket),
        (Place::Key, DocumentKind::Key, &setup.key),
    ] {
        let of = |kind: &PrincipalKind| Some((*kind, lacking.get(&(place, *kind))?));
        let wanted: Vec<_> = setup.roles.keys().filter_map(of).collect();
        if wanted.is_empty() {
            continue;
        }
        let documents = known(attached);
        let mut patch = Patch {
            to,
            document: documents.first().map_or_else(|| name(&generated, to), |it| it.name.clone()),
            missing: matches!(attached, Attached::Absent),
            statements: Vec::new(),
            replaced: Vec::new(),
        };
        if to == DocumentKind::Key && pipeline.key_account() == pipeline.account {
            administer(setup, &mut patch, documents, &generated);
        } else {
            for (kind, needs) in wanted {
                let Some(role) = setup.roles.get(&kind) else { continue };
                let guide = guide(kind);
                let (replaced, statements) = mend(setup, documents, needs, Some(&role.arn), &guide);
                patch.replaced.extend(replaced);
                let named = statements.into_iter().map(|it| it.for_role(kind, role.arn.clone()));
                patch.statements.extend(named);
            }
        }
        patches.push(patch);
    }
    for patch in &mut patches {
        number(setup, patch);
    }
    patches.retain(|it| !it.statements.is_empty() || !it.replaced.is_empty());
    patches
}

/// Where an allowance is missing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Role,
    Bucket,
    Key,
}

/// The needs that nothing allows, with the resources on which nothing does.
fn lacking(
    pipeline: &Pipeline,
    setup: &Setup,
    requests: &[Requests],
    answers: &[Answer],
) -> BTreeMap<(Place, PrincipalKind), Vec<Need>> {
    let mut found: BTreeMap<_, Vec<Need>> = BTreeMap::new();
    let of_needs = answers.iter().filter(|answer| answer.step.is_some());
    let denied = requests
        .iter()
        .zip(of_needs)
        .filter(|(_, answer)| matches!(answer.outcome, Outcome::Denied(_)));
    let key = pipeline.key_arn();
    let key = setup.actual.get(&key).unwrap_or(&key);
    for (asked, _) in denied {
        let need = &asked.need;
        let Some(role) = setup.roles.get(&need.principal) else { continue };
        let mut resources: BTreeMap<Place, BTreeSet<&String>> = BTreeMap::new();
        for one in &asked.requests {
            let policies = policies(pipeline, setup, role, &one.resource, &mut Vec::new());
            let Some(request) = question(pipeline, role, one) else { continue };
            let explanation = evaluate(&request, &policies).explain(&request, &policies);
            for change in explanation.changes {
                let place = match (change.layer, change.edit) {
                    (Layer::Identity, Edit::Add(_)) => Place::Role,
                    (Layer::Resource, Edit::Add(_)) if one.resource == *key => Place::Key,
                    (Layer::Resource, Edit::Add(_)) => Place::Bucket,
                    _ => continue,
                };
                let meant = need.resources.iter().filter(|it| **it == one.pattern);
                resources.entry(place).or_default().extend(meant);
            }
        }
        for (place, resources) in resources {
            // In a key's policy, the key is `*`.
            let resources = match place {
                Place::Key => vec!["*".to_owned()],
                _ => need.resources.iter().filter(|it| resources.contains(it)).cloned().collect(),
            };
            let need = Need { resources, ..need.clone() };
            found.entry((place, need.principal)).or_default().push(need);
        }
    }
    found
}

fn known(attached: &Attached) -> &[NamedPolicy] {
    match attached {
        Attached::Known(policy) => std::slice::from_ref(policy),
        Attached::Absent | Attached::Unknown(_) => &[],
    }
}

/// The file of a document, as the check names files.
fn name(generated: &[document::Document], to: DocumentKind) -> String {
    let file = generated.iter().find(|it| it.kind == to).map_or("", |it| it.file.as_str());
    file.strip_prefix("policies/").unwrap_or(file).to_owned()
}

/// One action on one resource under some conditions.
type Right = (String, String, Vec<(String, String, Vec<String>)>);

fn conditions<'a>(
    all: impl Iterator<Item = (String, &'a str, &'a [String])>,
) -> Vec<(String, String, Vec<String>)> {
    let mut all: Vec<_> = all
        .map(|(operator, key, values)| {
            let mut values = values.to_vec();
            values.sort();
            (operator, key.to_ascii_lowercase(), values)
        })
        .collect();
    all.sort();
    all
}

fn rights(need: &Need) -> impl Iterator<Item = Right> + '_ {
    let limits = need.limits.iter();
    let limits =
        conditions(limits.map(|it| (it.operator.to_owned(), it.key, it.values.as_slice())));
    need.resources.iter().map(move |it| (need.action.to_owned(), it.clone(), limits.clone()))
}

/// What statements may be changed to.
struct Guide<'a> {
    /// All that a principal needs.
    needs: Vec<&'a Need>,
    /// The documents as they are generated.
    generated: &'a [document::Document],
}

impl Guide<'_> {
    /// Whether some need has to do with some of these actions on a resource.
    fn useful(&self, actions: &[String], resource: &str) -> bool {
        self.needs.iter().any(|need| {
            actions.iter().any(|it| touches(it, need.action))
                && need.resources.iter().any(|it| touches_arn(resource, it))
        })
    }

    /// Whether an action stands beside some of these in a generated document: a right to read does not go into
    /// a statement that deletes, only because both are for the same ARNs.
    fn together(&self, action: &str, actions: &[String]) -> bool {
        let listed = |all: &[String], one: &str| all.iter().any(|it| it.eq_ignore_ascii_case(one));
        let mut statements = self.generated.iter().flat_map(|it| &it.statements);
        statements.any(|it| {
            listed(&it.actions, action) && actions.iter().any(|other| listed(&it.actions, other))
        })
    }
}

/// Puts what is missing into the statements that can take it, and composes the rest. A statement can take
/// an ARN when all of its actions are missing there, and an action when it is missing on all of its ARNs.
fn mend(
    setup: &Setup,
    documents: &[NamedPolicy],
    needs: &[Need],
    role: Option<&str>,
    guide: &Guide<'_>,
) -> (Vec<Replacement>, Vec<Statement>) {
    let mut missing: BTreeSet<Right> = needs.iter().flat_map(rights).collect();
    // What comes from Terraform is not edited where Terraform shows it.
    let files = documents.iter().filter(|it| setup.texts.contains_key(&it.name));
    let mut statements: Vec<(&NamedPolicy, usize, iam::Statement)> = files
        .flat_map(|document| {
            let statements = document.policy.statements().iter().enumerate();
            statements.map(move |(index, it)| (document, index, it.clone()))
        })
        .collect();
    for (_, _, statement) in &mut statements {
        take_resources(statement, &mut missing, role, guide);
    }
    for (_, _, statement) in &mut statements {
        take_actions(statement, &mut missing, role, guide);
    }
    let changed = |(document, index, statement): &(&NamedPolicy, usize, iam::Statement)| {
        document.policy.statements().get(*index).is_some_and(|there| there != statement)
    };
    let replaced = statements
        .into_iter()
        .filter(changed)
        .map(|(document, index, statement)| Replacement {
            document: document.name.clone(),
            index,
            sid: statement.sid.clone(),
            statement: statement.to_value(),
        })
        .collect();
    let rest: Vec<Need> = needs
        .iter()
        .map(|need| {
            let open = rights(need).filter(|right| missing.contains(right));
            let resources = open.map(|(_, resource, _)| resource).collect();
            Need { resources, ..need.clone() }
        })
        .filter(|need| !need.resources.is_empty())
        .collect();
    let rest: Vec<&Need> = rest.iter().collect();
    let statements = document::statements(&rest).into_iter().map(Statement::addition).collect();
    (replaced, statements)
}

/// The actions, resources and conditions of a statement that could grant a role more.
type Grant = (Vec<String>, Vec<String>, Vec<(String, String, Vec<String>)>);

fn grant(there: &iam::Statement, role: Option<&str>) -> Option<Grant> {
    let for_role = match (&there.principal, role) {
        (None, None) => true,
        (Some(Element::Only(principals)), Some(role)) => {
            let only = Principals { aws: vec![role.to_owned()], ..Principals::default() };
            *principals == only
        }
        _ => false,
    };
    let (Element::Only(actions), Some(Element::Only(resources))) = (&there.action, &there.resource)
    else {
        return None;
    };
    if there.effect != iam::Effect::Allow || !for_role {
        return None;
    }
    let all = there.conditions.iter();
    let limits =
        conditions(all.map(|it| (it.operator_name(), it.key.as_str(), it.values.as_slice())));
    Some((actions.clone(), resources.clone(), limits))
}

fn open(missing: &BTreeSet<Right>, action: &str, resource: &str, limits: &Grant) -> bool {
    missing.iter().any(|(missed, on, under)| {
        missed.eq_ignore_ascii_case(action) && on == resource && *under == limits.2
    })
}

fn here(missing: &BTreeSet<Right>, grant: &Grant) -> Vec<Right> {
    missing.iter().filter(|(_, _, under)| *under == grant.2).cloned().collect()
}

/// Adds to a statement the ARNs on which all of its actions are missing, in place of those that nothing needs.
fn take_resources(
    there: &mut iam::Statement,
    missing: &mut BTreeSet<Right>,
    role: Option<&str>,
    guide: &Guide<'_>,
) {
    let Some(grant) = grant(there, role) else { return };
    let (actions, mut resources, _) = grant.clone();
    for (_, resource, _) in here(missing, &grant) {
        let all = || actions.iter().all(|it| open(missing, it, &resource, &grant));
        if !resources.contains(&resource) && all() {
            add(&mut resources, &resource);
        }
    }
    if resources != grant.1 {
        resources.retain(|it| guide.useful(&actions, it));
        granted(missing, &actions, &resources, &grant);
        there.resource = Some(Element::Only(resources));
    }
}

/// Adds to a statement the actions that are missing on all of its ARNs.
fn take_actions(
    there: &mut iam::Statement,
    missing: &mut BTreeSet<Right>,
    role: Option<&str>,
    guide: &Guide<'_>,
) {
    let Some(grant) = grant(there, role) else { return };
    let (mut actions, resources, _) = grant.clone();
    for (action, _, _) in here(missing, &grant) {
        let listed = actions.iter().any(|it| it.eq_ignore_ascii_case(&action));
        let all = || resources.iter().all(|it| open(missing, &action, it, &grant));
        if !listed && guide.together(&action, &actions) && all() {
            add(&mut actions, &action);
        }
    }
    if actions != grant.0 {
        granted(missing, &actions, &resources, &grant);
        there.action = Element::Only(actions);
    }
}

/// Takes from what is missing what a statement now grants.
fn granted(missing: &mut BTreeSet<Right>, actions: &[String], resources: &[String], grant: &Grant) {
    missing.retain(|(action, resource, under)| {
        *under != grant.2
            || !actions.iter().any(|it| covers(it, action))
            || !resources.iter().any(|it| covers(it, resource))
    });
}

/// Adds to a list, in its order if it has one, and takes out what the new entry makes needless.
fn add(list: &mut Vec<String>, new: &str) {
    let sorted = list.is_sorted();
    list.retain(|it| !covers(new, it));
    list.push(new.to_owned());
    if sorted {
        list.sort();
    }
}

/// The key's policy has to leave the decision to the account, or no policy of a role counts, and nobody
/// could change it any more.
fn administer(
    setup: &Setup,
    patch: &mut Patch,
    documents: &[NamedPolicy],
    generated: &[document::Document],
) {
    let Some(wanted) = generated.iter().find(|it| it.kind == DocumentKind::Key) else { return };
    let Some(delegation) = wanted.statements.first() else { return };
    let Some(StatementPrincipal::Arns(root)) = &delegation.principal else { return };
    let only = Principals { aws: root.clone(), ..Principals::default() };
    let files = documents.iter().filter(|it| setup.texts.contains_key(&it.name));
    // One that leaves to the account less than it has to takes the place of its like.
    let there = files
        .flat_map(|document| {
            document.policy.statements().iter().enumerate().map(move |it| (document, it))
        })
        .find(|(_, (_, statement))| {
            statement.effect == iam::Effect::Allow
                && statement.principal == Some(Element::Only(only.clone()))
                && statement.conditions.is_empty()
                && delegation.actions.iter().any(|it| it.ends_with(":*"))
        });
    match there {
        Some((document, (index, statement))) => patch.replaced.push(Replacement {
            document: document.name.clone(),
            index,
            sid: statement.sid.clone(),
            statement: delegation.to_value(),
        }),
        None => patch.statements.extend(wanted.statements.iter().cloned()),
    }
}

/// Trust policies by which those who are to take a role cannot.
fn trusts(
    pipeline: &Pipeline,
    setup: &Setup,
    answers: &[Answer],
    generated: &[document::Document],
) -> Vec<Patch> {
    let mut patches = Vec::new();
    for (kind, role) in &setup.roles {
        let lacks = |answer: &&Answer| {
            answer.principal == *kind
                && answer.step.is_none()
                && matches!(&answer.outcome, Outcome::Denied(denial)
                    if denial.evaluation.statement.is_none())
        };
        let to = DocumentKind::Trust(*kind);
        let (Some(_), Attached::Known(trust)) = (answers.iter().find(lacks), &role.trust) else {
            continue;
        };
        let Some(wanted) = generated.iter().find(|it| it.kind == to) else { continue };
        let whom = match pipeline.principal(*kind).trusted {
            Trusted::Service(service) => vec![service.to_owned()],
            Trusted::Arns(arns) => arns,
        };
        let names_some = |statement: &iam::Statement| match &statement.principal {
            Some(Element::Only(it)) => {
                it.everyone || it.aws.iter().chain(&it.service).any(|it| whom.contains(it))
            }
            _ => true,
        };
        let mut patch = Patch {
            to,
            document: trust.name.clone(),
            missing: false,
            statements: Vec::new(),
            replaced: Vec::new(),
        };
        // A role of the pipeline's own that trusts somebody else instead.
        match (trust.policy.statements(), wanted.statements.as_slice()) {
            ([there], [wanted])
                if there.effect == iam::Effect::Allow
                    && !names_some(there)
                    && setup.texts.contains_key(&trust.name)
                    && pipeline.existing_role(*kind).is_none() =>
            {
                patch.replaced.push(Replacement {
                    document: trust.name.clone(),
                    index: 0,
                    sid: there.sid.clone(),
                    statement: wanted.to_value(),
                });
            }
            (_, wanted) => patch.statements.extend(wanted.iter().cloned()),
        }
        patches.push(patch);
    }
    patches
}

/// Ids have to be unique within a document.
fn number(setup: &Setup, patch: &mut Patch) {
    let documents = setup
        .roles
        .values()
        .flat_map(|role| role.identity.iter().chain(known(&role.trust)))
        .chain(known(&setup.bucket))
        .chain(known(&setup.key));
    let there = documents.filter(|it| it.name == patch.document);
    let mut taken: BTreeSet<String> =
        there.flat_map(|it| it.policy.statements()).filter_map(|it| it.sid.clone()).collect();
    for statement in &mut patch.statements {
        let name = statement.sid.clone();
        for count in 2.. {
            if taken.insert(statement.sid.clone()) {
                break;
            }
            statement.sid = format!("{name}{count}");
        }
    }
}

#[cfg(test)]
mod tests;
