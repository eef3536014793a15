import { createHash } from "node:crypto";
import { checked } from "../control-input.ts";
import { ControlError } from "../control-error.ts";
import { JUDGES } from "./judge.ts";
import {
  robotFaultSchema,
  robotInputSchema,
  type RobotAnswer,
  type RobotFault,
  type RobotFaultInput,
  type RobotInput,
  type RobotRequest,
  type RobotType,
} from "./robot.ts";

/** One message that came, taken or not. */
export interface RobotMessage {
  /** Rises with each message. */
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
  readonly type: RobotType;
  readonly id: string;
  readonly accepted: boolean;
  /** What was answered; none where the connection was reset. */
  readonly answer?: { readonly status: number; readonly body: string };
  /** Headers that say more than how it travelled. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it came, parsed where it is JSON. */
  readonly body: unknown;
}

/** A robot as the control API shows it; its secret only as a fingerprint. */
export interface RobotView {
  readonly type: RobotType;
  readonly id: string;
  readonly keyword?: string;
  readonly secret?: string;
}

/** Which messages. */
export interface MessageFilter {
  readonly after?: number | undefined;
  readonly type?: RobotType | undefined;
  readonly id?: string | undefined;
}

/** Simulated robots of chat groups. Input is checked as over HTTP: a ControlError names the field or the unknown robot. */
export interface Robots {
  put(input: RobotInput): RobotView;
  list(): RobotView[];
  delete(type: RobotType, id: string): void;
  /** From now on. */
  addFault(type: RobotType, id: string, input: RobotFaultInput): void;
  deleteFaults(type: RobotType, id: string): void;
  /** Oldest first. */
  messages(filter?: MessageFilter): RobotMessage[];
  /** A message arrives. @returns what is answered, or `reset` */
  receive(type: RobotType, id: string, request: RobotRequest): RobotAnswer | "reset";
}

interface Robot {
  readonly input: RobotInput;
  /** When messages were taken, epoch ms. */
  taken: number[];
  barredUntil: number;
  faults: { fault: RobotFault["fault"]; left: number }[];
}

const MINUTE = 60_000;
const SECOND = 1_000;
const KEPT = 10_000;
const SHOWN_HEADERS = /^(?:content-type|x-tokenkeeper-.*)$/;

/** @param scale divides the times in which messages are counted. */
export function createRobots({ scale, now }: { scale: number; now: () => number }): Robots {
  const robots = new Map<string, Robot>();
  const received: RobotMessage[] = [];
  let last = 0;

  const keyOf = (type: RobotType, id: string): string => `${type}/${id}`;
  function known(type: RobotType, id: string): Robot {
    const robot = robots.get(keyOf(type, id));
    if (!robot) throw new ControlError(404, `no robot ${id} of type ${type}`);
    return robot;
  }

  function faultOf(robot: Robot | undefined): RobotFault["fault"] | undefined {
    const [first] = robot?.faults ?? [];
    if (!robot || !first) return undefined;
    first.left -= 1;
    robot.faults = robot.faults.filter(({ left }) => left > 0);
    return first.fault;
  }

  function judge(type: RobotType, robot: Robot | undefined, request: RobotRequest): RobotAnswer {
    const at = now();
    if (!robot) return JUDGES[type](undefined, request, { now: at, lastMinute: 0, lastSecond: 0, barred: false });
    robot.taken = robot.taken.filter((time) => at - time < MINUTE / scale);
    const given = JUDGES[type](robot.input, request, {
      now: at,
      lastMinute: robot.taken.length,
      lastSecond: robot.taken.filter((time) => at - time < SECOND / scale).length,
      barred: at < robot.barredUntil,
    });
    if (given.accepted) robot.taken.push(at);
    else if (given.body.includes("130101") && at >= robot.barredUntil) robot.barredUntil = at + (10 * MINUTE) / scale;
    return given;
  }

  function keep(message: Omit<RobotMessage, "seq" | "at">): void {
    last += 1;
    received.push({ seq: last, at: now(), ...message });
    if (received.length > KEPT) received.shift();
  }

  return {
    put(input) {
      const checkedInput: RobotInput = checked(robotInputSchema, input);
      const { type, id } = checkedInput;
      const before = robots.get(keyOf(type, id));
      const fresh = { taken: [], barredUntil: 0, faults: [] };
      robots.set(keyOf(type, id), { ...(before ?? fresh), input: checkedInput });
      return viewOf(checkedInput);
    },
    list: () => [...robots.values()].map(({ input }) => viewOf(input)),
    delete(type, id) {
      known(type, id);
      robots.delete(keyOf(type, id));
    },
    addFault(type, id, input) {
      const { fault, times } = checked(robotFaultSchema, input);
      known(type, id).faults.push({ fault, left: times ?? Number.POSITIVE_INFINITY });
    },
    deleteFaults(type, id) {
      known(type, id).faults = [];
    },
    messages: ({ after = 0, type, id } = {}) =>
      received.filter(
        (message) =>
          message.seq > after &&
          (type === undefined || message.type === type) &&
          (id === undefined || message.id === id),
      ),
    receive(type, id, request) {
      const robot = robots.get(keyOf(type, id));
      const fault = faultOf(robot);
      const shown = { type, id, headers: shownHeaders(request), body: parsed(request.body) };
      if (fault?.type === "reset") {
        keep({ ...shown, accepted: false });
        return "reset";
      }
      const given = fault ? { accepted: false, status: fault.status, body: fault.body } : judge(type, robot, request);
      keep({ ...shown, accepted: given.accepted, answer: { status: given.status, body: given.body } });
      return given;
    },
  };
}

function viewOf({ type, id, keyword, secret }: RobotInput): RobotView {
  return {
    type,
    id,
    ...(keyword !== undefined && { keyword }),
    ...(secret !== undefined && { secret: createHash("sha256").update(secret).digest("hex").slice(0, 16) }),
  };
}

function shownHeaders({ headers }: RobotRequest): Record<string, string> {
  const shown = Object.entries(headers).filter(([name]) => SHOWN_HEADERS.test(name));
  return Object.fromEntries(shown.map(([name, value]) => [name, value ?? ""]));
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
