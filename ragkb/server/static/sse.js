// Server-sent events from a fetch, as the standard cuts them: blank lines between events, several data lines joined.

/** Yields {event, data} with data parsed as JSON. */
export async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      held += value ?? "";
      // subtle: a chunk may end between the CR and the LF of one line break
      const whole = held.endsWith("\r") && !done ? held.slice(0, -1) : held;
      const blocks = whole.replace(/\r\n?/g, "\n").split("\n\n");
      const rest = blocks.pop() + held.slice(whole.length);
      for (const block of done ? [...blocks, rest] : blocks) {
        const found = parsed(block);
        if (found) yield found;
      }
      if (done) return;
      held = rest;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parsed(block) {
  let event = "message";
  const data = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue; // a comment, such as a heartbeat
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (line.slice(0, colon) === "event") event = value;
    if (line.slice(0, colon) === "data") data.push(value);
  }
  return data.length ? { event, data: JSON.parse(data.join("\n")) } : null;
}
