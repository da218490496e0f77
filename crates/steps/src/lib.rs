//! The executors: what each kind of step does, observes and undoes. A folder per family.

mod ecs;
mod failure;
mod http;
mod logs;
mod person;
