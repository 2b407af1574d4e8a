//! The cost of the gate, beside baselines of the same run: `make bench`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use stepgate_tests::bench::{Effort, Report, measure};
use stepgate_tests::docs::between;

const USAGE: &str = "usage: bench [--smoke] [--json] [--write FOLDER]
  --smoke         one small round of each: shows that it runs, the figures say nothing
  --json          for programs
  --write FOLDER  also write the picture to performance.svg there, and the figures into performance.md

STEPGATE_MODULE names the filter, STEPGATE_EMPTY one that does nothing. `make bench` builds what is needed.";
/// The picture, beside the page.
const PICTURE: &str = "performance.svg";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let (mut effort, mut json, mut folder) = (Effort::FULL, false, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--smoke" => effort = Effort::SMOKE,
            "--json" => json = true,
            "--write" => folder = Some(arguments.next().ok_or(USAGE)?),
            _ => return Err(USAGE.to_owned()),
        }
    }
    let built = |name: &str| std::env::var_os(name).ok_or_else(|| format!("{name} names no filter: run `make bench`"));
    let report = measure(&effort, built("STEPGATE_MODULE")?.as_ref(), built("STEPGATE_EMPTY")?.as_ref())?;
    let text = if json { format!("{:#}", report.json()) } else { report.table() };
    writeln!(std::io::stdout(), "{text}").map_err(|error| error.to_string())?;
    folder.map_or(Ok(()), |folder| write(&report, folder.as_ref()))
}

fn write(report: &Report, folder: &Path) -> Result<(), String> {
    let (page, picture) = (folder.join("performance.md"), folder.join(PICTURE));
    let of = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| format!("{path}: {error}")
    };
    let text = std::fs::read_to_string(&page).map_err(of(&page))?;
    let text = between(&text, "bench", &format!("\n{}\n", report.markdown(PICTURE)));
    let text =
        text.ok_or_else(|| format!("{}: the marks `bench:begin` and `bench:end` are missing", page.display()))?;
    std::fs::write(&picture, report.picture()).map_err(of(&picture))?;
    std::fs::write(&page, text).map_err(of(&page))
}
