//! The embedded AWS of the rehearsal. Uses `iam`, never `pipeline`.
