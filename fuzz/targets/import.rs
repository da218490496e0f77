#![no_main]
//! Fuzz target `import`: see `imported` of the library.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| holdpoint_fuzz::imported(bytes));
