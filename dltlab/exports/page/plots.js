// Curves over the steps, by uPlot; the cursor, its dots and the curtain lie over the picture.

const DASHES = { curve: [], second: [2, 3], theory: [7, 5] };

class Curves {
  constructor(plot, number, onStep) {
    this.plot = plot;
    this.look = plot.look;
    this.holder = document.getElementById(`plot-${number}`);
    this.onStep = onStep;
    this.tables = plot.tables.map((table) => ({
      n: table.n,
      of: table.of,
      steps: stepsOf(table),
      columns: table.columns.map(unpack),
    }));
    this.first = this.look.xlog ? Math.max(session.every, 1) : 0;
    this.legend(document.getElementById(`plot-${number}-values`));
    this.tell(document.getElementById(`plot-${number}-thinned`));
    this.window = [this.first, session.last];
    this.build();
  }

  build() {
    this.chart?.destroy();
    const clean = (value) => (Number.isFinite(value) && !(this.look.log && value <= 0) ? value : null);
    const joined = uPlot.join(
      this.tables.map((table) => {
        const from = this.look.xlog ? before(table.steps, this.first - 1e-9) + 1 : 0;
        return [Array.from(table.steps.subarray(from)), ...table.columns.map((c) => Array.from(c.subarray(from), clean))];
      }),
      this.tables.map((table) => [0, ...table.columns.map(() => 1)]),
    );
    const first = [];
    this.tables.reduce((sum, table) => (first.push(sum), sum + table.columns.length), 1);
    this.place = (table, column) => first[table] + column;
    this.data = joined;
    this.chart = new uPlot(this.options(), joined, this.holder);
    this.overlay();
    this.describe();
  }

  // What the picture is, for who does not see it: each curve's ends and extremes.
  describe() {
    const told = this.plot.lines.map((line) => {
      const values = this.tables[line.table].columns[line.column];
      let [low, high] = [Infinity, -Infinity];
      for (const value of values) if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
      if (low > high) return `${line.label}: no reading`;
      return `${line.label}: from ${short(values[0])} to ${short(values[values.length - 1])}, between ${short(low)} and ${short(high)}`;
    });
    this.holder.setAttribute("role", "img");
    this.holder.setAttribute("aria-label", `${this.plot.title}, a plot over the steps. ${told.join("; ")}.`);
  }

