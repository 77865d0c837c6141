// Time on the page: the slider, playing, chapters, claims, questions, keys.

const KINDS = { curves: Curves, frames: Frames, bars: Bars, table: Table, plane: Plane, heat: Heat, histogram: Histogram };
const one = (name) => document.getElementById(name);
const state = { step: session.last, window: [0, session.last], curtain: false, shade: null, playing: false };
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const stops = session.stops;
const plots = session.plots.map((plot, number) => new KINDS[plot.kind](plot, number, (step) => go(step)));
let waiting = false;

function go(step, { say = false } = {}) {
  state.step = Math.min(Math.max(Math.round(step), 0), session.last);
  draw();
  if (say) tell();
}

// All plots at once, once a frame of the screen.
function draw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    for (const plot of plots) plot.show(state);
    const slider = one("step");
    slider.value = state.step;
    const here = chapter();
    slider.setAttribute("aria-valuetext", `step ${count(state.step)} of ${count(session.last)}${here ? `, ${here.title}` : ""}`);
    one("where").textContent = `step ${count(state.step)}`;
    one("chapter").textContent = here ? here.title : "";
    for (const button of document.querySelectorAll("#chapters [data-go]")) {
      if (here && Number(button.dataset.go) === here.step) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    }
  });
}

function chapter() {
  return stops.filter((stop) => stop.step <= state.step).at(-1);
}

// What somebody who does not see the plots hears after a jump.
function tell() {
  const first = plots.find((plot) => plot instanceof Curves);
  const said = first ? first.plot.lines.map((line) => `${line.label} ${first.say(line, state.step)}`) : [];
  const here = chapter();
  const opened = here && here.step === state.step ? ` ${here.title}. ${here.text}` : "";
  one("live").textContent = `Step ${count(state.step)}.${opened} ${said.join("; ")}`;
}

function play(on) {
  state.playing = on && session.last > 0;
  if (state.playing && state.step >= session.last) state.step = 0;
  one("play").classList.toggle("on", state.playing);
  one("play").setAttribute("aria-label", state.playing ? "Pause" : "Play");
  if (!state.playing) return tell();
  if (calm.matches) return leap();
  let [last, exact] = [performance.now(), state.step];
  const tick = (now) => {
    if (!state.playing) return;
    // A step that was chosen meanwhile is where it goes on from.
    if (Math.round(exact) !== state.step) exact = state.step;
    exact = Math.min(exact + (session.last * (now - last)) / 1000 / Number(one("speed").value), session.last);
    last = now;
    go(exact);
    if (exact >= session.last) play(false);
    else requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}

// For those who want no motion: from place to place, two seconds each.
function leap() {
  if (!state.playing) return;
  const next = stops.find((stop) => stop.step > state.step)?.step ?? session.last;
  go(Math.min(next, state.step + session.last / 10), { say: true });
  if (state.step >= session.last) play(false);
  else setTimeout(leap, 2000);
}

function jump(by) {
  const places = [...new Set([0, ...stops.map((stop) => stop.step), session.last])].sort((a, b) => a - b);
  const found = by > 0 ? places.find((step) => step > state.step) : places.filter((step) => step < state.step).at(-1);
  // After the last one it begins again.
  go(found ?? (by > 0 ? 0 : state.step), { say: true });
}

function zoom(factor) {
  const [low, high] = state.window;
  const span = Math.min(Math.max((high - low) * factor, Math.min(20, session.last)), session.last);
  const from = Math.min(Math.max(state.step - span / 2, 0), session.last - span);
  state.window = [from, from + span];
  draw();
}

// To the next or the last reading of the first plot.
function reading(by) {
  const first = plots.find((plot) => plot instanceof Curves);
  const steps = first?.tables[0].steps ?? [];
  const at = before(steps, state.step);
  const found = by > 0 ? steps[at + 1] : steps[at] < state.step ? steps[at] : steps[at - 1];
  if (found !== undefined) go(found, { say: true });
}

function curtain(on) {
  state.curtain = on;
  one("curtain").checked = on;
  draw();
}

function toPlots() {
  (one("plot-0") ?? one("plots")).scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "center" });
}

for (const mark of document.querySelectorAll("#marks .mark"))
  mark.style.left = `${(100 * Number(mark.dataset.step)) / session.last}%`;

one("step").addEventListener("input", (event) => go(Number(event.target.value)));
one("step").addEventListener("change", tell);
one("step").addEventListener("keydown", (event) => {
  const stride = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
  if (!stride || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  go(state.step + stride * Math.max(Math.round(session.last / 200), 1), { say: true });
});
one("play").addEventListener("click", () => play(!state.playing));
one("previous").addEventListener("click", () => jump(-1));
one("next").addEventListener("click", () => jump(1));
one("closer").addEventListener("click", () => zoom(0.5));
one("wider").addEventListener("click", () => zoom(2));
one("curtain").addEventListener("change", (event) => curtain(event.target.checked));

for (const button of document.querySelectorAll("[data-go]"))
  button.addEventListener("click", () => go(Number(button.dataset.go), { say: true }));

for (const button of document.querySelectorAll("[data-low]"))
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    for (const other of document.querySelectorAll("[data-low]")) other.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(on));
    state.shade = on ? [Number(button.dataset.low), Number(button.dataset.high)] : null;
    draw();
    if (on) toPlots();
  });

for (const form of document.querySelectorAll("form.question")) {
  form.querySelector("[data-ask]")?.addEventListener("click", (event) => {
    curtain(true);
    play(false);
    go(Number(event.target.dataset.ask), { say: true });
    toPlots();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = form.querySelector("input:checked");
    const right = chosen && chosen.value === form.dataset.answer;
    form.querySelectorAll(".choice").forEach((label, at) => label.classList.toggle("right", at === Number(form.dataset.answer)));
    form.querySelector(".verdict-of").textContent = !chosen ? "" : right ? "✓ Right." : "✗ Not what happened.";
    form.querySelector(".why").hidden = false;
    curtain(false);
  });
}

for (const details of document.querySelectorAll("details[data-readings]"))
  details.addEventListener("toggle", () => {
    const holder = details.querySelector(".readings");
    if (details.open) holder.replaceChildren(plots[Number(details.dataset.readings)].readings());
  });

const KEYS = {
  " ": () => play(!state.playing),
  n: () => jump(1),
  p: () => jump(-1),
  ".": () => reading(1),
  ",": () => reading(-1),
  z: () => zoom(0.5),
  x: () => zoom(2),
};
document.addEventListener("keydown", (event) => {
  const on = event.target;
  const act = KEYS[event.key.toLowerCase()];
  const typed = on.matches("select, input:not([type=range]), summary") || (event.key === " " && on.matches("button, a"));
  if (!act || typed || event.ctrlKey || event.altKey || event.metaKey || !one("keys-on").checked) return;
  event.preventDefault();
  act();
});

const rebuild = () => {
  for (const plot of plots) plot.build();
  for (const plot of plots) plot.frame = -1;
  draw();
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", rebuild);
let wide = document.documentElement.clientWidth;
addEventListener("resize", () => {
  // A phone's address bar comes and goes, and changes only the height.
  if (document.documentElement.clientWidth === wide) return;
  wide = document.documentElement.clientWidth;
  rebuild();
});
draw();
