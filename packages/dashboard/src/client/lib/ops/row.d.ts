export * from "@tokenkeeper/ops/row";
