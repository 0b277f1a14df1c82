// Where the client connects to and how it logs in, from options, environment and prompt.
import type { ConnectionOptions } from "node:tls";
import { nameOf, parseAddress } from "../client/address.ts";
import { type ConnectOptions, connect, type Okq, type OkqError } from "../client/client.ts";
import { shown } from "../config/option.ts";
import { isS3Url, parseS3Url, s3Url } from "../config/s3-url.ts";
import { UsageError } from "../config/usage-error.ts";
import type { OptionValues } from "./client-option.ts";
import { CommandFailure } from "./command-failure.ts";
import { type CommonOptions, DEFAULT_ADDRESS } from "./common-options.ts";
import { exitCodes } from "./exit-codes.ts";
import { passwordIn, readOptionFile } from "./option-file.ts";
import type { ServingOkq } from "./serving-okq.ts";
import type { Terminal } from "./terminal/terminal.ts";

type Environment = Record<string, string | undefined>;
type Options = OptionValues<CommonOptions>;

/** As it was given, else the default. */
function addressOf({ addr }: Pick<Options, "addr">, env: Environment): string {
  return addr ?? (env["OKQ_ADDR"] || DEFAULT_ADDRESS);
}

export class ClientConnection {
  /** Whether okq has answered. */
  isConnected = false;
  readonly #options: Options;
  readonly #env: Environment;
  readonly #terminal: Terminal;
  /** All that were opened. */
  readonly #opened: Okq[] = [];
  #loginOptions: Promise<ConnectOptions> | null = null;
  #found: Promise<ServingOkq | null> | null = null;

  constructor(options: Options, env: Environment, terminal: Terminal) {
    this.#options = options;
    this.#env = env;
    this.#terminal = terminal;
  }

  /** For messages, without a password. */
  get address(): string {
    return this.#store ?? this.#parsed().endpoints.map(nameOf).join(", ");
  }

  /**
   * Rejects if okq does not answer at once. Later breaks are the client's to mend. Opens another
   * client each time, and asks for a password the first time only.
   */
  async open(): Promise<Okq> {
    this.#loginOptions ??= this.#connectOptions();
    const options = await this.#loginOptions;
    const serving = await this.#serving(options);
    const stream = serving && { stream: () => serving.open() };
    const okq = connect(this.#text, { ...options, ...stream });
    this.#opened.push(okq);
    const { stateListeners } = okq.session;
    const absent = Promise.withResolvers<never>();
    const listener = (error: OkqError | null) => error && absent.reject(error);
    stateListeners.add(listener);
    await Promise.race([okq.ping(), absent.promise]);
    stateListeners.delete(listener);
    this.isConnected = true;
    return okq;
  }

  /** Where okq is, as --addr takes it. Rejects with a CommandFailure if none serves the store. */
  async place(): Promise<string> {
    const serving = await this.#serving(await this.#connectOptions());
    if (serving === null) return this.#text;
    return await serving.address().catch((error: Error) => {
      throw new CommandFailure(`${this.#store}: ${error.message}`, exitCodes.noServer);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((okq) => okq.close()));
    // Its failure was reported.
    (await this.#found?.catch(() => null))?.close();
  }

  /** null unless a bucket is to name it. */
  #serving({ tls = {} }: ConnectOptions): Promise<ServingOkq | null> {
    const store = this.#store;
    if (store !== null) this.#found ??= servingOkq(store, tls, this.#env);
    return this.#found ?? Promise.resolve(null);
  }

  /** Throws a UsageError. */
  get #store(): string | null {
    const { addr, store } = this.#options;
    if (store === undefined) return null;
    if (addr !== undefined) throw new UsageError("--store contradicts --addr: each names an okq");
    if (!isS3Url(store))
      throw new UsageError(`--store: ${shown(store)} is not s3://bucket[/prefix]`);
    try {
      return s3Url(parseS3Url(store));
    } catch (error) {
      throw new UsageError(`--store: ${shown(store)} ${(error as Error).message}`);
    }
  }

  /** That of another okq is of no use. */
  get #text(): string {
    return this.#store === null ? addressOf(this.#options, this.#env) : DEFAULT_ADDRESS;
  }

  #parsed() {
    const source = this.#options.addr === undefined ? "OKQ_ADDR" : "--addr";
    try {
      return parseAddress(this.#text);
    } catch (error) {
      throw new UsageError(`${source}: ${(error as Error).message}`);
    }
  }

  async #connectOptions(): Promise<ConnectOptions> {
    const { user, timeout } = this.#options;
    const { username = user, password: ofAddress } = this.#parsed();
    const password = await this.#password(user ?? username, ofAddress !== undefined);
    const tls = this.#tls();
    return {
      ...(user !== undefined && { username: user }),
      ...(password !== null && { password }),
      ...(tls !== null && { tls }),
      ...(timeout !== undefined && { commandTimeoutMs: timeout, retryMs: timeout }),
    };
  }

  /** null if there is none, or only that of the address. */
  async #password(user: string | undefined, isInAddress: boolean): Promise<string | null> {
    const { askPassword, passwordFile } = this.#options;
    if (askPassword) {
      if (this.#terminal.isInteractive) {
        const whose = user === undefined ? "" : ` of ${user}`;
        return await this.#terminal.password(`Password${whose}: `);
      }
      throw new UsageError("--ask-password: there is no terminal: give --password-file");
    }
    if (passwordFile !== undefined) {
      return passwordIn(passwordFile);
    }
    return isInAddress ? null : this.#env["OKQ_PASSWORD"] || null;
  }

  #tls() {
    const { tlsCa, tlsCert, tlsKey, tlsName } = this.#options;
    const tls = {
      ...(tlsCa !== undefined && { ca: readOptionFile("tls-ca", tlsCa) }),
      ...(tlsCert !== undefined && { cert: readOptionFile("tls-cert", tlsCert) }),
      ...(tlsKey !== undefined && { key: readOptionFile("tls-key", tlsKey) }),
      ...(tlsName !== undefined && { servername: tlsName }),
    };
    return Object.keys(tls).length === 0 ? null : tls;
  }
}

/** Loaded only when it is needed. Rejects with a CommandFailure or a UsageError. */
async function servingOkq(
  store: string,
  tls: ConnectionOptions,
  env: Environment,
): Promise<ServingOkq> {
  const { ServingOkq: Serving } = await import("./serving-okq.ts");
  try {
    return new Serving(store, tls, env);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new CommandFailure((error as Error).message, exitCodes.noServer);
  }
}
