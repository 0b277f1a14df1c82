// A binary heap whose elements know their place in it, so that any of them can be removed.

/** `heapAt` belongs to the heap that the element is in; -1 when it is in none. */
export interface HeapElement {
  heapAt: number;
}

/** O(log n) for all but `first`. It keeps no reference to a removed element. */
export class IndexedHeap<T extends HeapElement> {
  readonly #elements: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get length(): number {
    return this.#elements.length;
  }

  get first(): T | undefined {
    return this.#elements[0];
  }

  /** In no particular order. */
  get elements(): readonly T[] {
    return this.#elements;
  }

  add(element: T): void {
    this.#elements.push(element);
    this.#rise(element, this.#elements.length - 1);
  }

  remove(element: T): void {
    const at = element.heapAt;
    const last = this.#elements.pop() as T;
    element.heapAt = -1;
    if (last !== element) this.#place(last, at);
  }

  /** Call it when the order of an element in the heap has changed. */
  moved(element: T): void {
    this.#place(element, element.heapAt);
  }

  #place(element: T, at: number): void {
    const parent = this.#elements[(at - 1) >> 1];
    if (at > 0 && this.#isBefore(element, parent as T)) this.#rise(element, at);
    else this.#sink(element, at);
  }

  #rise(element: T, from: number): void {
    const elements = this.#elements;
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = elements[parentAt] as T;
      if (!this.#isBefore(element, parent)) break;
      elements[at] = parent;
      parent.heapAt = at;
      at = parentAt;
    }
    elements[at] = element;
    element.heapAt = at;
  }

  #sink(element: T, from: number): void {
    const elements = this.#elements;
    const count = elements.length;
    let at = from;
    for (let childAt = 2 * at + 1; childAt < count; childAt = 2 * at + 1) {
      let child = elements[childAt] as T;
      if (childAt + 1 < count && this.#isBefore(elements[childAt + 1] as T, child)) {
        child = elements[++childAt] as T;
      }
      if (!this.#isBefore(child, element)) break;
      elements[at] = child;
      child.heapAt = at;
      at = childAt;
    }
    elements[at] = element;
    element.heapAt = at;
  }
}
