// Plots of one moment that are made of rectangles: matrices and histograms, as SVG.

function drawn(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

class Heat extends Moment {
  constructor(plot, number) {
    super(plot, number);
    for (const key of ["shades", "least", "greatest"]) this[key] = unpack(this.look[key]);
    const { rows, columns } = this.look;
    this.squares = Array.from({ length: rows * columns }, (_, at) =>
      drawn("rect", { x: at % columns, y: Math.floor(at / columns), width: 1, height: 1 }),
    );
    const about = { role: "img", viewBox: `0 0 ${columns} ${rows}`, "shape-rendering": "crispEdges" };
    this.picture = drawn("svg", about, ...this.squares);
    this.picture.style.setProperty("--ratio", `${columns} / ${rows}`);
    this.holder.append(this.picture);
    this.said = element("b", { class: "number" });
    const axes = this.look.y ? `, ${this.look.y} ↓, ${this.look.x} →` : "";
    const unknown = this.shades.some(Number.isNaN) ? [element("li", {}, this.strip([NaN]), ` ${this.look.unknown}`)] : [];
    this.below.append(element("ul", { class: "legend" }, element("li", {}, this.said), this.scale(), ...unknown, element("li", { class: "quiet" }, `${this.look.size}${axes}`)));
  }

  fill(square, shade) {
    square.setAttribute("class", Number.isNaN(shade) ? "unknown" : shade < 0 ? "below" : "above");
    square.setAttribute("fill-opacity", Number.isNaN(shade) ? 1 : Math.abs(shade));
  }

  strip(shades) {
    const strip = drawn("svg", { class: "strip", viewBox: `0 0 ${shades.length} 1`, "shape-rendering": "crispEdges", "aria-hidden": "true" });
    strip.style.width = `${shades.length}em`;
    shades.forEach((shade, at) => {
      const square = drawn("rect", { x: at, width: 1, height: 1 });
      this.fill(square, shade);
      strip.append(square);
    });
    return strip;
  }

  // The ends of the scale and the shades between them.
  scale() {
    const ramp = [0, 0.25, 0.5, 0.75, 1];
    const shades = this.look.low < 0 ? [...ramp.slice(1).reverse().map((shade) => -shade), ...ramp] : ramp;
    return element("li", {}, `${short(this.look.low, 3)} `, this.strip(shades), ` ${short(this.look.high, 3)}`);
  }

  draw(frame) {
    this.squares.forEach((square, at) => this.fill(square, this.shades[frame * this.squares.length + at]));
    const [least, greatest] = [this.least[frame], this.greatest[frame]];
    this.said.textContent = Number.isNaN(least) ? "no number" : `${short(least, 3)} … ${short(greatest, 3)}`;
    this.picture.setAttribute("aria-label", `${this.plot.title}, a matrix of ${this.look.size}: ${this.said.textContent}`);
  }
}

class Histogram extends Moment {
  constructor(plot, number) {
    super(plot, number);
    for (const key of ["counts", "median", "lost"]) this[key] = unpack(this.look[key]);
    this.bars = Array.from({ length: this.look.bins }, (_, at) => drawn("rect", { class: "above", x: at + 0.04, width: 0.92 }));
    this.picture = drawn("svg", { role: "img", viewBox: `0 0 ${this.look.bins} 1`, preserveAspectRatio: "none" }, ...this.bars);
    const ends = [this.look.low, this.look.high].map((end) => element("span", { class: "number" }, short(end, 3)));
    this.holder.append(element("p", { class: "quiet" }, `up to ${count(this.look.most)}`), this.picture);
    this.holder.append(element("p", { class: "quiet ends" }, ends[0], this.look.x, ends[1]));
    this.said = element("b", { class: "number" });
    this.below.append(this.said);
  }

  draw(frame) {
    this.bars.forEach((bar, at) => {
      const share = this.counts[frame * this.bars.length + at] / this.look.most;
      bar.setAttribute("y", 1 - share);
      bar.setAttribute("height", share);
    });
    const lost = this.lost[frame] ? `, ${count(this.lost[frame])} infinite` : "";
    this.said.textContent = `median ${short(this.median[frame])}${lost}`;
    this.picture.setAttribute("aria-label", `${this.plot.title}, a histogram from ${short(this.look.low, 3)} to ${short(this.look.high, 3)}: ${this.said.textContent}`);
  }
}
