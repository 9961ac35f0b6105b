//! `snaplake.toml` as the user typed it: spans, defaults, JSON Schema.
//!
//! [`parse`] reads the text of a file and either gives the settings or every problem in the file at
//! once, each with its place. Nothing here touches a disk or a network; views kept in files of their
//! own are read through the function that [`parse_with`] takes.

mod settings;

pub use settings::{
    Athena, Catalog, CatalogMode, Config, Engine, EngineFamily, IamSettings, KeyChoice, Lake,
    RehearsalSource, Retention, Settings, SnapshotChoice, Source, SourceKind, TableRef, View,
};
