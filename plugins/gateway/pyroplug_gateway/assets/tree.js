// Values to look at: as JSON, with what is large folded.

import { h, number, visible } from "./dom.js";

const INLINE = 72; // characters of a list that is shown in one line
const STEP = 100; // items that are shown at a time
const LONG = 2000; // characters of a text that are shown at first
const OPEN = 250; // items that are unfolded from the start

/** The element that shows a node of json.js. */
export function tree(node) {
  return h("div", { class: "json" }, part(node, { left: OPEN }, 0, ""));
}

function part(node, budget, depth, tail) {
  const made =
    node.type === "array" || node.type === "object" ? list(node, budget, depth, tail) : scalar(node);
  return made.matches("details") || !tail ? made : h("span", {}, made, h("span", { class: "mark" }, tail));
}

function scalar(node) {
  if (node.type === "string") return text(node.value);
  if (node.type === "number") return h("span", { class: "number" }, node.text);
  return h("span", { class: "word" }, node.text);
}

function list(node, budget, depth, tail) {
  const parts = node.type === "array" ? node.items.map((item) => [null, item]) : node.entries;
  const [open, close] = node.type === "array" ? ["[", "]"] : ["{", "}"];
  if (!parts.length) return h("span", { class: "mark" }, open + close);
  if (node.length <= INLINE && parts.every(([, each]) => !("length" in each) || !each.length))
    return inline(parts, open, close);
  const what = node.type === "array" ? "item" : "member";
  const size = `${number(parts.length)} ${what}${parts.length === 1 ? "" : "s"}`;
  const inside = h("div", { class: "inside" });
  const folded = h(
    "details",
    {},
    h(
      "summary",
      {},
      h("span", { class: "mark" }, open),
      h("span", { class: "size" }, size),
      h("span", { class: "mark folded" }, close + tail),
    ),
    inside,
    h("span", { class: "mark" }, close + tail),
  );
  let filled = false;
  const fill = () => {
    if (!filled) more(inside, parts, 0, budget, depth);
    filled = true;
  };
  folded.addEventListener("toggle", fill);
  if (depth === 0 || (depth < 4 && parts.length <= budget.left)) {
    fill();
    folded.open = true;
  }
  return folded;
}

function inline(parts, open, close) {
  const line = h("span", {}, h("span", { class: "mark" }, open));
  parts.forEach(([key, each], at) => {
    if (at) line.append(h("span", { class: "mark" }, ", "));
    line.append(...keyed(key), part(each, { left: 0 }, 9, ""));
  });
  line.append(h("span", { class: "mark" }, close));
  return line;
}

function more(inside, parts, from, budget, depth) {
  const to = Math.min(parts.length, from + STEP);
  budget.left -= to - from;
  for (let at = from; at < to; at += 1) {
    const [key, each] = parts[at];
    const tail = at < parts.length - 1 ? "," : "";
    inside.append(h("div", { class: "entry" }, ...keyed(key), part(each, budget, depth + 1, tail)));
  }
  if (to === parts.length) return;
  const button = h(
    "button",
    { type: "button", class: "quiet" },
    `Show more: ${number(parts.length - to)} left`,
  );
  button.addEventListener("click", () => {
    button.remove();
    more(inside, parts, to, { left: 0 }, depth);
  });
  inside.append(button);
}

function keyed(key) {
  if (key === null) return [];
  return [h("span", { class: "key" }, visible(JSON.stringify(key))), h("span", { class: "mark" }, ": ")];
}

function text(value) {
  if (value.length <= LONG) return h("span", { class: "string" }, visible(JSON.stringify(value)));
  const box = h(
    "span",
    { class: "string" },
    visible(`${JSON.stringify(value.slice(0, LONG)).slice(0, -1)}…`),
    " ",
  );
  const button = h(
    "button",
    { type: "button", class: "quiet" },
    `Show all ${number(value.length)} characters`,
  );
  button.addEventListener("click", () => box.replaceChildren(visible(JSON.stringify(value))));
  box.append(button);
  return box;
}
