// Plots of one moment: profiles and power laws (by uPlot), bars and tables (of HTML), planes (on a canvas).

class Moment {
  constructor(plot, number) {
    this.plot = plot;
    this.look = plot.look;
    this.holder = document.getElementById(`plot-${number}`);
    this.below = document.getElementById(`plot-${number}-values`);
    this.steps = unpack(this.look.steps);
    this.where = element("span", { class: "quiet" });
    this.below.append(this.where);
    this.frame = -1;
  }

  show(state) {
    const frame = Math.max(before(this.steps, state.step), 0);
    if (frame === this.frame) return;
    this.frame = frame;
    this.where.textContent = `At step ${count(this.steps[frame] ?? 0)}:`;
    this.draw(frame);
  }

  build() {}
}

class Frames extends Moment {
  constructor(plot, number) {
    super(plot, number);
    const places = unpack(this.look.places);
    const positive = (value) => Number.isFinite(value) && !(this.look.xlog && value <= 0);
    this.order = Array.from(places.keys()).filter((at) => positive(places[at]));
    this.order.sort((one, other) => places[one] - places[other]);
    this.x = this.order.map((at) => places[at]);
    this.wide = places.length;
    this.rows = this.look.rows.map((row) => ({ ...row, values: unpack(row.values) }));
    this.notes = this.rows.map(() => element("b", { class: "number" }));
    const items = this.rows.map((row, at) =>
      element("li", {}, swatch(row.ink, row.role.replace(" points", "")), element("span", { class: "label" }, row.label), " ", this.notes[at]),
    );
    this.below.append(element("ul", { class: "legend" }, ...items));
    this.build();
  }

  fit(value) {
    return Number.isFinite(value) && !(this.look.log && value <= 0);
  }

  build() {
    this.chart?.destroy();
    let [low, high] = [Infinity, -Infinity];
    for (const row of this.rows)
      for (const value of row.values) if (this.fit(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
    if (low > high) [low, high] = this.look.log ? [0.1, 1] : [0, 1];
    const margin = this.look.log ? 0 : (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
    const limits = this.look.log ? uPlot.rangeLog(low, high, 10, high / low > 30) : [low - margin, high + margin];
    const ends = [this.x[0] ?? 1, this.x[this.x.length - 1] ?? 2];
    const room = this.look.xlog ? (this.look.fit ? 1.25 : 1) : 0;
    const across = this.look.xlog ? [ends[0] / room, ends[1] * room] : [ends[0] - (this.x.length < 30 ? 0.3 : 0), ends[1] + (this.x.length < 30 ? 0.3 : 0)];
    const axis = { stroke: colour("tick"), font: "12px system-ui, sans-serif", grid: { stroke: colour("grid"), width: 1 }, ticks: { stroke: colour("rule"), width: 1, size: 4 }, labelSize: 16, labelFont: "12px system-ui, sans-serif" };
    const loggy = (log) => (log ? { splits: decades, filter: (_, places) => places } : {});
    const series = this.rows.map((row) => ({
      stroke: colour(row.ink),
      width: row.role.includes("points") ? 0 : 1.6,
      dash: row.role.startsWith("theory") ? [7, 5] : [],
      points: { show: row.role.includes("points") || row.role === "marked", size: row.role.startsWith("theory") ? 10 : 7, fill: row.role.startsWith("theory") ? "transparent" : colour(row.ink), stroke: colour(row.ink), width: 2 },
    }));
    const options = {
      ...size(this.holder),
      series: [{}, ...series],
      padding: [10, 24, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, distr: this.look.xlog ? 3 : 1, range: () => across }, y: { distr: this.look.log ? 3 : 1, range: () => limits } },
      axes: [
        { ...axis, ...loggy(this.look.xlog), size: 30, label: this.look.x, values: (_, places) => places.map(compact), incrs: this.look.xlog ? undefined : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] },
        { ...axis, ...loggy(this.look.log), size: 62, label: cut(this.look.y, this.holder), values: upright },
      ],
    };
    this.chart = new uPlot(options, this.data(Math.max(this.frame, 0)), this.holder);
  }

  data(frame) {
    const cut = (row) => this.order.map((at) => row.values[frame * this.wide + at]);
    return [this.x, ...this.rows.map((row) => cut(row).map((value) => (this.fit(value) ? value : null)))];
  }

  draw(frame) {
    const data = this.data(frame);
    this.chart.setData(data);
    this.rows.forEach((row, at) => {
      const known = data[at + 1].filter((value) => value !== null);
      const slope = this.look.fit && row.role === "points" ? power(this.x, data[at + 1]) : null;
      const said = known.length <= 1 ? short(known[0]) : `${short(Math.min(...known), 3)} … ${short(Math.max(...known), 3)}`;
      this.notes[at].textContent = slope === null ? said : `slope ${short(slope, 3)}`;
    });
  }
}

// The least-squares slope of log y on log x; null of fewer than two points.
function power(x, y) {
  const points = x.map((value, at) => [Math.log(value), Math.log(y[at])]).filter(([, one]) => Number.isFinite(one));
  if (points.length < 2) return null;
  const mean = (place) => points.reduce((sum, point) => sum + point[place], 0) / points.length;
  const [across, up] = [mean(0), mean(1)];
  const square = points.reduce((sum, point) => sum + (point[0] - across) ** 2, 0);
  return points.reduce((sum, point) => sum + (point[0] - across) * (point[1] - up), 0) / square;
}

class Bars extends Moment {
  constructor(plot, number) {
    super(plot, number);
    this.groups = this.look.groups.map((group) => ({
      ...group,
      values: unpack(group.values),
      theory: group.theory ? unpack(group.theory) : null,
    }));
    const head = ["", ...(this.groups.length > 1 ? ["of"] : []), this.look.y, "value", ...(this.groups.some((g) => g.theory) ? ["theory"] : [])];
    const table = element("table", { class: "bars" }, element("thead", {}, element("tr", {}, ...head.map((one) => element("th", { scope: "col" }, one)))));
    this.cells = [];
    const body = element("tbody");
    this.look.labels.forEach((label, at) => {
      this.groups.forEach((group, place) => {
        const bar = element("div", { class: "bar" }, element("i"), element("s"));
        bar.style.setProperty("--ink", `var(--${group.inks[at % group.inks.length]})`);
        const value = element("td", { class: "number" });
        const theory = element("td", { class: "number theory" });
        const row = element("tr", {}, element("th", { scope: "row" }, place ? "" : label));
        if (this.groups.length > 1) row.append(element("td", {}, group.label));
        row.append(element("td", { class: "track" }, bar), value);
        if (group.theory) row.append(theory);
        body.append(row);
        this.cells.push({ group, at, bar, value, theory });
      });
    });
    table.append(body);
    this.holder.append(table);
  }

