// The session as the page carries it: numbers in base64 beside their kind, steps as first and stride.

const session = JSON.parse(document.getElementById("session").textContent);

function unpack(packed) {
  const [kind, text] = Object.entries(packed)[0];
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new { f4: Float32Array, f8: Float64Array, u4: Uint32Array }[kind](bytes.buffer);
}

function stepsOf(table) {
  if (!("first" in table.steps)) return unpack(table.steps);
  return Float64Array.from({ length: table.n }, (_, index) => table.steps.first + index * table.steps.stride);
}

// The place of the last of increasing steps that is not after a step; -1 before all.
function before(steps, step) {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function count(number) {
  return Math.round(number).toLocaleString("en");
}

// A number in some five characters, as people read it.
function short(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "—";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const said =
    size < 1e-3 || size >= 1e6
      ? value.toExponential(Math.max(digits - 2, 0)).replace(/\.?0+e/, "e").replace("e+", "e")
      : size >= 1000
        ? Math.round(value).toLocaleString("en")
        : String(Number(value.toPrecision(digits)));
  return said.replace("-", "−").replace("e-", "e−");
}

// A value with its error bar, where so many digits let it be seen.
function measured(value, bar) {
  if (bar === null || bar === undefined || bar === 0 || !Number.isFinite(value)) return short(value);
  if (!Number.isFinite(bar)) return `${short(value)} ± ?`;
  if (bar < Math.abs(value) * 5e-5) return short(value);
  return `${short(value)} ± ${short(bar, 1)}`;
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// A short stroke that looks like its curve.
function swatch(ink, role) {
  const sign = element("span", { class: `swatch ${role}`, "aria-hidden": "true" });
  sign.style.setProperty("--ink", `var(--${ink})`);
  return sign;
}
