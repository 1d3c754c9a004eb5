// What went wrong, told as it is: by whom, and in whose words.

import { h, visible } from "./dom.js";
import { member } from "./json.js";
import { tree } from "./tree.js";

const BY_GATEWAY = {
  400: "The gateway does not understand the call",
  403: "The gateway does not allow this",
  404: "The gateway finds nothing there",
  405: "The gateway does not take this request",
  413: "The gateway finds this too large",
  415: "The gateway does not take this format",
  502: "The gateway cannot reach the object",
  503: "The gateway has too much to do",
  504: "The gateway got no answer in time",
};
const OWN_FAULT = "the gateway failed"; // the one error with the status 500 that no object has raised

const words = (node) => (node?.type === "string" ? node.value : null);

/** Whether a node is an exception, as Pyro writes it. */
export const isException = (node) =>
  member(node, "__exception__")?.text === "true" && words(member(node, "__class__")) !== null;

/** The element that tells of an exception. status is null for one in the middle of a stream. */
export function exception(node, status, object) {
  const args = member(node, "args");
  const parts = args?.type === "array" ? args.items : [];
  const own =
    status === 500 &&
    words(parts[0]) === OWN_FAULT &&
    words(member(node, "__class__")).endsWith(".PyroError");
  const remote = (status === null || status === 500) && !own;
  const who = remote
    ? h("p", { class: "who" }, "Raised by ", visible(object))
    : h("p", { class: "who" }, BY_GATEWAY[status] ?? "The gateway failed");
  const box = h("div", { class: `failure ${remote ? "remote" : "gateway"}` }, who);
  box.append(h("p", { class: "class" }, visible(words(member(node, "__class__")))));
  if (parts.length === 1 && words(parts[0]) !== null)
    box.append(h("p", { class: "message" }, visible(words(parts[0]), { lines: true })));
  else if (parts.length) box.append(tree(args));
  const attributes = member(node, "attributes");
  const others =
    attributes?.type === "object" ? attributes.entries.filter(([name]) => name !== "_pyroTraceback") : [];
  if (others.length)
    box.append(h("p", { class: "label" }, "Attributes"), tree({ ...attributes, entries: others }));
  const lines = traceback(member(attributes, "_pyroTraceback"));
  if (lines)
    box.append(
      h(
        "details",
        { class: "traceback" },
        h("summary", {}, "Remote traceback"),
        h("pre", { tabindex: "0" }, visible(lines, { lines: true })),
      ),
    );
  return box;
}

function traceback(node) {
  const lines = node?.type === "array" ? node.items.map((line) => words(line) ?? "") : [words(node) ?? ""];
  return lines.join("").trimEnd();
}

/** The element that tells of something that is none of the gateway's answers. */
export function trouble(who, message) {
  return h(
    "div",
    { class: "failure network" },
    h("p", { class: "who" }, who),
    h("p", { class: "message" }, visible(message, { lines: true })),
  );
}

/** The text of a failure of the gateway's, from its answer. */
export function failureText(text, status) {
  try {
    const found = JSON.parse(text).args[0];
    if (typeof found === "string") return found;
  } catch {
    // Something in between has answered.
  }
  return `the answer was ${status}`;
}
