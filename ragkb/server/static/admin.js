// The view of administrators: state of the knowledge base, last nightly run, keys, ingest jobs.

import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { errorCard } from "./errors.js";
import { bytes, date, number, percent, t } from "./i18n.js";
import { jobsSection } from "./jobs.js";
import { keysSection } from "./keys.js";
import { has } from "./session.js";

/** Shows the view in the element. */
export function showAdmin(main) {
  const sections = [
    has("/v1/admin/status") && section("admin.status", "/v1/admin/status", statusTiles),
    has("/v1/admin/nightly") && section("admin.nightly", "/v1/admin/nightly", nightlyCard),
    has("/v1/admin/keys") && keysSection(),
    has("/v1/jobs") && jobsSection(),
  ];
  fill(main, h("div", { class: "view" }, h("header", { class: "view-head" }, h("h1", {}, t("tab.admin"))), sections));
}

/** A section that fetches what it shows. shown(body, load): load fetches again, with something to show above. 404: nothing yet. */
export function section(title, path, shown) {
  const body = h("div", { class: "admin-body" }, h("p", { class: "reading" }, t("loading")));
  const load = async (above = null) => {
    try {
      fill(body, above, shown(await api.get(path), load));
    } catch (problem) {
      fill(body, problem.status === 404 ? h("p", { class: "nothing" }, t(`${title}.none`)) : errorCard(problem, () => load(above)));
    }
  };
  load();
  return h("section", { class: "admin-section" }, h("h2", {}, t(title)), body);
}

/** Every number and word of the status, whatever the server tells, as tiles. */
function statusTiles(status) {
  const tiles = flat(status).map(([name, value]) => h("div", { class: "tile" }, h("dt", {}, label(name)), h("dd", {}, valueWords(name, value))));
  return h("dl", { class: "tiles" }, tiles);
}

function flat(value, prefix = "") {
  return Object.entries(value).flatMap(([key, inner]) => {
    const name = prefix ? `${prefix}.${key}` : key;
    if (inner === null || inner === "" || Array.isArray(inner)) return [];
    return typeof inner === "object" ? flat(inner, name) : [[name, inner]];
  });
}

const label = (name) => t.known(`status.field.${name}`) ?? name.replaceAll("_", " ").replaceAll(".", " · ");

function valueWords(name, value) {
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (typeof value === "number") return /bytes|memory|disk|size/.test(name) ? bytes(value) : number(value);
  return /^\d{4}-\d\d-\d\dT/.test(value) ? date(value) : String(value);
}

/** The last nightly run: what passed, what fell, and the whole report to keep. */
function nightlyCard(report) {
  const passed = report.passed ?? report.gate?.passed;
  const rows = flat(report.summary ?? report.measures ?? {}).filter(([, value]) => typeof value === "number");
  return h(
    "div",
    { class: "card" },
    h("p", { class: "card-title" }, passed === undefined ? "" : t(passed ? "nightly.passed" : "nightly.failed"), " ", h("span", { class: "soft" }, report.at ? date(report.at) : "")),
    rows.length > 0 && h("table", { class: "rows" }, h("tbody", {}, rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "number" }, value >= 0 && value <= 1 ? percent(value) : number(value)))))),
  );
}
