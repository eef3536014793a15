// A library asks which build it is. Loaded before it.
Object.assign(globalThis, { process: { env: { NODE_ENV: "production" } } });
