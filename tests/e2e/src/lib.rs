//! The console as a user meets it. Everything is in `tests/window`: `cargo xtask e2e` builds what it needs and runs it.
