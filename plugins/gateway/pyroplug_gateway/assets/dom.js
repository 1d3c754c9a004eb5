// Elements out of texts. Nothing here, or anywhere on this page, makes markup of a text.

/** An element. Attributes that are false or null are left out; children are nodes or texts. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

// Characters that cannot be seen, or that reorder what can be: in a name they make one thing look like another.
const UNSEEN =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f\u202a-\u202f\u205f-\u206f\u3000\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]|(?<![\p{Extended_Pictographic}\ufe0f\p{EMod}])\u200d/gu;

const escaped = (char) =>
  Array.from(
    { length: char.length },
    (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, "0")}`,
  ).join("");

/** A JSON text with unseen characters escaped; it means the same, for only strings can have them. */
export const escapeUnseen = (json) =>
  json.replace(UNSEEN, (char) => ("\n\r\t".includes(char) ? char : escaped(char)));

/** A text as nodes, in which unseen characters are seen. Its direction is its own. */
export function visible(text, { lines = false } = {}) {
  const box = h("bdi");
  let from = 0;
  for (const match of text.matchAll(UNSEEN)) {
    if (lines && (match[0] === "\n" || match[0] === "\t")) continue;
    box.append(text.slice(from, match.index), h("span", { class: "unseen" }, escaped(match[0])));
    from = match.index + match[0].length;
  }
  box.append(text.slice(from));
  return box;
}

/** A button that copies what a function gives. */
export function copyButton(label, text) {
  const button = h("button", { type: "button", class: "quiet copy" }, label);
  let timer = 0;
  button.addEventListener("click", async () => {
    const done = await copied(text());
    button.textContent = done ? "Copied" : "Not copied";
    clearTimeout(timer);
    timer = setTimeout(() => (button.textContent = label), 1500);
  });
  return button;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS, browsers have no clipboard for any host but this one.
  }
  const area = h("textarea", { class: "offscreen", "aria-hidden": "true", tabindex: "-1" });
  const before = document.activeElement;
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus();
  return done;
}

/** Move the focus among elements with the arrow keys. Says whether it did. */
export function arrows(event, elements) {
  const at = elements.indexOf(document.activeElement);
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return false;
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: elements.length - 1 }[event.key];
  if (to === undefined || !elements[to]) return false;
  event.preventDefault();
  elements[to].focus();
  return true;
}

export const number = (value) => value.toLocaleString("en");

export function duration(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
