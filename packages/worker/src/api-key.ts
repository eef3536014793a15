// Makes a key for the token HTTP API: `pnpm api-key`, and `tokenkeeper hash-key` where there is the command line.
import { describeApiKey, newApiKey } from "@tokenkeeper/core";

process.stdout.write(describeApiKey(newApiKey()));
