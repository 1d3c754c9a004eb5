// One object: its methods, which are called, and its properties, which are read.

import { answer } from "./answer.js";
import { argumentFields } from "./arguments.js";
import { arrows, byId, h, number, visible } from "./dom.js";
import { failureText, trouble } from "./failure.js";
import { address, callRequest, InputError, readRequest, send } from "./request.js";

let count = 0;
let latest = 0; // which opening is the one that is wanted
let running = new Set(); // of the object that is shown

/**
 * Show an object, and open one of its members if that is asked for.
 *
 * locate(member): called when a member was opened; denied(): called when the gateway has answered 403.
 */
export async function showObject(name, member, { locate, denied }) {
  const mine = (latest += 1);
  running.forEach((controller) => controller.abort());
  running = new Set();
  const title = h("h1", { tabindex: "-1" }, visible(name));
  const box = byId("object");
  const content = h(
    "div",
    { class: "members" },
    h("p", { class: "note", role: "status" }, "Asking what it has …"),
  );
  const again = h("button", { type: "button", class: "quiet" }, "Refresh");
  again.addEventListener("click", () => showObject(name, "", { locate, denied }));
  box.replaceChildren(
    h("a", { class: "back", href: "#" }, "← Objects"),
    h("header", { class: "title" }, title, again),
    content,
  );
  box.onkeydown = (event) => {
    const members = [...box.querySelectorAll(".member > h3 > button")];
    if (event.target === title || members.includes(event.target)) arrows(event, members);
  };
  title.focus();

  let found;
  try {
    const response = await send({
      url: `${address(name, "$meta")}?details=1`,
      method: "GET",
      headers: {},
      body: null,
    });
    const text = await response.text();
    if (mine !== latest) return;
    if (response.status === 403) denied();
    if (response.status !== 200) {
      content.replaceChildren(
        trouble("The gateway cannot tell what it has", failureText(text, response.status)),
      );
      return;
    }
    found = JSON.parse(text);
  } catch (error) {
    if (mine === latest)
      content.replaceChildren(
        trouble(
          error instanceof InputError ? "It cannot be called by HTTP" : "The gateway cannot be reached",
          error.message,
        ),
      );
    return;
  }
  const context = { name, locate, denied };
  const methods = found.methods.filter((each) => !found.attributes.includes(each));
  const sections = [
    ...section("Methods", methods, (each) => methodMember(each, found, context)),
    ...section("Properties", found.attributes, (each) => propertyMember(each, context)),
  ];
  if (!sections.length) sections.push(h("p", { class: "note" }, "It exposes no methods and no properties."));
  content.replaceChildren(...sections);
  if (!member) return;
  const wanted = [...content.querySelectorAll(".member")].find((each) => each.name === member);
  if (wanted) wanted.unfold(true);
  else content.prepend(h("p", { class: "trouble", role: "alert" }, "It has no ", visible(member), "."));
}

/** Forget the object that is shown. */
export function hideObject() {
  latest += 1;
  running.forEach((controller) => controller.abort());
  byId("object").replaceChildren();
}

function section(title, names, make) {
  if (!names.length) return [];
  return [h("h2", {}, `${title} `, h("span", { class: "number" }, number(names.length))), ...names.map(make)];
}

/** A member that can be unfolded. fill(panel) makes what is in it then, and gives {focus, opened}. */
function memberBox(name, tags, { locate }, fill) {
  const id = `member-${(count += 1)}`;
  const button = h(
    "button",
    { type: "button", "aria-expanded": "false", "aria-controls": id },
    h("span", { class: "member-name" }, visible(name)),
    ...tags,
  );
  const panel = h("div", { class: "panel", id, role: "region", "aria-label": name, hidden: true });
  const box = h("section", { class: "member" }, h("h3", {}, button), panel);
  let made = null;
  box.name = name;
  box.unfold = (focus) => {
    made ??= fill(panel);
    panel.hidden = false;
    button.setAttribute("aria-expanded", "true");
    locate(name);
    made.opened?.();
    if (focus) made.focus();
    if (focus) box.scrollIntoView({ block: "nearest" });
  };
  button.addEventListener("click", () => {
    if (panel.hidden) return box.unfold(false);
    panel.hidden = true;
    button.setAttribute("aria-expanded", "false");
    return locate("");
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    button.focus();
  });
  return box;
}

const tag = (text, title) => h("span", { class: "tag", title }, text);

function methodMember(name, found, context) {
  const oneway = found.oneway.includes(name);
  const tags = [];
  if (oneway) tags.push(tag("one-way", "The caller does not wait for it"));
  if (found.idempotent.includes(name)) tags.push(tag("idempotent", "Calling it twice is as good as once"));
  return memberBox(name, tags, context, (panel) => {
    const fields = argumentFields();
    const waitless = h("input", { type: "checkbox" });
    waitless.checked = waitless.disabled = oneway;
    const call = h("button", { type: "submit", class: "primary" }, "Call");
    const wrong = h("p", { class: "trouble", role: "alert", hidden: true });
    const { stop, run } = runner(panel, context, call);
    const form = h(
      "form",
      { class: "call", novalidate: true },
      fields.element,
      wrong,
      h(
        "div",
        { class: "actions" },
        call,
        stop,
        h("label", { class: "check" }, waitless, "One-way: do not wait for the answer"),
        h(
          "span",
          { class: "shortcut", "aria-hidden": "true" },
          h("kbd", {}, "Ctrl"),
          " ",
          h("kbd", {}, "Enter"),
        ),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      wrong.hidden = true;
      try {
        run({
          ...callRequest(context.name, name, fields.content(), waitless.checked && !oneway),
          oneway: waitless.checked,
        });
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        wrong.replaceChildren(visible(error.message));
        wrong.hidden = false;
      }
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      form.requestSubmit();
    });
    panel.prepend(form);
    return { focus: fields.focus };
  });
}

function propertyMember(name, context) {
  return memberBox(name, [tag("property", "It is read, and cannot be set")], context, (panel) => {
    const read = h("button", { type: "button", class: "primary" }, "Read again");
    const { stop, run } = runner(panel, context, read);
    const ask = () => {
      try {
        run(readRequest(context.name, name));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        panel.append(trouble("It cannot be read by HTTP", error.message));
      }
    };
    read.addEventListener("click", ask);
    panel.prepend(h("div", { class: "actions" }, read, stop));
    return { focus: () => read.focus(), opened: ask };
  });
}

/** What makes a call in a panel, one at a time: {run(request), stop}, and stop is a button. */
function runner(panel, context, start) {
  const box = h("div", { class: "answer" });
  const stop = h("button", { type: "button", hidden: true }, "Stop");
  let controller = null;
  stop.addEventListener("click", () => controller?.abort());
  panel.append(box);
  const run = async (request) => {
    if (controller) return;
    const mine = (controller = new AbortController());
    const focused = document.activeElement === start;
    running.add(mine);
    start.disabled = true;
    stop.hidden = false;
    if (focused) stop.focus();
    const status = await answer(box, request, context.name, mine);
    const stopping = document.activeElement === stop || document.activeElement === document.body;
    running.delete(mine);
    controller = null;
    start.disabled = false;
    stop.hidden = true;
    if (focused && stopping) start.focus();
    if (status === 403) context.denied();
  };
  return { run, stop };
}
