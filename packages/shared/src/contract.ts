// What the worker and the dashboard share with the token client: the Redis contract and the words of time.
export * from "./credential.ts";
export * from "./fingerprint.ts";
export * from "./keys.ts";
export * from "./record.ts";
export { REFUSED_TOKEN_CODES } from "./refusal.ts";
export * from "./time.ts";
