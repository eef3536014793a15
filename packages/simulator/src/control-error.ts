/** A control request that cannot be carried out; `problems` name the fields. `status` is its HTTP status. */
export class ControlError extends Error {
  readonly status: number;
  readonly problems: { field: string; problem: string }[];

  constructor(status: 400 | 404, message: string, problems: { field: string; problem: string }[] = []) {
    super(message);
    this.name = "ControlError";
    this.status = status;
    this.problems = problems;
  }
}

/** Returns the error for an appid that the simulator does not know. */
export function unknownAccount(appId: string): ControlError {
  return new ControlError(404, `no account ${appId}: create it with PUT /__sim/accounts/${appId}`);
}
