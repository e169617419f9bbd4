// The last nightly run: passed or failed, what was measured, which questions got worse.

import { section } from "./admin.js";
import { h, icon } from "./dom.js";
import { moment, percent, number, t } from "./i18n.js";
import { save } from "./save.js";

const SHOWN = 10; // questions that got worse

export const nightlySection = () => section("admin.nightly", "/v1/admin/nightly", card);

function card({ at, passed, failed, suites }) {
  const verdict = t(passed ? "nightly.passed" : "nightly.failed");
  return h(
    "div",
    { class: "card nightly", data: { passed } },
    h(
      "p",
      { class: "card-title" },
      icon(passed ? "check" : "warn"),
      verdict,
      h("span", { class: "soft" }, moment(iso(at))),
    ),
    failed.length > 0 &&
      h(
        "ul",
        { class: "tries bad" },
        failed.map((line) => h("li", {}, line)),
      ),
    suites.map(suite),
    h(
      "p",
      { class: "buttons" },
      h(
        "button",
        {
          type: "button",
          class: "button",
          onclick: () => save("/v1/admin/nightly?format=html", `nightly-${at.slice(0, 10)}.html`),
        },
        icon("save"),
        t("nightly.save"),
      ),
    ),
  );
}

function suite({ suite: name, measures, differences, flips }) {
  const worse = flips.filter((flip) => flip.worse.length);
  const head = ["nightly.measure", "nightly.before", "nightly.now", "nightly.verdict"].map((key) =>
    h("th", { scope: "col" }, t(key)),
  );
  const rows = Object.entries(measures).map(([measure, value]) => row(measure, value, differences[measure]));
  return [
    h("h3", { class: "label suite" }, name),
    h(
      "div",
      { class: "table-scroll", tabindex: "0", role: "region", "aria-label": name },
      h("table", { class: "rows" }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)),
    ),
    worse.length > 0 &&
      h(
        "details",
        { class: "sources" },
        h("summary", {}, icon("chevron"), t("nightly.worse", { n: worse.length })),
        h(
          "ul",
          { class: "tries" },
          worse.slice(0, SHOWN).map(({ question }) => h("li", {}, question)),
        ),
      ),
  ];
}

function row(measure, value, difference) {
  const cells = [difference?.before, value].map((one) => h("td", { class: "number" }, shown(one)));
  const verdict = h(
    "td",
    { class: difference?.verdict === "worse" ? "whole bad" : "whole soft" },
    difference ? (t.known(`verdict.${difference.verdict}`) ?? difference.verdict) : "",
  );
  return h("tr", {}, h("th", { scope: "row" }, measure), cells, verdict);
}

const shown = (value) =>
  typeof value !== "number" ? "" : value >= 0 && value <= 1 ? percent(value, 1) : number(value);

/** ISO 8601 of a run's name, which is a time without colons. */
const iso = (name) => name.replace(/T(\d\d)-(\d\d)-(\d\d)-(\d+)Z$/, "T$1:$2:$3.$4Z");
