/** What a benchmark is told. */
export interface BenchOptions {
  /** Path of a redis-server. */
  readonly redisServer: string;
  /** A shorter form that shows whether it works. */
  readonly quick: boolean;
  readonly env: NodeJS.ProcessEnv;
}
