// One question with what became of it.

import { answerBody, level, placeOf, readable, ring } from "./answer.js";
import { copy } from "./clipboard.js";
import { h, icon, iconButton } from "./dom.js";
import { errorCard, notice } from "./errors.js";
import { feedbackButtons } from "./feedback.js";
import { filterWords } from "./filters.js";
import { count, percent, t } from "./i18n.js";
import { linkTo } from "./links.js";
import { openDocument } from "./panel.js";

/** The turn as an article. again: asks once more. unfiltered: asks without filters. */
export function turnArticle(turn, { again, unfiltered }) {
  const parts = [heading(turn), understood(turn)];
  if (turn.status === "failed") parts.push(errorCard(turn.problem, again));
  else if (turn.status === "stopped") parts.push(h("div", { class: "answer" }, answerBody(turn, cite)), stopped(again));
  else if (turn.status === "asking") parts.push(...waiting(turn));
  else if (turn.answer.abstained) parts.push(...abstained(turn, unfiltered), sources(turn), actions(turn));
  else
    parts.push(
      h("div", { class: "answer" }, answerBody({ ...turn, text: turn.answer.answer }, cite)),
      trust(turn.answer),
      conflicts(turn),
      cited(turn),
      sources(turn),
      actions(turn),
    );
  return h(
    "article",
    { class: "turn", data: { status: turn.status }, "aria-busy": String(turn.status === "asking") },
    parts,
  );
}

const cite = (citation, from) => openDocument({ ...citation, from });

function heading(turn) {
  const filters =
    Object.keys(turn.where).length > 0 && h("p", { class: "turn-filters" }, icon("filter"), filterWords(turn.where));
  return h("header", { class: "turn-head" }, h("h2", { class: "question" }, turn.question), filters);
}

function understood({ question, answer }) {
  const differs = answer?.standalone && answer.standalone !== question;
  return (
    differs && h("p", { class: "understood" }, h("span", { class: "label" }, t("understood")), " ", answer.standalone)
  );
}

function waiting(turn) {
  const titles = [...new Set((turn.passages ?? []).map(({ title, source }) => title || source))];
  const found = turn.passages
    ? h(
        "p",
        { class: "reading" },
        t("reading"),
        " ",
        h("span", { class: "reading-titles" }, titles.slice(0, 4).join(" · ")),
      )
    : h("p", { class: "reading" }, t("searching"));
  const lines = h("div", { class: "skeleton", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
  return [found, turn.sentences.length ? h("div", { class: "answer answer-coming" }, answerBody(turn, cite)) : lines];
}

const stopped = (again) =>
  h(
    "p",
    { class: "reading" },
    t("stopped"),
    " ",
    h("button", { type: "button", class: "textual", onclick: again }, t("retry")),
  );

// --- an abstention ----------------------------------------------------------------------------------------------------

function abstained({ answer, where, passages }, unfiltered) {
  const filtered = Object.keys(where).length > 0;
  const closest = distinct(passages).slice(0, 3);
  return [
    h(
      "section",
      { class: "card abstained" },
      h("p", { class: "card-title" }, t("abstained.title")),
      h(
        "p",
        { class: "soft" },
        passages.length ? t("abstained.found", { percent: percent(answer.confidence) }) : t("abstained.nothing"),
      ),
      closest.length > 0 && [
        h("h3", { class: "label" }, t("abstained.closest")),
        h("ul", { class: "closest" }, closest.map(closestItem)),
      ],
      h("h3", { class: "label" }, t("abstained.try")),
      h(
        "ul",
        { class: "tries" },
        filtered &&
          h("li", {}, h("button", { type: "button", class: "textual", onclick: unfiltered }, t("try.unfiltered"))),
        h("li", {}, t("try.words")),
        h("li", {}, t("try.language")),
        h("li", {}, h("a", { href: "#/documents" }, t("try.documents"))),
      ),
    ),
  ];
}

const distinct = (passages) =>
  [...new Map([...passages].reverse().map((passage) => [passage.document_id, passage])).values()].reverse();

/** The passage's words, without the heading that they stand under. */
function withoutHeading({ text, heading }) {
  const [first, ...rest] = text.split("\n");
  const bare = first.replace(/^#+\s*/, "").trim();
  return readable(rest.length && heading.includes(bare) ? rest.join("\n").trim() : text);
}

function closestItem(passage) {
  const onclick = (event) => openDocument({ ...passage, from: event.currentTarget });
  const snippet = h("span", { class: "snippet" }, withoutHeading(passage));
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "closest-card", onclick },
      h("span", { class: "strong" }, placeOf(passage)),
      snippet,
    ),
  );
}

