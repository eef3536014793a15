export * from "@tokenkeeper/ops/words";
