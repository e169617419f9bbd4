// A Problem in a person's words: what happened, and what to do.

import { h, icon } from "./dom.js";
import { t } from "./i18n.js";

const KNOWN = [0, 401, 403, 404, 409, 413, 415, 422, 429, 500, 502, 503, 504];

/** {title, detail}: the page's words, then the server's own where they add something. */
export function words(problem) {
  if (!("status" in problem)) return { title: t("error.page"), detail: problem.message };
  const status = KNOWN.includes(problem.status) ? problem.status : problem.status >= 500 ? 500 : 422;
  const wait = problem.retry ? t("error.wait", { n: problem.retry }) : "";
  const own = status === 0 || status === 401 ? "" : [problem.message, problem.hint].filter(Boolean).join(": ");
  const request = problem.request && status >= 500 ? t("error.request", { id: problem.request }) : "";
  return {
    title: `${t(`error.${status}`)} ${wait}`.trim(),
    detail: [own, own.includes(problem.request) ? "" : request].filter(Boolean).join(" "),
  };
}

/** A card that says so, with a button to try again. */
export function errorCard(problem, retry = null) {
  const { title, detail } = words(problem);
  return h(
    "div",
    { class: "card card-error", role: "alert" },
    h("p", { class: "card-title" }, icon("warn"), title),
    detail && h("p", { class: "soft" }, detail),
    retry &&
      ![403, 413, 422].includes(problem.status) &&
      h("button", { type: "button", class: "button", onclick: retry }, icon("retry"), t("retry")),
  );
}

/** A line at the foot of the page that goes away by itself. */
export function notice(text, bad = false) {
  const shown = h("p", { class: bad ? "notice notice-bad" : "notice" }, text);
  document.getElementById("notices").append(shown);
  setTimeout(() => shown.remove(), bad ? 9000 : 3500);
}

export const complain = (problem) => {
  const { title, detail } = words(problem);
  notice([title, detail].filter(Boolean).join(" "), true);
};
