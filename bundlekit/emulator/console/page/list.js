// A list of many rows of one height, of which only those in sight are in the document.

export class List {
  /** `draw(element, item, index)` fills a row; `keyOf(item)` says by what it is known again. */
  constructor(container, height, draw, keyOf) {
    this.container = container;
    this.height = height;
    this.draw = draw;
    this.keyOf = keyOf;
    this.items = [];
    this.follows = true;
    this.rows = [];
    this.due = false;
    this.tall = document.createElement("div");
    this.tall.setAttribute("role", "presentation");
    container.append(this.tall);
    container.addEventListener("scroll", () => {
      const left = container.scrollHeight - container.clientHeight - container.scrollTop;
      if (container.clientHeight) this.follows = left < this.height;
      this.later();
    });
    new ResizeObserver(() => this.later()).observe(container);
  }

  /** Show these items; what is in sight stays where it is, unless the end is followed. */
  show(items) {
    const top = this.items[this.first()];
    const offset = this.container.scrollTop % this.height;
    this.items = items;
    this.tall.style.height = `${items.length * this.height}px`;
    if (!this.follows && top) {
      const index = items.findIndex((item) => this.keyOf(item) >= this.keyOf(top));
      if (index >= 0 && index !== this.first()) this.container.scrollTop = index * this.height + offset;
    }
    this.later();
  }

  follow(follows) {
    this.follows = follows;
    this.later();
  }

  /** Scroll so far that an item is in sight. */
  reveal(index) {
    const { scrollTop, clientHeight } = this.container;
    const top = index * this.height;
    if (top < scrollTop) this.container.scrollTop = top;
    else if (top + this.height > scrollTop + clientHeight) this.container.scrollTop = top + this.height - clientHeight;
    this.render();
  }

  first() {
    return Math.floor(this.container.scrollTop / this.height);
  }

  later() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      this.render();
    });
  }

  render() {
    if (!this.container.clientHeight) return;
    if (this.follows) this.container.scrollTop = this.container.scrollHeight;
    const first = this.first();
    const count = Math.min(Math.ceil(this.container.clientHeight / this.height) + 1, this.items.length - first);
    while (this.rows.length < count) {
      const row = document.createElement("div");
      this.rows.push(row);
      this.tall.append(row);
    }
    this.rows.forEach((row, number) => {
      row.hidden = number >= count;
      if (row.hidden) return;
      row.style.transform = `translateY(${(first + number) * this.height}px)`;
      this.draw(row, this.items[first + number], first + number);
    });
  }
}
