import { readFile } from "node:fs/promises";
import { join, matchesGlob } from "node:path";

/** Whether a path, relative to the folder that images are built from, is kept out of every image. */
export type Ignores = (path: string) => boolean;

/** The rules of `.dockerignore` in `context`: the last one that matches the path, or a folder above it, decides. */
export async function readDockerignore(context: string): Promise<Ignores> {
  const text = await readFile(join(context, ".dockerignore"), "utf8");
  const rules = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ keeps: line.startsWith("!"), pattern: line.replace(/^!/, "") }));
  return (path) => {
    const parts = path.split("/");
    const places = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
    const last = rules.findLast(({ pattern }) => places.some((place) => matchesGlob(plain(place), plain(pattern))));
    return last !== undefined && !last.keeps;
  };
}

/** A star leaves out names that begin with a dot; Docker's does not. */
function plain(path: string): string {
  return path.replaceAll(/(?<=^|\/)\./g, "dot-");
}
