// Addresses of this page. What follows the # never reaches a server or its log.

/** The fragment that asks the question under the filters. */
export function linkTo(question, where = {}) {
  const filters = Object.keys(where).length ? `&where=${encodeURIComponent(JSON.stringify(where))}` : "";
  return `#q=${encodeURIComponent(question)}${filters}`;
}

/** {view} or {question, where} of a fragment. */
export function read(fragment) {
  if (fragment.startsWith("#q=")) {
    const values = new URLSearchParams(fragment.slice(1));
    return { question: values.get("q").trim(), where: filtersOf(values.get("where")) };
  }
  return { view: fragment.match(/^#\/(\w*)$/)?.[1] || "ask" };
}

/** Lists of values by key; whatever does not look so is left out, since anybody can write a link. */
function filtersOf(json) {
  try {
    const found = Object.entries(JSON.parse(json ?? "{}"));
    return Object.fromEntries(
      found.filter(
        ([, values]) => Array.isArray(values) && values.length && values.every((value) => typeof value !== "object"),
      ),
    );
  } catch {
    return {};
  }
}
