// The page: which object is shown, the key, the colours, and the keyboard.

import { byId } from "./dom.js";
import { failureText } from "./failure.js";
import { hasKey, keyHeaders, loadKey, setKey } from "./key.js";
import { focusCurrent, link, setCurrent, setNames, setUpNames } from "./names.js";
import { hideObject, showObject } from "./object.js";
import { base } from "./request.js";

const page = document.body;
let total = Number(page.dataset.total);
let opened = null; // the object that is shown

// Names ------------------------------------------------------------------------------------------------

/** Ask for the names. Says whether the key was right. */
async function loadNames() {
  const trouble = byId("trouble");
  trouble.hidden = true;
  let text;
  try {
    const response = await fetch(base(), {
      headers: { Accept: "application/json", ...keyHeaders() },
      cache: "no-store",
    });
    text = await response.text();
    if (response.status === 403) return false;
    if (response.status !== 200) throw new Error(failureText(text, response.status));
    const found = JSON.parse(text);
    total = found.names.length;
    setNames(found.names);
    byId("pattern").textContent = found.expose || "(an empty pattern)";
    byId("empty-names").hidden = !found.nameserver;
    byId("empty-fixed").hidden = found.nameserver;
  } catch (error) {
    trouble.textContent =
      text === undefined ? `The gateway cannot be reached: ${error.message}` : error.message;
    trouble.hidden = false;
  }
  showState();
  return true;
}

function showState() {
  const locked = "locked" in page.dataset;
  byId("key").hidden = !locked;
  byId("forget").hidden = locked || !hasKey();
  byId("openapi").hidden = "keyed" in page.dataset; // a link takes no key along
  byId("empty").hidden = locked || opened !== null || total > 0 || !byId("trouble").hidden;
  byId("welcome").hidden = locked || opened !== null || total === 0;
  byId("object").hidden = locked;
}

// The key ----------------------------------------------------------------------------------------------

function lock() {
  page.dataset.locked = "";
  hideObject();
  opened = null;
  setNames([]);
  byId("count").textContent = "";
  showState();
  byId("key-value").focus();
}

async function unlock() {
  if (!(await loadNames())) return false;
  delete page.dataset.locked;
  showState();
  route();
  return true;
}

/** The gateway has refused something: maybe the key, which may have changed. */
async function denied() {
  if ("keyed" in page.dataset && !(await loadNames())) lock();
}

function setUpKey() {
  const [field, trouble] = [byId("key-value"), byId("key-trouble")];
  byId("key").addEventListener("submit", async (event) => {
    event.preventDefault();
    setKey(field.value);
    const right = await unlock();
    trouble.hidden = right;
    if (right) {
      field.value = "";
      return;
    }
    setKey("");
    trouble.textContent = "The gateway does not take this key.";
    field.select();
  });
  byId("forget").addEventListener("click", () => {
    setKey("");
    lock();
  });
}

// The address ------------------------------------------------------------------------------------------

function parts() {
  const [name, ...member] = location.hash.slice(1).split("/");
  try {
    return [decodeURIComponent(name), decodeURIComponent(member.join("/"))];
  } catch {
    return ["", ""];
  }
}

function route() {
  if ("locked" in page.dataset) return;
  const [name, member] = parts();
  page.dataset.view = name ? "object" : "list";
  document.title = name ? `${name} · pyroplug` : "pyroplug HTTP gateway";
  const before = opened;
  opened = name || null;
  setCurrent(name);
  showState();
  if (name) {
    const locate = (each) => history.replaceState(null, "", link(name, each));
    showObject(name, member, { locate, denied });
  } else {
    hideObject();
    if (before !== null && document.activeElement !== byId("search")) focusCurrent();
  }
}

// Colours ----------------------------------------------------------------------------------------------

function setUpTheme() {
  const button = byId("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const current = () => root.dataset.theme ?? (dark.matches ? "dark" : "light");
  const show = () => (button.textContent = current() === "dark" ? "Light" : "Dark");
  button.addEventListener("click", () => {
    const next = current() === "dark" ? "light" : "dark";
    const own = next !== (dark.matches ? "dark" : "light");
    if (own) root.dataset.theme = next;
    else delete root.dataset.theme; // the system's again
    try {
      if (own) localStorage.setItem("pyroplug-theme", next);
      else localStorage.removeItem("pyroplug-theme");
    } catch {
      // It lasts until the page is loaded again.
    }
    show();
  });
  dark.addEventListener("change", show);
  button.setAttribute("aria-label", "Switch between light and dark");
  button.hidden = false;
  show();
}

// All of it --------------------------------------------------------------------------------------------

function setUpKeyboard() {
  const hidden = () => byId("search").offsetParent === null; // there is room for one of both only
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("input, textarea, select");
    if (field || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") {
      event.preventDefault();
      if (hidden()) {
        page.dataset.view = "list";
        location.hash = "";
      }
      byId("search").focus();
      byId("search").select();
    } else if (event.key === "Escape" && opened !== null) {
      if (hidden()) location.hash = "";
      else focusCurrent();
    }
  });
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault(); // its address would be an object's
    byId("main").focus();
  });
}

async function start() {
  loadKey();
  setUpTheme();
  setUpNames();
  setUpKey();
  setUpKeyboard();
  byId("search").hidden = byId("refresh").hidden = false;
  byId("refresh").addEventListener("click", async () => (await loadNames()) || lock());
  addEventListener("hashchange", route);
  const listed = byId("names").children.length;
  if ("locked" in page.dataset) {
    if (!hasKey() || !(await unlock())) lock();
  } else {
    if (total > listed) await loadNames();
    if (!byId("trouble").hidden) byId("count").textContent = "";
    showState();
    route();
    if (!opened && matchMedia("(hover: hover)").matches) byId("search").focus({ preventScroll: true });
  }
  page.dataset.ready = "";
}

start();
