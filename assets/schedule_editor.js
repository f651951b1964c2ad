// A custom schedule as a chart whose points are moved by mouse, finger or keyboard; `data` is that of editor_data in Python.
const NAMESPACE = "http://www.w3.org/2000/svg";
// left and bottom in heights of the type, for the text that stands there; the others in pixels
const EDGE = { left: 4.8, right: 14, top: 10, bottom: 3.5 };
// the factor 1 stands below the upper edge; a point nearer than NEAR pixels is the one that is meant
const CEILING = 1.08, NEAR = 14, STEP = 0.01, LEAP = 0.1, FEWEST = 2, MOST = 200;
// keys are sent when no other one has followed for so many milliseconds
const PAUSE = 400;
// an answer that has not come back after so many milliseconds is not waited for
const PATIENCE = 10000;

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".editor");
  root.editor ??= new Editor(root);
  root.editor.take(data, setTriggerValue);
}

function add(parent, name, attributes = {}, text = "") {
  const node = parent.appendChild(document.createElementNS(NAMESPACE, name));
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  return node;
}

const within = (value, low, high) => Math.min(high, Math.max(low, Math.round(value / STEP) * STEP));
const short = (value) => Number(value.toFixed(6));

class Editor {
  constructor(root) {
    Object.assign(this, { points: [], dragged: null, timer: 0, awaited: null });
    this.legend = root.querySelector(".legend");
    this.svg = root.querySelector("svg");
    [this.frame, this.area, this.chosen, this.handles, this.told] = ["g", "polygon", "polyline", "g", "text"].map((name) => add(this.svg, name));
    this.area.setAttribute("class", "area");
    this.chosen.setAttribute("class", "chosen");
    this.told.setAttribute("class", "told");
    this.svg.addEventListener("pointerdown", (event) => this.grab(event));
    this.svg.addEventListener("pointermove", (event) => this.dragged !== null && this.move(this.dragged, ...this.place(event)));
    for (const name of ["pointerup", "pointercancel"]) this.svg.addEventListener(name, () => this.drop());
    this.svg.addEventListener("dblclick", (event) => this.insert(event));
    this.svg.addEventListener("keydown", (event) => this.press(event));
    for (const name of ["focusin", "focusout"]) this.svg.addEventListener(name, () => this.drawPoints());
    new ResizeObserver(() => this.data && this.draw()).observe(this.svg);
  }

  // Python's points replace ours, but not while they are moved, nor while an older state is still on its way back
  take(data, send) {
    Object.assign(this, { data, send });
    if (data.stamp === this.awaited || Date.now() - this.awaited > PATIENCE) this.awaited = null;
    if (this.dragged === null && !this.timer && this.awaited === null) this.points = data.points.map((point) => [...point]);
    this.draw();
  }

