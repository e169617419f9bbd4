// What was added over HTTP, and what became of it.

import { section } from "./admin.js";
import { h } from "./dom.js";
import { count, t } from "./i18n.js";

export const jobsSection = () => section("admin.jobs", "/v1/jobs", (body) => list(body.jobs ?? body));

function list(jobs) {
  if (!jobs.length) return h("p", { class: "nothing" }, t("admin.jobs.none"));
  return h("ul", { class: "jobs" }, jobs.map(item));
}

function item(job) {
  const files = job.report?.files ?? [];
  const name = files[0]?.source ?? job.id;
  const error = typeof job.error === "string" ? job.error : job.error?.message;
  return h(
    "li",
    {},
    h("span", { class: "strong" }, files.length > 1 ? `${name} +${files.length - 1}` : name),
    h("span", { class: "tag", data: { status: job.status } }, t(`job.${job.status}`)),
    h("span", { class: "soft" }, [job.pages ? count("pages", job.pages) : "", error ?? "", ...files.map(({ reason }) => reason)].filter(Boolean).join(" · ")),
  );
}
