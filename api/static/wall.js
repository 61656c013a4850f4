// The wall where scripts run: it stays live, its clocks go on, and keys move between its rows. Without it the wall is
// as it was when it was opened, and everything else works.
"use strict";

document.documentElement.classList.add("scripted");

const SCREENFUL_MS = 15000;
const MARKED_MS = 6000;
const AGAIN_MS = 3000;
const MINUTE_MS = 60000;

const state = document.getElementById("live-state");
const isScreen = document.body.classList.contains("screen");
let readAt = Date.now();
let page = Number(rows().dataset.page);

function rows() { return document.getElementById("rows"); }

function say(text, broken) {
  if (!state) return;
  state.hidden = false;
  if (state.textContent !== text) state.textContent = text;
  state.classList.toggle("broken", broken);
}

// What changes ----------------------------------------------------------------------------------------------------

function addressOfPart() {
  const address = new URL(window.location.href);
  address.searchParams.set("part", "rows");
  if (isScreen) address.searchParams.set("page", String(page));
  return address;
}

// A row without its clock, which changes by itself.
function saying(row) {
  const copy = row.cloneNode(true);
  copy.classList.remove("changed");
  for (const cell of copy.querySelectorAll("[data-due]")) cell.remove();
  return copy.outerHTML;
}

function where(element) {
  if (!element || !rows().contains(element)) return null;
  if (element.id === "rows") return "#rows";
  if (element.classList.contains("scroll")) return "#rows .scroll";
  const address = element.getAttribute("href");
  const row = element.closest("[data-key]");
  const within = row ? `#rows [data-key="${CSS.escape(row.dataset.key)}"] ` : "#rows ";
  return address === null ? null : `${within}a[href="${CSS.escape(address)}"]`;
}

function put(part, turned) {
  const before = rows();
  const known = new Map();
  for (const row of before.querySelectorAll("[data-key]")) known.set(row.dataset.key, saying(row));
  const focus = where(document.activeElement);
  const scrolled = before.querySelector(".scroll");
  const [left, top] = scrolled ? [scrolled.scrollLeft, scrolled.scrollTop] : [0, 0];

  const after = document.importNode(part.getElementById("rows"), true);
  const changed = [];
  if (!turned) {
    for (const row of after.querySelectorAll("[data-key]")) {
      if (known.get(row.dataset.key) !== saying(row)) changed.push(row);
    }
  }
  for (const row of changed) row.classList.add("changed");
  before.replaceWith(after);
  for (const id of ["moment", "figures"]) {
    document.getElementById(id).replaceWith(document.importNode(part.getElementById(id), true));
  }
  readAt = Date.now();
  page = Number(after.dataset.page);

  const scroll = after.querySelector(".scroll");
  if (scroll) { scroll.scrollLeft = left; scroll.scrollTop = top; }
  const focused = focus && document.querySelector(focus);
  if (focused) focused.focus({ preventScroll: true });
  else if (focus) after.focus({ preventScroll: true });
  window.setTimeout(() => { for (const row of changed) row.classList.remove("changed"); }, MARKED_MS);
  return changed.length;
}

let asking = false;
let askAgain = false;
let retry = 0;

