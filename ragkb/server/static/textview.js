// A document's text with a span of it marked. Lines between bars are shown as tables; everything is a text node.

import { fill, h } from "./dom.js";
import { t } from "./i18n.js";
import { indexes } from "./offsets.js";

const AROUND = 30_000; // characters shown on each side of the mark, and added by "more"

/** Shows the text. marked: {start, end} in code points, or null. */
export function textView(body, document, marked) {
  const { text, page_starts: starts, headings } = document;
  const points = [...starts, ...headings.map(({ start }) => start)].sort((a, b) => a - b);
  const at = new Map(points.map((point, index) => [point, index]));
  const found = indexes(text, points);
  const index = (point) => found[at.get(point)];
  const places = {
    mark: marked ? indexes(text, [marked.start, marked.end]) : null,
    pages: new Map(starts.map((start, number) => [index(start), number + 1])),
    headings: new Map(headings.map((heading) => [index(heading.start), heading])),
  };
  const middle = places.mark ?? [0, 0];
  const window = { from: lineStart(text, middle[0] - AROUND), to: lineEnd(text, middle[1] + AROUND) };
  const draw = () => {
    const more = (label, change) =>
      h("button", { type: "button", class: "button more", onclick: () => (change(), draw()) }, label);
    fill(
      body,
      h(
        "div",
        {
          class: "document-text",
          lang: document.language || null,
          tabindex: "0",
          role: "region",
          "aria-label": t("view.text"),
        },
        window.from > 0 && more(t("text.before"), () => (window.from = lineStart(text, window.from - AROUND))),
        blocks(text, window, places),
        window.to < text.length && more(t("text.after"), () => (window.to = lineEnd(text, window.to + AROUND))),
      ),
    );
  };
  draw();
  body.querySelector("mark")?.scrollIntoView({ block: "center" });
}

const WRAPPED = /[\p{Ll}\p{N},;]$/u;
const CJK = /[\u3040-\u30ff\u3400-\u9fff\uff0c\u3001]$/;

/** What stands between two lines: nothing much where a PDF only broke the line to fit its page. before: the end of the first. */
function between(before, line) {
  if (WRAPPED.test(before) && /^\p{Ll}/u.test(line)) return " ";
  return CJK.test(before) && /^[\u3040-\u30ff\u3400-\u9fff]/.test(line) && before.length - before.lastIndexOf("\n") > 24
    ? ""
    : "\n";
}

const lineStart = (text, index) => (index <= 0 ? 0 : text.lastIndexOf("\n", index) + 1);

function lineEnd(text, index) {
  const found = index >= text.length ? -1 : text.indexOf("\n", index);
  return found < 0 ? text.length : found;
}

/** Paragraphs, headings, tables and page numbers of the text inside the window. */
function blocks(text, window, places) {
  const out = [];
  let rows = null;
  let paragraph = null;
  for (let start = window.from; start < window.to || start === 0;) {
    const end = lineEnd(text, start);
    const line = text.slice(start, end);
    const page = places.pages.get(start);
    if (page) out.push(h("p", { class: "page-break" }, t("page.short", { n: page })));
    const isRow = /^\s*\|.*\|\s*$/.test(line);
    const isHeading = places.headings.has(start);
    if (!isRow || page) rows = null;
    if (isRow || isHeading || page || !line.trim()) paragraph = null;
    if (isRow) {
      if (!rows) out.push(h("div", { class: "table-scroll" }, h("table", {}, (rows = h("tbody")))));
      if (!/^[\s|:-]+$/.test(line)) rows.append(row(text, start, end, places.mark));
    } else if (isHeading)
      out.push(
        h(
          "p",
          { class: "text-heading", data: { level: String(places.headings.get(start).level) } },
          marking(text, start, end, places.mark),
        ),
      );
    else if (line.trim()) {
      if (!paragraph) out.push((paragraph = h("p", { class: "text-paragraph" })));
      else paragraph.append(between(text.slice(Math.max(0, start - 81), start - 1), line));
      paragraph.append(...marking(text, start, end, places.mark));
    }
    start = end + 1;
    if (end >= text.length) break;
  }
  return out;
}

function row(text, start, end, mark) {
  const element = h("tr", { class: mark && mark[0] < end && mark[1] > start ? "marked" : "" });
  let from = text.indexOf("|", start) + 1;
  for (let bar = text.indexOf("|", from); bar >= 0 && bar < end; bar = text.indexOf("|", from)) {
    element.append(
      h("td", { class: text.slice(from, bar).trim().includes(" ") ? "" : "whole" }, marking(text, from, bar, mark)),
    );
    from = bar + 1;
  }
  return element;
}

/** text[start:end] as nodes, with what lies inside the mark in a <mark>. */
function marking(text, start, end, mark) {
  const from = mark ? Math.max(start, mark[0]) : end;
  const to = mark ? Math.min(end, mark[1]) : end;
  if (from >= to) return [text.slice(start, end)];
  return [text.slice(start, from), h("mark", {}, text.slice(from, to)), text.slice(to, end)].filter(
    (part) => part !== "",
  );
}
