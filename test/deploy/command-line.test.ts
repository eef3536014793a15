// The lines of docs/runbook.md that run the command line on each platform: what they name is there.
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { readStages } from "../support/dockerfile.ts";
import { readDocument } from "../support/markdown.ts";
import { readManifests } from "./manifests.ts";

const ROOT = join(import.meta.dirname, "../..");
const PROGRAM = "packages/cli/src/main.ts";
const WRAPPER = join(ROOT, "deploy/systemd/tokenkeeper");
const run = promisify(execFile);

/** What stands before the runbook's first table, by what a line begins with. */
let head: string;
beforeAll(async () => {
  head = (await readDocument("docs/runbook.md")).split("\n## ")[0] ?? "";
});

describe("the command line while no worker runs", () => {
  it("is in the worker's image, where docker compose and Kubernetes run it", async () => {
    const { services } = parse(await readDocument("docker-compose.yml"), { merge: true }) as {
      services: Record<string, { build?: { target: string } }>;
    };
    const stage = (await readStages(ROOT, {})).find(({ name }) => name === services["worker"]?.build?.target);
    const copied = stage?.instructions.filter(({ word }) => word === "COPY").map(({ rest }) => rest.split(" ").at(-1));

    expect(head).toContain(`\`docker compose run --rm --no-deps worker node ${PROGRAM} <command>\``);
    expect(copied).toContain("packages/cli/src");
    await expect(stat(join(ROOT, PROGRAM))).resolves.toBeDefined();
  });

  it("is run by Kubernetes in a deployment, and beside a Redis, that there are", async () => {
    const manifests = [
      ...(await readManifests("deploy/kubernetes", ["namespace.yaml", "worker.yaml"])),
      ...(await readManifests("deploy/redis", ["redis.yaml"])),
    ];
    const there = manifests.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`);
    const named = [...head.matchAll(/kubectl -n (\S+) \S+ (?:-it )?(\S+\/\S+)/g)];

    expect(named.map(([, , name]) => name)).toEqual(
      expect.arrayContaining(["deployment/tokenkeeper-worker", "service/tokenkeeper-redis"]),
    );
    for (const [, namespace, name] of named) {
      expect(there).toContain(`namespace/${namespace}`);
      expect(there).toContain(name);
    }
    expect(head).toContain(`-- node ${PROGRAM} <command>\``);
  });

  it("is run by systemd as the worker's unit runs the worker, with its settings and arguments", async () => {
    const unit = await readFile(join(ROOT, "deploy/systemd/tokenkeeper-worker@.service"), "utf8");
    const all = (name: string): string[] =>
      [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value);
    const only = (name: string): string => all(name).join(" ");
    // It stands in for systemd itself, which is no test's to run.
    const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-wrapper-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, "systemd-run"), `#!/bin/sh\nprintf '%s\\n' "$@"\n`);
    await chmod(join(folder, "systemd-run"), 0o755);

    const { stdout } = await run(WRAPPER, ["get", "two words"], { env: { PATH: `${folder}:/usr/bin:/bin` } });

    const [options = [], command = []] = [stdout.split("\n--\n")].flat().map((part) => part.trim().split("\n"));
    expect(command).toEqual(["/usr/bin/node", PROGRAM, "get", "two words"]);
    expect(options).toEqual(expect.arrayContaining([`--uid=${only("User")}`, `--gid=${only("Group")}`]));
    expect(options).toContain(`--working-directory=${only("WorkingDirectory")}`);
    const files = all("EnvironmentFile").filter((file) => !file.includes("%i"));
    expect(options.flatMap((option) => /^--property=EnvironmentFile=(.*)/.exec(option)?.[1] ?? [])).toEqual(files);
    const set = all("Environment").flatMap((line) => line.split(" "));
    const given = options.flatMap((option) => /^--setenv=(.*)/.exec(option)?.[1] ?? []);
    expect(set).toEqual(expect.arrayContaining(given));
    expect(head).toContain("`sudo tokenkeeper <command>`");
    expect(await readDocument("deploy/systemd/README.md")).toContain("install -m 0755 tokenkeeper /usr/local/bin/");
  });
});
