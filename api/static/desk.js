// Improves the desk's forms where scripts run; without it everything works just as well.
"use strict";

const SECONDS = 1000;

// What is typed is kept as a draft by itself: while somebody types, and at once when the page is left or the telephone
// goes dark. Files, and what is said of a complainant, are not: they go with the form alone.
function draftsOf(form) {
  const button = form.querySelector("button[name=act][value=draft]");
  if (!button) return { touched() {}, sent() {}, losesSomething: () => false };
  const told = document.createElement("span");
  told.className = "draft-told";
  told.setAttribute("role", "status");
  button.parentElement.append(told);
  let waiting = 0;
  let unkept = false;
  let failed = false;

  function tell(text, isWrong) {
    failed = isWrong;
    told.textContent = text;
    told.classList.toggle("late", isWrong);
  }

  async function keep(leaving) {
    window.clearTimeout(waiting);
    waiting = 0;
    if (!unkept) return;
    unkept = false;
    const typed = new FormData(form);
    for (const [name, value] of [...typed]) if (value instanceof File) typed.delete(name);
    typed.set("act", "autosave");
    try {
      const address = form.action.split("#")[0];
      const answer = await fetch(address, { method: "POST", body: typed, keepalive: leaving, redirect: "manual" });
      if (answer.status === 204) tell(`草稿已自动保存（${new Date().toTimeString().slice(0, 5)}）`, false);
      else if (answer.status === 401) tell("登录已结束：提交后请重新登录，填写的内容会存为草稿", true);
      else throw new Error(String(answer.status));
    } catch {
      unkept = true;
      tell("草稿没有自动保存；提交以前请不要关闭本页", true);
    }
  }

  window.addEventListener("pagehide", () => keep(true));
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") keep(true); });
  return {
    touched() {
      unkept = true;
      waiting ||= window.setTimeout(() => keep(false), 5 * SECONDS);
    },
    // What is sent is no draft any more, and must not become one afterwards.
    sent() { window.clearTimeout(waiting); waiting = 0; unkept = false; },
    losesSomething() {
      const unkeepable = form.querySelectorAll("input[type=file], input[type=text][name^='complainant.']");
      return failed || [...unkeepable].some((field) => field.value);
    },
  };
}

for (const form of document.querySelectorAll("form[method=post]")) {
  const drafts = draftsOf(form);
  let touched = false;
  let sent = false;
  form.addEventListener("input", () => { touched = true; drafts.touched(); });

  // Who leaves with something that no draft keeps is asked first.
  window.addEventListener("beforeunload", (event) => {
    if (touched && !sent && drafts.losesSomething()) event.preventDefault();
  });

  // Pressed twice, it is sent once (and the server would count it once).
  form.addEventListener("submit", (event) => {
    if (sent) { event.preventDefault(); return; }
    sent = true;
    drafts.sent();
    form.setAttribute("aria-busy", "true");
    window.setTimeout(() => { sent = false; form.removeAttribute("aria-busy"); }, 5 * SECONDS);
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
