// Offsets of the server count code points; JavaScript's strings count UTF-16 units.

const ASTRAL = /[\ud800-\udbff][\udc00-\udfff]/;

/** UTF-16 indexes of code point offsets, which have to ascend. Past the end: the text's length. */
export function indexes(text, offsets) {
  if (!ASTRAL.test(text)) return offsets.map((offset) => Math.min(offset, text.length));
  const found = [];
  let index = 0;
  let points = 0;
  for (const offset of offsets) {
    while (points < offset && index < text.length) {
      index += text.codePointAt(index) > 0xffff ? 2 : 1;
      points += 1;
    }
    found.push(index);
  }
  return found;
}
