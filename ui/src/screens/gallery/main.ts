import { mount } from "svelte";
import "../../kit/base.css";
import { clock } from "../../kit/clock.svelte.ts";
import Gallery from "./Gallery.svelte";

clock.start();
mount(Gallery, { target: document.body });
