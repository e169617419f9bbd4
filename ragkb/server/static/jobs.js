// What was added over HTTP since the server started, and what became of it.

import { section } from "./admin.js";
import { h } from "./dom.js";
import { count, moment, t } from "./i18n.js";

export const jobsSection = () =>
  section("admin.jobs", "/v1/jobs", ({ jobs }) =>
    jobs.length ? h("ul", { class: "jobs" }, jobs.map(item)) : h("p", { class: "nothing" }, t("admin.jobs.none")),
  );

function item({ created_at, status, report, error, files_done: done, files_total: total, pages }) {
  const files = report?.files ?? [];
  const name = files[0]?.source ?? "";
  const refused = files.length > 0 && files.every((file) => file.status === "refused");
  const progress = status === "running" ? t("upload.files", { n: done, total }) : "";
  const facts = [
    progress,
    pages ? count("pages", pages) : "",
    error?.message,
    ...files.filter(({ reason }) => reason).map(({ source, reason }) => `${source}: ${reason}`),
  ];
  return h(
    "li",
    {},
    h("span", { class: "strong" }, files.length > 1 ? `${name} +${files.length - 1}` : name),
    h(
      "span",
      { class: "tag", data: { status: refused ? "failed" : status } },
      t(refused ? "status.refused" : `job.${status}`),
    ),
    h("span", { class: "soft" }, [moment(created_at), ...facts].filter(Boolean).join(" · ")),
  );
}
