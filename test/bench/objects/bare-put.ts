// Creates a small object with as little work as there can be.
import { testKey } from "../../support/s3-server.ts";
import { signedFetch } from "../../support/s3/signed-fetch.ts";

const BODY = Buffer.alloc(1000, "x");

/** `url` is that of the object store. Resolves when the object is there. */
export async function putBare(url: string): Promise<void> {
  const name = `${url}/bucket/bare/${crypto.randomUUID()}`;
  const headers = { "If-None-Match": "*" };
  const { status } = await signedFetch(name, { method: "PUT", body: BODY, headers, key: testKey });
  if (status !== 200) throw new Error(`a bare put was answered with ${status}`);
}
