// A route of the API as one description: the request, the command that it becomes, and the answer.
// Reading, checking and OpenAPI follow from it.
import type { Reply } from "../resp/reply.ts";
import { checkKnown, type Fields, type Given } from "./fields.ts";
import type { Json } from "./json.ts";
import type { RequestCommands, Word } from "./request-command.ts";
import type { Shape } from "./shapes.ts";

export type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

export interface Route {
  method: Method;
  /** With parameters in braces: each is one segment, percent-encoded bytes. */
  path: string;
  /** Unique; operationId in OpenAPI. */
  name: string;
  /** One sentence. */
  summary: string;
  /** The heading that it stands under. */
  tag: string;
  /** The command that it calls. */
  command: string;
  /** Of a GET in the query string, of others in a JSON body. */
  fields?: Fields;
  /** The status of a success; 200. */
  status?: number;
  answer: Shape;
  /** Rejects with a CommandError or a Problem. */
  run(input: Input, commands: RequestCommands): Promise<Reply>;
  /** Answers otherwise than with a 200 and the shape: for example with a 404. Throws a Problem. */
  check?(reply: Reply, input: Input): void;
}

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
export function call(command: string, ...first: string[]): Route["run"] {
  return (input, commands) =>
    commands.run(command, ...input.words(...first), ...input.options(...first));
}

/** The reply as the route shows it. */
export function shownBy({ answer }: Route, reply: Reply): Json {
  return answer.alone(reply);
}
