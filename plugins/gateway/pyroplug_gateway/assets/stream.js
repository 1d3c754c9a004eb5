// A remote iterator: lines of JSON, shown as they come.

import { h, number } from "./dom.js";
import { exception, isException } from "./failure.js";
import { parse } from "./json.js";
import { tree } from "./tree.js";

const SHOWN = 500; // items; those before are taken away
const KEPT = 8_000_000; // characters that can be copied
const PAUSE = 60; // milliseconds between two looks at what has come

/**
 * Show the lines of a response in a box until it ends. tell(items) is called whenever there are more; lines gets
 * the texts. Gives whether it ended well; raises what reading raises.
 */
export async function showStream(response, box, lines, tell, object) {
  const list = h("ol", { class: "items", "aria-label": "Items" });
  const note = h("p", { class: "note", hidden: true });
  box.append(note, list);
  let [items, size, failed, rest] = [0, 0, false, ""];
  let fresh = [];
  let timer = null;

  const draw = () => {
    timer = null;
    const first = items - fresh.length;
    const skipped = Math.max(0, fresh.length - SHOWN);
    fresh.slice(skipped).forEach((line, at) => list.append(item(first + skipped + at + 1, line)));
    fresh = [];
    while (list.children.length > SHOWN) list.firstChild.remove();
    note.hidden = items <= SHOWN;
    note.textContent = `The last ${number(SHOWN)} of ${number(items)} items`;
    tell(items);
  };
  const take = (line) => {
    lines.push(line);
    size += line.length;
    while (size > KEPT && lines.length > 1) size -= lines.shift().length;
    items += 1;
    fresh.push(line);
    timer ??= setTimeout(draw, PAUSE);
  };

  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      parts.forEach(take);
    }
    if (rest) take(rest);
    const last = fresh.at(-1) ?? lines.at(-1);
    const node = last === undefined ? null : parsed(last);
    if (node && isException(node)) {
      // It is no item, but why there are no more.
      failed = true;
      items -= 1;
      lines.pop();
      if (fresh.length) fresh.pop();
      else list.lastChild?.remove();
      box.append(exception(node, null, object));
    }
  } finally {
    clearTimeout(timer);
    draw();
  }
  return !failed;
}

function parsed(line) {
  try {
    return parse(line, { lenient: true });
  } catch {
    return null;
  }
}

function shown(line) {
  const node = parsed(line);
  return node ? tree(node) : h("pre", {}, line.slice(0, 2000));
}

const item = (at, line) => h("li", { value: at, "data-number": number(at) }, shown(line));
