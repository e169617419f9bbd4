// Saves what a route returns as a file. A link alone could not carry a key.

import * as api from "./api.js";
import { h } from "./dom.js";
import { complain } from "./errors.js";

export async function save(path, name) {
  try {
    const file = URL.createObjectURL(await api.blob(path));
    h("a", { href: file, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(file), 60_000); // the browser has begun to read it by then
  } catch (problem) {
    complain(problem);
  }
}
