use super::*;

pub(super) const GOOD: &str = include_str!("../../examples/snapshot-to-athena/snaplake.toml");

fn read(text: &str) -> Result<Config, ConfigErrors> {
    parse(Path::new("snaplake.toml"), text)
}

#[test]
fn the_example_parses() {
    let config = read(GOOD).unwrap();
    let settings = config.select(None).unwrap();
    assert_eq!(settings.name, "shop");
    assert_eq!(settings.source.tables.len(), 5);
}
