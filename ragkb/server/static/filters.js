// Which documents a question is put to: language, type, metadata, single documents. Values come from the documents.

import * as documents from "./documents.js";
import { fill, h, icon } from "./dom.js";
import { complain } from "./errors.js";
import { languageName, t } from "./i18n.js";

const SHOWN = 30; // documents listed under the search field

/** A button with the dialog behind it. get() and set() hold `where`, as the server takes it. */
export function filterButton(get, set) {
  const open = async () => {
    try {
      const { documents: found } = await documents.all();
      dialog(found, get, set);
    } catch (problem) {
      complain(problem);
    }
  };
  return h(
    "button",
    { type: "button", class: "textual filter-button", "aria-haspopup": "dialog", onclick: open },
    icon("filter"),
    h("span", {}, t("filters")),
  );
}

/** A chip for each value in force, which removes it. */
export function activeFilters(where, set) {
  return entries(where).map(([key, value]) =>
    h(
      "button",
      {
        type: "button",
        class: "chip chip-on",
        "aria-label": t("filter.remove", { name: valueName(key, value) }),
        onclick: () => set(without(where, key, value)),
      },
      valueName(key, value),
      icon("close"),
    ),
  );
}

/** The filters in words. */
export const filterWords = (where) =>
  entries(where)
    .map(([key, value]) => valueName(key, value))
    .join(" · ");

const entries = (where) => Object.entries(where).flatMap(([key, values]) => values.map((value) => [key, value]));

const includes = (where, key, value) => Boolean(where[key]?.includes(value));

function without(where, key, value) {
  const { [key]: values, ...rest } = where;
  const left = values.filter((one) => one !== value);
  return left.length ? { ...rest, [key]: left } : rest;
}

const toggled = (where, key, value) =>
  includes(where, key, value) ? without(where, key, value) : { ...where, [key]: [...(where[key] ?? []), value] };

function valueName(key, value) {
  if (key === "language") return languageName(value);
  if (key === "media_type") return documents.typeName(value);
  if (typeof value === "boolean") return `${key}: ${t(value ? "yes" : "no")}`;
  return typeof value === "number" ? `${key}: ${value}` : String(value);
}

const keyName = (key) => ({ language: t("language"), media_type: t("type") })[key] ?? key;

function dialog(found, get, set) {
  const body = h("div", { class: "dialog-body" });
  const box = h("dialog", { class: "dialog", "aria-label": t("filters") });
  const close = () => box.close();
  const titles = new Map(found.map((document) => [document.source, document.title || document.source]));
  const choose = (key, value) => {
    set(toggled(get(), key, value));
    box.querySelectorAll("[data-filter]").forEach(mark);
    clear.hidden = !Object.keys(get()).length;
  };
  const mark = (button) =>
    button.setAttribute("aria-pressed", String(includes(get(), ...JSON.parse(button.dataset.filter))));
  const chip = (key, value, label, count) => {
    const button = h(
      "button",
      {
        type: "button",
        class: "chip",
        data: { filter: JSON.stringify([key, value]) },
        onclick: () => choose(key, value),
      },
      label,
      count && h("span", { class: "chip-count" }, String(count)),
    );
    mark(button);
    return button;
  };
  const clear = h(
    "button",
    {
      type: "button",
      class: "button",
      onclick: () => (set({}), box.querySelectorAll("[data-filter]").forEach(mark), (clear.hidden = true)),
    },
    t("filters.clear"),
  );
  clear.hidden = !Object.keys(get()).length;
  const groups = documents.facets(found).map(({ key, values }) =>
    h(
      "section",
      {},
      h("h3", { class: "label" }, keyName(key)),
      h(
        "div",
        { class: "chips" },
        values.map(({ value, count }) => chip(key, value, valueName(key, value), count)),
      ),
    ),
  );
  const listed = h("div", { class: "chips chips-column" });
  const search = h("input", {
    type: "search",
    placeholder: t("documents.search"),
    "aria-label": t("documents.search"),
  });
  const list = () => {
    const wanted = search.value.trim().toLowerCase();
    const fits = found.filter(({ source, title }) => `${title} ${source}`.toLowerCase().includes(wanted));
    fill(
      listed,
      fits.slice(0, SHOWN).map(({ source }) => chip("source", source, titles.get(source))),
    );
  };
  search.addEventListener("input", list);
  list();
  fill(body, groups, h("section", {}, h("h3", { class: "label" }, t("documents")), search, listed));
  fill(
    box,
    h(
      "header",
      { class: "dialog-head" },
      h("h2", {}, t("filters")),
      h("button", { type: "button", class: "quiet", "aria-label": t("close"), onclick: close }, icon("close")),
    ),
    h("p", { class: "soft" }, t("filters.about")),
    body,
    h(
      "footer",
      { class: "buttons" },
      h("button", { type: "button", class: "button button-main", onclick: close }, t("done")),
      clear,
    ),
  );
  box.addEventListener("close", () => box.remove());
  box.addEventListener("click", (event) => event.target === box && close());
  document.body.append(box);
  box.showModal();
}
