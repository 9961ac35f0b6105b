//! Files from the model and `templates/`.
