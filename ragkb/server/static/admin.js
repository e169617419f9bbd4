// The view of administrators: state of the knowledge base, last nightly run, keys, ingest jobs.

import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { errorCard } from "./errors.js";
import { bytes, count, languageName, number, t } from "./i18n.js";
import { jobsSection } from "./jobs.js";
import { keysSection } from "./keys.js";
import { nightlySection } from "./nightly.js";

/** Shows the view in the element. */
export function showAdmin(main) {
  const sections = [section("admin.status", "/v1/admin/status", tiles), nightlySection(), keysSection(), jobsSection()];
  fill(main, h("div", { class: "view" }, h("header", { class: "view-head" }, h("h1", {}, t("tab.admin"))), sections));
}

/** A section that fetches what it shows. shown(body, load): load fetches again, with something to show above. 404: nothing yet. */
export function section(title, path, shown) {
  const body = h("div", {}, h("p", { class: "reading" }, t("loading")));
  const load = async (above = null) => {
    try {
      fill(body, above, shown(await api.get(path), load));
    } catch (problem) {
      fill(
        body,
        problem.status === 404
          ? h("p", { class: "nothing" }, t(`${title}.none`))
          : errorCard(problem, () => load(above)),
      );
    }
  };
  load();
  return h("section", { class: "admin-section" }, h("h2", {}, t(title)), body);
}

/** What the knowledge base holds and takes. */
function tiles({ documents, chunks, languages, groups, disk, memory, generation, embedder, precision, running }) {
  const sum = (parts) => Object.values(parts).reduce((total, part) => total + part, 0);
  const sizes = (parts) =>
    Object.entries(parts).map(([name, size]) => `${t.known(`size.${name}`) ?? name} ${bytes(size)}`);
  const most = Object.entries(languages).sort(([, some], [, others]) => others - some);
  const spoken = most.map(
    ([code, documents]) => `${languageName(code) || t("language.unknown")} ${number(documents)}`,
  );
  return h(
    "dl",
    { class: "tiles" },
    tile(t("documents"), number(documents), [count("chunks", chunks), ...spoken]),
    tile(t("groups"), number(groups.length), groups),
    tile(t("status.disk"), bytes(sum(disk)), sizes(disk)),
    tile(t("status.memory"), bytes(sum(memory)), sizes(memory)),
    tile(t("status.generation"), number(generation), [embedder.split("@")[0], precision]),
    tile(t("status.running"), number(running), []),
  );
}

const tile = (label, value, details) =>
  h(
    "div",
    { class: "tile" },
    h("dt", {}, label),
    h(
      "dd",
      {},
      value,
      h("span", { class: "path" }, details.map((detail) => detail.replaceAll(" ", "\u00a0")).join(" · ")),
    ),
  );
