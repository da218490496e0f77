//! The laws of the tests, asked of whatever the fuzzer comes to. They are the very file that the tests use.

#[path = "../../crates/plan/tests/plan/laws.rs"]
mod laws;

/// Reading any bytes.
pub fn reading(bytes: &[u8]) {
    laws::reading(bytes);
}

/// Importing any bytes: nothing is lost, twice is once, and the result reads well.
pub fn imported(bytes: &[u8]) {
    laws::imported(bytes);
}

/// Any text as a script.
pub fn script(bytes: &[u8]) {
    laws::script(&String::from_utf8_lossy(bytes));
}
