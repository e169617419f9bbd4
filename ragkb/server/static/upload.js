// Adding files: each with its progress, first of the transfer, then of the ingest, then what became of it.

import * as api from "./api.js";
import { fill, h, icon } from "./dom.js";
import { words } from "./errors.js";
import { count, t } from "./i18n.js";
import { me } from "./session.js";

const STATUSES = ["ingested", "partial", "unchanged", "refused"];
const POLL = [300, 500, 1000, 2000]; // milliseconds between looks at a job; the last one repeats

/** {button, element}. added: called whenever a document went in. */
export function uploader(added) {
  const input = h("input", { type: "file", multiple: true, class: "unseen", tabindex: "-1", "aria-hidden": "true" });
  const button = h(
    "button",
    { type: "button", class: "button button-main", onclick: () => input.click() },
    icon("upload"),
    t("upload"),
  );
  const rows = h("ul", { class: "uploads", "aria-live": "polite" });
  const groups = groupChoice();
  const drop = h("div", { class: "drop" }, h("p", {}, t("upload.drop")), groups?.element);
  const queue = [];
  let busy = false;
  const take = async (files) => {
    queue.push(...[...files].map((file) => ({ file, groups: groups?.chosen() ?? [], ...line(file, rows) })));
    if (busy) return;
    busy = true; // one at a time: the knowledge base takes one writer
    while (queue.length) await add(queue.shift(), added);
    busy = false;
  };
  input.addEventListener("change", () => (take(input.files), (input.value = "")));
  acceptDrops(drop, take);
  return { button, element: h("div", {}, input, drop, rows) };
}

function acceptDrops(drop, take) {
  drop.addEventListener("dragover", (event) => (event.preventDefault(), drop.classList.add("drop-over")));
  drop.addEventListener("dragleave", () => drop.classList.remove("drop-over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("drop-over");
    take(event.dataTransfer.files);
  });
}

/** Who may read what is added: everyone, or some of the caller's groups. */
function groupChoice() {
  const own = me().groups.filter((group) => group !== "*");
  if (!own.length && !me().groups.includes("*")) return null;
  if (!own.length) {
    const input = h("input", { type: "text", placeholder: t("upload.everyone") });
    return {
      element: h("label", { class: "upload-groups" }, t("upload.groups"), input),
      chosen: () =>
        input.value
          .split(",")
          .map((name) => name.trim())
          .filter(Boolean),
    };
  }
  const boxes = own.map((name) => h("input", { type: "checkbox", value: name }));
  const labels = boxes.map((box) => h("label", { class: "check" }, box, box.value));
  return {
    element: h(
      "fieldset",
      { class: "upload-groups" },
      h("legend", {}, t("upload.groups")),
      labels,
      h("span", { class: "soft" }, t("upload.none")),
    ),
    chosen: () => boxes.filter((box) => box.checked).map((box) => box.value),
  };
}

function line(file, rows) {
  const bar = h("progress", { max: "1", value: 0, "aria-label": file.name });
  const said = h("span", { class: "soft" }, t("upload.waiting"));
  rows.append(h("li", {}, h("span", { class: "strong" }, file.name), said, bar));
  return { bar, said };
}

async function add({ file, groups, bar, said }, added) {
  const tell = (text, done = false) => ((said.textContent = text), done && bar.remove());
  const form = new FormData();
  form.append("file", file, file.name);
  if (groups.length) form.append("groups", groups.join(","));
  try {
    tell(t("upload.sending"));
    const { body } = await api.upload("/v1/documents?wait=false", form, (part) => {
      bar.value = part;
      if (part === 1) {
        bar.removeAttribute("value");
        tell(t("upload.reading"));
      }
    });
    const report = await finished(body.job, tell);
    tell(outcome(report), true);
    if (report.ingested || report.partial) added();
  } catch (problem) {
    const { title, detail } = words(problem);
    said.className = "bad";
    tell(problem.status === 422 && detail ? detail : [title, detail].filter(Boolean).join(" "), true);
  }
}

/** The report of a job once it is done. Throws a Problem if it failed. */
async function finished(id, tell) {
  for (let look = 0; ; look += 1) {
    const job = await api.get(`/v1/jobs/${encodeURIComponent(id)}`);
    if (job.status === "done") return job.report;
    if (job.status === "failed") throw new api.Problem(422, job.error);
    const files = job.files_total > 1 ? t("upload.files", { n: job.files_done, total: job.files_total }) : "";
    tell(
      [
        t(job.status === "queued" ? "upload.waiting" : "upload.reading"),
        files,
        job.pages ? count("pages", job.pages) : "",
      ]
        .filter(Boolean)
        .join(" · "),
    );
    await new Promise((resolve) => setTimeout(resolve, POLL[Math.min(look, POLL.length - 1)]));
  }
}

/** What became of the files: of one in full, of those in an archive how many of each kind. */
function outcome({ files }) {
  const of = (wanted) => files.filter(({ status }) => status === wanted);
  const refused = of("refused");
  if (refused.length === files.length) throw new api.Problem(422, { message: refused[0]?.reason ?? "" });
  const [{ status, pages, reason }] = files;
  const reasons = refused.map((file) => `${file.source.split("/").pop()}: ${file.reason}`);
  if (files.length > 1)
    return [
      ...STATUSES.filter((one) => of(one).length).map((one) => `${t(`status.${one}`)}: ${of(one).length}`),
      ...reasons,
    ].join(" · ");
  return [t(`status.${status}`), pages && count("pages", pages), reason].filter(Boolean).join(" · ");
}
