/** Counts fetches under way per account and kind. */
export interface Flights {
  /** Returns how many are under way, this one included, and the function that ends this one (once). */
  enter(key: string): { count: number; leave: () => void };
}

/** Creates an empty count. */
export function createFlights(): Flights {
  const counts = new Map<string, number>();
  return {
    enter: (key) => {
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      let under = true;
      const leave = () => {
        if (!under) return;
        under = false;
        const left = (counts.get(key) ?? 1) - 1;
        if (left === 0) counts.delete(key);
        else counts.set(key, left);
      };
      return { count, leave };
    },
  };
}
