//! The alignment that `terraform fmt` gives: equals signs of neighbouring one-line arguments in one
//! column, no trailing spaces, at most one empty line in a row.
//!
//! Templates are written with the right indentation; what cannot be written in a template is the
//! alignment, since names and values vary. The rules are those of `hclwrite`'s formatter
//! (<https://developer.hashicorp.com/terraform/language/style#code-formatting>): a run of lines that
//! each hold a whole `name = value` is aligned; an empty line, a comment, a block or an argument
//! whose value goes on in the next line ends the run.

/// Formats the text of a Terraform file.
#[must_use]
pub fn format(text: &str) -> String {
    let mut formatter =
        Formatter { output: String::with_capacity(text.len() + 256), run: Vec::new(), empty: true };
    for line in text.lines() {
        formatter.line(line.trim_end());
    }
    formatter.flush();
    formatter.output.truncate(formatter.output.trim_end().len());
    formatter.output.push('\n');
    formatter.output
}

struct Formatter<'a> {
    output: String,
    /// The lines of the current run: indented name, value.
    run: Vec<(&'a str, &'a str)>,
    /// Whether the last line written was empty (or there is none yet).
    empty: bool,
}

impl<'a> Formatter<'a> {
    fn line(&mut self, line: &'a str) {
        if let Some((name, value)) = argument(line) {
            if self.run.first().is_some_and(|(first, _)| indentation(first) != indentation(name)) {
                self.flush();
            }
            self.run.push((name, value));
            return;
        }
        self.flush();
        if line.is_empty() {
            if !self.empty {
                self.output.push('\n');
            }
        } else {
            self.output.push_str(line);
            self.output.push('\n');
        }
        self.empty = line.is_empty();
    }

    fn flush(&mut self) {
        let width = self.run.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in self.run.drain(..) {
            self.output.push_str(name);
            self.output.extend(std::iter::repeat_n(' ', width - name.chars().count()));
            self.output.push_str(" = ");
            self.output.push_str(value);
            self.output.push('\n');
            self.empty = false;
        }
    }
}

/// The indented name and the value, when a line holds a whole `name = value`.
fn argument(line: &str) -> Option<(&str, &str)> {
    let text = line.trim_start();
    let name_length = if let Some(rest) = text.strip_prefix('"') {
        // A quoted key of an object.
        rest.find('"')? + 2
    } else {
        text.find(|character: char| {
            !(character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.'))
        })?
    };
    let indent = line.len() - text.len();
    let (name, rest) = line.split_at_checked(indent + name_length)?;
    let value = rest.trim_start().strip_prefix('=')?;
    let value = value.strip_prefix(' ')?.trim_start();
    let continues = value.ends_with(['{', '[', '(']) || value.starts_with("<<");
    (name_length > 0 && !continues).then_some((name, value))
}

fn indentation(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::format;

    #[test]
    fn aligns_neighbouring_arguments_only() {
        let text = "a {\n  x = 1\n  long_name = 2\n  tags = {\n    k = 1\n    \"a/b\" = 2\n  }\n  z = 3\n\n\n  y = 4\n}\n\n";
        let expected = "a {\n  x         = 1\n  long_name = 2\n  tags = {\n    k     = 1\n    \"a/b\" = 2\n  }\n  z = 3\n\n  y = 4\n}\n";
        assert_eq!(format(text), expected);
        assert_eq!(format(expected), expected, "formatting twice changes nothing");
    }

    #[test]
    fn a_comparison_is_no_argument() {
        let text = "validation {\n  condition = a == b\n  x == y\n}\n";
        assert_eq!(format(text), text);
    }
}
