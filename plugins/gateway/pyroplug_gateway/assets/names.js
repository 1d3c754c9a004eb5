// The list of objects, of which a search leaves some.

import { arrows, byId, h, number, visible } from "./dom.js";

const STEP = 200; // names that are shown at a time

let names = [];
let found = [];
let shown = STEP;
let current = "";

export const link = (name, member = "") => {
  try {
    return `#${encodeURIComponent(name)}${member && `/${encodeURIComponent(member)}`}`;
  } catch {
    return "#"; // it is not valid Unicode: no address can have it
  }
};

/** Put the list to work: what the page came with is in it. */
export function setUpNames() {
  const [search, list, more] = ["search", "names", "more"].map(byId);
  // From their addresses: in the texts of markup some characters become others.
  names = [...list.querySelectorAll("[data-name]")].map((each) =>
    decodeURIComponent(each.getAttribute("href").slice(0, -"/$meta".length)),
  );
  search.addEventListener("input", () => {
    shown = STEP;
    draw();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && search.value) {
      event.stopPropagation();
      search.value = "";
      draw();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      links()[0]?.focus();
    } else if (event.key === "Enter") {
      links()[0]?.click();
    }
  });
  list.addEventListener("keydown", (event) => {
    if (event.key === "ArrowUp" && document.activeElement === links()[0]) {
      event.preventDefault();
      search.focus();
    } else {
      arrows(event, links());
    }
  });
  list.addEventListener("focusin", (event) => onlyStop(event.target));
  more.addEventListener("click", () => {
    const at = shown;
    shown += STEP;
    draw();
    links()[at]?.focus();
  });
  draw();
}

export function setNames(list) {
  names = list;
  draw();
}

export function setCurrent(name) {
  current = name;
  draw();
}

export const focusCurrent = () => (links().find((each) => each.tabIndex === 0) ?? byId("search")).focus();

const links = () => [...byId("names").querySelectorAll("a")];

/** One link of the list is reached with the tab key, and the others from there, with arrows. */
function onlyStop(stop) {
  for (const each of links()) each.tabIndex = each === stop ? 0 : -1;
}

function draw() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  found = words.length
    ? names.filter((name) => words.every((word) => name.toLowerCase().includes(word)))
    : names;
  const items = found.slice(0, shown).map((name) => {
    const made = h("a", { href: link(name), tabindex: "-1" }, marked(name, words));
    if (name === current) made.setAttribute("aria-current", "true");
    return h("li", {}, made);
  });
  byId("names").replaceChildren(...items);
  const all = links();
  if (all.length) onlyStop(all.find((each) => each.hasAttribute("aria-current")) ?? all[0]);
  const total = `${number(names.length)} object${names.length === 1 ? "" : "s"}`;
  byId("count").textContent = words.length ? `${number(found.length)} of ${total}` : total;
  byId("more").hidden = found.length <= shown;
  byId("more").textContent = `Show more: ${number(found.length - shown)} left`;
}

/** A name in which what was searched for is marked. */
function marked(name, words) {
  const lower = name.toLowerCase();
  const spans = words.map((word) => [lower.indexOf(word), word.length]).sort(([one], [other]) => one - other);
  // Some letters change their length with their case; then nothing is marked.
  if (!spans.length || lower.length !== name.length) return visible(name);
  const box = h("bdi");
  let from = 0;
  for (const [at, length] of spans) {
    if (at < from) continue;
    box.append(visible(name.slice(from, at)), h("mark", {}, visible(name.slice(at, at + length))));
    from = at + length;
  }
  box.append(visible(name.slice(from)));
  return box;
}