  options() {
    const series = [{}];
    for (let at = 1; at < this.data.length; at++) series.push({ stroke: "transparent", width: 0, points: { show: false } });
    for (const line of this.plot.lines) {
      const table = this.tables[line.table];
      series[this.place(line.table, line.column)] = {
        stroke: colour(line.ink),
        width: line.role === "theory" ? 1.5 : 1.75,
        dash: DASHES[line.role],
        points: { size: 4, fill: colour(line.ink), show: (chart) => line.role !== "theory" && this.sparse(chart, table) },
      };
    }
    const alike = this.plot.bands.filter((band, at, all) => all.findIndex((other) => other.label === band.label) === at);
    const bands = alike.map((band) => ({
      series: [this.place(band.table, band.high), this.place(band.table, band.low)],
      fill: colour(`${band.ink}-band`),
    }));
    const axis = { stroke: colour("tick"), font: "12px system-ui, sans-serif", grid: { stroke: colour("grid"), width: 1 } };
    const ticks = { ticks: { stroke: colour("rule"), width: 1, size: 4 } };
    const loggy = (log) => (log ? { splits: decades, filter: (_, places) => places } : {});
    return {
      ...size(this.holder),
      series,
      bands,
      padding: [10, 24, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, distr: this.look.xlog ? 3 : 1, range: () => this.window },
        y: { distr: this.look.log ? 3 : 1, range: (chart, low, high) => this.range(chart, low, high) },
      },
      axes: [
        { ...axis, ...ticks, ...loggy(this.look.xlog), size: 30, label: this.look.x, labelSize: 16, labelFont: axis.font, values: (_, places) => places.map(compact) },
        { ...axis, ...ticks, ...loggy(this.look.log), size: 62, label: cut(this.look.y, this.holder), labelSize: 16, labelFont: axis.font, values: upright },
      ],
      hooks: { drawClear: [(chart) => this.marks(chart)], draw: [(chart) => this.bars(chart), () => this.state && this.lay(this.state)] },
    };
  }

  // Whether a table's readings lie so far apart that each is to be seen.
  sparse(chart, table) {
    const { min, max } = chart.scales.x;
    const seen = before(table.steps, max) - before(table.steps, min - 1e-9);
    return seen > 0 && seen < chart.bbox.width / devicePixelRatio / 9;
  }

  // The vertical axis: all that is seen, or from limit to limit and as far as the first curve needs.
  range(chart, low, high) {
    if (low === null || high === null) return this.look.log ? [1e-3, 1] : [0, 1];
    const own = this.plot.lines[0];
    if (this.look.calm !== null) [low, high] = this.quiet(low, high);
    const top = own ? this.extent([own], this.look.calm ?? Infinity)[1] : -Infinity;
    if (this.look.low !== null && (!this.look.log || this.look.low > 0)) low = Math.max(low, this.look.low);
    if (this.look.high !== null && (!this.look.log || this.look.high > 0)) high = Math.min(high, Math.max(this.look.high, top));
    if (this.look.log) return uPlot.rangeLog(low, Math.max(high, low), 10, high / low > 30);
    if (!(high > low)) return [low - Math.abs(low) * 0.1 - 1e-9, low + Math.abs(low) * 0.1 + 1e-9];
    return [low - 0.04 * (high - low), high + 0.06 * (high - low)];
  }

  // The least and the greatest of some curves in the window, up to a step.
  extent(lines, until) {
    let [low, high] = [Infinity, -Infinity];
    for (const line of lines) {
      const { steps, columns } = this.tables[line.table];
      for (let at = Math.max(before(steps, this.window[0]), 0); at < steps.length && steps[at] <= this.window[1]; at++) {
        const value = columns[line.column][at];
        if (steps[at] > until || !Number.isFinite(value) || (this.look.log && value <= 0)) continue;
        [low, high] = [Math.min(low, value), Math.max(high, value)];
      }
    }
    return [low, high];
  }

  // Of a session that ran away what came before widens the axis, and what came after it does not bury that.
  quiet(low, high) {
    const [least, most] = this.extent(this.plot.lines, this.look.calm);
    if (least > most) return [low, high];
    const reach = this.look.log ? 1e3 : most - least || Math.abs(most) || 1;
    const ends = this.look.log ? [least / reach, most * reach] : [least - reach, most + reach];
    return [Math.max(low, ends[0]), Math.min(high, ends[1])];
  }

  // Upright hair lines where something was done or a chapter opened.
  marks(chart) {
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    for (const stop of session.stops) {
      if (stop.step < chart.scales.x.min || stop.step > chart.scales.x.max) continue;
      const at = Math.round(chart.valToPos(stop.step, "x", true));
      ctx.strokeStyle = colour(stop.sign === "◆" ? "rule" : "event");
      ctx.setLineDash(stop.sign === "◆" ? [2, 4] : [4, 3]);
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  // Error bars, where they are long enough to be seen.
  bars(chart) {
    const { ctx, bbox } = chart;
    const { min, max } = chart.scales.x;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineWidth = devicePixelRatio;
    for (const line of this.plot.lines) {
      if (line.bar === null) continue;
      const { steps, columns } = this.tables[line.table];
      ctx.strokeStyle = colour(line.ink);
      ctx.beginPath();
      for (let at = Math.max(before(steps, min), 0); at < steps.length && steps[at] <= max; at++) {
        const value = columns[line.column][at];
        const bar = columns[line.bar][at];
        if (!(bar > 0) || !Number.isFinite(value + bar)) continue;
        const ends = [value - bar, value + bar].map((end) => (this.look.log && end <= 0 ? chart.scales.y.min : end));
        const [low, high] = ends.map((end) => chart.valToPos(end, "y", true));
        if (low - high < 5 * devicePixelRatio) continue;
        const x = chart.valToPos(steps[at], "x", true);
        ctx.moveTo(x, low);
        ctx.lineTo(x, high);
      }
      ctx.stroke();
    }
    ctx.restore();
  }

  overlay() {
    const over = this.chart.over;
    this.shade = element("div", { class: "shade", hidden: "" });
    this.curtain = element("div", { class: "curtain" });
    this.cursor = element("div", { class: "cursor" });
    this.dots = this.plot.lines.map((line) => {
      const dot = element("div", { class: "dot" });
      dot.style.setProperty("--ink", `var(--${line.ink})`);
      return dot;
    });
    over.append(this.shade, this.curtain, this.cursor, ...this.dots);
    const go = (event) => this.onStep(this.chart.posToVal(event.clientX - over.getBoundingClientRect().left, "x"));
    over.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      over.setPointerCapture(event.pointerId);
      go(event);
    });
    over.addEventListener("pointermove", (event) => over.hasPointerCapture(event.pointerId) && go(event));
  }

  legend(holder) {
    this.values = this.plot.lines.map(() => element("b", { class: "number" }));
    const items = this.plot.lines.map((line, at) =>
      element("li", {}, swatch(line.ink, line.role), element("span", { class: "label" }, line.label), " ", this.values[at]),
    );
    const alike = this.plot.bands.filter((band, at, all) => all.findIndex((other) => other.label === band.label) === at);
    const bands = alike.map((band) => element("li", { class: "quiet" }, swatch(band.ink, "band"), band.label));
    this.where = element("span", { class: "quiet" });
    holder.append(this.where, element("ul", { class: "legend" }, ...items, ...bands));
  }

  // What of the recording is not on the page.
  tell(holder) {
    const cut = this.tables.filter((table) => table.n < table.of);
    if (!cut.length) return;
    const most = cut.reduce((one, other) => (other.of > one.of ? other : one));
    holder.textContent =
      `Of ${count(most.of)} readings the page holds ${count(most.n)}: of every stretch of about ` +
      `${count((most.of / most.n) * 2)} the least and the greatest, at their own steps. Nothing is averaged or made up.`;
  }

  // The value of a line at a step, or at the last reading before it, with its bar and the step of the reading.
  read(line, step) {
    const { steps, columns } = this.tables[line.table];
    const at = before(steps, step);
    if (at < 0) return { value: NaN, bar: null, step: null };
    return { value: columns[line.column][at], bar: line.bar === null ? null : columns[line.bar][at], step: steps[at] };
  }

  say(line, step) {
    const { value, bar } = this.read(line, step);
    const doubt = line.tolerance > 0 && bar !== null && bar > line.tolerance * Math.abs(value) ? " ?" : "";
    return `${measured(value, bar)}${doubt}`;
  }

  show(state) {
    const chart = this.chart;
    this.state = state;
    if (Math.max(state.window[0], this.first) !== this.window[0] || state.window[1] !== this.window[1]) {
      this.window = [Math.max(state.window[0], this.first), state.window[1]];
      this.window[1] = Math.max(this.window[1], this.window[0] + 1);
      chart.setScale("x", { min: this.window[0], max: this.window[1] });
    }
    this.where.textContent = `At step ${count(state.step)}:`;
    this.plot.lines.forEach((line, at) => (this.values[at].textContent = this.say(line, state.step)));
    this.lay(state);
  }

  // The cursor, its dots, the curtain and the shade, where they belong.
  lay(state) {
    const chart = this.chart;
    const across = (step) => chart.valToPos(Math.max(step, this.first), "x");
    const wide = chart.over.clientWidth;
    const x = across(state.step);
    this.cursor.hidden = x < 0 || x > wide;
    this.cursor.style.transform = `translateX(${x}px)`;
    this.curtain.hidden = !state.curtain || x >= wide;
    this.curtain.style.left = `${Math.max(x, 0)}px`;
    this.plot.lines.forEach((line, at) => {
      const { value, step } = this.read(line, state.step);
      const y = Number.isFinite(value) ? chart.valToPos(value, "y") : -1;
      const dot = this.dots[at];
      const left = step === null ? -1 : across(step);
      dot.hidden = !(y >= 0 && y <= chart.over.clientHeight && left >= 0 && left <= wide);
      dot.style.transform = `translate(${left}px, ${y}px)`;
    });
    this.shade.hidden = state.shade === null;
    if (state.shade !== null) {
      const [low, high] = state.shade.map((step) => Math.min(Math.max(across(step), 0), wide));
      this.shade.style.left = `${low}px`;
      this.shade.style.width = `${high - low}px`;
    }
  }

  // The readings of all curves at the chapters and at steps spread evenly.
  readings() {
    const steps = new Set(session.stops.map((stop) => stop.step));
    for (let part = 0; part <= 20; part++) steps.add(Math.round((session.last * part) / 20));
    const rows = [...steps].filter((step) => step <= session.last).sort((one, other) => one - other);
    const head = element("tr", {}, element("th", { scope: "col" }, "step"));
    for (const line of this.plot.lines) head.append(element("th", { scope: "col" }, line.label));
    const body = element("tbody");
    for (const step of rows) {
      const row = element("tr", {}, element("th", { scope: "row" }, count(step)));
      for (const line of this.plot.lines) row.append(element("td", { class: "number" }, this.say(line, step)));
      body.append(row);
    }
    return element("table", {}, element("thead", {}, head), body);
  }
}