  share(value) {
    if (!Number.isFinite(value)) return 0;
    if (!this.look.log) return Math.abs(value) / this.top;
    return value > 0 ? Math.max(Math.log(value / this.bottom) / Math.log(this.top / this.bottom), 0) : 0;
  }

  draw(frame) {
    const wide = this.look.labels.length;
    const now = this.groups.flatMap((group) => [group.values, group.theory ?? []].flatMap((all) => [...all.slice(frame * wide, (frame + 1) * wide)]));
    const sizes = now.map(Math.abs).filter((one) => one > 0 && Number.isFinite(one));
    this.top = Math.max(...sizes, 1e-300);
    this.bottom = Math.max(Math.min(...sizes, this.top) / 2, this.top * 1e-12);
    for (const { group, at, bar, value, theory } of this.cells) {
      const own = group.values[frame * wide + at];
      value.textContent = short(own);
      bar.firstChild.style.width = `${100 * this.share(own)}%`;
      bar.lastChild.hidden = !group.theory;
      if (!group.theory) continue;
      const predicted = group.theory[frame * wide + at];
      theory.textContent = short(predicted);
      bar.lastChild.style.left = `${100 * this.share(predicted)}%`;
    }
  }
}

class Table extends Moment {
  constructor(plot, number) {
    super(plot, number);
    this.values = unpack(this.look.cells);
    this.theory = this.look.theory ? unpack(this.look.theory) : [];
    this.cells = [];
    const heads = ["", ...this.look.heads].map((head) => element("th", { scope: "col" }, head));
    const body = element("tbody");
    for (const label of this.look.rows) {
      const row = element("tr", {}, element("th", { scope: "row" }, label));
      for (const head of this.look.heads) {
        const cell = element("td", { class: "number", "data-label": head });
        this.cells.push(cell);
        row.append(cell);
      }
      body.append(row);
    }
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body);
    this.holder.append(element("div", { class: "scrolled", tabindex: "0", role: "region", "aria-label": plot.title }, table));
  }

  draw(frame) {
    this.cells.forEach((cell, at) => {
      const place = frame * this.cells.length + at;
      cell.textContent = short(this.values[place]);
      if (Number.isFinite(this.theory[place])) cell.append(" ", element("span", { class: "theory" }, `(${short(this.theory[place])})`));
    });
  }
}

