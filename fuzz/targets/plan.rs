#![no_main]
//! Fuzz target `plan`: see `reading` of the library.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| holdpoint_fuzz::reading(bytes));
