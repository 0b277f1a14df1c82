// Settings as a client gave them, by their names. Their changes are counted, so that what follows
// from them is worked out once.
export class ReferenceGiven extends Map<string, string> {
  changes = 0;

  override set(name: string, value: string): this {
    this.changes += 1;
    return super.set(name, value);
  }

  override delete(name: string): boolean {
    this.changes += 1;
    return super.delete(name);
  }
}
