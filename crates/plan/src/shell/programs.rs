//! Names of programs that deployment plans call.

/// Whether a word names a program or a shell's own command that is known here.
pub fn known_program(name: &str) -> bool {
    super::reach::known(name.rsplit('/').next().unwrap_or(name))
}
