// Keeps a page true: the server sends the fragments that have changed, this puts them in their places.

import { keepFolds, watchFolds } from "./folds.js";
import { keepTimes, writeTimes } from "./times.js";

const ROWS_MAX = 200;

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

/** Puts fresh content in place; open folds, what is typed and the place of the keyboard go over to it. */
function exchange(old, fresh, put) {
  const active = old.contains(document.activeElement) ? document.activeElement : null;
  keepFolds(old, fresh);
  for (const field of old.querySelectorAll("input[id]")) {
    const same = fresh.querySelector(`#${CSS.escape(field.id)}`);
    if (same) same.value = field.value;
  }
  const place = put();
  if (active) (place.contains(active) ? active : twin(active, place))?.focus();
  writeTimes(place);
}

/** Finds the same link, field or button. Never another: who is about to press one key would press that. */
function twin(element, place) {
  if (element.id) return place.querySelector(`#${CSS.escape(element.id)}`);
  const key = (one) => `${one.getAttribute("href")} ${one.form?.getAttribute("action")}`;
  const alike = [...place.querySelectorAll(element.tagName)].filter((one) => key(one) === key(element));
  return alike.length === 1 ? alike[0] : alike.find((one) => one.textContent === element.textContent);
}

function replace(old, fresh) {
  exchange(old, fresh, () => {
    old.replaceWith(fresh);
    return fresh;
  });
}

function put(id, html) {
  const fresh = parse(html);
  const old = document.getElementById(id);
  if (old) return replace(old, fresh);
  const rows = document.getElementById("rows");
  if (!rows || !("takesNew" in rows.dataset)) return;
  if ("isEmpty" in rows.dataset) return refresh();
  // Newest first; what was created earlier than the first row is on its place or on a later page.
  if (rows.firstElementChild && rows.firstElementChild.id > id) return;
  rows.prepend(fresh);
  fresh.classList.add("is-new");
  writeTimes(fresh);
  while (rows.children.length > ROWS_MAX) rows.lastElementChild.remove();
}

async function refresh() {
  const answer = await fetch(location.href);
  if (answer.redirected) return location.assign(answer.url);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("live");
  const old = document.getElementById("live");
  if (!fresh || !old) return;
  exchange(old, fresh, () => {
    old.replaceChildren(...fresh.childNodes);
    return old;
  });
}

function listen(live) {
  const connection = document.getElementById("connection");
  const source = new EventSource(live.dataset.stream);
  let wasLost = false;
  source.addEventListener("html", (event) => {
    const { id, html } = JSON.parse(event.data);
    put(id, html);
    document.dispatchEvent(new CustomEvent("fragment", { detail: id }));
  });
  source.addEventListener("reload", refresh);
  source.addEventListener("gone", (event) => {
    // Deleted: of a list one row, else all that this page shows.
    const rows = document.getElementById("rows");
    if (rows) return document.getElementById(`row-${JSON.parse(event.data).id}`)?.remove();
    source.close();
    location.reload();
  });
  source.addEventListener("open", () => {
    connection.hidden = true;
    if (wasLost) refresh();
    wasLost = false;
  });
  source.addEventListener("error", () => {
    wasLost = true;
    connection.hidden = false;
    // A refusal (seats, sign-in) ends an EventSource for good: try again, slowly.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(live), 5000);
  });
  addEventListener("pagehide", () => source.close(), { once: true });
}

keepTimes();
watchFolds(writeTimes);
for (const select of document.querySelectorAll("select[data-submits]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
// A page that comes back from the browser's history has lost its streams.
addEventListener("pageshow", (event) => event.persisted && location.reload());
const live = document.getElementById("live");
if (live) listen(live);
