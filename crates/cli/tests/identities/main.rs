//! The commands about identities as a person and their programs meet them: the program itself, the simulator as Identity
//! Center, and the real AWS CLI, boto3 and Terraform as children. Nothing of it is replaced.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod center;
mod handing_out;
mod programs;
mod roles;
mod signing_in;
