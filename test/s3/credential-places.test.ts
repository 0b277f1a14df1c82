// Where okq finds access keys, through openBucket as a user meets it: options, environment, files,
// and real HTTP servers in place of STS, ECS and EC2. The stand-in for S3 tells which key came.
import { beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openBucket } from "../../src/app/open-bucket.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import { createLog } from "../../src/log/log.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { newFolder } from "../support/new-folder.ts";
import { type S3Server, startS3 } from "../support/s3-server.ts";

type Environment = Record<string, string>;
type Flags = Record<string, string>;

/** No file of the machine that runs the tests, and no network. */
const alone: Environment = {
  AWS_SHARED_CREDENTIALS_FILE: "/no/credentials",
  AWS_CONFIG_FILE: "/no/config",
  AWS_EC2_METADATA_DISABLED: "true",
};
const secret = "hunter2";
const lines: string[] = [];
let s3: S3Server;

beforeEach(() => {
  lines.length = 0;
  s3 = closeAfterTest(startS3());
  for (const name of ["first", "second", "third"]) s3.keys.set(name, { accessKey: name, secret });
  s3.keys.set("temporary", { accessKey: "temporary", secret, sessionToken: "a&b" });
});

function open(flags: Flags, env: Environment = {}) {
  const config = resolveConfig({ store: "s3://bucket/okq", "s3-endpoint": s3.url, ...flags }, {});
  const log = createLog("text", true, (line) => lines.push(line));
  return closeAfterTest(openBucket(config, log, { ...alone, ...env }));
}

/** The key that signed a request, or why there was none. */
async function keyOf(flags: Flags, env: Environment = {}): Promise<string> {
  try {
    await open(flags, env).read("a");
    return s3.records.at(-1)!.accessKey;
  } catch (error) {
    const { message } = error as Error;
    expect(message).not.toMatch(/hunter2|\n/);
    return message.replace(/^cannot read a in s3:\/\/bucket\/okq: /, "");
  }
}

function fileWith(text: string): string {
  const file = join(newFolder(), "file");
  writeFileSync(file, text);
  return file;
}

/** Answers requests as the function says, which gets "GET /path" and the request. */
function serve(answer: (what: string, request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => answer(`${request.method} ${new URL(request.url).pathname}`, request),
  });
  closeAfterTest({ close: () => server.stop(true) });
  return `http://127.0.0.1:${server.port}`;
}

const inAnHour = new Date(Date.now() + 3_600_000).toISOString();

function jsonKeys(id: string, more = {}): Response {
  return Response.json({ AccessKeyId: id, SecretAccessKey: secret, Expiration: inAnHour, ...more });
}

const envKeys = { AWS_ACCESS_KEY_ID: "second", AWS_SECRET_ACCESS_KEY: secret };

describe("options", () => {
  test("win over everything", async () => {
    const keys = { "s3-access-key-id": "first", "s3-secret-access-key": secret };
    expect(await keyOf(keys, envKeys)).toBe("first");
    const file = fileWith(`${secret}\n`);
    expect(
      await keyOf({ "s3-access-key-id": "first", "s3-secret-access-key-file": file }, envKeys),
    ).toBe("first");
  });

  test("a session token is sent", async () => {
    const keys = { "s3-access-key-id": "temporary", "s3-secret-access-key": secret };
    expect(await keyOf({ ...keys, "s3-session-token": "a&b" })).toBe("temporary");
    expect(await keyOf({ ...keys, "s3-session-token": "other" })).toStartWith("400 InvalidToken");
  });

  test("a profile or its file win over the environment", async () => {
    const file = fileWith(
      `[default]\naws_access_key_id = first\naws_secret_access_key = ${secret}\n` +
        `[other]\naws_access_key_id=third\naws_secret_access_key=${secret}\n`,
    );
    expect(await keyOf({ "s3-credentials-file": file }, envKeys)).toBe("first");
    expect(await keyOf({ "s3-credentials-file": file, "s3-profile": "other" }, envKeys)).toBe(
      "third",
    );
    expect(await keyOf({ "s3-credentials-file": file, "s3-profile": "none" }, envKeys)).toBe(
      `profile "none" in ${file} and /no/config has no aws_access_key_id`,
    );
  });
});

