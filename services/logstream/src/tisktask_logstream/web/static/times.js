// Times as people say them: "3 minutes ago", "1 min 4 s". Written again every second while the page is looked at.

const STEPS = [
  [60, "second", 1],
  [3600, "minute", 60],
  [86400, "hour", 3600],
  [86400 * 30, "day", 86400],
  [86400 * 365, "month", 86400 * 30],
  [Infinity, "year", 86400 * 365],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "long" });

export function keepTimes() {
  writeTimes(document);
  setInterval(() => document.hidden || writeTimes(document), 1000);
}

export function writeTimes(root) {
  for (const element of root.querySelectorAll("time[data-relative]")) {
    const time = new Date(element.dateTime);
    write(element, sayAgo((time - Date.now()) / 1000));
    if (!element.dataset.told) {
      element.dataset.told = "yes";
      element.title = absolute.format(time);
    }
  }
  for (const element of root.querySelectorAll("time[data-until]")) {
    const seconds = Math.ceil((new Date(element.dateTime) - Date.now()) / 1000);
    write(element, seconds > 0 ? `in ${sayDuration(seconds)}` : "as soon as a runner has room");
  }
  for (const element of root.querySelectorAll("[data-since]")) {
    write(element, sayDuration((Date.now() - new Date(element.dataset.since)) / 1000));
  }
}

export function sayTime(milliseconds) {
  const time = new Date(milliseconds);
  return `${absolute.format(time)} (.${String(time.getMilliseconds()).padStart(3, "0")})`;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function sayAgo(seconds) {
  const [, unit, size] = STEPS.find(([below]) => Math.abs(seconds) < below);
  if (seconds > -5 && seconds < 15) return "now";
  return relative.format(Math.round(seconds / size), unit);
}

function sayDuration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
