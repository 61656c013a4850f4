// Improves the desk's forms where scripts run; without it everything works just as well.
"use strict";

for (const form of document.querySelectorAll("form[method=post]")) {
  let touched = false;
  let sent = false;
  form.addEventListener("input", () => { touched = true; });

  // Who leaves with something typed is asked first.
  window.addEventListener("beforeunload", (event) => {
    if (touched && !sent) event.preventDefault();
  });

  // Pressed twice, it is sent once (and the server would count it once).
  form.addEventListener("submit", (event) => {
    if (sent) { event.preventDefault(); return; }
    sent = true;
    form.setAttribute("aria-busy", "true");
    window.setTimeout(() => { sent = false; form.removeAttribute("aria-busy"); }, 5000);
  });
}

// A form that the address names is unfolded.
const named = window.location.hash && document.getElementById(window.location.hash.slice(1));
if (named instanceof HTMLDetailsElement) {
  named.open = true;
  named.scrollIntoView();
}

// One press chooses every case of a list.
for (const list of document.querySelectorAll("form[action^='/desk/bulk/']")) {
  const boxes = list.querySelectorAll("input[type=checkbox]");
  if (boxes.length < 2) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "second";
  button.textContent = "全选";
  button.addEventListener("click", () => { for (const box of boxes) box.checked = true; });
  list.querySelector(".buttons").append(button);
}
