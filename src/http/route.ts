// A route of the API as one description: the request, the command that it becomes, and the answer.
// Reading, checking and OpenAPI follow from it.
import type { Reply } from "../resp/reply.ts";
import type { Exchange } from "./exchange.ts";
import { checkKnown, type Fields, type Given } from "./fields.ts";
import type { Octets } from "./octets.ts";
import type { RequestCommands, Word } from "./request-command.ts";
import type { Schema, Shape } from "./shapes.ts";
import type { Visit } from "./visits.ts";

export type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

interface Described {
  method: Method;
  /** With parameters in braces: each is one segment, percent-encoded bytes. */
  path: string;
  /** Unique; operationId in OpenAPI. */
  name: string;
  /** One sentence. */
  summary: string;
  /** The heading that it stands under. */
  tag: string;
  /** The command that it calls, or that does the same. */
  command: string;
  /** Of a GET in the query string, of others in a JSON body. */
  fields?: Fields;
}

/** Answers a request with the reply to commands, in JSON. */
export interface CommandRoute extends Described {
  /** The status of a success; 200. */
  status?: number;
  answer: Shape;
  /** Rejects with a CommandError or a Problem. */
  run(input: Input, commands: RequestCommands): Promise<Reply>;
  /** Of a pop: the worker and the queues, so that it counts as the right consumer. */
  pops?(input: Input): string;
  /** What is not there if the reply is nil, which is a 404. */
  missing?: string;
  /** Completes what the client gave. */
  complete?(given: Given, request: Request): Given;
  /** The field that a body of application/octet-stream is; the others stand in headers. */
  octetsField?: string;
  /** The answer without JSON, for clients that accept that. */
  octets?: OctetsAnswer;
  /** Takes a body of lines of JSON. */
  lines?: StreamRoute["open"];
}

export interface OctetsAnswer {
  /** What stands in headers. */
  facts: readonly string[];
  mayBeNothing: boolean;
  /** null: nothing. */
  of(reply: Reply, input: Input): Octets | null;
}

/** Answers a request with an open end. */
export interface StreamRoute extends Described {
  mediaType: string;
  schema: Schema;
  /** The visit lasts until the response has ended; then the route ends it. */
  open(input: Input, visit: Visit, exchange: Exchange): Promise<Response>;
}

export type Route = CommandRoute | StreamRoute;

/** A request as its route reads it. */
export class Input {
  readonly #path: Map<string, Buffer>;
  readonly #fields: Fields;
  readonly given: Given;

  /** Throws a Problem for a field that the route does not have. */
  constructor(path: Map<string, Buffer>, fields: Fields, given: Given) {
    checkKnown(fields, given);
    this.#path = path;
    this.#fields = fields;
    this.given = given;
  }

  /** The words of these parameters and fields, in this order. Throws a Problem. */
  words(...names: string[]): Word[] {
    return names.flatMap((name) => {
      const parameter = this.#path.get(name);
      return parameter ? [parameter] : this.#fields[name]!.words(name, this.given);
    });
  }

  /** The words of all fields but these. Throws a Problem. */
  options(...except: string[]): Word[] {
    const names = Object.keys(this.#fields).filter((name) => !except.includes(name));
    return this.words(...names);
  }
}

/** Runs the command with these parameters and fields as its first words, then all other fields. */
export function call(command: string, ...first: string[]): CommandRoute["run"] {
  return (input, commands) =>
    commands.run(command, ...input.words(...first), ...input.options(...first));
}
