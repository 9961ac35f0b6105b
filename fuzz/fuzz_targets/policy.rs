//! Documents: what is read is printed so that it reads the same, and every error has its place.
#![no_main]

#[path = "../../src/iam/mod.rs"]
#[expect(dead_code, unused_imports, reason = "a target uses a part of the engine")]
pub mod iam;

use iam::Policy;

libfuzzer_sys::fuzz_target!(|text: &str| {
    match Policy::parse(text) {
        Ok(policy) => {
            let printed = policy.to_json();
            let again = Policy::parse(&printed).expect("what is printed is in order");
            assert_eq!(again, policy);
            assert_eq!(again.to_json(), printed);
        }
        Err(errors) => {
            assert!(!errors.errors.is_empty());
            for error in errors.errors {
                assert!(error.line > 0 && error.column > 0 && error.offset <= text.len());
            }
        }
    }
});
