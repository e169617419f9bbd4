// The panel beside the answer: a document's text, or the picture of its page, with the quote marked.

import * as api from "./api.js";
import { typeName } from "./documents.js";
import { fill, h, icon, iconButton, say } from "./dom.js";
import { errorCard } from "./errors.js";
import { count, t } from "./i18n.js";
import { pageView } from "./pageview.js";
import { hidePopover } from "./popover.js";
import { save } from "./save.js";
import { textView } from "./textview.js";

const panel = document.getElementById("panel");
const narrow = matchMedia("(max-width: 1099px)");
let cameFrom = null;
let shown = null; // what was opened
let request = 0;

/**
 * Opens a document. wanted: {document_id}, with {start, end} (code points) of what to mark, its {page}, its {quote}, and
 * the element the focus goes back to ({from}).
 */
export async function openDocument(wanted) {
  const mine = ++request;
  shown = wanted;
  hidePopover();
  cameFrom = wanted.from ?? document.activeElement;
  reveal();
  fill(panel, closing(), h("p", { class: "reading" }, t("loading")));
  panel.querySelector("button").focus();
  try {
    const document = await api.get(`/v1/documents/${encodeURIComponent(wanted.document_id)}`);
    if (mine === request) show(document, wanted);
  } catch (problem) {
    if (mine === request) fill(panel, closing(), errorCard(problem));
  }
}

/** Opens what is open again, in the language that the page has now. */
export const redrawPanel = () => !panel.hidden && openDocument({ ...shown, from: cameFrom });

export function closePanel() {
  request += 1;
  if (panel.hidden) return;
  fill(panel);
  panel.hidden = true;
  document.body.classList.remove("with-panel");
  inert(false);
  cameFrom?.isConnected && cameFrom.focus({ preventScroll: true });
  hidePopover(); // which the focus has just opened
}

addEventListener(
  "keydown",
  (event) => event.key === "Escape" && !document.querySelector("dialog[open]") && closePanel(),
);
narrow.addEventListener("change", () => !panel.hidden && reveal());

function reveal() {
  panel.hidden = false;
  document.body.classList.add("with-panel");
  panel.setAttribute("role", narrow.matches ? "dialog" : "complementary");
  panel.setAttribute("aria-label", t("document"));
  if (narrow.matches) panel.setAttribute("aria-modal", "true");
  else panel.removeAttribute("aria-modal");
  inert(narrow.matches);
}

/** On a narrow screen the panel covers the rest, which the keyboard then leaves out. */
function inert(covered) {
  for (const element of [document.getElementById("main"), document.querySelector(".bar")]) element.inert = covered;
}

const closing = () =>
  h(
    "header",
    { class: "panel-head" },
    h("span", { class: "panel-title" }),
    iconButton("close", t("close"), closePanel),
  );

function show(document, wanted) {
  const text = wanted.start === undefined ? null : wanted;
  const pictures = document.pages && document.original && document.media_type === "application/pdf";
  const body = h("div", { class: "panel-body" });
  const views = {
    text: () => textView(body, document, text),
    page: () => pageView(body, document, text, wanted.page ?? 1),
  };
  const tabs = ["page", "text"].map((name) =>
    h(
      "button",
      { type: "button", class: "segment", data: { view: name }, onclick: () => choose(name) },
      t(`view.${name}`),
    ),
  );
  const choose = (name) => {
    tabs.forEach((tab) => tab.setAttribute("aria-pressed", String(tab.dataset.view === name)));
    views[name]();
  };
  fill(
    panel,
    head(document, pictures && h("div", { class: "segments", role: "group", "aria-label": t("view") }, tabs)),
    body,
  );
  choose(pictures && !narrow.matches ? "page" : "text"); // a page of paper is too small to read on a phone
  panel.querySelector("h2").focus();
  say(document.title || document.source);
}

function head(document, tabs) {
  const facts = [
    typeName(document.media_type),
    document.pages && count("pages", document.pages),
    ...document.groups.map((group) => t("group", { name: group })),
  ];
  return h(
    "header",
    { class: "panel-head" },
    h(
      "div",
      { class: "panel-title" },
      h("h2", { tabindex: "-1" }, document.title || document.source),
      h("p", { class: "path" }, original(document.source), h("span", {}, facts.filter(Boolean).join(" · "))),
    ),
    tabs,
    document.original &&
      iconButton("save", t("original"), () =>
        save(`/v1/documents/${encodeURIComponent(document.id)}/original`, document.source.split("/").pop()),
      ),
    iconButton("close", t("close"), closePanel),
  );
}

/** The source; a link where it is a web page. */
function original(source) {
  if (!/^https?:\/\//.test(source)) return h("span", { class: "source" }, source);
  return h(
    "a",
    { href: source, rel: "noopener noreferrer", target: "_blank", class: "source" },
    source,
    icon("external"),
  );
}
