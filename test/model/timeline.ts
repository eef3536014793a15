// Virtual time: events in the order of their instants, nothing else ever waits.

/** The order of everything that happens in a model. Instants and durations in ms. */
export interface Timeline {
  now(): number;
  /** Lets something happen at an instant; what is due at the same instant keeps its order. */
  at(instant: number, act: () => void): void;
  after(ms: number, act: () => void): void;
  /** Lets everything happen up to `until`; between two events all promises settle. */
  run(until: number): Promise<void>;
}

interface Event {
  readonly instant: number;
  readonly order: number;
  readonly act: () => void;
}

/** @param start where time begins, epoch ms. */
export function createTimeline(start: number): Timeline {
  const heap: Event[] = [];
  let now = start;
  let order = 0;

  function at(instant: number, act: () => void): void {
    push(heap, { instant: Math.max(now, instant), order: (order += 1), act });
  }

  return {
    now: () => now,
    at,
    after: (ms, act) => at(now + ms, act),
    async run(until) {
      for (let next = heap[0]; next !== undefined && next.instant <= until; next = heap[0]) {
        pop(heap);
        now = next.instant;
        next.act();
        // Runs after every microtask: what the event set going has come to its next wait.
        await new Promise(setImmediate);
      }
      now = until;
    },
  };
}

function isBefore(one: Event, other: Event): boolean {
  return one.instant < other.instant || (one.instant === other.instant && one.order < other.order);
}

function push(heap: Event[], event: Event): void {
  let index = heap.push(event) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || isBefore(above, event)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  while (true) {
    const left = heap[2 * index + 1];
    const right = heap[2 * index + 2];
    const child = left && right && isBefore(right, left) ? 2 * index + 2 : 2 * index + 1;
    const smaller = heap[child];
    if (smaller === undefined || isBefore(last, smaller)) break;
    heap[index] = smaller;
    index = child;
  }
  heap[index] = last;
}