// --- what an answer rests on ------------------------------------------------------------------------------------------

function trust(answer) {
  const levels = answer.sentences.map(level);
  const unsupported = levels.filter((one) => one === "none").length;
  const partly = levels.filter((one) => one === "part").length;
  const worst = unsupported ? "none" : partly ? "part" : "full";
  const said = unsupported ? count("trust.none", unsupported) : partly ? count("trust.part", partly) : t("trust.full");
  return h(
    "p",
    { class: "trust" },
    h("span", { class: "trust-item", data: { support: worst } }, ring(answer.groundedness ?? 0, worst), said),
    answer.unanswered?.length > 0 &&
      h("span", { class: "trust-item" }, t("trust.unanswered", { parts: answer.unanswered.join("; ") })),
    answer.dropped > 0 && h("span", { class: "trust-item" }, count("trust.dropped", answer.dropped)),
    h(
      "span",
      { class: "trust-item", title: t("confidence.why") },
      t("confidence", { percent: percent(answer.confidence) }),
    ),
  );
}

/** Citations that disagree, or of which one stands in an older version of the document. */
function conflicts({ answer, citations }) {
  const found = answer.conflicts ?? [];
  if (!found.length) return null;
  const told = found.map(({ kind, citations: [first, second], dates: [date] }) => {
    const [newer, older] = [citations.get(first), citations.get(second)].map((one) => one.title || one.source);
    return h("li", {}, t(`conflict.${kind}`, { first, second, newer: date ? `${newer} (${date})` : newer, older }));
  });
  const disputed = found.some(({ kind }) => kind === "disagree");
  const title = h("p", { class: "card-title" }, icon("warn"), t(disputed ? "conflicts" : "conflicts.older"));
  return h("section", { class: "conflicts", data: { disputed } }, title, h("ul", { class: "tries" }, told));
}

/** The quotes, those of one page together under its name. */
function cited({ citations }) {
  const places = new Map();
  for (const citation of citations.values()) {
    const key = `${citation.document_id} ${citation.page}`;
    places.set(key, [...(places.get(key) ?? []), citation]);
  }
  const items = [...places.values()].map((quotes) =>
    h(
      "li",
      {},
      h("p", { class: "strong cited-place" }, placeOf(quotes[0]), h("span", { class: "path" }, quotes[0].source)),
      h("ol", {}, quotes.map(citedQuote)),
    ),
  );
  return items.length > 0 && h("section", { class: "cited-list", "aria-label": t("citations") }, h("ol", {}, items));
}

function citedQuote(citation) {
  const number = h("span", { class: "cite-number" }, String(citation.n));
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "cited", onclick: (event) => cite(citation, event.currentTarget) },
      number,
      h("span", { class: "snippet" }, readable(citation.quote)),
    ),
  );
}

function sources({ passages }) {
  if (!passages.length) return null;
  const items = passages.map((passage) =>
    h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: "passage",
          onclick: (event) => openDocument({ ...passage, from: event.currentTarget }),
        },
        h("span", { class: "strong" }, placeOf(passage)),
        passage.heading.length > 0 && h("span", { class: "path" }, passage.heading.join(" › ")),
        h("span", { class: "snippet snippet-long" }, withoutHeading(passage)),
      ),
    ),
  );
  return h(
    "details",
    { class: "sources" },
    h("summary", {}, icon("chevron"), count("sources", passages.length)),
    h("ol", {}, items),
  );
}

// --- what can be done with it -----------------------------------------------------------------------------------------

function actions(turn) {
  return h(
    "footer",
    { class: "actions" },
    iconButton("copy", t("copy"), async () => notice((await copy(asText(turn))) ? t("copied") : t("copy.failed"))),
    iconButton("link", t("share"), async () =>
      notice((await copy(address(turn))) ? t("share.done") : t("copy.failed")),
    ),
    feedbackButtons(turn),
    h("span", { class: "timing" }, t("seconds", { n: (turn.answer.timings_ms.total / 1000).toFixed(1) })),
  );
}

const address = ({ question, where }) => new URL(linkTo(question, where), location.href).href;

/** The answer with its citations as plain text. */
function asText({ question, answer }) {
  const sentences = answer.sentences
    .map(({ text, citations }) => [text, ...citations.map((n) => `[${n}]`)].join(" "))
    .join("\n");
  const notes = answer.citations.map(
    ({ n, title, source, page, quote }) =>
      `[${n}] ${[title, source, page && t("page.short", { n: page })].filter(Boolean).join(", ")}: “${quote}”`,
  );
  return [question, sentences || answer.answer, notes.join("\n")].filter(Boolean).join("\n\n");
}
