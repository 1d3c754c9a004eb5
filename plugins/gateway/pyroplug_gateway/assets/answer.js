// An answer: what came back, how long it took, and the call as a line to copy.

import { copyButton, duration, h, number, visible } from "./dom.js";
import { exception, failureText, isException, trouble } from "./failure.js";
import { hasKey } from "./key.js";
import { parse } from "./json.js";
import { curl, KEY_VARIABLE, send } from "./request.js";
import { showStream } from "./stream.js";
import { tree } from "./tree.js";

const LARGE = 3_000_000; // characters of JSON that are shown as text, and of that only so many:
const SHOWN = 100_000;

/**
 * Make a call, and show what becomes of it in a box, which is emptied. Gives the answer's status, or 0 for none.
 *
 * request: of request.js, and whether it is oneway; object: its name; controller: an AbortController that stops it.
 */
export async function answer(box, request, object, controller) {
  const began = performance.now();
  const passed = () => duration(performance.now() - began);
  const state = h("span", { class: "state" }, "Waiting …");
  const time = h("span", { class: "time" });
  const line = h("p", { class: "status", role: "status" }, state, time);
  const body = h("div", { class: "body" });
  box.replaceChildren(line, body);
  const say = (text, kind) => {
    state.textContent = text;
    box.dataset.kind = kind;
    time.textContent = passed();
  };
  box.dataset.kind = "waiting";
  line.scrollIntoView({ block: "nearest" });

  let [status, streamed, text] = [0, false, null];
  const lines = [];
  try {
    const response = await send(request, controller.signal);
    status = response.status;
    streamed = (response.headers.get("Content-Type") ?? "").startsWith("application/x-ndjson");
    const id = response.headers.get("X-Pyro-Correlation-Id");
    if (id) box.append(h("p", { class: "correlation" }, "Correlation id ", h("code", {}, visible(id))));
    if (streamed) {
      let seen = 0;
      const tell = (items) => say(counted((seen = items)), "waiting");
      const well = await showStream(response, body, lines, tell, object);
      say(`${well ? "200 OK" : "Failed"}, ${counted(seen)}`, well ? "good" : "bad");
    } else {
      text = await response.text();
      const good = status === 200;
      say(`${status} ${good ? "OK" : response.statusText}`, good ? "good" : "bad");
      body.append(...shown(text, status, object, request.oneway));
    }
  } catch (error) {
    if (controller.signal.aborted) {
      say(
        streamed ? `Stopped, ${counted(body.querySelector("li:last-child")?.value ?? 0)}` : "Stopped",
        "stopped",
      );
    } else {
      say("No answer", "bad");
      const who = status ? "The answer broke off" : "The gateway cannot be reached";
      body.append(trouble(who, error.message));
    }
  }

  if (text || lines.length) line.append(copyButton("Copy answer", () => text ?? `${lines.join("\n")}\n`));
  const command = curl(request, { keyed: hasKey(), streamed });
  const same = h("div", { class: "curl" });
  same.append(
    h(
      "div",
      { class: "label" },
      h("span", {}, "The same call with curl"),
      copyButton("Copy", () => command),
    ),
  );
  same.append(h("pre", { tabindex: "0", "aria-label": "The same call with curl" }, h("code", {}, command)));
  if (hasKey()) same.append(h("p", { class: "note" }, `The key is read from the variable ${KEY_VARIABLE}.`));
  box.append(same);
  line.scrollIntoView({ block: "nearest" });
  return status;
}

const counted = (items) => `${number(items)} item${items === 1 ? "" : "s"}`;

function shown(text, status, object, oneway) {
  if (!text)
    return [
      h(
        "p",
        { class: "note" },
        oneway ? "Sent; nobody waits for what becomes of it." : "The answer is empty.",
      ),
    ];
  let node = null;
  try {
    if (text.length <= LARGE) node = parse(text, { lenient: true });
  } catch {
    // Too deep, or from something in between: as it is.
  }
  if (status !== 200) {
    if (node && isException(node)) return [exception(node, status, object)];
    return [trouble("Something else than the gateway has answered", failureText(text, status)), plain(text)];
  }
  return [node ? tree(node) : plain(text)];
}

function plain(text) {
  const cut = text.length > SHOWN;
  const note = cut
    ? h("p", { class: "note" }, `The first ${number(SHOWN)} of ${number(text.length)} characters.`)
    : "";
  return h("div", {}, note, h("pre", { tabindex: "0" }, visible(text.slice(0, SHOWN), { lines: true })));
}
