//! The one window, and where it may go.

use crate::Core;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{App, Manager as _, Runtime, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

/// Its label, which the capability names.
pub const LABEL: &str = "main";

/// Opens it.
pub fn open<R: Runtime>(app: &App<R>) -> tauri::Result<WebviewWindow<R>> {
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Holdpoint")
        .inner_size(1280.0, 800.0)
        .min_inner_size(1024.0, 700.0)
        .on_navigation(|url| {
            let own = is_own(url);
            if !own {
                tracing::warn!(scheme = url.scheme(), "the page wanted to go elsewhere and was refused");
            }
            own
        })
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_document_title_changed(|window, title| {
            if let Err(error) = window.set_title(&title) {
                tracing::warn!(%error, "the window kept its old title");
            }
        })
        // A page that is loaded anew opens its own channels; those of the old one lead nowhere.
        .on_page_load(|window, load| {
            if load.event() == PageLoadEvent::Started {
                window.state::<Core>().streams.close_all();
            }
        })
        .build()
}

/// Whether an address is the program's own page. Windows and Android serve it at `http://tauri.localhost`, the
/// others at `tauri://localhost` (Tauri's "URLs of the app").
pub fn is_own(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => {
            cfg!(windows) && url.host_str() == Some("tauri.localhost") && url.port().is_none()
        }
        _ => false,
    }
}
