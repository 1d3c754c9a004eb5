// JSON as it was written: numbers keep all their digits, which JSON.parse would round, and members their order.

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const SPACE = /[ \t\n\r]*/y;
const WORD = /true|false|null/y;
const PYTHON_WORD = /true|false|null|NaN|-?Infinity/y;

/**
 * The value that a text stands for, as nodes: {type, ...} with the type "object" (entries), "array" (items),
 * "string" (value), "number" or "word" (text). Throws a SyntaxError.
 *
 * lenient: take the words NaN and Infinity, which Python writes.
 */
export function parse(text, { lenient = false } = {}) {
  let at = 0;
  const wrong = () => new SyntaxError(`not JSON at character ${at + 1}`);
  const take = (pattern) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match ? match[0] : null;
  };
  const string = () => {
    const from = at;
    if (text[at] !== '"') throw wrong();
    at += 1;
    do take(PLAIN);
    while (take(ESCAPE) !== null);
    if (text[at] !== '"') throw wrong();
    at += 1;
    return JSON.parse(text.slice(from, at));
  };
  const list = (end, one) => {
    const found = [];
    at += 1;
    take(SPACE);
    if (text[at] === end) {
      at += 1;
      return found;
    }
    for (;;) {
      take(SPACE);
      found.push(one());
      take(SPACE);
      const char = text[at];
      if (char !== "," && char !== end) throw wrong();
      at += 1;
      if (char === end) return found;
    }
  };
  const entry = () => {
    const key = string();
    take(SPACE);
    if (text[at] !== ":") throw wrong();
    at += 1;
    return [key, value()];
  };
  const value = () => {
    take(SPACE);
    const from = at;
    const char = text[at];
    if (char === "{") return { type: "object", entries: list("}", entry), length: at - from };
    if (char === "[") return { type: "array", items: list("]", value), length: at - from };
    if (char === '"') return { type: "string", value: string() };
    const word = take(lenient ? PYTHON_WORD : WORD);
    if (word !== null) return { type: "word", text: word };
    const digits = take(NUMBER);
    if (digits === null) throw wrong();
    return { type: "number", text: digits };
  };
  const made = value();
  take(SPACE);
  if (at !== text.length) throw wrong();
  return made;
}

/** The member of an object's node, or undefined. */
export function member(node, key) {
  return node?.type === "object" ? node.entries.findLast(([name]) => name === key)?.[1] : undefined;
}
