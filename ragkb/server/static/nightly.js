// The last nightly run: passed or failed, what was measured, which questions got worse.

import { section } from "./admin.js";
import { h, icon } from "./dom.js";
import { moment, percent, number, t } from "./i18n.js";

const SHOWN = 10; // questions that got worse

export const nightlySection = () => section("admin.nightly", "/v1/admin/nightly", card);

function card({ at, passed, failed, suites }) {
  const verdict = t(passed ? "nightly.passed" : "nightly.failed");
  return h(
    "div",
    { class: passed ? "card" : "card card-error" },
    h("p", { class: "card-title" }, icon(passed ? "check" : "warn"), verdict, h("span", { class: "soft" }, moment(at))),
    failed.length > 0 && h("ul", { class: "tries" }, failed.map((line) => h("li", {}, line))),
    suites.map(suite),
  );
}

function suite({ suite: name, measures, differences, flips }) {
  const worse = flips.filter((flip) => flip.worse.length);
  const rows = Object.entries(measures).map(([measure, value]) => h("tr", {}, h("th", { scope: "row" }, measure), h("td", { class: "number" }, shown(differences[measure]?.before)), h("td", { class: "number" }, shown(value))));
  return [
    h("h3", { class: "label suite" }, name),
    h("table", { class: "rows" }, h("thead", {}, h("tr", {}, ["nightly.measure", "nightly.before", "nightly.now"].map((key) => h("th", { scope: "col" }, t(key))))), h("tbody", {}, rows)),
    worse.length > 0 && h("details", { class: "sources" }, h("summary", {}, icon("chevron"), t("nightly.worse", { n: worse.length })), h("ul", { class: "tries" }, worse.slice(0, SHOWN).map(({ question }) => h("li", {}, question)))),
  ];
}

const shown = (value) => (typeof value !== "number" ? "" : value >= 0 && value <= 1 ? percent(value) : number(value));
