/** What the package.json of the workspace says that the published one repeats. */
export interface WorkspaceManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly license: string;
  /** Entry → source: `./testing` → `./src/testing.ts`. */
  readonly exports: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional: boolean }>>;
}

/** Entries that only this workspace may import. */
const INTERNAL_ENTRIES: readonly string[] = ["./contract"];

/** An app hands its own client over: one copy of ioredis, the app's, then makes the client and its types. */
const IOREDIS = "^5.4.0 || ^6.0.0";

/** The package.json of the published package: every entry of the workspace but the internal ones, for `import` and for `require`. */
export function publishedManifest(workspace: WorkspaceManifest): object {
  const { name, version, description, keywords, license, exports, peerDependencies, peerDependenciesMeta } = workspace;
  const entries = Object.keys(exports).filter((entry) => !INTERNAL_ENTRIES.includes(entry));
  const moduleOf = (entry: string): string => /^\.\/src\/(.+)\.ts$/.exec(exports[entry] ?? "")?.[1] ?? entry;
  const files = (format: string, entry: string): object => ({
    types: `./${format}/${moduleOf(entry)}.d.ts`,
    default: `./${format}/${moduleOf(entry)}.js`,
  });
  return {
    name,
    version,
    description,
    keywords,
    license,
    type: "module",
    sideEffects: false,
    engines: { node: ">=20" },
    exports: {
      ...Object.fromEntries(
        entries.map((entry) => [entry, { import: files("esm", entry), require: files("cjs", entry) }]),
      ),
      "./package.json": "./package.json",
    },
    // For TypeScript with `moduleResolution: node`, which does not read `exports`.
    main: "./cjs/index.js",
    types: "./cjs/index.d.ts",
    typesVersions: {
      "*": Object.fromEntries(
        entries
          .filter((entry) => entry !== ".")
          .map((entry) => [entry.slice("./".length), [`./cjs/${moduleOf(entry)}.d.ts`]]),
      ),
    },
    peerDependencies: { ioredis: IOREDIS, ...peerDependencies },
    peerDependenciesMeta,
    publishConfig: { access: "public" },
  };
}