function size(holder) {
  const wide = holder.clientWidth || 320;
  return { width: wide, height: Math.round(Math.min(Math.max(wide * 0.5, 230), holder.closest(".wide") ? 380 : 290)) };
}

// A label as long as its axis; the title above the plot says it whole.
function cut(label, holder) {
  const most = Math.floor(size(holder).height / 8);
  return label.length > most ? `${label.slice(0, most - 1)}…` : label;
}

// Ticks of the vertical axis: what is nothing beside the others is zero.
function upright(chart, places) {
  const most = Math.max(...places.map(Math.abs));
  return places.map((one) => short(chart.scales.y.distr !== 3 && Math.abs(one) < most * 1e-9 ? 0 : one, 3));
}

function compact(value) {
  if (value >= 1e6) return `${short(value / 1e6, 3)}M`;
  return value >= 10000 ? `${short(value / 1000, 3)}k` : short(value, 4);
}

// Ticks of a logarithmic axis: powers of ten, no more than there is room for; of a short one 1, 2 and 5 as well.
function decades(chart, axis, low, high) {
  const from = Math.floor(Math.log10(low) + 1e-9);
  const to = Math.ceil(Math.log10(high) - 1e-9);
  const apart = Math.max(Math.ceil((to - from) / 6), 1);
  const found = [];
  for (let power = from; power <= to; power++) {
    const stride = (((power % apart) + apart) % apart) === 0;
    for (const factor of to - from <= 2 ? [1, 2, 5] : stride ? [1] : []) {
      const place = factor * Number(`1e${power}`);
      if (place >= low * (1 - 1e-9) && place <= high * (1 + 1e-9)) found.push(place);
    }
  }
  return found;
}
