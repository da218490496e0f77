//! All that the page may call. `capabilities/main.json` names each of them.

use crate::Core;
use holdpoint_api::Problem;
use holdpoint_api::views::Update;
use serde_json::Value;
use tauri::ipc::Channel;
use tauri::{Runtime, State, WebviewWindow};
use tauri_plugin_dialog::{DialogExt as _, FileDialogBuilder, FilePath};
use tokio::sync::oneshot;

/// One call of the one list.
#[tauri::command]
pub async fn rpc(core: State<'_, Core>, name: String, args: Value) -> Result<Value, Problem> {
    core.call(&name, args).await
}

/// Sends what changes to the page's channel.
#[tauri::command]
pub async fn subscribe(core: State<'_, Core>, channel: Channel<Vec<Update>>) -> Result<(), Problem> {
    core.streams.open(core.console()?.updates(), channel);
    Ok(())
}

/// Ends what `subscribe` began; `channel` is the channel's id.
#[tauri::command]
pub async fn unsubscribe(core: State<'_, Core>, channel: u32) -> Result<(), Problem> {
    core.streams.close(channel);
    Ok(())
}

/// Asks for a plan file by the system's dialog; null when the person thought better of it.
#[tauri::command]
pub async fn pick_plan<R: Runtime>(window: WebviewWindow<R>) -> Result<Option<String>, Problem> {
    let dialog = window.dialog().file().set_parent(&window).set_title("Open a plan");
    let dialog = dialog.add_filter("Plans", &["md", "markdown", "txt"]).add_filter("All files", &["*"]);
    picked(dialog, FileDialogBuilder::pick_file).await
}

/// Asks where to save. `name` is the suggestion, `extension` is without its dot.
#[tauri::command]
pub async fn pick_save<R: Runtime>(
    window: WebviewWindow<R>,
    name: String,
    extension: String,
) -> Result<Option<String>, Problem> {
    let dialog = window.dialog().file().set_parent(&window).set_title("Save as").set_file_name(name);
    picked(dialog.add_filter(extension.to_uppercase(), &[extension.as_str()]), FileDialogBuilder::save_file)
        .await
}

/// What a dialog's callback is told.
type Told = Box<dyn FnOnce(Option<FilePath>) + Send>;

async fn picked<R: Runtime>(
    dialog: FileDialogBuilder<R>,
    show: fn(FileDialogBuilder<R>, Told),
) -> Result<Option<String>, Problem> {
    let (tell, told) = oneshot::channel();
    show(
        dialog,
        Box::new(move |path| {
            // The page may have gone while the dialog was open: then nobody waits for the answer.
            let _ = tell.send(path);
        }),
    );
    let gone = || Problem::new("the file dialog went away without an answer").hint("type the path instead");
    let Some(path) = told.await.map_err(|_| gone())? else { return Ok(None) };
    let path = path.into_path().map_err(|error| Problem::new(format!("that is no file: {error}")))?;
    match path.to_str() {
        Some(path) => Ok(Some(path.to_owned())),
        None => Err(Problem::new(format!("{} is not UTF-8", path.display()))
            .hint("rename it: Holdpoint names files in its records as text")),
    }
}
