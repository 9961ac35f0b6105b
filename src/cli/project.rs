//! The project that a command works on: a configuration file and the folder that it lies in.

use super::{Failure, Global};
use crate::config::{self, Config, ConfigErrors, Settings};
use crate::pipeline::Pipeline;
use std::path::{Path, PathBuf};

/// A configuration that was read, and where relative paths in it start.
#[derive(Debug)]
pub(super) struct Project {
    /// The folder of the configuration file.
    pub(super) folder: PathBuf,
    config: Config,
    chosen: Option<String>,
    region: Option<String>,
}

impl Project {
    /// Reads the file that `--config` names.
    pub(super) fn load(global: &Global) -> Result<Self, Failure> {
        let path = &global.config;
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let base = folder.clone();
        let read = move |file: &Path| std::fs::read_to_string(base.join(file));
        let config = config::parse_with(path, &text, &read).map_err(wrong)?;
        let (chosen, region) = (global.pipeline.clone(), global.region.clone());
        Ok(Self { folder, config, chosen, region })
    }

    /// The pipeline that `--pipeline` names; without it, the only one.
    pub(super) fn pipeline(&self) -> Result<Pipeline, Failure> {
        let settings = self.config.select(self.chosen.as_deref()).map_err(wrong)?;
        self.resolve(settings)
    }

    /// Whether the file describes several pipelines, of which one may have been chosen.
    fn has_several(&self) -> bool {
        self.config.pipelines.len() > 1
    }

    /// The folder that a pipeline is generated into: several pipelines have a folder each, so that each
    /// is a Terraform root with a state of its own.
    pub(super) fn root(&self, out: &Path, pipeline: &Pipeline) -> PathBuf {
        if self.has_several() { out.join(&pipeline.name) } else { out.to_owned() }
    }

    /// The folder of a pipeline's policies, where `generate` writes them unless it is told otherwise.
    pub(super) fn policies(&self, pipeline: &Pipeline) -> PathBuf {
        self.root(&self.folder.join("terraform"), pipeline).join("policies")
    }

    /// Every pipeline that is meant: the named one, or all.
    pub(super) fn pipelines(&self) -> Result<Vec<Pipeline>, Failure> {
        match &self.chosen {
            Some(_) => self.pipeline().map(|pipeline| vec![pipeline]),
            None => self.config.pipelines.iter().map(|settings| self.resolve(settings)).collect(),
        }
    }

    /// A region that contradicts the configuration would send the calls elsewhere than the names and policies
    /// say.
    fn resolve(&self, settings: &Settings) -> Result<Pipeline, Failure> {
        match &self.region {
            Some(region) if *region != settings.region => Err(Failure::input(miette::miette!(
                help = "every ARN of the pipeline bears its region: change `region` in snaplake.toml, or \
                        leave `--region` out",
                "`--region {}` contradicts the configuration, whose region is `{}`",
                region.escape_debug(),
                settings.region
            ))),
            _ => Ok(Pipeline::from(settings)),
        }
    }
}

/// Every problem of the file is a report of its own, so that each shows its place.
fn wrong(errors: ConfigErrors) -> Failure {
    let reports = errors.errors.into_iter().map(miette::Report::new).collect();
    Failure { exit: super::Exit::Input, reports }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let shown = path.display().to_string();
    let shown = shown.escape_debug();
    if error.kind() == std::io::ErrorKind::NotFound {
        return Failure::input(miette::miette!(
            help =
                "name another file with `--config`, or try `snaplake demo` for an example project",
            "there is no `{shown}`"
        ));
    }
    Failure::input(miette::miette!("cannot read `{shown}`: {error}"))
}
