// An answer as a person reads it: sentences with numbered citations, rows of one table as a table, support in sight.

import { h } from "./dom.js";
import { percent, t } from "./i18n.js";
import { attachPopover } from "./popover.js";

const WELL = 0.75;

/** How a sentence is supported: "full", "part", or "none" where the server's threshold is not reached. */
export const level = ({ supported, support }) => (supported === false ? "none" : support >= WELL ? "full" : "part");

/** The words for it, with the number. */
export const supportWords = (sentence) => t(`support.${level(sentence)}`, { percent: percent(sentence.support) });

/**
 * The answer's elements. text: the whole answer once it is there: line breaks between sentences come from it.
 * open: called with a citation when it is clicked.
 */
export function answerBody({ sentences, citations, text = "" }, open) {
  const blocks = [];
  let paragraph = null;
  for (const group of grouped(sentences, citations, text)) {
    if (group.rows) {
      blocks.push(rowsTable(group.rows, citations, open));
      paragraph = null;
      continue;
    }
    if (!paragraph || group.breaks) blocks.push((paragraph = h("p", { class: group.item ? "sentence-item" : "" })));
    paragraph.append(sentenceSpan(group.sentence, citations, open), " ");
  }
  return blocks;
}

/** Sentences one by one; neighbours that are rows of the same table together. */
function grouped(sentences, citations, text) {
  const groups = [];
  let cursor = 0;
  for (const sentence of sentences) {
    const at = text.indexOf(sentence.text, cursor);
    const gap = at >= 0 ? text.slice(cursor, at) : "";
    cursor = at >= 0 ? at + sentence.text.length : cursor;
    const pairs = rowOf(sentence, citations);
    const last = groups.at(-1);
    if (pairs && last?.rows && sameKeys(last.rows[0].pairs, pairs)) last.rows.push({ sentence, pairs });
    else if (pairs) groups.push({ rows: [{ sentence, pairs }] });
    else groups.push({ sentence, breaks: gap.includes("\n"), item: /\n\s*(?:[-*•]|\d+[.)])\s*$/.test(`\n${gap}`) });
  }
  return groups;
}

const sameKeys = (a, b) => a.length === b.length && a.every(([key], index) => key === b[index][0]);

/** [[name, value]] of a sentence that says a table's row, whose quote is that row; null for any other. */
function rowOf(sentence, citations) {
  const quote = citations.get(sentence.citations[0])?.quote ?? "";
  if (!quote.startsWith("|")) return null;
  const pairs = [];
  for (const piece of sentence.text.split("; ")) {
    const [name, ...value] = piece.split(": ");
    if (value.length) pairs.push([name, value.join(": ")]);
    else if (pairs.length) pairs.at(-1)[1] += `; ${piece}`;
    else return null;
  }
  const cells = quote.split("|").filter((cell) => cell.trim());
  return pairs.length === cells.length ? pairs : null; // a sentence that only mentions the row stays a sentence
}

function rowsTable(rows, citations, open) {
  const names = rows[0].pairs.map(([name]) => name);
  const head = h(
    "tr",
    {},
    names.map((name) => h("th", { scope: "col" }, name)),
    h("th", { scope: "col" }, h("span", { class: "unseen" }, t("citations"))),
  );
  const body = rows.map(({ sentence, pairs }) =>
    h(
      "tr",
      {},
      pairs.map(([, value]) => h("td", { class: value.includes(" ") ? "" : "whole" }, value)),
      h("td", { class: "row-marks" }, marks(sentence, citations, open)),
    ),
  );
  return h(
    "div",
    { class: "table-scroll", tabindex: "0", role: "region", "aria-label": t("table") },
    h("table", {}, h("thead", {}, head), h("tbody", {}, body)),
  );
}

function sentenceSpan(sentence, citations, open) {
  const text = h("span", { class: "sentence-text" }, sentence.text);
  return h(
    "span",
    { class: "sentence", data: { support: level(sentence) } },
    text,
    "\u2060",
    marks(sentence, citations, open),
  );
}

/** The citation numbers of a sentence and its support. */
function marks(sentence, citations, open) {
  const numbers = sentence.citations.map((n) => citationButton(n, citations.get(n), sentence, open));
  return h("span", { class: "marks" }, numbers, supportMark(sentence));
}

function citationButton(n, citation, sentence, open) {
  const place = citation ? placeOf(citation) : "";
  const label = t("citation.label", { n, place });
  const button = h("button", { type: "button", class: "cite", "aria-label": label }, String(n));
  if (citation) {
    button.addEventListener("click", () => open(citation, button));
    attachPopover(button, () => quoteCard(citation, sentence, () => open(citation, button)));
  }
  return button;
}

/** "Travel policy, p. 3": title and page. */
export const placeOf = ({ title, source, page }) =>
  page ? t("place", { title: title || source, n: page }) : title || source;

function quoteCard(citation, sentence, open) {
  return [
    h(
      "p",
      { class: "pop-title" },
      citation.title || citation.source,
      citation.page && h("span", { class: "soft" }, ` ${t("page.short", { n: citation.page })}`),
    ),
    citation.heading.length > 0 && h("p", { class: "pop-path" }, citation.heading.join(" › ")),
    h("blockquote", { class: "pop-quote" }, readable(citation.quote)),
    h("p", { class: "pop-foot" }, ring(sentence.support, level(sentence)), h("span", {}, supportWords(sentence))),
    h("p", { class: "pop-hint" }, t("open.hint")),
    h("button", { type: "button", class: "button pop-open", onclick: open }, t("open.document")),
  ];
}

/** A quote without its list mark, and without the bars of a table's rows. */
export function readable(quote) {
  const lines = quote.split("\n").filter((line) => !/^[\s|:-]*$/.test(line));
  const plain = (line) =>
    line.startsWith("|") ? line.replace(/^\|\s*|\s*\|\s*$/g, "").replace(/(\s*\|\s*)+/g, " · ") : line;
  return lines
    .map(plain)
    .join("\n")
    .replace(/^\s*[•*–-]\s+/, "");
}

/** A small circle, filled as far as the support goes. */
export function ring(support, kind) {
  const element = h("span", { class: "ring", data: { support: kind }, "aria-hidden": "true" });
  element.style.setProperty("--part", String(support));
  return element;
}

function supportMark(sentence) {
  const kind = level(sentence);
  const words = supportWords(sentence);
  const flag = kind !== "full" && h("span", { "aria-hidden": "true" }, t(`flag.${kind}`));
  const mark = h(
    "button",
    { type: "button", class: "support", "aria-label": words, data: { support: kind } },
    ring(sentence.support, kind),
    flag,
  );
  attachPopover(
    mark,
    () => [
      h("p", { class: "pop-foot" }, ring(sentence.support, kind), h("span", {}, words)),
      h("p", { class: "pop-path" }, t(`support.why.${kind}`)),
    ],
    true,
  );
  return mark;
}
