//! An empty window, built the same way: the floor that `cargo xtask bench` measures the console's start against.

fn main() -> Result<(), tauri::Error> {
    tauri::Builder::default().run(tauri::generate_context!("examples/empty/tauri.conf.json"))
}
