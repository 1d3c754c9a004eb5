// The fields in which arguments are filled in: a row for each, or all of them as one JSON value.

import { h } from "./dom.js";
import { fromJson, fromRows, InputError, understood } from "./request.js";

const BLANK = "JSON, or plain text";
let count = 0;

/** {element, content(), focus()}; content() gives {body, query}, or throws an InputError. */
export function argumentFields() {
  const rows = h("div", { class: "rows" });
  const add = h("button", { type: "button", class: "quiet" }, "Add argument");
  const mode = h("button", { type: "button", class: "quiet", "aria-pressed": "false" }, "As JSON");
  const whole = h("textarea", {
    rows: "3",
    spellcheck: "false",
    "aria-label": "Arguments as JSON",
    placeholder: '["by position", 2]  or  {"name": "value"}',
  });
  const raw = h("div", { class: "raw", hidden: true }, whole);
  const element = h(
    "fieldset",
    { class: "arguments" },
    h("legend", {}, "Arguments"),
    rows,
    raw,
    h("div", { class: "actions" }, add, mode),
  );

  const all = () => [...rows.children].map((row) => row.fields);
  const values = () => all().map(({ name, value }) => ({ name: name.value.trim(), text: value.value }));

  function addRow() {
    const id = (count += 1);
    const at = rows.children.length + 1;
    const hint = h("span", { class: "hint", id: `hint-${id}` }, BLANK);
    const name = h("input", {
      type: "text",
      class: "name",
      placeholder: "name",
      "aria-label": `Name of argument ${at}, if it has one`,
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
    });
    const value = h("textarea", {
      rows: "1",
      class: "value",
      placeholder: "value",
      "aria-label": `Value of argument ${at}: JSON or text`,
      "aria-describedby": hint.id,
      autocapitalize: "off",
      spellcheck: "false",
    });
    const remove = h(
      "button",
      { type: "button", class: "quiet remove", "aria-label": `Remove argument ${at}` },
      "×",
    );
    const row = h("div", { class: "row" }, name, value, remove, hint);
    row.fields = { name, value };
    const show = () => {
      const { json, kind, doubtful } = understood(value.value);
      value.rows = Math.min(12, value.value.split("\n").length);
      hint.textContent = json === null ? (name.value.trim() ? 'left out; "" is an empty text' : BLANK) : kind;
      hint.classList.toggle("doubtful", Boolean(doubtful));
    };
    value.addEventListener("input", show);
    name.addEventListener("input", show);
    remove.addEventListener("click", () => {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      if (next) next.fields.value.focus();
      else add.focus();
    });
    rows.append(row);
    return value;
  }

  add.addEventListener("click", () => addRow().focus());
  mode.addEventListener("click", () => {
    const json = raw.hidden;
    if (json && !whole.value.trim()) {
      try {
        whole.value = fromRows(values()).body ?? "";
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }
    raw.hidden = !json;
    rows.hidden = add.hidden = json;
    mode.setAttribute("aria-pressed", String(json));
    (json ? whole : (all()[0]?.value ?? add)).focus();
  });
  whole.addEventListener(
    "input",
    () => (whole.rows = Math.max(3, Math.min(20, whole.value.split("\n").length))),
  );

  addRow();
  return {
    element,
    content: () => (raw.hidden ? fromRows(values()) : fromJson(whole.value)),
    focus: () => (raw.hidden ? (all()[0]?.value ?? add) : whole).focus(),
  };
}
