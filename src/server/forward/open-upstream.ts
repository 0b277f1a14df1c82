// Opens a socket to the okq that serves. With TLS its certificate must be exactly the one that the
// bucket names: nobody else can have written that.
import type { Socket } from "bun";
import type { TlsFiles } from "../certificates.ts";
import type { Place, UpstreamHandlers, UpstreamSocket } from "./upstream-socket.ts";

const OPEN_MS_MAX = 3_000;
const KEEP_ALIVE_MS = 10_000;

/** As OpenUpstream. `own`: what okq shows to one that demands certificates of its clients. */
export function openUpstream(
  place: Place,
  own: TlsFiles | null,
  handlers: UpstreamHandlers,
): Promise<UpstreamSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<UpstreamSocket>();
  let isOpen = false;
  const opened = (socket: Socket) => {
    isOpen = true;
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setNoDelay(true);
    resolve(socket);
  };
  const failed = (socket: Socket | null, reason: string) => {
    if (isOpen) handlers.closed(reason);
    isOpen = false;
    reject(new Error(reason));
    socket?.terminate();
  };
  const timer = setTimeout(() => reject(new Error("it does not answer")), OPEN_MS_MAX);
  const { hostname, port } = hostAndPort(place.addr);
  const tls = place.isTls && { ...(own && { cert: own.cert, key: own.key }), ...NOT_BY_NAME };
  const connecting = Bun.connect({
    hostname,
    port,
    ...(tls && { tls }),
    socket: {
      open: (socket) => void (place.isTls || opened(socket)),
      handshake: (socket, isDone, error) => {
        if (isPinned(socket, place)) return opened(socket);
        const problem = "its certificate is not the one that the bucket names";
        failed(socket, isDone || !error ? problem : error.message);
      },
      data: (_socket, chunk) => handlers.data(chunk),
      drain: () => handlers.drained(),
      end: (socket) => failed(socket, "it closed the connection"),
      close: (socket) => failed(socket, "the connection broke"),
      error: (socket, error) => failed(socket, error.message),
      connectError: (_socket, error) => reject(reasonOf(error)),
    },
  });
  const late = (socket: Socket) => promise.catch(() => socket.terminate());
  connecting.then(late, (error: Error) => reject(reasonOf(error)));
  return promise.finally(() => clearTimeout(timer));
}

/** Its certificate is compared by isPinned. */
const NOT_BY_NAME = { rejectUnauthorized: false };

function isPinned(socket: Socket, { certificate }: Place): boolean {
  // Bun's types lack it.
  const { getPeerCertificate } = socket as unknown as {
    getPeerCertificate(): { fingerprint256?: string } | undefined;
  };
  const fingerprint = getPeerCertificate.call(socket)?.fingerprint256 ?? "";
  return fingerprint.replaceAll(":", "").toLowerCase() === certificate?.toLowerCase();
}

function reasonOf(error: Error): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ECONNREFUSED") return new Error("nobody listens there");
  return new Error(code ?? error.message);
}

function hostAndPort(addr: string): { hostname: string; port: number } {
  const colon = addr.lastIndexOf(":");
  const hostname = addr.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  return { hostname, port: Number(addr.slice(colon + 1)) };
}
