// Makes a key for the token HTTP API: `pnpm api-key`.
import { createHash, randomBytes } from "node:crypto";

const key = randomBytes(32).toString("base64url");
const hash = createHash("sha256").update(key).digest("hex");
process.stdout.write(`key, for the client; it is shown only now:
  ${key}
hash, for the worker, under api.keys in tokenkeeper.yaml:
  hash: sha256:${hash}
`);
