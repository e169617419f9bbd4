// The view of the documents: find, sort, open, add, delete.

import * as api from "./api.js";
import { confirm } from "./confirm.js";
import * as documents from "./documents.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { complain, errorCard, notice } from "./errors.js";
import { count, date, languageName, t } from "./i18n.js";
import { closePanel, openDocument } from "./panel.js";
import { may } from "./session.js";
import { uploader } from "./upload.js";

const SHOWN = 50; // rows at first, and added by "more"
const ORDERS = {
  title: (a, b) => nameOf(a).localeCompare(nameOf(b)),
  newest: (a, b) => b.ingested_at.localeCompare(a.ingested_at) || nameOf(a).localeCompare(nameOf(b)),
  pages: (a, b) => (b.pages ?? 0) - (a.pages ?? 0) || nameOf(a).localeCompare(nameOf(b)),
  source: (a, b) => a.source.localeCompare(b.source),
};
const state = { search: "", order: "newest" }; // survives a change of the view

const nameOf = ({ title, source }) => title || source;

/** Shows the view in the element. */
export function showLibrary(main) {
  const table = h("div", { class: "library" });
  const counted = h("p", { class: "soft", role: "status" });
  const refresh = () => {
    documents.forget();
    return load();
  };
  const load = async () => {
    try {
      const { documents: found, total } = await documents.all();
      list(table, counted, found, total, refresh);
    } catch (problem) {
      fill(table, errorCard(problem, refresh));
    }
  };
  const search = h("input", {
    type: "search",
    value: state.search,
    placeholder: t("documents.search"),
    "aria-label": t("documents.search"),
  });
  search.addEventListener("input", () => ((state.search = search.value), load()));
  const order = h(
    "select",
    { "aria-label": t("sort") },
    Object.keys(ORDERS).map((name) => h("option", { value: name, selected: name === state.order }, t(`sort.${name}`))),
  );
  order.addEventListener("change", () => ((state.order = order.value), load()));
  const adding = may("writer") ? uploader(refresh) : null;
  fill(
    main,
    h(
      "div",
      { class: "view" },
      h("header", { class: "view-head" }, h("div", {}, h("h1", {}, t("documents")), counted), adding?.button),
      adding?.element,
      h("div", { class: "toolbar" }, h("span", { class: "search" }, icon("search"), search), order),
      table,
    ),
  );
  fill(table, h("p", { class: "reading" }, t("loading")));
  load();
}

function list(table, counted, found, total, refresh) {
  const wanted = state.search.trim().toLowerCase();
  const fits = found.filter((document) => haystack(document).includes(wanted)).sort(ORDERS[state.order]);
  counted.textContent = wanted ? t("documents.matching", { n: fits.length, total }) : count("documents.count", total);
  if (total > found.length) counted.textContent += ` ${t("documents.partial", { n: found.length })}`;
  if (!fits.length)
    return fill(table, h("p", { class: "nothing" }, total ? t("documents.nomatch") : t("documents.none")));
  const body = h("tbody");
  const more = h("button", { type: "button", class: "button more" }, t("more"));
  const add = () => {
    body.append(
      ...fits.slice(body.children.length, body.children.length + SHOWN).map((document) => row(document, refresh)),
    );
    more.hidden = body.children.length >= fits.length;
  };
  more.addEventListener("click", add);
  add();
  const columns = ["document", "type", "pages.head", "language", "groups", "added"].map((name) =>
    h("th", { scope: "col" }, t(name)),
  );
  fill(
    table,
    h(
      "table",
      { class: "rows" },
      h(
        "thead",
        {},
        h("tr", {}, columns, may("writer") && h("th", { scope: "col" }, h("span", { class: "unseen" }, t("delete")))),
      ),
      body,
    ),
    more,
  );
}

const haystack = ({ title, source, groups }) => `${title} ${source} ${groups.join(" ")}`.toLowerCase();

function row(document, refresh) {
  const open = (event) => openDocument({ document_id: document.id, from: event.currentTarget });
  const groups = document.groups.map((group) => h("span", { class: "tag" }, group));
  return h(
    "tr",
    {},
    h(
      "td",
      { class: "cell-main" },
      h(
        "button",
        { type: "button", class: "row-open", onclick: open },
        h("span", { class: "strong" }, nameOf(document)),
        h("span", { class: "path" }, document.source),
      ),
    ),
    h("td", { data: { head: t("type") } }, documents.typeName(document.media_type)),
    h(
      "td",
      { class: "number", data: { head: t("pages.head") } },
      document.pages === null ? "" : String(document.pages),
    ),
    h("td", { data: { head: t("language") } }, languageName(document.language)),
    h("td", { data: { head: t("groups") } }, groups.length ? groups : h("span", { class: "soft" }, t("everyone"))),
    h("td", { class: "whole", data: { head: t("added") } }, date(document.ingested_at)),
    may("writer") &&
      h(
        "td",
        { class: "cell-act" },
        iconButton("trash", t("delete.named", { name: nameOf(document) }), () => erase(document, refresh)),
      ),
  );
}

async function erase(document, refresh) {
  const sure = await confirm({
    title: t("delete.sure"),
    text: t("delete.about", { name: nameOf(document) }),
    action: t("delete"),
  });
  if (!sure) return;
  try {
    await api.remove(`/v1/documents/${encodeURIComponent(document.id)}`);
    closePanel();
    notice(t("deleted", { name: nameOf(document) }));
  } catch (problem) {
    complain(problem);
  }
  refresh();
}