class Plane extends Moment {
  constructor(plot, number) {
    super(plot, number);
    for (const key of ["points", "marks", "ways out", "arrows"]) if (this.look[key]) this[key] = unpack(this.look[key]);
    this.ways = this.look.ways.map((way) => ({ ...way, steps: unpack(way.steps), way: unpack(way.way) }));
    this.canvas = element("canvas", { role: "img", "aria-label": plot.title });
    this.holder.append(this.canvas);
    const items = this.ways.map((way) => element("li", {}, swatch(way.ink, "curve"), way.label));
    if (this.look.signs) items.push(...["curve0", "curve1"].map((ink, at) => element("li", {}, swatch(ink, "points"), `${this.look["signs are"]} ${at ? "< 0" : "> 0"}`)));
    if (this.look.starts && this.points) items.push(element("li", {}, "○ start"));
    if (this.marks) items.push(element("li", {}, "✕ ", this.look["marks are"]));
    if (this["ways out"]) items.push(element("li", {}, "→ ", this.look["ways out are"]));
    if (this.arrows) items.push(element("li", {}, swatch("theory", "curve"), this.look["arrows are"]));
    this.below.append(element("ul", { class: "legend" }, ...items));
    this.build();
  }

  build() {
    const wide = Math.min(this.holder.clientWidth || 320, 460);
    const [left, right, bottom, top] = this.look.limits;
    const high = Math.min(Math.max((wide * (top - bottom)) / (right - left), wide * 0.45), wide);
    const scale = Math.min(wide / (right - left), high / (top - bottom));
    this.canvas.width = wide * devicePixelRatio;
    this.canvas.height = high * devicePixelRatio;
    this.canvas.style.width = `${wide}px`;
    this.canvas.style.height = `${high}px`;
    const middle = [(left + right) / 2, (bottom + top) / 2];
    this.at = (x, y) => [(wide / 2 + (x - middle[0]) * scale) * devicePixelRatio, (high / 2 - (y - middle[1]) * scale) * devicePixelRatio];
    this.drawn = null;
    if (this.frame >= 0) this.draw(this.frame);
  }

  show(state) {
    // The ways go on between the frames.
    const moved = this.ways.length && this.drawn !== state.step;
    this.step = state.step;
    if (moved) this.frame = -1;
    super.show(state);
    this.drawn = state.step;
  }

  draw(frame) {
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.lineWidth = devicePixelRatio;
    this.field(pen);
    this.axes(pen);
    this.trails(pen, frame);
    this.starts(pen);
    this.paths(pen);
    this.signs(pen, frame);
  }

  field(pen) {
    const field = this.look.field;
    if (!field) return;
    const [left, right, bottom, top] = this.look.limits;
    for (let row = 0; row < field.rows; row++) {
      for (let column = 0; column < field.columns; column++) {
        const band = field.bands[row * field.columns + column];
        if (band < 0) continue;
        const x = (place) => left + ((right - left) * place) / field.columns;
        const y = (place) => bottom + ((top - bottom) * place) / field.rows;
        const [a, b] = [this.at(x(column), y(row + 1)), this.at(x(column + 1), y(row))];
        pen.globalAlpha = 0.05 + 0.4 * (1 - band / field.levels);
        pen.fillStyle = colour("curve0");
        // Whole pixels, so that neighbours neither overlap nor leave a seam.
        const [from, to] = [a.map(Math.round), b.map(Math.round)];
        pen.fillRect(from[0], from[1], to[0] - from[0], to[1] - from[1]);
      }
    }
    pen.globalAlpha = 1;
  }

  axes(pen) {
    const [left, right, bottom, top] = this.look.limits;
    pen.strokeStyle = colour("grid");
    this.line(pen, [[left, 0], [right, 0]]);
    this.line(pen, [[0, bottom], [0, top]]);
    if (this.look.circle) {
      pen.strokeStyle = colour("rule");
      pen.beginPath();
      const [x, y] = this.at(0, 0);
      pen.arc(x, y, Math.abs(this.at(this.look.circle, 0)[0] - x), 0, 7);
      pen.stroke();
    }
    pen.strokeStyle = colour("rule");
    pen.strokeRect(0.5, 0.5, this.canvas.width - 1, this.canvas.height - 1);
    pen.fillStyle = colour("tick");
    pen.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    const edge = 6 * devicePixelRatio;
    pen.fillText(`${this.look.x || "x"}: ${short(left, 2)} … ${short(right, 2)}`, edge, this.canvas.height - edge);
    pen.fillText(`${this.look.y || "y"}: ${short(bottom, 2)} … ${short(top, 2)}`, edge, 3 * edge);
  }

