//! Files of cases: whatever they hold, every answer comes, and what an explanation proposes allows.
#![no_main]

#[path = "../../src/iam/mod.rs"]
#[expect(dead_code, unused_imports, reason = "a target uses a part of the engine")]
pub mod iam;

use iam::case::{Case, Documents, Piece, split};
use iam::evaluate;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut documents = Documents::new();
    for piece in split(text) {
        let Piece::Case(text) = piece else { continue };
        let Ok(case) = Case::parse(text, &mut documents) else { continue };
        let evaluation = evaluate(&case.request, &case.policies);
        let explanation = evaluation.explain(&case.request, &case.policies);
        assert!(!explanation.to_string().is_empty());
        let mended = explanation
            .changes
            .iter()
            .fold(case.policies.clone(), |policies, it| it.apply(&policies).expect("it fits"));
        if !explanation.changes.is_empty() {
            assert!(evaluate(&case.request, &mended).allowed());
        }
        assert_eq!(Case::parse(text, &mut Documents::new()).expect("read before"), case);
    }
});
