// Colours of terminal output. ansi_up reads the escape sequences; what it finds becomes nodes here, not HTML, so
// nothing that a job prints can become markup, and no inline style is needed (the page's policy forbids them).

import { AnsiUp } from "./vendor/ansi_up.js";

class Nodes extends AnsiUp {
  constructor() {
    super();
    this.nodes = [];
  }

  // ansi_up calls these for each piece of text.
  transform_to_html(piece) {
    if (!piece.text) return "";
    const isPlain = !piece.fg && !piece.bg && !piece.bold && !piece.faint && !piece.italic && !piece.underline;
    this.nodes.push(isPlain ? document.createTextNode(piece.text) : span(piece));
    return "";
  }

  process_hyperlink(piece) {
    const link = document.createElement("a");
    link.textContent = piece.text;
    if (/^https?:\/\//i.test(piece.url)) {
      link.href = piece.url;
      link.rel = "noopener noreferrer nofollow";
      link.target = "_blank";
    }
    this.nodes.push(link);
    return "";
  }
}

function span(piece) {
  const element = document.createElement("span");
  element.textContent = piece.text;
  for (const name of ["bold", "faint", "italic", "underline"]) {
    if (piece[name]) element.classList.add(`ansi-${name}`);
  }
  paint(element, piece.fg, "fg", "color");
  paint(element, piece.bg, "bg", "backgroundColor");
  return element;
}

function paint(element, colour, suffix, property) {
  if (!colour) return;
  if (colour.class_name === "truecolor") element.style[property] = `rgb(${colour.rgb.join(",")})`;
  else element.classList.add(`${colour.class_name}-${suffix}`);
}

/** Reads lines that follow one another: a colour that was not reset goes on in the next line. */
export class Painter {
  constructor() {
    this.terminal = new Nodes();
  }

  paint(text) {
    // What a carriage return has overwritten is not shown: progress bars would fill the page.
    const shown = text.replace(/\r+$/, "");
    this.terminal.nodes = [];
    this.terminal.ansi_to_html(shown.slice(shown.lastIndexOf("\r") + 1));
    this.terminal._buffer = "";
    return this.terminal.nodes;
  }
}
