// Runs before the page is drawn, so that it does not flash in the wrong colours.
"use strict";
try {
  const theme = localStorage.getItem("pyroplug-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // No storage: the system's colours.
}