  trails(pen, frame) {
    if (!this.look.trails || !this.points) return;
    const many = this.many();
    pen.globalAlpha = 0.55;
    for (let point = 0; point < many; point++) {
      pen.strokeStyle = colour(this.ink(point));
      this.line(pen, Array.from({ length: frame + 1 }, (_, at) => this.pair(this.points, at, point)));
    }
    pen.globalAlpha = 1;
  }

  // Where the points began: at their first reading.
  starts(pen) {
    if (!this.look.starts || !this.points) return;
    pen.strokeStyle = colour("tick");
    pen.lineWidth = devicePixelRatio;
    for (let point = 0; point < this.many(); point++) {
      pen.beginPath();
      pen.arc(...this.at(...this.pair(this.points, 0, point)), 3 * devicePixelRatio, 0, 7);
      pen.stroke();
    }
  }

  paths(pen) {
    for (const way of this.ways) {
      const last = before(way.steps, this.step ?? session.last);
      const wide = way.way.length / way.steps.length;
      const points = Array.from({ length: last + 1 }, (_, at) => [way.way[at * wide], wide > 1 ? way.way[at * wide + 1] : 0]);
      pen.strokeStyle = colour(way.ink);
      pen.lineWidth = 1.6 * devicePixelRatio;
      this.line(pen, points);
      if (points.length) this.disc(pen, points[points.length - 1], 5, way.ink);
    }
  }

  signs(pen, frame) {
    const pairs = (values) => (values ? values.length / this.steps.length / 2 : 0);
    pen.lineWidth = 2 * devicePixelRatio;
    for (let at = 0; at < pairs(this.arrows); at++) {
      pen.strokeStyle = colour("theory");
      this.line(pen, [[0, 0], this.pair(this.arrows, frame, at)]);
    }
    for (let at = 0; at < pairs(this.points); at++) this.disc(pen, this.pair(this.points, frame, at), 3.5, this.ink(at));
    pen.strokeStyle = colour("strong");
    for (let at = 0; at < pairs(this.marks); at++) {
      const mark = this.pair(this.marks, frame, at);
      const [x, y] = this.at(...mark);
      const arm = 5 * devicePixelRatio;
      pen.beginPath();
      pen.moveTo(x - arm, y - arm);
      pen.lineTo(x + arm, y + arm);
      pen.moveTo(x - arm, y + arm);
      pen.lineTo(x + arm, y - arm);
      pen.stroke();
      if (at < pairs(this["ways out"])) this.out(pen, mark, this.pair(this["ways out"], frame, at));
    }
  }

  // An arrow of a fixed length from a mark.
  out(pen, [x, y], [across, up]) {
    const long = Math.hypot(across, up);
    if (!(long > 0)) return;
    const [left, right] = this.look.limits;
    const reach = ((right - left) * 0.1) / long;
    const [a, b] = [this.at(x, y), this.at(x + across * reach, y + up * reach)];
    const turn = Math.atan2(b[1] - a[1], b[0] - a[0]);
    const head = 7 * devicePixelRatio;
    pen.beginPath();
    pen.moveTo(...a);
    pen.lineTo(...b);
    for (const side of [2.6, -2.6]) {
      pen.moveTo(...b);
      pen.lineTo(b[0] + head * Math.cos(turn + side), b[1] + head * Math.sin(turn + side));
    }
    pen.stroke();
  }

  many() {
    return this.points.length / this.steps.length / 2;
  }

  ink(point) {
    return this.look.signs && this.look.signs[point] < 0 ? "curve1" : "curve0";
  }

  pair(values, frame, at) {
    const wide = values.length / this.steps.length;
    return [values[frame * wide + 2 * at], values[frame * wide + 2 * at + 1]];
  }

  line(pen, points) {
    pen.beginPath();
    let drawn = false;
    for (const point of points) {
      const whole = Number.isFinite(point[0]) && Number.isFinite(point[1]);
      if (whole) pen[drawn ? "lineTo" : "moveTo"](...this.at(...point));
      drawn = whole;
    }
    pen.stroke();
  }

  disc(pen, point, radius, ink) {
    if (!Number.isFinite(point[0]) || !Number.isFinite(point[1])) return;
    pen.beginPath();
    pen.arc(...this.at(...point), radius * devicePixelRatio, 0, 7);
    pen.fillStyle = colour(ink);
    pen.fill();
  }
}
