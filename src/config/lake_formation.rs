//! Settings of Lake Formation.

/// What Lake Formation governs of the pipeline: its databases always, its files perhaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeFormation {
    /// Whether the exports' folder is registered with Lake Formation, and by whom.
    pub location: Registration,
}

/// Whether a location is registered with Lake Formation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// It is not: IAM alone decides who reads the files.
    No,
    /// Somebody else has registered it, or a folder above it.
    Already,
    /// Terraform registers it, with the role of this ARN.
    With(String),
}

impl LakeFormation {
    /// Whether the files are read through Lake Formation.
    #[must_use]
    pub fn registered(&self) -> bool {
        self.location != Registration::No
    }
}
