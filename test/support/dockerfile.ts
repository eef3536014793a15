// Carries out a Dockerfile's own steps in a folder, where there is no Docker: COPY as .dockerignore lets it, RUN and the
// environment of a stage.
import { execFile } from "node:child_process";
import { cp, mkdir, readFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { promisify } from "node:util";
import { readDockerignore } from "./dockerignore.ts";

/** One line of a stage. */
interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** What follows one FROM. */
export interface Stage {
  readonly base: string;
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** What an image is told beside its files. */
export interface Image {
  readonly env: Readonly<Record<string, string>>;
  readonly user: string | undefined;
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
}

/**
 * The stages of the Dockerfile in `context`, with the values of its ARGs put in.
 * @param given values of ARGs instead of their defaults
 */
export async function readStages(context: string, given: Readonly<Record<string, string>>): Promise<readonly Stage[]> {
  const text = await readFile(join(context, "Dockerfile"), "utf8");
  const lines = text
    .replaceAll(/^#.*$/gm, "")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.trim() !== "");
  const args: Record<string, string> = {};
  const stages: { base: string; name: string; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, word = "", written = ""] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? [];
    const rest = written.replaceAll(/\$\{(\w+)\}/g, (_whole, name: string) => args[name] ?? "");
    if (word === "ARG") {
      const [name = "", value = ""] = rest.split("=");
      args[name] = given[name] ?? value;
    } else if (word === "FROM") {
      const [base = "", , name = ""] = rest.split(" ");
      stages.push({ base, name, instructions: [] });
    } else stages.at(-1)?.instructions.push({ word, rest });
  }
  return stages;
}

/**
 * Carries out a stage and those it builds on. All of them work in the same folder of the image, which is `folder` here.
 * @param options.context the folder that the image is built from
 * @param options.env environment of the RUN steps; the stage's own ENV is added
 * @throws when a step fails, with its output
 */
export async function replayStage(
  name: string,
  options: {
    readonly stages: readonly Stage[];
    readonly context: string;
    readonly folder: string;
    readonly env: NodeJS.ProcessEnv;
  },
): Promise<Image> {
  const { stages, context, folder } = options;
  const stage = stages.find((candidate) => candidate.name === name);
  if (!stage) throw new Error(`the Dockerfile has no stage ${name}`);
  const base = stages.some((candidate) => candidate.name === stage.base)
    ? await replayStage(stage.base, options)
    : undefined;
  const env: Record<string, string> = { ...base?.env };
  const last: Record<string, string> = {};
  await mkdir(folder, { recursive: true });
  for (const { word, rest } of stage.instructions) {
    if (word === "COPY") await copy(rest, options);
    if (word === "ENV") Object.assign(env, Object.fromEntries(rest.split(" ").map(pairOf)));
    if (word === "RUN") {
      await promisify(execFile)("/bin/sh", ["-c", rest], { cwd: folder, env: { ...options.env, ...env } });
    }
    last[word] = rest;
  }
  return {
    env,
    user: last["USER"],
    command: listAfter(last["CMD"], ""),
    healthcheck: listAfter(last["HEALTHCHECK"], "CMD "),
  };

  async function copy(rest: string, shared: typeof options): Promise<void> {
    const words = rest.split(" ");
    const from = words[0]?.startsWith("--from=") ? words.shift()?.slice("--from=".length) : undefined;
    if (from !== undefined) {
      await replayStage(from, shared);
      return;
    }
    const ignores = await readDockerignore(context);
    const filter = (source: string): boolean => !ignores(relative(context, source));
    const destination = join(folder, words.pop() ?? "");
    const many = rest.endsWith("/");
    for (const source of words) {
      const target = many ? join(destination, basename(source)) : destination;
      await cp(join(context, source), target, { recursive: true, filter });
    }
  }
}

function pairOf(pair: string): [string, string] {
  const [name = "", value = ""] = pair.split("=");
  return [name, value];
}

function listAfter(rest: string | undefined, marker: string): string[] {
  if (rest === undefined) return [];
  return JSON.parse(rest.slice(rest.indexOf(`${marker}[`) + marker.length)) as string[];
}
