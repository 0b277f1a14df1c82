// The maps that okq answers, field by field. What an event or a queue does not have is left out of
// them, and undefined here. Fields that this client does not know are left alone.
import { numberIn, pairsIn, type Reply, textIn } from "../reply.ts";
import { dateOf } from "../seconds.ts";

export class Fields {
  readonly #values: Map<string, Reply>;

  constructor(reply: Reply | undefined) {
    this.#values = new Map(pairsIn(reply));
  }

  /** Throws if the field is not there. */
  name(field: string): string {
    return textIn(this.#values.get(field));
  }

  /** Throws if the field is not there. */
  count(field: string): number {
    return numberIn(this.#values.get(field));
  }

  bytes(field: string): Buffer | undefined {
    const value = this.#values.get(field);
    return Buffer.isBuffer(value) ? value : undefined;
  }

  text(field: string): string | undefined {
    return this.#has(field) ? this.name(field) : undefined;
  }

  number(field: string): number | undefined {
    return this.#has(field) ? this.count(field) : undefined;
  }

  /** okq tells seconds. */
  ms(field: string): number | undefined {
    return this.#has(field) ? msOf(this.count(field)) : undefined;
  }

  /** okq tells seconds since 1970. */
  date(field: string): Date | undefined {
    return this.#has(field) ? dateOf(this.count(field)) : undefined;
  }

  isSet(field: string): boolean {
    return this.number(field) === 1;
  }

  list(field: string): Reply[] {
    const value = this.#values.get(field);
    return Array.isArray(value) ? value : [];
  }

  texts(field: string): string[] {
    return this.list(field).map(textIn);
  }

  /** A map within this one. */
  fields(field: string): Fields {
    return new Fields(this.#values.get(field));
  }

  #has(field: string): boolean {
    const value = this.#values.get(field);
    return value !== undefined && value !== null;
  }
}

export function msOf(seconds: number): number {
  return Math.round(seconds * 1000);
}