describe("the environment", () => {
  test("has keys", async () => {
    expect(await keyOf({}, envKeys)).toBe("second");
    const temporary = { AWS_ACCESS_KEY_ID: "temporary", AWS_SESSION_TOKEN: "a&b" };
    expect(await keyOf({}, { ...envKeys, ...temporary })).toBe("temporary");
  });

  test("with half of a pair is a mistake", async () => {
    expect(await keyOf({}, { AWS_ACCESS_KEY_ID: "second" })).toBe(
      "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not",
    );
    expect(await keyOf({}, { AWS_SECRET_ACCESS_KEY: secret })).toBe(
      "AWS_SECRET_ACCESS_KEY is set, and AWS_ACCESS_KEY_ID is not",
    );
  });
});

describe("a profile", () => {
  test("may be in either file, with comments and spaces", async () => {
    const text = `# c\n[profile x]\nregion = us-east-1 ; c\ns3 =\n  aws_access_key_id = bad\n
      aws_access_key_id = bad\naws_access_key_id = third\r\naws_secret_access_key = ${secret} # c`;
    const env = { AWS_CONFIG_FILE: fileWith(text), AWS_PROFILE: "x" };
    expect(await keyOf({}, env)).toBe("third");
  });

  test("that AWS_PROFILE names must be there", async () => {
    expect(await keyOf({}, { AWS_PROFILE: "x" })).toBe(
      'profile "x" in /no/credentials and /no/config has no aws_access_key_id',
    );
  });

  test.each([
    ["sso_session = x", "has sso_session, which okq does not know: use keys"],
    ["role_arn = x\nsource_profile = y", "has role_arn, which okq does not know: use keys"],
    ["aws_access_key_id = x", "has no aws_secret_access_key"],
    [`aws_secret_access_key = ${secret}`, "has no aws_access_key_id"],
  ])("with %p alone is a mistake", async (text, message) => {
    const file = fileWith(`[default]\n${text}\n`);
    expect(await keyOf({}, { AWS_CONFIG_FILE: file })).toBe(
      `profile "default" in /no/credentials and ${file} ${message}`,
    );
  });

  test("is read again when the object store does not know the key", async () => {
    const file = fileWith(`[default]\naws_access_key_id=gone\naws_secret_access_key=${secret}\n`);
    const bucket = open({}, { AWS_SHARED_CREDENTIALS_FILE: file });
    await expect(bucket.read("a")).rejects.toThrow("403 InvalidAccessKeyId");
    writeFileSync(file, `[default]\naws_access_key_id=third\naws_secret_access_key=${secret}\n`);
    expect(await bucket.read("a")).toBeNull();
    expect(s3.records.map(({ accessKey }) => accessKey)).toEqual(["gone", "gone", "third"]);
  });

  test("in a file that cannot be read is a mistake", async () => {
    expect(await keyOf({}, { AWS_SHARED_CREDENTIALS_FILE: newFolder() })).toMatch(
      /^cannot read \/.* \(EISDIR/,
    );
  });
});

describe("web identity", () => {
  const role = { AWS_ROLE_ARN: "arn:aws:iam::1:role/okq" };

  test("exchanges the token in the file for keys", async () => {
    let form = "";
    const sts = serve(async (_, request) => {
      form = await request.text();
      return new Response(
        `<AssumeRoleWithWebIdentityResponse><Credentials><SessionToken>a&amp;b</SessionToken>` +
          `<SecretAccessKey>${secret}</SecretAccessKey><Expiration>${inAnHour}</Expiration>` +
          `<AccessKeyId>temporary</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResponse>`,
      );
    });
    const file = fileWith("the.token\n");
    const env = { ...role, AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ENDPOINT_URL_STS: sts };
    expect(await keyOf({}, { ...env, AWS_ROLE_SESSION_NAME: "me" })).toBe("temporary");
    expect(Object.fromEntries(new URLSearchParams(form))).toEqual({
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: "arn:aws:iam::1:role/okq",
      RoleSessionName: "me",
      WebIdentityToken: "the.token",
    });
  });

  test("says why STS refuses", async () => {
    const sts = serve(
      () =>
        new Response("<Error><Code>InvalidIdentityToken</Code><Message>None</Message>", {
          status: 400,
        }),
    );
    const file = fileWith(secret);
    const env = { ...role, AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ENDPOINT_URL_STS: sts };
    expect(await keyOf({}, env)).toBe(
      `${sts} gives no credentials for arn:aws:iam::1:role/okq: 400 InvalidIdentityToken None`,
    );
  });

  test("needs a role, and a file that can be read", async () => {
    expect(await keyOf({}, { AWS_WEB_IDENTITY_TOKEN_FILE: "/no/token" })).toBe(
      "AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not",
    );
    expect(await keyOf({}, { ...role, AWS_WEB_IDENTITY_TOKEN_FILE: "/no/token" })).toStartWith(
      "AWS_WEB_IDENTITY_TOKEN_FILE: cannot read /no/token (ENOENT",
    );
  });
});

describe("a container", () => {
  test("asks with the token in the file, which may change", async () => {
    const tokens: (string | null)[] = [];
    const url = serve((_, request) => {
      tokens.push(request.headers.get("authorization"));
      return jsonKeys(tokens.length === 1 ? "gone" : "temporary", { Token: "a&b" });
    });
    const file = fileWith("one\n");
    const bucket = open(
      {},
      {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/keys`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
      },
    );
    writeFileSync(file, "two\n");
    expect(await bucket.read("a")).toBeNull();
    expect(tokens).toEqual(["two", "two"]);
    expect(s3.records.map(({ accessKey }) => accessKey)).toEqual(["gone", "temporary"]);
  });

  test.each<[string, () => Response, string]>([
    ["an error", () => new Response("no", { status: 403 }), "the answer is 403"],
    ["no JSON", () => new Response(`${secret}`), "the answer is not JSON"],
    ["no keys", () => Response.json({ SecretAccessKey: secret }), "the answer has no access key"],
    ["null", () => Response.json(null), "the answer has no access key"],
  ])("that answers with %s is a mistake", async (_, answer, message) => {
    expect(await keyOf({}, { AWS_CONTAINER_CREDENTIALS_FULL_URI: serve(answer) })).toBe(
      `AWS_CONTAINER_CREDENTIALS_FULL_URI: ${message}`,
    );
  });

  test("sends the token to no other machine in plain text", async () => {
    for (const url of ["http://example.com/", "http://127.0.0.1.example.com/", "nonsense"]) {
      expect(await keyOf({}, { AWS_CONTAINER_CREDENTIALS_FULL_URI: url })).toBe(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https:// nor of this machine",
      );
    }
  });

  test("that does not answer is a mistake", async () => {
    const url = "http://127.0.0.1:1/keys";
    expect(await keyOf({}, { AWS_CONTAINER_CREDENTIALS_FULL_URI: url })).toStartWith(
      "AWS_CONTAINER_CREDENTIALS_FULL_URI: http://127.0.0.1:1 does not answer (",
    );
  });
});

describe("an EC2 instance", () => {
  const roles = "/latest/meta-data/iam/security-credentials/";

  /** Version 2 of the metadata service. */
  function instance(role: string | null, keys = () => jsonKeys("third")): Environment {
    const url = serve((what, { headers }) => {
      if (what === "PUT /latest/api/token") {
        const isAsked = headers.get("x-aws-ec2-metadata-token-ttl-seconds") === "300";
        return isAsked ? new Response("session") : new Response("", { status: 400 });
      }
      const isKnown = headers.get("x-aws-ec2-metadata-token") === "session";
      if (!isKnown) return new Response("", { status: 401 });
      if (role === null) return new Response("", { status: 404 });
      if (what === `GET ${roles}`) return new Response(role);
      return what === `GET ${roles}${role}` ? keys() : new Response("", { status: 404 });
    });
    return { AWS_EC2_METADATA_SERVICE_ENDPOINT: `${url}/`, AWS_EC2_METADATA_DISABLED: "" };
  }

  test("has the keys of its role", async () => {
    expect(await keyOf({}, instance("okq-role"))).toBe("third");
  });

  test("is asked again when the object store finds the keys expired", async () => {
    let calls = 0;
    const bucket = open(
      {},
      instance("okq-role", () => jsonKeys(calls++ === 0 ? "second" : "third")),
    );
    await bucket.read("a");
    s3.keys.set("second", { accessKey: "second", secret, expiresMs: 0 });
    await bucket.read("a");
    expect(s3.records.map(({ accessKey }) => accessKey)).toEqual(["second", "second", "third"]);
  });

  test("without a role has none", async () => {
    expect(await keyOf({}, instance(null))).toEndWith("; EC2 metadata: the instance has no role");
  });

  test("is not asked if AWS_EC2_METADATA_DISABLED says so", async () => {
    const env = { ...instance("okq-role"), AWS_EC2_METADATA_DISABLED: "True" };
    expect(await keyOf({}, env)).toEndWith("; AWS_EC2_METADATA_DISABLED is true");
  });
});

test("names every place where no credentials are", async () => {
  const env = {
    AWS_EC2_METADATA_DISABLED: "",
    AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:1",
  };
  expect(await keyOf({}, env)).toBe(
    "no credentials: AWS_ACCESS_KEY_ID is not set; AWS_WEB_IDENTITY_TOKEN_FILE is not set; " +
      'profile "default" in /no/credentials and /no/config has no aws_access_key_id; ' +
      "AWS_CONTAINER_CREDENTIALS_FULL_URI is not set; EC2 metadata: http://127.0.0.1:1 does not " +
      "answer (Unable to connect)",
  );
  expect(s3.records).toEqual([]);
});

describe("endpoint and region", () => {
  const regional = async (flags: Flags, env: Environment): Promise<string | undefined> => {
    const bucket = open(flags, { ...envKeys, ...env });
    await bucket.read("a").catch(() => {});
    return s3.records.at(-1)?.headers.get("authorization")?.split("/")[2];
  };
  const config = () => fileWith("[default]\nregion = from-file\n");

  test.each<[Flags, () => Environment, string]>([
    [{ "s3-region": "from-flag" }, () => ({ AWS_REGION: "from-env" }), "from-flag"],
    [{}, () => ({ AWS_REGION: "from-env", AWS_DEFAULT_REGION: "other" }), "from-env"],
    [{}, () => ({ AWS_DEFAULT_REGION: "other", AWS_CONFIG_FILE: config() }), "other"],
    [{}, () => ({ AWS_CONFIG_FILE: config() }), "from-file"],
    [{}, () => ({}), "us-east-1"],
  ])("the region for %j is that of the first place (%#)", async (flags, env, region) => {
    expect(await regional(flags, env())).toBe(region);
  });

  test("the endpoint comes from the option, the environment or the profile", async () => {
    const nowhere = "http://127.0.0.1:1";
    const file = fileWith(`[default]\nendpoint_url = ${s3.url}\n`);
    const cases: [Flags, Environment][] = [
      [{ "s3-endpoint": s3.url }, { AWS_ENDPOINT_URL_S3: nowhere }],
      [{ "s3-endpoint": "" }, { AWS_ENDPOINT_URL_S3: s3.url, AWS_ENDPOINT_URL: nowhere }],
      [{ "s3-endpoint": "" }, { AWS_ENDPOINT_URL: s3.url, AWS_CONFIG_FILE: file }],
      [{ "s3-endpoint": "" }, { AWS_CONFIG_FILE: file }],
    ];
    for (const [flags, env] of cases)
      expect(await keyOf(flags, { ...envKeys, ...env })).toBe("second");
    expect(s3.records).toHaveLength(4);
    expect(() => open({ "s3-endpoint": "" }, { AWS_ENDPOINT_URL: "s3.example.com" })).toThrow(
      "AWS_ENDPOINT_URL: the value is not a URL such as https://s3.example.com",
    );
  });
});

test("--s3-sse is sent with every write", async () => {
  await open({ "s3-sse": "aws:kms:k" }, envKeys).write("a", Buffer.from("1"));
  const { headers } = s3.records[0]!;
  expect(headers.get("x-amz-server-side-encryption-aws-kms-key-id")).toBe("k");
});

test("a file of an option that cannot be used is named with the option", () => {
  const unreadable = { "s3-access-key-id": "first", "s3-secret-access-key-file": "/no/file" };
  expect(() => open(unreadable)).toThrow("--s3-secret-access-key-file: cannot read");
  expect(() => open({ "s3-endpoint": "https://h", "s3-ca": "/no/file" })).toThrow(
    "--s3-ca: cannot read",
  );
});
