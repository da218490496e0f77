import { mount } from "svelte";
import { bridgeHost } from "./host/bridge.ts";
import { tauriHost } from "./host/tauri.ts";
import "./kit/base.css";
import App from "./screens/App.svelte";
import { Console, setScheme } from "./screens/console.svelte.ts";

setScheme(localStorage.getItem("scheme"));
const host = "__TAURI_INTERNALS__" in window ? tauriHost() : bridgeHost();
mount(App, { target: document.body, props: { app: new Console(host) } });
