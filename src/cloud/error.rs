//! How a service says no: code, status and message, before a protocol gives them their form.

use super::storage::StoreError;

/// An error of a service's API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The code on the wire, such as `DBSnapshotNotFound`.
    pub code: String,
    /// The message.
    pub message: String,
    /// Further members of the error's shape, such as Athena's `AthenaErrorCode`.
    pub members: Vec<(&'static str, String)>,
}

impl ApiError {
    /// An error whose fault is the sender's: status 400.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::with_status(400, code, message)
    }

    /// An error with its own status.
    pub fn with_status(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), members: Vec::new() }
    }

    /// Adds a member of the error's shape.
    #[must_use]
    pub fn member(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.members.push((name, value.into()));
        self
    }
}

/// A service's error as the Glue API tells it
/// (<https://docs.aws.amazon.com/glue/latest/webapi/CommonErrors.html>).
impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::AccessDenied(_) => Self::new("AccessDeniedException", message),
            StoreError::EntityNotFound(_) => Self::new("EntityNotFoundException", message),
            StoreError::AlreadyExists(_) => Self::new("AlreadyExistsException", message),
            StoreError::VersionMismatch(_) => Self::new("ConcurrentModificationException", message),
            StoreError::Precondition
            | StoreError::NoSuchBucket(_)
            | StoreError::NoSuchKey(_)
            | StoreError::Kms { .. }
            | StoreError::InvalidInput(_) => Self::new("InvalidInputException", message),
            StoreError::Disk(_) => Self::with_status(500, "InternalServiceException", message),
        }
    }
}
