// Names in ascending order of their characters, in blocks of bounded length: adding or removing a
// name moves only its neighbours.

const blockLengthMax = 512;

/** Each name is in it at most once. */
export class SortedNames {
  /** No block is empty; the names of a block come before those of the next one. */
  readonly #blocks: string[][] = [];

  /** The caller has made sure that the name is not there. */
  add(name: string): void {
    const at = this.#blockOf(name);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#blocks.push([name]);
      return;
    }
    block.splice(indexAfter(block, name), 0, name);
    if (block.length > blockLengthMax) {
      this.#blocks.splice(at + 1, 0, block.splice(blockLengthMax >> 1));
    }
  }

  /** The name must be in here. */
  remove(name: string): void {
    const at = this.#blockOf(name);
    const block = this.#blocks[at] as string[];
    block.splice(indexAfter(block, name) - 1, 1);
    if (block.length === 0) this.#blocks.splice(at, 1);
  }

  /** At most `limit` names after `name`, or the first ones. */
  after(name: string | null, limit: number): string[] {
    let at = name === null ? 0 : this.#blockOf(name);
    let from = name === null ? 0 : indexAfter(this.#blocks[at] ?? [], name);
    const found: string[] = [];
    while (found.length < limit && at < this.#blocks.length) {
      found.push(...(this.#blocks[at] as string[]).slice(from, from + limit - found.length));
      at++;
      from = 0;
    }
    return found;
  }

  /** The index of the block that has the name or would have it. */
  #blockOf(name: string): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#blocks[middle]![0] as string) <= name) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** The index of the first of the names that is greater than `name`. */
function indexAfter(names: readonly string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((names[middle] as string) > name) high = middle;
    else low = middle + 1;
  }
  return low;
}
