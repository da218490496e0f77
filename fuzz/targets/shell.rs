#![no_main]
//! Fuzz target `shell`: see `script` of the library.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| holdpoint_fuzz::script(bytes));
