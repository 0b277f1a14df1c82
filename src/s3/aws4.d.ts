// The part of aws4 that okq uses.
declare module "aws4" {
  interface Signed {
    headers: Record<string, string>;
  }
  interface ToSign extends Signed {
    method: string;
    host: string;
    /** With the query. */
    path: string;
    service: string;
    region: string;
  }
  interface Keys {
    accessKeyId: string;
    secretAccessKey: string;
    sessionToken?: string;
  }
  /** The headers of the answer are the given ones and those of the signature. */
  export function sign(request: ToSign, keys: Keys): Signed;
}
