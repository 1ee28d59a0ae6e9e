// The lines that are on the page: a window of consecutive numbers, in blocks, never more than the browser bears.

import { Painter } from "./ansi.js";

const LINES_MAX = 10000;
const BLOCK_LINES = 250;

/** Shows consecutive lines `first` to `last`; grows at both ends and forgets at the other. */
export class LogWindow {
  constructor(container) {
    this.container = container;
    this.clear();
  }

  clear() {
    this.container.replaceChildren();
    this.first = 1;
    this.last = 0;
    this.painter = new Painter();
    this.partial = null;
  }

  get isEmpty() {
    return this.last < this.first;
  }

  /** Adds lines behind the last one; the last one itself may come again, grown. Returns how many were forgotten. */
  append(lines) {
    const fresh = lines.filter((line) => line.n > this.last || line.n === this.partial);
    if (!fresh.length) return 0;
    if (this.isEmpty) this.first = fresh[0].n;
    if (fresh[0].n === this.partial) this.#dropPartial();
    for (const line of fresh) {
      // A line that may still grow must not leave its colours to the next one twice.
      const painter = line.partial ? new Painter() : this.painter;
      this.#lastBlock().append(makeLine(line, painter));
      this.last = line.n;
      this.partial = line.partial ? line.n : null;
    }
    return this.#forgetFirst();
  }

  /** Adds lines in front of the first one. */
  prepend(lines) {
    const fresh = lines.filter((line) => line.n < this.first);
    if (!fresh.length) return;
    const painter = new Painter();
    for (let end = fresh.length; end > 0; end -= BLOCK_LINES) {
      const block = makeBlock();
      for (const line of fresh.slice(Math.max(0, end - BLOCK_LINES), end)) block.append(makeLine(line, painter));
      this.container.prepend(block);
    }
    this.first = fresh[0].n;
    this.#forgetLast();
  }

  #dropPartial() {
    document.getElementById(`L${this.partial}`)?.remove();
    this.last = this.partial - 1;
    this.partial = null;
  }

  #lastBlock() {
    const block = this.container.lastElementChild;
    if (block && block.childElementCount < BLOCK_LINES) return block;
    return this.container.appendChild(makeBlock());
  }

  #forgetFirst() {
    let forgotten = 0;
    while (this.last - this.first + 1 - this.container.firstElementChild.childElementCount >= LINES_MAX) {
      const block = this.container.firstElementChild;
      forgotten += block.childElementCount;
      this.first += block.childElementCount;
      block.remove();
    }
    return forgotten;
  }

  #forgetLast() {
    while (this.last - this.first + 1 - this.container.lastElementChild.childElementCount >= LINES_MAX) {
      const block = this.container.lastElementChild;
      this.last -= block.childElementCount;
      this.partial = null;
      this.painter = new Painter();
      block.remove();
    }
  }
}

function makeBlock() {
  const block = document.createElement("div");
  block.className = "block";
  return block;
}

function makeLine(line, painter) {
  const row = document.createElement("div");
  row.className = "line";
  row.id = `L${line.n}`;
  row.dataset.s = line.s;
  if (line.t) row.dataset.t = line.t;
  const number = document.createElement("a");
  number.href = `#L${line.n}`;
  number.dataset.n = line.n;
  number.setAttribute("aria-label", `Line ${line.n}`);
  const text = document.createElement("span");
  if (line.s === "gap") text.textContent = `${line.missing_bytes.toLocaleString("en")} bytes of the log are missing here`;
  else text.append(...painter.paint(line.text));
  row.append(number, text);
  return row;
}
