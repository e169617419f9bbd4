// Who asks, what the server can do, and what it holds.

import * as api from "./api.js";

const ROLES = ["reader", "writer", "admin"];
const state = { me: null, paths: new Set() };

/** Asks the server who the caller is and which routes it has; a server without /v1/me has no keys. */
export async function load() {
  const described = await api.get("/openapi.json").catch((problem) => (problem.status === 404 ? {} : Promise.reject(problem)));
  state.paths = new Set(Object.keys(described.paths ?? {}));
  state.me = has("/v1/me") ? await api.get("/v1/me") : { user: "", groups: [], role: "writer", kb: "", kbs: [], auth: "open" };
}

export const me = () => state.me ?? { user: "", groups: [], role: "reader", kb: "", kbs: [], auth: "open" };

/** True if the caller has the role or a stronger one. */
export const may = (role) => ROLES.indexOf(me().role) >= ROLES.indexOf(role);

/** True if the server has the route; a control for one that is missing is not shown. */
export const has = (path) => state.paths.has(path);
