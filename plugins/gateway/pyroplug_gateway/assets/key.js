// The gateway's key: in this tab only, and in no address.

const NAME = "pyroplug-gateway-key";
const PARAMETER = "$key";
let current = "";

/** Take the key from the address, out of which it disappears, or from the tab's storage. */
export function loadKey() {
  const address = new URL(location.href);
  const given = address.searchParams.get(PARAMETER);
  if (given === null) {
    try {
      current = sessionStorage.getItem(NAME) ?? "";
    } catch {
      // No storage: it lasts until the page is loaded again.
    }
    return;
  }
  address.searchParams.delete(PARAMETER);
  history.replaceState(null, "", address);
  setKey(given);
}

export function setKey(key) {
  current = key;
  try {
    if (key) sessionStorage.setItem(NAME, key);
    else sessionStorage.removeItem(NAME);
  } catch {
    // As above.
  }
}

export const hasKey = () => current !== "";

/** The headers that a request needs for it. */
export function keyHeaders() {
  if (!current) return {};
  // Headers are bytes; the gateway reads these as UTF-8.
  return { "X-Pyro-Gateway-Key": String.fromCharCode(...new TextEncoder().encode(current)) };
}
