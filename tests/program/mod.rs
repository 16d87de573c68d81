//! The program as it is, and golden cases of its command line.
//!
//! Each directory below a root is a case and the working directory of the program. `args` has one argument per line,
//! `stdin` what is piped in, if anything is. `expected/` holds `stdout`, `stderr` and `status`.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use similar::TextDiff;

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_score-operator");

/// What a run leaves behind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Run {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Runs the program in a directory.
    pub fn of(directory: &Path, args: &[&str], stdin: &[u8]) -> Self {
        Self::of_program(Path::new(PROGRAM), directory, args, stdin)
    }

    /// The same, by another name.
    pub fn of_program(program: &Path, directory: &Path, args: &[&str], stdin: &[u8]) -> Self {
        let mut command = Command::new(program);
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "RUST_LOG", "KUBECONFIG"] {
            command.env_remove(variable);
        }
        command.args(args).current_dir(directory);
        Self::end(command, stdin)
    }

    /// Runs a command to its end.
    pub fn end(mut command: Command, stdin: &[u8]) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut pipe = child.stdin.take().expect("stdin");
        let stdin = stdin.to_owned();
        // A program that does not read its stdin closes it.
        let writer = std::thread::spawn(move || drop(pipe.write_all(&stdin)));
        let output = child.wait_with_output().expect("the program ends");
        writer.join().expect("stdin is written");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let status = output.status.code().expect("no signal");
        Self { status, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn shown(self) -> [(&'static str, String); 3] {
        let stdout = self.stdout.replace(env!("CARGO_PKG_VERSION"), "<version>");
        [("status", format!("{}\n", self.status)), ("stderr", self.stderr), ("stdout", stdout)]
    }
}

/// The cases below a root.
pub fn cases(root: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(root).expect("cases").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.is_dir()).collect()
}

/// Runs a case.
pub fn run(case: &Path) -> Run {
    let args = fs::read_to_string(case.join("args")).unwrap_or_else(|_| panic!("{}/args", case.display()));
    let stdin = fs::read(case.join("stdin")).unwrap_or_default();
    Run::of(case, &args.lines().collect::<Vec<_>>(), &stdin)
}

/// Fails unless every case gives what is expected; after a change that is meant, `accept` says how to take it.
pub fn assert_all(root: &Path, accept: &str) {
    let mut wrong = String::new();
    for case in cases(root) {
        for (name, found) in run(&case).shown() {
            let path = case.join("expected").join(name);
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                write(&path, &found);
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            if expected != found {
                let diff = TextDiff::from_lines(&expected, &found);
                let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
                wrong += &diff.unified_diff().header(&shown, "found").to_string();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}\n{accept}");
}

/// An empty file is no file: most cases say nothing on one of the two.
fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("a directory can be made");
    if text.is_empty() {
        drop(fs::remove_file(path));
    } else {
        fs::write(path, text).expect("a file can be written");
    }
}

/// Fails unless there are at least so many cases and each of these exit statuses among them, a line each.
pub fn assert_statuses(root: &Path, least: usize, expected: &str) {
    let cases = cases(root);
    let status = |case: &PathBuf| fs::read_to_string(case.join("expected/status")).expect("a status");
    let statuses: BTreeSet<_> = cases.iter().map(status).collect();
    assert!(cases.len() >= least, "only {} cases", cases.len());
    assert_eq!(statuses.into_iter().collect::<String>(), expected);
}
