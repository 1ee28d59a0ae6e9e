// Parts of a page that are loaded when somebody opens them, and stay open and true while the page around them changes.

const REST_MILLISECONDS = 2000;
const loadedAt = new Map();

/** Opens in the fresh fragment what was open in the old one, with what was loaded into it. */
export function keepFolds(old, fresh) {
  for (const fold of old.querySelectorAll("details[id][open]")) {
    const twin = fresh.querySelector(`#${CSS.escape(fold.id)}`);
    if (!twin || twin.open) continue;
    twin.open = true;
    const body = twin.querySelector(":scope > .fold-body");
    if (!body || !("loaded" in fold.dataset)) continue;
    body.replaceChildren(...fold.querySelector(":scope > .fold-body").childNodes);
    twin.dataset.loaded = fold.dataset.loaded;
  }
}

/** Loads folds as they are opened, and again (not too often) when what they hide has changed. */
export function watchFolds(written) {
  document.addEventListener("toggle", (event) => load(event.target, written), { capture: true });
}

async function load(fold, written) {
  if (!fold.open || !fold.dataset?.src || fold.dataset.loaded === fold.dataset.stamp) return;
  const rest = (loadedAt.get(fold.id) ?? -Infinity) + REST_MILLISECONDS - performance.now();
  if (rest > 0 && "loaded" in fold.dataset) {
    setTimeout(() => fold.isConnected && load(fold, written), rest);
    return;
  }
  loadedAt.set(fold.id, performance.now());
  const stamp = fold.dataset.stamp;
  const answer = await fetch(fold.dataset.src);
  const template = document.createElement("template");
  template.innerHTML = answer.ok ? await answer.text() : "";
  // The page may have changed around it meanwhile.
  const place = document.getElementById(fold.id);
  const body = place?.querySelector(":scope > .fold-body");
  if (!body) return;
  if (!answer.ok) {
    body.textContent = "This could not be loaded. Close it and open it again.";
    return;
  }
  keepFolds(body, template.content);
  place.dataset.loaded = stamp;
  body.replaceChildren(template.content);
  written(body);
}
