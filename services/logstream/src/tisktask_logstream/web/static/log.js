// The log of a job: the end first, earlier lines on demand, new ones as they come.

import { LogWindow } from "./log_window.js";
import { sayTime } from "./times.js";

const PAGE_LINES = 1000;
const NEAR_END_PIXELS = 40;
// More than this at once flies by unread: only the end of it is drawn, the rest can be scrolled to.
const DRAWN_AT_ONCE = 500;

const log = document.getElementById("log");
const lines = document.getElementById("lines");
const earlier = document.getElementById("earlier");
const later = document.getElementById("later");
const follow = document.getElementById("follow");
const status = document.getElementById("log-status");
const view = new LogWindow(lines);

let total = 0;
let ended = null;
let waiting = [];
let isDrawing = false;
let isLoading = false;

const isAtTail = () => view.last >= total || view.last === 0;
const numberInAddress = () => Number(/^#L([1-9]\d*)$/.exec(location.hash)?.[1] ?? 0);

async function read(query) {
  const address = `${log.dataset.log}?${log.dataset.whose}&${new URLSearchParams(query)}`;
  const answer = await fetch(address);
  if (!answer.ok) throw new Error((await answer.json()).error.message);
  const page = await answer.json();
  total = Math.max(total, page.total);
  return page;
}

/** Loads at most one page at a time; says so when that fails. */
async function load(step) {
  if (isLoading) return;
  isLoading = true;
  try {
    await step();
  } catch (error) {
    status.textContent = `The log could not be read: ${error.message}`;
  } finally {
    isLoading = false;
  }
  tell();
}

const loadEarlier = () =>
  load(async () => {
    const from = Math.max(1, view.first - PAGE_LINES);
    const page = await read({ from_line: from, lines: view.first - from });
    // Long lines make a page end early: what is missing in between is read too, so that numbers follow one another.
    while (page.lines.length && page.lines.at(-1).n < view.first - 1) {
      const next = page.lines.at(-1).n + 1;
      page.lines.push(...(await read({ from_line: next, lines: view.first - next })).lines);
    }
    const height = log.scrollHeight;
    view.prepend(page.lines);
    log.scrollTop += log.scrollHeight - height;
  });

const loadLater = () =>
  load(async () => view.append((await read({ from_line: view.last + 1, lines: PAGE_LINES })).lines));

async function show(number) {
  follow.checked = false;
  if (number < view.first || number > view.last) {
    await load(async () => {
      const page = await read({ from_line: Math.max(1, number - 200), lines: PAGE_LINES });
      view.clear();
      view.append(page.lines);
    });
  }
  for (const old of lines.querySelectorAll(".is-linked")) old.classList.remove("is-linked");
  const row = document.getElementById(`L${number}`);
  row?.classList.add("is-linked");
  row?.scrollIntoView({ block: "center" });
  tell();
}

async function toTail() {
  if (!isAtTail()) {
    await load(async () => {
      const page = await read({ tail: PAGE_LINES });
      view.clear();
      view.append(page.lines);
    });
  }
  scrollToEnd();
}

function listen(from) {
  const source = new EventSource(`${log.dataset.log}/stream?${log.dataset.whose}&from_line=${from}`);
  let last = from - 1;
  const take = (fresh) => {
    last = fresh.at(-1).partial ? fresh.at(-1).n - 1 : fresh.at(-1).n;
    waiting.push(...fresh);
    if (!isDrawing) requestFrame();
  };
  source.addEventListener("line", (event) => take(JSON.parse(event.data).lines));
  source.addEventListener("gap", (event) => take([JSON.parse(event.data)]));
  source.addEventListener("end", (event) => {
    ended = JSON.parse(event.data);
    source.close();
    tell();
    goToNewest();
  });
  source.addEventListener("error", () => {
    // A refusal (seats, sign-in) ends an EventSource for good: try again, slowly.
    if (source.readyState === EventSource.CLOSED && !ended) setTimeout(() => listen(last + 1), 5000);
  });
  addEventListener("pagehide", () => source.close(), { once: true });
}

function requestFrame() {
  isDrawing = true;
  // A hidden page gets no frames; its lines must not pile up.
  if (document.hidden) setTimeout(draw, 200);
  else requestAnimationFrame(draw);
}

function draw() {
  let fresh = waiting;
  waiting = [];
  isDrawing = false;
  const wasAtTail = isAtTail();
  total = Math.max(total, fresh.at(-1).n);
  if (follow.checked && fresh.length > 2 * DRAWN_AT_ONCE) {
    fresh = fresh.slice(-DRAWN_AT_ONCE);
    view.clear();
  }
  // Who reads elsewhere is not disturbed: the lines are loaded when they are scrolled to.
  if (wasAtTail) view.append(fresh);
  if (follow.checked) scrollToEnd();
  tell();
}

function scrollToEnd() {
  log.scrollTop = log.scrollHeight;
}

function tell() {
  earlier.hidden = view.isEmpty || view.first <= 1;
  later.hidden = isAtTail();
  const count = `${total.toLocaleString("en")} ${total === 1 ? "line" : "lines"}`;
  if (!ended) status.textContent = total ? `${count}, live` : "Waiting for the first line…";
  else if (ended.deleted) status.textContent = `${count}; the log was deleted`;
  else if (ended.truncated) status.textContent = `${count}; cut off at the size limit`;
  else if (!ended.complete) status.textContent = total ? `${count}; the rest never came` : "There is no log.";
  else status.textContent = total ? count : "The log is empty.";
  if (ended?.gaps.length) status.textContent += `; ${ended.gaps.length} with missing bytes`;
  log.dataset.ended = ended ? "yes" : "";
}

function watchEdges() {
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && entry.target === earlier && !follow.checked) loadEarlier();
      if (entry.isIntersecting && entry.target === later) loadLater();
    }
  }, { root: log, rootMargin: "600px" });
  seen.observe(earlier);
  seen.observe(later);
  earlier.addEventListener("click", loadEarlier);
  later.addEventListener("click", loadLater);
}

function watchPerson() {
  let lastTop = log.scrollTop;
  log.addEventListener("scroll", () => {
    const top = log.scrollTop;
    const isAtEnd = log.clientHeight + top >= log.scrollHeight - NEAR_END_PIXELS;
    // Scrolling up is a wish to read; coming back to the end is a wish to follow.
    if (top < lastTop - 2 && !isAtEnd) follow.checked = false;
    else if (isAtEnd && isAtTail() && !ended && top > lastTop) follow.checked = true;
    lastTop = top;
  }, { passive: true });
  follow.addEventListener("change", () => follow.checked && toTail());
  addEventListener("hashchange", () => numberInAddress() && show(numberInAddress()));
  lines.addEventListener("mouseover", (event) => {
    const row = event.target.closest(".line");
    if (row?.dataset.t && !row.title) row.title = sayTime(Number(row.dataset.t));
  });
  document.addEventListener("fragment", (event) => {
    if (event.detail === "job") goToNewest();
  });
}

/** Another attempt has begun and nobody asked for this one: go there. */
function goToNewest() {
  const newest = Number(document.getElementById("job").dataset.newest);
  if (ended && newest > Number(log.dataset.attempt) && !/attempt=/.test(location.search)) location.reload();
}

async function start() {
  await load(async () => {
    const page = await read({ tail: PAGE_LINES });
    if (!numberInAddress()) view.append(page.lines);
  });
  const tail = total;
  if (numberInAddress()) await show(numberInAddress());
  else scrollToEnd();
  watchEdges();
  watchPerson();
  // The last line again: it may have been partial.
  listen(Math.max(1, tail));
}

start();