async function refresh(turned = false) {
  if (asking) { askAgain = true; return; }
  asking = true;
  window.clearTimeout(retry);
  try {
    do {
      askAgain = false;
      const answer = await fetch(addressOfPart(), { headers: { Accept: "text/html" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(`answered with ${answer.status}`);
      const part = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!part.getElementById("rows")) throw new Error("no rows in the answer");
      const number = put(part, turned);
      if (state && isOpen()) say(number ? `实时 · 刚更新${number}件` : "实时", false);
    } while (askAgain);
  } catch {
    if (state) {
      say("连接中断，正在重连", true);
      retry = window.setTimeout(refresh, AGAIN_MS);
    }
  } finally {
    asking = false;
  }
}

// Live ------------------------------------------------------------------------------------------------------------

let source = null;
let reconnect = 0;

function isOpen() { return source !== null && source.readyState === EventSource.OPEN; }

function listen() {
  window.clearTimeout(reconnect);
  source = new EventSource(rows().dataset.live);
  // What happened before the connection stood was told to nobody.
  source.addEventListener("connected", () => { say("实时", false); refresh(); });
  source.addEventListener("changed", () => refresh());
  source.addEventListener("error", () => {
    say("连接中断，正在重连", true);
    // The browser tries again by itself, unless it was refused.
    if (source.readyState === EventSource.CLOSED) reconnect = window.setTimeout(listen, AGAIN_MS);
  });
}

if (rows().dataset.live) {
  say("正在连接", false);
  listen();
  window.addEventListener("pagehide", () => { window.clearTimeout(reconnect); source.close(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
}

// Clocks: the server says where they stand, and they go on from there ---------------------------------------------

function span(milliseconds) {
  const minutes = Math.floor(Math.abs(milliseconds) / MINUTE_MS);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  if (days) return `${days}天${hours ? `${hours}小时` : ""}`;
  if (hours >= 3 || (hours && minutes % 60 === 0)) return `${hours}小时`;
  if (hours) return `${hours}小时${minutes % 60}分钟`;
  return minutes ? `${minutes}分钟` : "不足1分钟";
}

function tick() {
  const stood = rows().dataset.now;
  if (!stood) return;
  const now = Date.parse(stood) + (Date.now() - readAt);
  for (const cell of rows().querySelectorAll("[data-due]")) {
    const left = Date.parse(cell.dataset.due) - now;
    const late = left < 0 || (cell.classList.contains("late") && left > 0);
    cell.textContent = `${late ? "超" : "剩"}${span(left)}`;
    cell.classList.toggle("late", late);
    cell.classList.toggle("soon", !late && left < 1440 * MINUTE_MS);
  }
}

window.setInterval(tick, MINUTE_MS);

// On a telephone what is seldom used does not stand before the rows ------------------------------------------------

const fold = document.getElementById("fold");
if (fold && window.matchMedia("(max-width: 45rem)").matches && !document.querySelector(".set")) fold.open = false;

// The days one can look back at -----------------------------------------------------------------------------------

const days = document.getElementById("days");
if (days) {
  const range = days.elements.namedItem("day");
  range.addEventListener("input", () => {
    const day = new Date(`${range.dataset.first}Z`);
    day.setUTCDate(day.getUTCDate() + Number(range.value));
    const said = `${day.getUTCMonth() + 1}月${day.getUTCDate()}日`;
    document.getElementById("day-said").textContent = said;
    range.setAttribute("aria-valuetext", said);
  });
  // Keys move it a day at a time: it goes when it has come to rest.
  let rest = 0;
  range.addEventListener("change", () => {
    window.clearTimeout(rest);
    rest = window.setTimeout(() => days.requestSubmit(), 600);
  });
}

// A television turns the pages itself -----------------------------------------------------------------------------

if (isScreen) {
  window.setInterval(() => {
    const pages = Number(rows().dataset.pages);
    if (document.hidden || (pages < 2 && page === 1)) return;
    page = page >= pages ? 1 : page + 1;
    refresh(true);
  }, SCREENFUL_MS);
}

// Keys ------------------------------------------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (event.target.closest("input, select, textarea, button, [contenteditable]")) return;
  if (event.key === "Escape" && isScreen) {
    window.location.assign(document.getElementById("leave").href);
    return;
  }
  if (event.key === "/") {
    const first = document.querySelector("#filters select");
    if (first) { fold.open = true; first.focus(); event.preventDefault(); }
    return;
  }
  const links = [...rows().querySelectorAll("tbody th a")];
  const at = links.indexOf(document.activeElement);
  // Arrows scroll the page, unless one is among the rows already.
  const step = { j: 1, k: -1, ArrowDown: at < 0 ? 0 : 1, ArrowUp: at < 0 ? 0 : -1 }[event.key];
  if (!step || !links.length) return;
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1);
  links[next].focus();
  links[next].scrollIntoView({ block: "nearest" });
  event.preventDefault();
});
