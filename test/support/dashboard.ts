// Opens the dashboard of a new okq in a headless Chromium, as a person sees it. A test fails if the
// page throws, or tries what its Content-Security-Policy forbids.
import { afterAll, beforeAll } from "bun:test";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import type { Config } from "../../src/config/options.ts";
import { closeAfterTest } from "./close-after-test.ts";
import { eventually } from "./eventually.ts";
import { startOkqOn, type TestOkq } from "./okq-server.ts";
import type { Wire } from "./wire.ts";

/** The stores on which the pages that depend on them are tested. The other tests run on one. */
export const dashboardStores = ["sqlite", "redis"] as const;

const ACTION_MS_MAX = 20_000;

let browser: Browser | null = null;

/** To be called at the top of a test file: starts the browser of all its tests. */
export function useBrowser(): void {
  beforeAll(async () => {
    // The same engine without windows: a page costs a third of the processor time.
    const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium-headless-shell";
    // Chromium has no sandbox where tests run as root.
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  }, 60_000);
  afterAll(() => browser?.close());
}

export interface Dashboard {
  okq: TestOkq;
  wire: Wire;
  page: Page;
  /** Opens a path of the dashboard. */
  open(path: string): Promise<void>;
}

export async function openDashboard(
  store: Parameters<typeof startOkqOn>[0],
  config: Partial<Config> = {},
): Promise<Dashboard> {
  const okq = await startOkqOn(store, { httpAddr: "127.0.0.1:0", ...config });
  const page = await newPage();
  const root = `http://127.0.0.1:${okq.httpPort}${config.httpPrefix ?? ""}`;
  return {
    okq,
    wire: await okq.connect(),
    page,
    async open(path) {
      await page.goto(root + path);
    },
  };
}

/** A page of a browser without cookies. */
export async function newPage(options: Parameters<Browser["newContext"]>[0] = {}): Promise<Page> {
  const context: BrowserContext = await browser!.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(ACTION_MS_MAX);
  const failures: string[] = [];
  page.on("pageerror", (error) => failures.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) failures.push(message.text());
  });
  page.on("dialog", (dialog) => {
    failures.push(`a script opened a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  closeAfterTest({
    async close() {
      await context.close();
      if (failures.length > 0) throw new Error(failures.join("\n"));
    },
  });
  return page;
}

/** Waits until the text is there. */
export function seen(page: Page, text: string | RegExp): Promise<void> {
  return page.getByText(text).first().waitFor();
}

/** Waits until the texts of the cells of all rows are these. */
export async function rowsAre(page: Page, column: string, wanted: string[]): Promise<void> {
  await eventually(
    async () => {
      const texts = await page.locator(`tbody td[data-title="${column}"]`).allInnerTexts();
      const found = texts.map((text) => text.trim());
      if (Bun.deepEquals(found, wanted)) return true;
      throw new Error(`the column ${column} has ${JSON.stringify(found)}`);
    },
    { message: `the column ${column} has ${JSON.stringify(wanted)}` },
  );
}

/** The row of a table in which that text stands. */
export function row(page: Page, text: string) {
  return page.getByRole("row").filter({ hasText: text });
}

/** The open dialog. */
export function dialogOf(page: Page) {
  return page.getByRole("dialog");
}
