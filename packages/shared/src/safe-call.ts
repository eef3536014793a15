/**
 * Makes a function that calls code of the app's. The first time that one throws or rejects, a process warning says so, without the error's own
 * message, which might hold anything.
 * @returns `(what, call)`; `what` begins the warning's sentence.
 */
export function createSafeCall(): (what: string, call: () => unknown) => void {
  const warned = new Set<string>();

  return (what, call) => {
    const warn = (): void => {
      if (warned.has(what)) return;
      warned.add(what);
      process.emitWarning(`${what} threw an error; catch it there. Reading tokens went on.`, "TokenkeeperWarning");
    };
    try {
      const returned = call();
      if (returned instanceof Promise) returned.catch(warn);
    } catch {
      warn();
    }
  };
}
