// A stage is an SVG that one looks at through a window: it is moved by dragging,
// enlarged by the wheel with Ctrl, by two fingers and by keys.

const least = 0.1;
const most = 2.5;
const readable = 0.62; // below this the words are too small
const threshold = 4; // pixels that a hand may tremble in a click

export class Stage {
  #at = { x: 0, y: 0, k: 1 };
  #fingers = new Map();
  #moved = false;

  // The world is the group that moves in svg; size is of what it holds.
  constructor(svg, world, size, signal) {
    Object.assign(this, { svg, world, size });
    const on = (type, handle, options) => svg.addEventListener(type, handle.bind(this), { signal, ...options });
    on("wheel", this.#wheel, { passive: false });
    on("pointerdown", this.#down);
    on("pointermove", this.#move);
    for (const type of ["pointerup", "pointercancel"]) on(type, this.#up);
    on("click", this.#click, { capture: true });
    on("dragstart", (event) => event.preventDefault());
  }

  // touched is whether somebody has moved it since it last showed all.
  touched = false;

  // show fits all in or, if that would be too small to read, shows as much around
  // a point as there is room for, and nothing of what lies beyond the edges.
  show(point) {
    const { width, height } = this.svg.getBoundingClientRect();
    const k = Math.min(1, width / this.size.width, height / this.size.height);
    this.touched = false;
    if (k < readable && point) {
      const place = (at, size, room) => (size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, room / 2 - at)));
      const { width: w, height: h } = this.size;
      return this.#set(place(point.x * readable, w * readable, width), place(point.y * readable, h * readable, height), readable);
    }
    this.#set((width - this.size.width * k) / 2, (height - this.size.height * k) / 2, k);
  }

  // zoom enlarges by a factor around a point of the window, or its middle.
  zoom(by, px, py) {
    const { width, height } = this.svg.getBoundingClientRect();
    const { x, y, k } = this.#at;
    const to = Math.min(most, Math.max(least, k * by));
    px ??= width / 2;
    py ??= height / 2;
    this.touched = true;
    this.#set(px - ((px - x) * to) / k, py - ((py - y) * to) / k, to);
  }

  pan(dx, dy) {
    this.touched = true;
    this.#set(this.#at.x + dx, this.#at.y + dy, this.#at.k);
  }

  // reveal moves as little as brings a point with room around it into sight.
  reveal(point, roomX, roomY) {
    const { width, height } = this.svg.getBoundingClientRect();
    const { x, y, k } = this.#at;
    const by = (at, room, size) => Math.max(0, room - at) || Math.min(0, size - room - at);
    const dx = by(x + point.x * k, roomX * k, width);
    const dy = by(y + point.y * k, roomY * k, height);
    if (dx || dy) this.pan(dx, dy);
  }

  #set(x, y, k) {
    this.#at = { x, y, k };
    this.world.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${k.toFixed(3)})`);
  }

  #wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    const { left, top } = this.svg.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.06 : 0.004)), event.clientX - left, event.clientY - top);
  }

  #down(event) {
    if (event.button) return;
    if (this.#fingers.size === 0) this.#moved = false;
    this.#fingers.set(event.pointerId, { x: event.clientX, y: event.clientY, x0: event.clientX, y0: event.clientY });
  }

  #move(event) {
    const finger = this.#fingers.get(event.pointerId);
    if (!finger) return;
    const { clientX: x, clientY: y } = event;
    if (!this.#moved && Math.hypot(x - finger.x0, y - finger.y0) < threshold) return;
    if (!this.#moved) {
      this.#moved = true;
      this.svg.setPointerCapture(event.pointerId);
    }
    const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const { left, top } = this.svg.getBoundingClientRect();
      const was = Math.hypot(finger.x - other.x, finger.y - other.y);
      this.zoom(Math.hypot(x - other.x, y - other.y) / (was || 1), (x + other.x) / 2 - left, (y + other.y) / 2 - top);
      this.pan((x - finger.x) / 2, (y - finger.y) / 2);
    } else {
      this.pan(x - finger.x, y - finger.y);
    }
    Object.assign(finger, { x, y });
  }

  #up(event) {
    this.#fingers.delete(event.pointerId);
  }

  // A drag that ends over a node is no click on it.
  #click(event) {
    if (!this.#moved || event.detail === 0) return;
    this.#moved = false;
    event.preventDefault();
    event.stopPropagation();
  }
}
