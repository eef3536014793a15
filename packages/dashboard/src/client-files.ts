import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { transformSync } from "amaro";
import type { RequestHandler } from "express";

/** A file that pages load. */
export interface ClientFile {
  readonly type: string;
  readonly body: Buffer;
  readonly compressed: Buffer;
  readonly etag: string;
}

const SOURCES = import.meta.dirname;
const folderOf = (specifier: string): string => dirname(fileURLToPath(import.meta.resolve(specifier)));
const LIT = join(folderOf("lit-html"), "..");
const VIRTUAL = folderOf("@tanstack/virtual-core");
const UPLOT = join(folderOf("uplot"));

/** The libraries' files as they are published, under the names by which our modules import them. */
const LIBRARIES: Readonly<Record<string, string>> = {
  ...named("lit-html", LIT, ["lit-html.js", "directive.js", "directive-helpers.js", "directives/repeat.js"]),
  ...named("virtual-core", VIRTUAL, [
    "index.js",
    "utils.js",
    "lazy-measurements.js",
    "scroll-classifier.js",
    "ios-gesture.js",
  ]),
  // Words and row types that pages share with whatever else shows them; their types are taken out too.
  "client/lib/ops/words.js": fileURLToPath(import.meta.resolve("@tokenkeeper/ops/words")),
  "client/lib/ops/row.js": fileURLToPath(import.meta.resolve("@tokenkeeper/ops/row")),
  ...named("uplot", UPLOT, ["uPlot.esm.js", "uPlot.min.css"]),
};
const TYPES: Readonly<Record<string, string>> = { ts: "text/javascript", js: "text/javascript", css: "text/css" };

/** All files below `/ui`. Our modules are TypeScript; the types are taken out, nothing is bundled. */
export function readClientFiles(): ReadonlyMap<string, ClientFile> {
  const own = readdirSync(join(SOURCES, "client")).filter((name) => /\.(?:ts|css)$/.test(name));
  const files = own.map((name) => [`client/${name}`, join(SOURCES, "client", name)] as const);
  return new Map([...files, ...Object.entries(LIBRARIES)].map(([name, path]) => [`/${name}`, clientFile(path)]));
}

/** A module and everything that it imports, and so on. */
export function modulesOf(files: ReadonlyMap<string, ClientFile>, entry: string): string[] {
  const found = new Set<string>();
  const follow = (path: string): void => {
    const text = files.get(path)?.body.toString();
    if (text === undefined || found.has(path)) return;
    found.add(path);
    for (const [, imported = ""] of text.matchAll(/(?:from|import)\s*"(\.[^"]+)"/g))
      follow(posix.join(posix.dirname(path), imported));
  };
  follow(entry);
  return [...found];
}

/** Serves them; browsers ask each time whether theirs is still the newest. */
export function createClientFiles(files: ReadonlyMap<string, ClientFile>): RequestHandler {
  return (request, response, next) => {
    const file = files.get(request.path);
    if (!file) return next();
    response.set({ "Cache-Control": "no-cache", ETag: file.etag, Vary: "Accept-Encoding" }).type(file.type);
    if (request.headers["if-none-match"] === file.etag) return void response.status(304).end();
    if (request.acceptsEncodings("gzip") === "gzip") response.set("Content-Encoding", "gzip").send(file.compressed);
    else response.send(file.body);
  };
}

function clientFile(path: string): ClientFile {
  const text = readFileSync(path, "utf8");
  const extension = path.slice(path.lastIndexOf(".") + 1);
  const body = Buffer.from(extension === "ts" ? transformSync(text, { mode: "strip-only" }).code : text);
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;
  return { type: TYPES[extension] ?? "text/plain", body, compressed: gzipSync(body, { level: 9 }), etag };
}

function named(library: string, folder: string, files: readonly string[]): Record<string, string> {
  return Object.fromEntries(files.map((file) => [`client/lib/${library}/${file}`, join(folder, file)]));
}
