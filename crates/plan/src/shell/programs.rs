//! Names of programs that deployment plans call.

/// Whether a word names a program or a shell's own command that is known here.
pub fn known_program(name: &str) -> bool {
    BUILTINS.contains(&name)
}

const BUILTINS: [&str; 12] = [
    "alias",
    "aws",
    "cd",
    "curl",
    "docker",
    "echo",
    "export",
    "git",
    "kubectl",
    "source",
    "terraform",
    "unset",
];
