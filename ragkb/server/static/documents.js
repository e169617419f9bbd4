// The list of documents, fetched once and shared by filters, list and panel.

import * as api from "./api.js";

const MOST = 20_000; // documents kept in the page; beyond that the list says so
const state = { documents: [], total: 0, loading: null };

/** Resolves to {documents, total}; total may be more than the page holds. */
export function all() {
  state.loading ??= fetchAll().catch((problem) => {
    state.loading = null;
    throw problem;
  });
  return state.loading;
}

/** Makes the next `all` fetch again. */
export const forget = () => (state.loading = null);

async function fetchAll() {
  const documents = [];
  let total = 0;
  for (let cursor = null; documents.length < MOST;) {
    const page = await api.get(`/v1/documents?limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    documents.push(...page.documents);
    total = page.total;
    cursor = page.next;
    if (!cursor) break;
  }
  return { documents, total };
}

const TYPES = {
  "application/pdf": "PDF",
  "text/markdown": "Markdown",
  "text/plain": "Text",
  "text/html": "HTML",
  "text/csv": "CSV",
  "application/json": "JSON",
  "message/rfc822": "E-mail",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
};

/** A short name for a media type. */
export const typeName = (mediaType) =>
  TYPES[mediaType] ??
  mediaType
    .split("/")
    .pop()
    .replace(/^(x-|vnd\.)/, "");

/** What may be filtered by: [{key, values: [{value, count}]}], most frequent first; keys that nearly tell single documents apart are left out. */
export function facets(documents) {
  const counts = new Map();
  const tally = (key, value) => {
    if (value === "" || value === null || value === undefined) return;
    const values = counts.get(key) ?? counts.set(key, new Map()).get(key);
    values.set(value, (values.get(value) ?? 0) + 1);
  };
  for (const document of documents) {
    tally("language", document.language);
    tally("media_type", document.media_type);
    for (const [key, value] of Object.entries(document.metadata)) tally(key, value);
  }
  return [...counts]
    .map(([key, values]) => ({ key, values: [...values].map(([value, count]) => ({ value, count })) }))
    .filter(
      ({ values }) =>
        values.length > 1 &&
        values.length <= Math.max(12, documents.length / 8) &&
        values.some(({ count }) => count > 1),
    )
    .map(({ key, values }) => ({
      key,
      values: values.sort((a, b) => b.count - a.count || String(a.value).localeCompare(b.value)),
    }));
}