  commit() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (!this.svg.isConnected) return;
    this.awaited = Date.now();
    this.send("moved", { points: this.points.map((point) => point.map(short)), stamp: this.awaited });
  }

  grab(event) {
    const handle = event.target.closest(".handle");
    if (!handle || event.button || this.data.locked) return;
    this.dragged = [...this.handles.children].indexOf(handle);
    this.before = JSON.stringify(this.points);
    this.svg.setPointerCapture(event.pointerId);
    handle.focus();
    event.preventDefault();
  }

  drop() {
    if (this.dragged === null) return;
    this.dragged = null;
    if (JSON.stringify(this.points) !== this.before) this.commit();
    this.drawPoints();
  }

  move(index, progress, factor) {
    const low = this.points[index - 1]?.[0] ?? 0, high = this.points[index + 1]?.[0] ?? 1;
    this.points[index] = [Math.min(high, Math.max(low, within(progress, 0, 1))), within(factor, 0, 1)];
    this.drawPoints();
  }

  insert(event) {
    const [progress, factor] = this.place(event), [x, y] = [this.x(progress), this.y(factor)];
    const isOnPoint = this.points.some(([p, f]) => Math.hypot(this.x(p) - x, this.y(f) - y) < NEAR);
    if (isOnPoint || this.data.locked || this.points.length >= MOST || progress < 0 || progress > 1) return;
    const index = this.points.filter(([p]) => p <= progress).length;
    this.change(() => this.points.splice(index, 0, [within(progress, 0, 1), within(factor, 0, 1)]), index);
    this.commit();
  }

  press(event) {
    const index = [...this.handles.children].indexOf(event.target), leap = event.shiftKey ? LEAP : STEP;
    const ways = { ArrowLeft: [-leap, 0], ArrowRight: [leap, 0], ArrowDown: [0, -leap], ArrowUp: [0, leap] };
    if (index < 0 || this.data.locked) return;
    const [progress, factor] = this.points[index];
    if (ways[event.key]) this.move(index, progress + ways[event.key][0], factor + ways[event.key][1]);
    else if (["Delete", "Backspace"].includes(event.key) && this.points.length > FEWEST) this.change(() => this.points.splice(index, 1), Math.max(0, index - 1));
    else if (event.key === "Enter" && this.points.length < MOST) this.halve(index);
    else return;
    event.preventDefault();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.commit(), PAUSE);
  }

  // a new point halfway to the next one; for the last, halfway from the one before
  halve(index) {
    const at = Math.min(index + 1, this.points.length - 1), [left, right] = [this.points[at - 1], this.points[at]];
    this.change(() => this.points.splice(at, 0, [0, 1].map((axis) => short((left[axis] + right[axis]) / 2))), at);
  }

  change(act, focused) {
    act();
    this.drawPoints();
    this.handles.children[focused].focus();
  }

  // the size of the chart without its edges, in pixels
  get left() { return EDGE.left * this.data.type; }
  get width() { return Math.max(1, this.svg.clientWidth - this.left - EDGE.right); }
  get height() { return this.data.height - EDGE.top - EDGE.bottom * this.data.type; }
  x(progress) { return this.left + progress * this.width; }
  y(factor) { return EDGE.top + (1 - factor / CEILING) * this.height; }

  place(event) {
    const box = this.svg.getBoundingClientRect();
    return [(event.clientX - box.left - this.left) / this.width, (1 - (event.clientY - box.top - EDGE.top) / this.height) * CEILING];
  }

  path(points) { return points.map(([progress, factor]) => `${this.x(progress)},${this.y(factor)}`).join(" "); }

  draw() {
    const { data, frame } = this;
    this.svg.setAttribute("height", data.height);
    this.svg.style.setProperty("--chosen", data.colour);
    this.svg.style.fontSize = this.legend.style.fontSize = `${data.type}px`;
    frame.replaceChildren();
    for (const [factor, text] of data.marks) {
      add(frame, "line", { class: "grid", x1: this.x(0), x2: this.x(1), y1: this.y(factor), y2: this.y(factor) });
      add(frame, "text", { x: this.x(0) - 8, y: this.y(factor), dy: "0.35em", "text-anchor": "end" }, text);
    }
    for (const [progress, text] of data.ticks) add(frame, "text", { x: this.x(progress), y: this.y(0) + 1.4 * data.type, "text-anchor": "middle" }, text);
    add(frame, "text", { x: this.x(0.5), y: data.height - 6, "text-anchor": "middle" }, "Epoch");
    add(frame, "text", { transform: `translate(${0.9 * data.type} ${this.y(0.5)}) rotate(-90)`, "text-anchor": "middle" }, "Epsilon");
    for (const line of data.lines) add(frame, "polyline", { class: "other", points: this.path(line.points), stroke: line.colour, "stroke-dasharray": line.dash });
    this.legend.replaceChildren(...[{ label: data.label, colour: data.colour, dash: "" }, ...data.lines].map((line) => this.name(line)));
    this.drawPoints();
  }

  name(line) {
    const span = document.createElement("span"), mark = add(span, "svg", { width: 34, height: 10, "aria-hidden": "true" });
    add(mark, "line", { x1: 0, x2: 34, y1: 5, y2: 5, stroke: line.colour, "stroke-width": line.dash ? 2 : 3, "stroke-dasharray": line.dash });
    span.append(line.label);
    return span;
  }

  drawPoints() {
    const { points, handles } = this, focused = handles.getRootNode().activeElement;
    const whole = [[0, points[0][1]], ...points, [1, points.at(-1)[1]]];
    this.chosen.setAttribute("points", this.path(whole));
    this.area.setAttribute("points", this.path([[0, 0], ...whole, [1, 0]]));
    while (handles.children.length > points.length) handles.lastChild.remove();
    while (handles.children.length < points.length) this.handle();
    this.told.textContent = "";
    points.forEach(([progress, factor], index) => {
      const handle = handles.children[index], text = `epoch ${(progress * this.data.epochs).toFixed(1)}, epsilon ${(factor * this.data.scale).toFixed(2)}${this.data.unit}`;
      const said = { "aria-label": `Point ${index + 1} of ${points.length}`, "aria-valuenow": Math.round(100 * factor), "aria-valuetext": text, "aria-disabled": this.data.locked };
      for (const [key, value] of Object.entries(said)) handle.setAttribute(key, value);
      handle.setAttribute("transform", `translate(${this.x(progress)} ${this.y(factor)})`);
      if (index === this.dragged || handle === focused) this.tell(text, progress, factor);
    });
  }

  handle() {
    const handle = add(this.handles, "g", { class: "handle", role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-valuemax": 100 });
    add(handle, "circle", { r: NEAR, class: "reach" });
    add(handle, "circle", { r: 7, class: "dot" });
  }

  // beside the point, on the side with more room
  tell(text, progress, factor) {
    const isRight = progress > 0.5, x = this.x(progress) + (isRight ? -NEAR : NEAR), y = this.y(factor) + (factor > 0.5 ? 2 * NEAR : -NEAR);
    for (const [key, value] of Object.entries({ x, y, "text-anchor": isRight ? "end" : "start" })) this.told.setAttribute(key, value);
    this.told.textContent = text;
  }
}
