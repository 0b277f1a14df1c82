// A pipe of the system for the output of a command. Bun's own pipes are sockets, which a script
// cannot open by name: `echo wrong > /dev/stderr` would fail.
import { dlopen, type Library, ptr } from "bun:ffi";
import { closeSync } from "node:fs";

const symbols = { pipe: { args: ["ptr"], returns: "i32" } } as const;

const musl = `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`;
const libraries: Partial<Record<NodeJS.Platform, string[]>> = {
  linux: ["libc.so.6", musl],
  darwin: ["libSystem.B.dylib"],
};
let library: Library<typeof symbols> | null | undefined;

export class SystemPipe {
  /** Null where the system has none. */
  static open(): SystemPipe | null {
    library ??= load();
    const ends = new Int32Array(2);
    const isOpen = library?.symbols.pipe(ptr(ends)) === 0;
    return isOpen ? new SystemPipe(ends[0]!, ends[1]!) : null;
  }

  private constructor(
    readonly reader: number,
    /** For the command. */
    readonly writer: number,
  ) {}

  /** To be called when the command has the writing end, or never will. */
  closeWriter(): void {
    closeSync(this.writer);
  }

  /** What the command writes. */
  stream(): ReadableStream<Uint8Array> {
    return Bun.file(this.reader).stream();
  }

  /** To be called when the stream has ended or was cancelled: that leaves the pipe open. */
  closeReader(): void {
    closeSync(this.reader);
  }
}

function load(): Library<typeof symbols> | null {
  for (const name of libraries[process.platform] ?? []) {
    try {
      return dlopen(name, symbols);
    } catch {
      // The C library of this system has another name.
    }
  }
  return null;
}
