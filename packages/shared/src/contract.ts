// What the worker and the dashboard share with the token client: the Redis contract, the words of time, and the parts of
// its reader, with which the worker serves other languages.
export { connect, findRedisUrl, findStartFolder } from "./connect.ts";
export * from "./credential.ts";
export * from "./fingerprint.ts";
export * from "./keys.ts";
export { createReader } from "./reader.ts";
export * from "./record.ts";
export { REFUSED_TOKEN_CODES } from "./refusal.ts";
export { createReports, REPORTER_PATTERN, sendToStream } from "./reports.ts";
export { createRotations } from "./rotations.ts";
export { createRecordStore } from "./store.ts";
export * from "./time.ts";
