import { fork } from "node:child_process";
import { EventEmitter, once } from "node:events";

/** A process of the benchmark. It ends with this one. */
export interface Child<Message> extends AsyncDisposable {
  readonly pid: number;
  /** @returns the next message that fits, sent from now on. */
  next(fits?: (message: Message) => boolean): Promise<Message>;
  onMessage(listener: (message: Message) => void): void;
  send(message: object): void;
  kill9(): Promise<void>;
}

/** What is started; standard output is dropped. */
export interface ChildOptions {
  readonly file: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** For Node itself. */
  readonly nodeArgs?: readonly string[];
}

/** Starts a script with the Node that runs this one, connected by IPC. */
export function startChild<Message>({ file, args = [], env = {}, nodeArgs = [] }: ChildOptions): Child<Message> {
  const child = fork(file, args, { env, execArgv: [...nodeArgs], stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const ended = once(child, "exit");
  const messages = new EventEmitter<{ message: [Message] }>();
  messages.setMaxListeners(0);
  child.on("message", (message) => messages.emit("message", message as Message));
  const killAtExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killAtExit);

  async function end(signal: NodeJS.Signals): Promise<void> {
    process.off("exit", killAtExit);
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  }

  async function next(fits: (message: Message) => boolean = () => true): Promise<Message> {
    const { promise, resolve } = Promise.withResolvers<Message>();
    const look = (message: Message): void => {
      if (fits(message)) resolve(message);
    };
    messages.on("message", look);
    const early = ended.then(() => {
      throw new Error(`${file} ended before it said what was waited for; its own output is above`);
    });
    return Promise.race([promise, early]).finally(() => messages.off("message", look));
  }

  return {
    pid: child.pid ?? 0,
    next,
    onMessage: (listener) => void messages.on("message", listener),
    send: (message) => void child.send(message),
    kill9: () => end("SIGKILL"),
    [Symbol.asyncDispose]: () => end("SIGTERM"),
  };
}
