//! Why a request is denied, and the smallest change that would allow it.

mod change;
mod nearest;
mod patch;

pub use change::{Change, Edit};
pub use nearest::{Mismatch, NearMiss};

use super::evaluate::{Decision, Evaluation, Layer, decide, evaluate};
use super::request::{Policies, Request};
use std::fmt;

/// More changes than a request can need: one for each level and document that has a say.
const MOST_CHANGES: usize = 64;

/// An answer told to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The answer.
    pub evaluation: Evaluation,
    /// The statement of the deciding layer that comes closest to allowing, of an implicit denial.
    pub nearest: Option<NearMiss>,
    /// The changes that, made together, allow the request: the first where it was denied, the others
    /// where it would be denied next. Empty when it is allowed, or when no change could allow it.
    pub changes: Vec<Change>,
    request: String,
}

impl Evaluation {
    /// Explains this answer; request and policies are those that it answers.
    #[must_use]
    pub fn explain(&self, request: &Request, policies: &Policies) -> Explanation {
        Explanation {
            evaluation: self.clone(),
            nearest: (self.decision == Decision::ImplicitlyDenied)
                .then(|| nearest::nearest(request, policies, self.decided_by))
                .flatten(),
            changes: changes(request, policies).unwrap_or_default(),
            request: format!(
                "`{}` may {}`{}` on `{}`",
                request.principal,
                if self.allowed() { "" } else { "not " },
                request.action.escape_debug(),
                request.resource.escape_debug()
            ),
        }
    }
}

/// Mends one denial after the other until the request is allowed; `None` when one cannot be mended.
fn changes(request: &Request, policies: &Policies) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    let mut policies = policies.clone();
    for _ in 0..MOST_CHANGES {
        if decide(request, &policies).decision == Decision::Allowed {
            return Some(changes);
        }
        let change = patch::patch(request, &policies, &evaluate(request, &policies))?;
        policies = change.apply(&policies)?;
        changes.push(change);
    }
    None
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Evaluation { decision, decided_by, statement } = &self.evaluation;
        write!(f, "{}: ", self.request)?;
        match (decision, statement) {
            (_, Some(statement)) => {
                let verb = if *decision == Decision::Allowed { "allows" } else { "denies" };
                write!(f, "{statement} {verb} it")?;
            }
            (Decision::Allowed, None) => write!(f, "{} allow it", decided_by.title())?,
            (_, None) if *decided_by == Layer::AccountRoot => {
                write!(f, "AWS does not take it from an account's root user")?;
            }
            (_, None) if *decided_by == Layer::Caller => {
                write!(f, "AWS does not take it from such a caller, whatever policies say")?;
            }
            (_, None) if *decided_by == Layer::CrossAccount => {
                write!(f, "no policy can allow it to another account's principals")?;
            }
            (_, None) => write!(f, "no statement of {} allows it", decided_by.title())?,
        }
        match &self.nearest {
            Some(nearest) => write!(f, "; {nearest}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
