//! Commands as a shell reads them.

/// A command of these words, each quoted where a POSIX shell would otherwise change it.
pub(super) fn command<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    // shlex refuses a NUL, which no argument of a program can have; the quoter keeps the rest of the line.
    shlex::Quoter::new().allow_nul(true).join(words).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_shell_runs_what_was_written(words in prop::collection::vec("[^\u{0}]{0,12}|/x'\\$\\(touch x\\)'y|\\$HOME|`id`|!!|~", 1..6)) {
            let line = command(["printf", "%s\\0"].into_iter().chain(words.iter().map(String::as_str)));
            let run = Command::new("sh").args(["-c", &line]).output().unwrap();
            let said: Vec<u8> = words.iter().flat_map(|word| word.bytes().chain([0])).collect();
            prop_assert_eq!(run.stdout, said, "{}", line);
        }
    }
}
