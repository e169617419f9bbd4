// Starts the page: who asks, then the view that the address names.

import { onUnauthorized } from "./api.js";
import { askFromLink, showAsk } from "./ask.js";
import * as conversation from "./conversation.js";
import { fill, h } from "./dom.js";
import { errorCard } from "./errors.js";
import { drawHeader } from "./header.js";
import { t, translateShell } from "./i18n.js";
import { showLibrary } from "./library.js";
import { read } from "./links.js";
import { closePanel, redrawPanel } from "./panel.js";
import { hidePopover } from "./popover.js";
import { load, may } from "./session.js";
import { askForKey } from "./signin.js";

const main = document.getElementById("main");
const VIEWS = {
  ask: showAsk,
  documents: showLibrary,
  admin: async (element) => (await import("./admin.js")).showAdmin(element),
};

function current() {
  const { view = "ask" } = read(location.hash);
  return VIEWS[view] && (view !== "admin" || may("admin")) ? view : "ask";
}

function draw() {
  const view = current();
  translateShell();
  drawHeader(view, () => (draw(), redrawPanel()));
  document.title = view === "ask" ? "ragkb" : `${t(`tab.${view}`)} · ragkb`;
  VIEWS[view](main);
}

function navigate() {
  hidePopover();
  closePanel();
  draw();
  const { question, where } = read(location.hash);
  if (question) askFromLink(question, where);
}

function focusQuestion(event) {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (
    event.key !== "/" ||
    typing ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    document.querySelector("dialog[open]")
  )
    return;
  event.preventDefault();
  if (current() !== "ask") location.hash = "#/";
  setTimeout(() => document.getElementById("question")?.focus());
}

async function start() {
  onUnauthorized(askForKey);
  translateShell();
  try {
    await load();
  } catch (problem) {
    fill(main, h("div", { class: "view" }, errorCard(problem, start)));
    return;
  }
  conversation.restore();
  navigate();
  if (matchMedia("(hover: hover)").matches) document.getElementById("question")?.focus();
}

addEventListener("hashchange", navigate);
addEventListener("keydown", focusQuestion);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment is taken by the views
  main.focus();
});
start();
