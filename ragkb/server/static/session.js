// Who asks, and what they may do.

import * as api from "./api.js";

const ROLES = ["reader", "writer", "admin"];
let state = { user: "", groups: [], role: "reader", kb: "", kbs: [], auth: "open" };

/** Asks the server who the caller is. */
export const load = async () => (state = await api.get("/v1/me"));

export const me = () => state;

/** True if the caller has the role or a stronger one. */
export const may = (role) => ROLES.indexOf(state.role) >= ROLES.indexOf(role);
