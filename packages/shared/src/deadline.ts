/** Settles as the promise does, or rejects after `deadlineMs`. */
export function within<T>(promise: Promise<T>, deadlineMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("Redis did not answer in time")), deadlineMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
