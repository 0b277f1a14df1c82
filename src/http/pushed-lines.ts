// Pushes of many events in one request: a JSON object for each line, and a line of answer for each.
import { Problem } from "./problem.ts";
import { CommandError, errorReply } from "../commands/errors.ts";
import { checkKnown, type Fields, type Given, refusalOf } from "./fields.ts";
import { bytesUnder } from "./json.ts";
import { objectIn } from "./json-body.ts";
import { type Line, LineTooLong, portionsOf } from "./lines.ts";
import type { RequestCommands, Word } from "./request-command.ts";

/** As many as QMPUSH takes in one step; and so many bytes of JSON are read in one go. */
const PORTION = { linesMax: 1000, bytesMax: 128 * 1024 };

/** A line as the words of QPUSH. */
interface Push {
  number: number;
  id: Buffer | null;
  contents: Word;
  options: Word[];
  /** The same for pushes that can be done in one step. Null: only on its own. */
  likeness: string | null;
}

interface Options {
  queue: Buffer;
  fields: Fields;
  lineBytesMax: number;
  /** Completes what a line gives. */
  complete(given: Given): Given;
}

export class PushedLines {
  readonly #commands: RequestCommands;
  readonly #options: Options;
  #isOver = false;
  #hasAnswered = false;

  constructor(commands: RequestCommands, options: Options) {
    this.#commands = commands;
    this.#options = options;
  }

  /**
   * Answers by portions of lines, in order: {id}, or a problem with the number of its line. A line
   * that cannot be read or pushed ends it, unless it is a duplicate. Before the first answer it
   * rejects with a CommandError if nothing can be pushed at all.
   */
  async *answers(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
    const limits = { ...PORTION, lineBytesMax: this.#options.lineBytesMax };
    try {
      const { bodies } = this.#commands.context.budgets;
      for await (const lines of portionsOf(body, limits, bodies)) {
        const answers: string[] = [];
        for await (const answer of this.#push(lines)) answers.push(answer);
        this.#hasAnswered = true;
        yield lineOf(answers.join("\n"));
        if (this.#isOver || this.#commands.caller.isClosed) return;
      }
    } catch (error) {
      if (error instanceof LineTooLong) {
        return yield lineOf(answerOf(new Problem(413, error.message), error.number));
      }
      if (!this.#hasAnswered) throw error;
      const problem = problemOf(error);
      yield lineOf(JSON.stringify(problem.body));
    }
  }

  async *#push(lines: Line[]): AsyncGenerator<string> {
    let batch: Push[] = [];
    let unreadable: string | null = null;
    for (const line of lines) {
      const push = this.#tryRead(line);
      if (push instanceof Problem) {
        unreadable = answerOf(push, line.number);
        break;
      }
      if (batch[0] && (push.likeness === null || push.likeness !== batch[0].likeness)) {
        yield* this.#pushBatch(batch);
        if (this.#isOver) return;
        batch = [];
      }
      batch.push(push);
    }
    if (batch.length > 0) yield* this.#pushBatch(batch);
    if (this.#isOver || unreadable === null) return;
    this.#isOver = true;
    yield unreadable;
  }

  #tryRead(line: Line): Push | Problem {
    try {
      return this.#read(line);
    } catch (error) {
      return problemOf(error);
    }
  }

  /** Throws a Problem. */
  #read({ number, bytes }: Line): Push {
    const { fields, complete } = this.#options;
    const given = complete(objectIn(bytes, "the line"));
    checkKnown(fields, given);
    const words = (name: string) => fields[name]!.words(name, given);
    const others = Object.keys(fields).filter((name) => name !== "contents" && name !== "id");
    const [, id = null] = words("id") as [unknown?, Buffer?];
    const options = others.flatMap(words);
    const isUnique = options.includes("UNIQUE");
    const likeness = JSON.stringify([id !== null, options.map(exactly)]);
    return {
      number,
      id,
      contents: words("contents")[0]!,
      options,
      likeness: isUnique ? null : likeness,
    };
  }

  async *#pushOne({ number, id, contents, options }: Push): AsyncGenerator<string> {
    const { queue } = this.#options;
    const idWords = id === null ? [] : ["ID", id];
    try {
      const made = await this.#commands.run("QPUSH", queue, contents, ...idWords, ...options);
      this.#hasAnswered = true;
      yield pushed(made as Buffer);
    } catch (error) {
      const problem = this.#refused(error);
      if (problem.code !== "DUPLICATE") this.#isOver = true;
      yield answerOf(problem, number);
    }
  }

  /** All in one step; if that is refused, one by one up to the first that is. */
  async *#pushBatch(batch: Push[]): AsyncGenerator<string> {
    if (batch.length === 1) return yield* this.#pushOne(batch[0]!);
    const { queue } = this.#options;
    const hasIds = batch[0]!.id !== null;
    const events = batch.flatMap(({ id, contents }) => (hasIds ? [id!, contents] : [contents]));
    const words = [...batch[0]!.options, hasIds ? "PAIRS" : "EVENTS", ...events];
    let ids: (Buffer | null)[];
    try {
      ids = (await this.#commands.run("QMPUSH", queue, ...words)) as (Buffer | null)[];
    } catch (error) {
      const problem = this.#refused(error);
      if (problem.status >= 500) {
        this.#isOver = true;
        for (const { number } of batch) yield answerOf(problem, number);
        return;
      }
      for (const push of batch) {
        yield* this.#pushOne(push);
        if (this.#isOver) return;
      }
      return;
    }
    this.#hasAnswered = true;
    for (const [at, { number, id }] of batch.entries()) {
      const made = ids[at] ?? null;
      yield made === null ? answerOf(duplicate(id!), number) : pushed(made);
    }
  }

  /** The problem of a push. Throws on if the user may not push at all. */
  #refused(error: unknown): Problem {
    const problem = problemOf(error, this.#options.fields);
    if (!this.#hasAnswered && (problem.status === 403 || problem.status === 401)) throw error;
    return problem;
  }
}

function lineOf(text: string): Buffer {
  return Buffer.from(`${text}\n`);
}

function exactly(word: Word): Word | [string] {
  return Buffer.isBuffer(word) ? [word.toString("latin1")] : word;
}

function pushed(id: Buffer): string {
  return JSON.stringify(bytesUnder("id", id));
}

function duplicate(id: Buffer): Problem {
  return Problem.ofReply(errorReply("duplicate", { id }));
}

function answerOf({ body }: Problem, line: number): string {
  return JSON.stringify({ ...body, line });
}

/** Throws an error that is none of the client. */
function problemOf(error: unknown, fields: Fields = {}): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof CommandError) return refusalOf(error.reply, fields);
  throw error;
}
