import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openConfigFile } from "../drills/config-file.ts";

const [OLD, FRESH] = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"];
const [SHOP, MINI, ENV] = ["wx0000000000000001", "wx0000000000000002", "wx0000000000000003"];

describe("the configuration file of a drill", () => {
  let folder: string;
  let path: string;
  let text: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tokenkeeper-drill-config-"));
    path = join(folder, "tokenkeeper.yaml");
    text = [
      "accounts:",
      "  # the shop",
      `  - { name: shop, type: official-account, appId: ${SHOP}, secret: ${OLD} }`,
      `  - { name: mini, type: mini-program, appId: ${MINI}, secretFile: ${join(folder, "mini")} }`,
      `  - { name: env, type: mini-program, appId: ${ENV}, secret: "\${MINI_SECRET}" }`,
      "",
    ].join("\n");
    await writeFile(path, text, { mode: 0o600 });
    await writeFile(join(folder, "mini"), OLD, { mode: 0o400 });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const open = (): ReturnType<typeof openConfigFile> => openConfigFile(path, { MINI_SECRET: OLD });

  it.each([SHOP, MINI])("gets the new secret of %s where the old one stands, and all back as it was", async (id) => {
    const config = open();

    config.setSecret(id, FRESH);

    expect(config.account(id).secret.reveal()).toBe(FRESH);
    config.restore();
    expect(config.account(id).secret.reveal()).toBe(OLD);
    expect(await readFile(path, "utf8")).toBe(text);
  });

  it("leaves a secret in a variable alone", async () => {
    const config = open();

    expect(() => config.setSecret(ENV, FRESH)).toThrow("is a variable");
    expect(await readFile(path, "utf8")).toBe(text);
  });

  it("gets another kind of token for one account, and keeps its comments", async () => {
    const config = open();

    config.setToken(SHOP, "classic");

    expect([config.account(SHOP).token, config.account(MINI).token]).toEqual(["classic", "stable"]);
    expect(await readFile(path, "utf8")).toContain("# the shop");
  });
});
